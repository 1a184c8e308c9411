/// `halua plugin new`: a plugin to start from, with its test.
import ArgumentParser
import Glibc

struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Begin a plugin of your own.", subcommands: [NewPluginCommand.self])
}

struct NewPluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a commented plugin and its test, to be changed into what you need.",
        discussion: "Nothing is overwritten. Exit status: 0 when both files were written, 1 when none was.")

    @Argument(help: "The name that the configuration will use: letters, digits, _ and -.")
    var name: String

    @Option(name: .customLong("dir"), help: "The folder to write into; it must exist.")
    var folder = "."

    func validate() throws {
        let isAllowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
        guard isAllowed, let first = name.first, first.isLetter, name.utf8.count <= 64 else {
            throw ValidationError(
                "\"\(name)\" is no name of a plugin: it begins with a letter and has letters, digits, _ and -, 64 at most"
            )
        }
        guard !name.hasSuffix("_test") else {
            throw ValidationError("a name that ends in _test is the name of a test: leave _test out")
        }
        guard name != "halua" else {
            throw ValidationError("\"halua\" is the API's own name: choose another one")
        }
    }

    func run() throws {
        let skeleton = PluginSkeleton(name: name)
        let prefix = folder == "." ? "" : folder.hasSuffix("/") ? folder : folder + "/"
        let plugin = "\(prefix)\(name).lua"
        let test = "\(prefix)\(name)_test.lua"
        for path in [plugin, test] where access(path, F_OK) == 0 {
            throw ToolError("\(path) is there already; nothing was written")
        }
        try write(skeleton.plugin, to: plugin)
        do {
            try write(skeleton.test, to: test)
        } catch {
            unlink(plugin)
            throw error
        }
        print(
            """
            wrote \(plugin)       a check and a hook, to be changed into what you need
            wrote \(test)  its test

            next: halua test \(test)
            """)
    }

    /// Writes a file that is not there yet. Readable by all and writable by its owner only, as the daemon demands.
    private func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0, let file = fdopen(descriptor, "w") else {
            throw ToolError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else {
            throw ToolError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
