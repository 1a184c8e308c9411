/// The daemon.
@main
enum HaluaDaemon {
    nonisolated static func main() {}
}
