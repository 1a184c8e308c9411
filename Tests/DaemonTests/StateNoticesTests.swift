/// Which changes are told to notify scripts, in which order, and as whom they run.
import Glibc
import KeepalivedConf
import LinuxIO
import ShellHost
import Testing
import VRRPCore

@testable import Daemon

private let here = SourceLocation(file: "halua.conf", line: 1, column: 1)

@Suite struct StateNoticesTests {
    private func text(_ notices: [StateNotice]) -> [String] {
        notices.map { "\($0.subject.kind) \($0.subject.name) \($0.state) \($0.priority)" }
    }

    @Test("a group is told first at start, after all of its members later, and last at the end")
    func group() {
        var notices = StateNotices()
        notices.groups = [StateGroup(name: "G", members: ["a", "b"])]
        #expect(text(notices.entered("BACKUP", "a", priority: 100)) == ["GROUP G BACKUP 0", "INSTANCE a BACKUP 100"])
        #expect(text(notices.entered("BACKUP", "b", priority: 90)) == ["INSTANCE b BACKUP 90"])
        #expect(text(notices.entered("MASTER", "a", priority: 100)) == ["INSTANCE a MASTER 100"])
        #expect(text(notices.entered("MASTER", "b", priority: 90)) == ["INSTANCE b MASTER 90", "GROUP G MASTER 0"])
        #expect(text(notices.entered("FAULT", "b", priority: 90)) == ["INSTANCE b FAULT 90"])
        #expect(text(notices.entered("FAULT", "a", priority: 100)) == ["INSTANCE a FAULT 100", "GROUP G FAULT 0"])
        #expect(text(notices.entered("STOP", "a", priority: 100)) == ["INSTANCE a STOP 100"])
        #expect(text(notices.entered("STOP", "b", priority: 90)) == ["INSTANCE b STOP 90"])
        #expect(text(notices.finish([("a", 100), ("b", 90)])) == ["GROUP G STOP 0"])
    }

    @Test("an instance that never left INIT is told STOP all the same")
    func neverStarted() {
        var notices = StateNotices()
        #expect(text(notices.finish([("a", 100)])) == ["INSTANCE a STOP 100"])
    }

    @Test("a removed instance is FAULT unless it is to be DELETED; one in FAULT says nothing new")
    func removed() {
        var notices = StateNotices()
        _ = notices.entered("MASTER", "a", priority: 100)
        #expect(text(notices.removed("a", saysDeleted: false, priority: 100)) == ["INSTANCE a FAULT 100"])
        _ = notices.entered("FAULT", "b", priority: 100)
        #expect(notices.removed("b", saysDeleted: false, priority: 100).isEmpty)
        _ = notices.entered("FAULT", "c", priority: 100)
        #expect(text(notices.removed("c", saysDeleted: true, priority: 100)) == ["INSTANCE c DELETED 100"])
    }

    private func configuration(_ change: (inout Configuration) -> Void) -> Configuration {
        var configuration = Configuration()
        var instance = InstanceSettings(name: "VI_1", location: here)
        instance.trackedScripts = [TrackedScript(name: "chk", weight: -20, isReversed: true, location: here)]
        instance.notify.any = ScriptCommand(words: ["/n"], location: here)
        configuration.instances = [instance]
        var script = ScriptSettings(
            name: "chk", command: ScriptCommand(words: ["/c"], location: here), location: here)
        script.rise = 2
        script.fall = 3
        configuration.scripts = [script]
        change(&configuration)
        return configuration
    }

    @Test("a tracked script becomes a check with its weight, rise and fall")
    func translation() throws {
        let configuration = configuration { _ in }
        let translated = translate(configuration.instances[0], in: TranslationContext(configuration, []))
        #expect(translated.checkSources == [.script("chk")])
        let check = try #require(translated.config.checks.first)
        #expect(check.weight == -20 && check.isReversed && check.rise == 2 && check.fall == 3)
    }

    @Test("who runs as root must have a safe path, who runs as somebody else need not", .enabled(if: getuid() == 0))
    func users() throws {
        let root = ShellSettings(configuration { $0.global.scripts.user = ScriptUser(name: "root") })
        #expect(root.plan.checks.first?.command.demandsSafePath == true)
        let nobody = ShellSettings(configuration { $0.global.scripts.user = ScriptUser(name: "nobody") })
        let command = try #require(nobody.plan.checks.first?.command)
        #expect(!command.demandsSafePath && command.identity?.user == 65534)
        let off = ShellSettings(configuration { $0.global.scripts.demandsSafePaths = false })
        #expect(off.plan.checks.first?.command.demandsSafePath == false)
        let unknown = ShellSettings(configuration { $0.global.scripts.user = ScriptUser(name: "no_such_user") })
        #expect(unknown.notify[.instance("VI_1")]?.any?.obstacle == "there is no user no_such_user")
    }

    @Test(
        "check-config names a missing program, a wrong mode and the unsafe part of a path", .enabled(if: getuid() == 0))
    func complaints() throws {
        var template = Array("/tmp/halua-judge-XXXXXX".utf8CString)
        _ = mkdtemp(&template)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = folder + "/check.sh"
        defer {
            unlink(path)
            rmdir(folder)
        }
        func complaint(_ words: [String] = [path], user: String = "root") -> String? {
            var defaults = ScriptDefaults()
            defaults.user = ScriptUser(name: user)
            return ScriptJudge.complaint(about: ScriptCommand(words: words, location: here), defaults)?.text
        }
        #expect(complaint() == "there is no \(path)")
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644))
        #expect(complaint() == "\(path) may not be executed by root")
        chmod(path, 0o755)
        #expect(complaint() == nil)
        chmod(folder, 0o777)
        #expect(complaint() == "\(folder) is writable by everybody: chmod o-w \(folder)")
        #expect(complaint(user: "nobody") == nil)
        #expect(complaint(["no-such-program-at-all"])?.contains("in PATH") == true)
        #expect(complaint(user: "no_such_user") == "there is no user no_such_user")
    }
}
