/// The daemon's entry: arguments in, exit status out.
import Daemon
import Glibc

@main
enum HaluaDaemon {
    nonisolated static func main() {
        exit(runDaemon(arguments: Array(CommandLine.arguments.dropFirst())))
    }
}
