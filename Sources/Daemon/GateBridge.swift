/// Between the core's questions and the scripts' answers: numbers, names and clocks are translated here.
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import VRRPCore

/// Remembers which questions are open, so that a fresh generation of scripts can be asked again. Decides nothing: the
/// core's own deadlines do, whatever becomes of the scripts.
package final class GateBridge {
    private let logger: Logger
    private let send: (ToScript) -> Void
    private weak var sink: (any InputSink)?
    private var instancesByName: [String: InstanceID] = [:]
    /// The scripts are about to be replaced: those that run may not even have the gates of the new configuration.
    private var isHeld = false
    private var open: [InstanceID: (question: UInt32, asked: GateQuestion)] = [:]
    /// Whether the core still wants an answer to its question.
    package var isOpen: (InstanceID, UInt32) -> Bool = { _, _ in false }

    init(logger: Logger, sink: any InputSink, send: @escaping (ToScript) -> Void) {
        self.logger = logger
        self.sink = sink
        self.send = send
    }

    func setInstances(_ instances: [String: InstanceID]) { instancesByName = instances }

    // MARK: From the core

    package func ask(_ question: UInt32, of id: InstanceID, _ config: InstanceConfig) {
        let asked = GateQuestion(
            number: Self.number(id, question), instance: config.name, gates: config.gates.map(\.name))
        open[id] = (question, asked)
        if !isHeld { send(.askGates(asked)) }
    }

    /// Keeps new questions for the generation that is about to begin.
    func hold() { isHeld = true }

    /// The question is over without every answer.
    package func cancel(_ question: UInt32, of id: InstanceID) {
        open[id] = nil
        send(.cancelGates(question: Self.number(id, question)))
    }

    /// A fresh generation knows nothing of a question that was asked before it began.
    func askAgain() {
        isHeld = false
        for (id, entry) in open {
            if isOpen(id, entry.question) { send(.askGates(entry.asked)) } else { open[id] = nil }
        }
    }

    // MARK: From the scripts

    func answer(_ number: UInt64, _ gate: String, _ answer: GateAnswer) {
        let id = InstanceID(Int(number >> 32))
        let verdict: GateVerdict =
            switch answer {
            case .allowed(let end): .allowed(until: end.map { Time(nanoseconds: $0) })
            case .denied(let reason): .denied(reason)
            case .timedOut(let sentence): .timedOut(sentence)
            case .failed(let sentence): .failed(sentence)
            }
        sink?.feed(.gateAnswered(question: UInt32(truncatingIfNeeded: number), gate: gate, verdict), to: id)
    }

    func extend(_ gate: String, of instance: String, until end: Int64) {
        guard let id = instancesByName[instance] else {
            logger.warning("gate \(gate) extends a lease of the instance \(instance), which is not configured here")
            return
        }
        sink?.feed(.extendLease(gate: gate, until: Time(nanoseconds: end)), to: id)
    }

    private static func number(_ id: InstanceID, _ question: UInt32) -> UInt64 {
        UInt64(id.index) << 32 | UInt64(question)
    }
}

/// The core waits this much longer than the script may think: the answer of a script that ran out of time names the line
/// where it waited, and is worth more than silence.
private let grace = Duration.milliseconds(50)

/// What the core needs to know of an instance's gates. A gate that no plugin registered was refused before; were it not,
/// it would deny.
func gateConfigs(_ settings: InstanceSettings, _ registered: [String: RegisteredGate]) -> [GateConfig] {
    settings.promotionGates.map { gate in
        guard let known = registered[gate.name] else { return GateConfig(name: gate.name) }
        return GateConfig(
            name: known.name, timeout: known.timeout + grace, onTimeout: fallback(known.onTimeout),
            onError: fallback(known.onError))
    }
}

private func fallback(_ fallback: GateFallback) -> GateDefault {
    switch fallback {
    case .deny: .deny
    case .allow: .allow
    }
}

/// Every promotion gate that no plugin registered, or not for that instance, as a failure that names the line.
package func unregisteredGates(_ configuration: Configuration, _ registered: [RegisteredGate]) -> [LoadFailure] {
    var failures: [LoadFailure] = []
    for instance in configuration.instances {
        for gate in instance.promotionGates {
            func fail(_ message: String) {
                failures.append(
                    LoadFailure(
                        message: message, file: gate.location.file, line: gate.location.line,
                        column: gate.location.column))
            }
            guard let known = registered.first(where: { $0.name == gate.name }) else {
                let offered = registered.map(\.name).filter { $0.hasPrefix(gate.plugin + ".") }
                let hint =
                    offered.isEmpty
                    ? "the plugin \(gate.plugin) registers no gate" : "it registers \(offered.joined(separator: ", "))"
                fail("no plugin registered the gate \(gate.name); \(hint)")
                continue
            }
            if let only = known.instance, only != instance.name {
                fail("the gate \(gate.name) is registered for the instance \(only), not for \(instance.name)")
            }
        }
    }
    return failures
}
