/// Plugins and modules that somebody else could change are refused, whichever part of the way to them it is.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite struct PluginTrustTests {
    /// A directory of plugins, one with links to them, and a way to spoil any part of both.
    private final class Place {
        let root: String
        var plugins: String { "\(root)/plugins" }
        var links: String { "\(root)/links" }
        var plugin: String { "\(plugins)/p.lua" }

        init() {
            var template = Array("/tmp/halua-trust-XXXXXX".utf8CString)
            _ = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) } }
            root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            for folder in [plugins, links, "\(plugins)/lib"] { mkdir(folder, 0o755) }
            write(plugin, "return")
            write("\(plugins)/lib/m.lua", "return 1")
        }

        deinit {
            for file in ["\(links)/p.lua", "\(links)/far.lua", plugin, "\(plugins)/lib/m.lua"] { unlink(file) }
            for folder in ["\(links)/all", "\(plugins)/lib", plugins, links, root] {
                if rmdir(folder) != 0 { unlink(folder) }
            }
        }

        func write(_ path: String, _ text: String) {
            let file = fopen(path, "w")
            fputs(text, file)
            fclose(file)
        }

        /// Why the plugin is refused when it is looked for in a directory; nil when it is not.
        func refusal(in folder: String) -> String? {
            do throws(LoadFailure) {
                _ = try PluginLoader(directories: [folder]).find("p", file: "halua.conf", line: 3)
                return nil
            } catch {
                return error.description
            }
        }
    }

    private let place = Place()

    @Test("a plugin in a directory of root's is taken, by a link of root's, too")
    func good() {
        symlink(place.plugin, "\(place.links)/p.lua")
        #expect(place.refusal(in: place.plugins) == nil)
        #expect(place.refusal(in: place.links) == nil)
    }

    @Test("a file, a directory or a directory of directories that others may write is refused")
    func writable() {
        for (part, mode) in [(place.plugin, mode_t(0o644)), (place.plugins, 0o755), (place.root, 0o755)] {
            chmod(part, mode | 0o002)
            #expect(
                place.refusal(in: place.plugins)
                    == "halua.conf:3: plugin p is refused: \(part) is writable by everybody: chmod o-w \(part)")
            chmod(part, mode)
        }
        #expect(place.refusal(in: place.plugins) == nil)
    }

    @Test("a link is refused when somebody else may put another in its place, and when what it leads to is not safe")
    func links() {
        symlink("../plugins/./p.lua", "\(place.links)/p.lua")
        chmod(place.links, 0o777)
        #expect(place.refusal(in: place.links)?.contains("\(place.links) is writable by everybody: chmod o-w") == true)
        chmod(place.links, 0o755)
        #expect(place.refusal(in: place.links) == nil)
        chmod(place.plugins, 0o777)
        #expect(place.refusal(in: place.links)?.contains("\(place.plugins) is writable by everybody") == true)
        chmod(place.plugins, 0o755)
        chmod(place.plugin, 0o666)
        #expect(place.refusal(in: place.links)?.contains("\(place.plugin) is writable by everybody") == true)
    }

    @Test("a link to a directory counts, a circle of links ends, and a link to nowhere is said to be one")
    func farLinks() {
        symlink(place.plugins, "\(place.links)/all")
        #expect(place.refusal(in: "\(place.links)/all") == nil)
        chmod(place.links, 0o777)
        #expect(place.refusal(in: "\(place.links)/all")?.contains("\(place.links) is writable") == true)
        chmod(place.links, 0o755)
        symlink("far.lua", "\(place.links)/p.lua")
        symlink("p.lua", "\(place.links)/far.lua")
        #expect(place.refusal(in: place.links)?.contains("cannot be found: Too many levels of symbolic links") == true)
    }

    @Test("a file, a directory or a link of another owner is refused", .enabled(if: geteuid() == 0))
    func owners() {
        for part in [place.plugin, place.plugins, place.root] {
            chown(part, 12_345, 0)
            #expect(
                place.refusal(in: place.plugins)?.contains(
                    "\(part) belongs to user 12345, not to root: chown root \(part)") == true)
            chown(part, 0, 0)
        }
        let link = "\(place.links)/p.lua"
        symlink(place.plugin, link)
        lchown(link, 12_345, 0)
        #expect(
            place.refusal(in: place.links)?.contains(
                "the link \(link) belongs to user 12345, not to root: chown -h root \(link)") == true)
    }

    @Test("a group that may write is refused", .enabled(if: geteuid() == 0))
    func groups() {
        chown(place.plugins, 0, 12_345)
        chmod(place.plugins, 0o775)
        #expect(
            place.refusal(in: place.plugins)?.contains(
                "\(place.plugins) is writable by group 12345: chmod g-w \(place.plugins)") == true)
    }

    @Test("a FIFO or a directory in place of the plugin is refused, and nobody waits for a writer")
    func fifo() {
        unlink(place.plugin)
        mkfifo(place.plugin, 0o600)
        #expect(place.refusal(in: place.plugins)?.contains("\(place.plugin) is not a regular file: put one") == true)
        unlink(place.plugin)
        mkdir(place.plugin, 0o755)
        #expect(place.refusal(in: place.plugins)?.contains("\(place.plugin) is not a regular file") == true)
        rmdir(place.plugin)
    }

    @Test("a module is judged as its plugin is: its file, the directory of modules, a FIFO in its place")
    func modules() {
        place.write(place.plugin, "\nrequire 'm'")
        let module = "\(place.plugins)/lib/m.lua"
        #expect(moduleRefusal() == nil)
        for (part, mode) in [(module, mode_t(0o644)), ("\(place.plugins)/lib", 0o755)] {
            chmod(part, mode | 0o002)
            #expect(
                moduleRefusal()
                    == "\(place.plugin):2: require: module m is refused: \(part) is writable by everybody: chmod o-w \(part)"
            )
            chmod(part, mode)
        }
        unlink(module)
        mkfifo(module, 0o600)
        #expect(moduleRefusal()?.contains("\(module), which is not a regular file") == true)
    }

    private func moduleRefusal() -> String? {
        switch ScriptEngine.load([PluginSpec(name: "p", path: place.plugin)]) {
        case .success: nil
        case .failure(let failures): failures.failures.map(\.description).joined(separator: "; ")
        }
    }

    @Test("a reload that finds a module unsafe is refused, and the old generation goes on")
    func reload() throws {
        let bench = ScriptBench()
        let module = bench.module("m.lua", "return 1")
        let text = "require 'm' halua.check{name='c', interval='10ms', run=function() return true end}"
        try bench.run(text)
        #expect(bench.result(of: "p.c") == .passed)
        chmod(module, 0o666)
        #expect(throws: LoadFailures.self) { try bench.load(bench.plugin(text)) }
        bench.clear()
        #expect(bench.results(of: "p.c", 2).count >= 2)
    }
}
