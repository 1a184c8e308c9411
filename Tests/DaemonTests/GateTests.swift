/// Promotion gates between configuration, core and scripts.
import KeepalivedConf
import Logging
import LuaHost
import Testing
import VRRPCore
import Wire

@testable import Daemon

private let here = SourceLocation(file: "halua.conf", line: 7, column: 20)

private final class Ears: InputSink {
    var heard: [(Input, InstanceID)] = []
    func feed(_ input: Input, to id: InstanceID) { heard.append((input, id)) }
}

@Suite struct GateTests {
    private func configuration(_ gates: [String]) -> Configuration {
        var settings = InstanceSettings(name: "VI_1", location: here)
        settings.promotionGates = gates.map { PromotionGate(name: $0, location: here) }
        var configuration = Configuration()
        configuration.instances = [settings]
        return configuration
    }

    private func gate(_ name: String, instance: String? = nil) -> RegisteredGate {
        RegisteredGate(
            name: name, instance: instance, timeout: .milliseconds(500), onTimeout: .allow, onError: .deny)
    }

    @Test("a gate that no plugin registered, or not for this instance, is an error at its line")
    func unregistered() {
        let failures = unregisteredGates(
            configuration(["w.reach", "w.rich", "x.a", "w.other"]),
            [gate("w.reach"), gate("w.other", instance: "VI_2")])
        #expect(
            failures.map(\.description) == [
                "halua.conf:7:20: no plugin registered the gate w.rich; it registers w.reach, w.other",
                "halua.conf:7:20: no plugin registered the gate x.a; the plugin x registers no gate",
                "halua.conf:7:20: the gate w.other is registered for the instance VI_2, not for VI_1",
            ])
    }

    @Test("the core waits a little longer than the script may think, and an unknown gate denies")
    func translation() {
        let context = TranslationContext(configuration([]), [], [gate("w.reach")])
        let settings = configuration(["w.reach", "w.gone"]).instances[0]
        #expect(
            translate(settings, in: context).config.gates == [
                GateConfig(name: "w.reach", timeout: .milliseconds(550), onTimeout: .allow, onError: .deny),
                GateConfig(name: "w.gone"),
            ])
    }

    @Test("questions and answers keep their numbers, and a fresh generation is asked what is still open")
    func bridge() {
        let ears = Ears()
        var sent: [String] = []
        let bridge = GateBridge(logger: Logger(label: "test"), sink: ears) { message in
            switch message {
            case .askGates(let question): sent.append("ask \(question.number) \(question.instance) \(question.gates)")
            case .cancelGates(let number): sent.append("cancel \(number)")
            case .start, .transition, .snapshot, .event, .shutdown, .stop: sent.append("other")
            }
        }
        var config = InstanceConfig(name: "VI_1", version: .v3, virtualRouterID: 51)
        config.gates = [GateConfig(name: "w.reach")]
        let id = InstanceID(3)
        bridge.ask(5, of: id, config)
        let number = UInt64(3) << 32 | 5
        bridge.answer(number, "w.reach", .allowed(untilNanoseconds: 9))
        bridge.askAgain()
        bridge.ask(6, of: id, config)
        bridge.isOpen = { $0 == id && $1 == 6 }
        bridge.askAgain()
        bridge.cancel(6, of: id)
        bridge.askAgain()
        #expect(
            sent == [
                "ask \(number) VI_1 [\"w.reach\"]", "ask \(number + 1) VI_1 [\"w.reach\"]",
                "ask \(number + 1) VI_1 [\"w.reach\"]", "cancel \(number + 1)",
            ])
        // In a reload: the old scripts may not have the new gate.
        bridge.hold()
        bridge.ask(7, of: id, config)
        #expect(sent.count == 4)
        bridge.isOpen = { $0 == id && $1 == 7 }
        bridge.askAgain()
        bridge.ask(8, of: id, config)
        #expect(sent.suffix(2) == ["ask \(number + 2) VI_1 [\"w.reach\"]", "ask \(number + 3) VI_1 [\"w.reach\"]"])
        bridge.setInstances(["VI_1": id])
        bridge.extend("w.reach", of: "VI_1", until: 8)
        bridge.extend("w.reach", of: "VI_9", until: 8)
        #expect(ears.heard.map(\.1) == [id, id])
        #expect(
            ears.heard.map(\.0) == [
                .gateAnswered(question: 5, gate: "w.reach", .allowed(until: Time(nanoseconds: 9))),
                .extendLease(gate: "w.reach", until: Time(nanoseconds: 8)),
            ])
    }
}
