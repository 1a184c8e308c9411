/// What a text of a script may be on its way to the main thread, which reads it between two adverts: short and printable.

extension FromScript {
    /// The same with every text of the script's cut: a reason, an error or a traceback may be all that fits into its
    /// memory. It may also repeat what a hostile peer sent: control characters would be orders to a terminal.
    var bounded: FromScript {
        switch self {
        case .checkResult(let name, let result, let took): .checkResult(name: name, result.bounded, took: took)
        case .adjustPriority(let plugin, let instance, let key, let delta, let reason):
            .adjustPriority(
                plugin: plugin, instance: instance, key: key, delta: delta, reason: reason.shortened(to: longestReason))
        case .demote(let plugin, let instance, let key, let reason):
            .demote(plugin: plugin, instance: instance, key: key, reason: reason.shortened(to: longestReason))
        case .gateAnswer(let question, let gate, let answer):
            .gateAnswer(question: question, gate: gate, answer.bounded)
        case .log(let level, let plugin, let message, let fields):
            .log(level, plugin: plugin, message: message.shortened(to: longestText), fields: fields)
        case .hookEnded(let plugin, let hook, let instance, let took, let failure):
            .hookEnded(
                plugin: plugin, hook: hook, instance: instance, took: took,
                failure: failure?.shortened(to: longestReason))
        case .restore, .extendLease, .metrics, .alive, .loaded, .started, .shutdownHooksEnded, .stopped: self
        }
    }
}

/// Octets of a reason, which stands in logs and in the status.
private let longestReason = 1_024
/// Octets of a log line with a traceback.
private let longestText = 8_192

extension CheckResult {
    fileprivate var bounded: CheckResult {
        switch self {
        case .passed: self
        case .failed(let reason): .failed(reason.shortened(to: longestReason))
        case .broken(let message): .broken(message.shortened(to: longestText))
        }
    }
}

extension GateAnswer {
    fileprivate var bounded: GateAnswer {
        switch self {
        case .allowed: self
        case .denied(let reason): .denied(reason.shortened(to: longestReason))
        case .timedOut(let sentence): .timedOut(sentence.shortened(to: longestReason))
        case .failed(let sentence): .failed(sentence.shortened(to: longestReason))
        }
    }
}

extension String {
    /// Its beginning and its end, which says where in the script: at most so many octets, and a sign that there was more.
    fileprivate func shortened(to limit: Int) -> String {
        guard utf8.count > limit else { return printable }
        let end = String(decoding: utf8.suffix(limit / 4), as: UTF8.self)
        return "\(cut(to: limit - limit / 4)) \(end)".printable
    }

    /// With a dot for each control character but line feed and tab, which a traceback has.
    private var printable: String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
        }
        guard unicodeScalars.contains(where: isControl) else { return self }
        var text = UnicodeScalarView()
        text.append(contentsOf: unicodeScalars.lazy.map { isControl($0) ? "." : $0 })
        return String(text)
    }

    /// At most so many octets of it, and a sign that there was more.
    func cut(to limit: Int) -> String {
        utf8.count > limit ? String(decoding: utf8.prefix(limit), as: UTF8.self) + " …" : self
    }
}
