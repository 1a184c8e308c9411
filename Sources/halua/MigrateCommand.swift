/// `halua migrate`: what an installation of keepalived becomes.
import ArgumentParser
import Daemon
import Glibc
import Migration

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract:
            "Read a keepalived installation and say what runs as it is, what differs, and which checks Lua can do.",
        discussion: """
            Reads the file with its includes and scripts, and for /etc/keepalived/keepalived.conf also the service's \
            flags and the installed version. Changes nothing, unless --write names a folder: then halua.conf is written \
            there, with Lua checks in the place of the shell checks that a shipped plugin can do, and each changed line \
            is said.

            Exit status: 0 when halua runs the file the same, 1 when something differs or is ignored, 2 when the file is \
            refused, 3 when it can't be read or halua.conf can't be written.
            """)

    @Argument(help: "keepalived's main file.")
    var path = defaultKeepalivedFile

    @Option(name: [.customShort("i"), .customLong("config-id")], help: "Read the lines marked @ID for this ID.")
    var configurationID: String?

    @Option(
        name: .customLong("write"),
        help: ArgumentHelp("Write halua.conf into this folder, which must not have one.", valueName: "dir"))
    var folder: String?

    func run() throws {
        var installation = Installation(
            mainFile: path, files: FilesOnDisk(), context: contextOfThisHost(configurationID: configurationID),
            readScript: readSmallText)
        if path == defaultKeepalivedFile {
            installation.version = installedKeepalivedVersion()
            installation.flags = serviceFlags(for: path)
        }
        let migration = Migration(installation)
        print(migration.report)
        var status = migration.exitStatus
        if let folder, status < 2, !write(migration, into: folder) { status = 3 }
        if status != 0 { throw ExitCode(status) }
    }

    /// False: it could not be written; the reason was said.
    private func write(_ migration: Migration, into folder: String) -> Bool {
        let rewriting = Rewriting(migration)
        let file = folder + "/halua.conf"
        // Readable by root alone: it may hold passwords, which were in a script until now.
        mkdir(folder, 0o755)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let why = errno == EEXIST ? "it exists already; nothing is overwritten" : String(cString: strerror(errno))
            printError("halua: \(file) was not written: \(why)")
            return false
        }
        defer { close(descriptor) }
        var octets = Array(rewriting.text.utf8)[...]
        while !octets.isEmpty {
            let count = octets.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                printError("halua: \(file) is not complete: \(String(cString: strerror(errno)))")
                unlink(file)
                return false
            }
            octets = octets.dropFirst(count)
        }
        print(
            "\nWritten: \(file), \(rewriting.changes.isEmpty ? "the same as \(path)" : "which differs from \(path):")")
        for change in rewriting.changes { print("  \(change)") }
        for check in rewriting.left { print("  not done: \(check)") }
        return true
    }
}
