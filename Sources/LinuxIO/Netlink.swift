/// Requests to the kernel and their answers, matched by sequence number, each with a time limit.
import CLinux
import Glibc
import SystemPackage

/// A connection for rtnetlink requests on one loop. Every request ends in exactly one call of its completion.
///
/// Requests are collected and go out together, when the loop's turn is past its mail or at `flush`. Notices come by
/// another socket (`NetworkMonitor`), so that a flood of them cannot lose an answer.
package final class Netlink {
    private struct Pending {
        var call: String
        var detail: String
        var limit: Duration
        var timer: TimerToken?
        /// Present for dumps: what to do with each message, and how to begin anew.
        var dump: Dump?
        var finish: (Result<Void, IOFailure>) -> Void
    }

    private struct Dump {
        var request: NetlinkRequest
        var restarts = 0
        var collect: (NetlinkMessage) -> Void
        var discard: () -> Void
    }

    /// A table that changes while it is read is read again, this often at most.
    private static let restartLimit = 16
    /// Octets per datagram; the answers to one datagram must fit into the receive buffer.
    private static let batchLength = 16 * 1024

    private let loop: EventLoop
    private let socket: NetlinkSocket
    private var registration: Registration?
    private var pending: [UInt32: Pending] = [:]
    private var output: [UInt8] = []
    private var outputSequences: [UInt32] = []
    private var waitingDumps: [Pending] = []
    private var runningDump: UInt32?
    private var lastSequence: UInt32 = 0

    /// Throws: EPROTONOSUPPORT, EMFILE, ENOSPC.
    package init(on loop: EventLoop) throws(IOFailure) {
        self.loop = loop
        socket = try NetlinkSocket(protocol: NETLINK_ROUTE, receiveBuffer: 4 << 20)
        registration = try loop.add(socket.descriptor, .read) { [weak self] _ in self?.receive() }
    }

    deinit {
        if let registration { loop.remove(registration) }
    }

    /// How many requests have no answer yet.
    package var unanswered: Int { pending.count + waitingDumps.count }

    /// Asks for a change.
    ///
    /// - Parameters:
    ///   - call: what it is, for messages: "RTM_NEWADDR".
    ///   - detail: what it is about, for messages.
    ///   - limit: after this time without an answer the request has failed with ETIMEDOUT.
    ///   - completion: called once, never before this returns.
    package func submit(
        _ request: NetlinkRequest, _ call: String, detail: String, limit: Duration = .seconds(5),
        completion: @escaping (Result<Void, IOFailure>) -> Void
    ) {
        enqueue(request, Pending(call: call, detail: detail, limit: limit, finish: completion))
    }

    /// Reads a table. If it changes meanwhile (NLM_F_DUMP_INTR), it is read again, so that the result is consistent.
    ///
    /// `parse`: nil leaves a message out.
    package func dump<Item>(
        _ request: NetlinkRequest, _ call: String, limit: Duration = .seconds(5),
        parse: @escaping (NetlinkMessage) -> Item?, completion: @escaping (Result<[Item], IOFailure>) -> Void
    ) {
        var items: [Item] = []
        let dump = Dump(request: request) { message in
            if let item = parse(message) { items.append(item) }
        } discard: {
            items.removeAll()
        }
        let entry = Pending(call: call, detail: "", limit: limit, dump: dump) { result in
            completion(result.map { items })
        }
        // The kernel runs one dump per socket and answers EBUSY to a second one.
        if runningDump == nil { start(entry, dump.request) } else { waitingDumps.append(entry) }
    }

    /// Sends what is collected now, instead of later in the turn.
    package func flush() {
        guard !output.isEmpty else { return }
        let sequences = outputSequences
        let datagram = output
        output.removeAll(keepingCapacity: true)
        outputSequences.removeAll(keepingCapacity: true)
        do throws(IOFailure) {
            try socket.send(datagram)
        } catch {
            for sequence in sequences { finish(sequence, .failure(error)) }
        }
    }

    // MARK: Sending

    private func start(_ entry: Pending, _ request: NetlinkRequest) {
        runningDump = enqueue(request, entry)
    }

    @discardableResult
    private func enqueue(_ request: NetlinkRequest, _ entry: Pending) -> UInt32 {
        if output.count + request.bytes.count > Self.batchLength { flush() }
        // Zero is the number of notices.
        lastSequence = lastSequence == .max ? 1 : lastSequence + 1
        let sequence = lastSequence
        var entry = entry
        entry.timer = loop.after(entry.limit) { [weak self] in
            self?.finish(sequence, .failure(IOFailure(entry.call, .timedOut, entry.detail)))
        }
        pending[sequence] = entry
        if output.isEmpty { loop.post { [weak self] in self?.flush() } }
        var request = request
        request.sequence = sequence
        output += request.bytes
        outputSequences.append(sequence)
        return sequence
    }

    // MARK: Receiving

    private func receive() {
        do throws(IOFailure) {
            try socket.receive { handle($0) }
        } catch {
            // Answers are lost, nobody knows which: every question without an answer has failed.
            for sequence in pending.keys.sorted() { finish(sequence, .failure(error)) }
        }
    }

    private func handle(_ message: NetlinkMessage) {
        guard let entry = pending[message.sequence] else { return }
        if let dump = entry.dump, message.flags & UInt16(NLM_F_DUMP_INTR) != 0 {
            abandon(message.sequence, entry, dump)
        }
        if message.type == UInt16(NLMSG_ERROR) || message.type == UInt16(NLMSG_DONE) {
            finish(message.sequence, Self.result(message, entry))
        } else {
            pending[message.sequence]?.dump?.collect(message)
        }
    }

    /// Drops a dump whose table changed, and puts it in front of the waiting ones to begin anew. What is left of it in
    /// the kernel is read to its end without use; only then another dump may begin.
    private func abandon(_ sequence: UInt32, _ entry: Pending, _ dump: Dump) {
        var next = dump
        next.discard()
        next.restarts += 1
        pending[sequence]?.dump = nil
        pending[sequence]?.finish = { _ in }
        guard next.restarts <= Self.restartLimit else {
            entry.finish(.failure(IOFailure(entry.call, .interrupted, "a table that changes all the time")))
            return
        }
        var again = entry
        again.timer = nil
        again.dump = next
        waitingDumps.insert(again, at: 0)
    }

    private func finish(_ sequence: UInt32, _ result: Result<Void, IOFailure>) {
        guard let entry = pending.removeValue(forKey: sequence) else { return }
        if let timer = entry.timer { loop.cancel(timer) }
        let endedDump = runningDump == sequence
        if endedDump { runningDump = nil }
        entry.finish(result)
        if endedDump { startNextDump() }
    }

    private func startNextDump() {
        guard runningDump == nil, !waitingDumps.isEmpty else { return }
        let next = waitingDumps.removeFirst()
        if let dump = next.dump { start(next, dump.request) }
    }

    /// Reads the error number and the kernel's words (extended acknowledgement) out of an answer.
    private static func result(_ message: NetlinkMessage, _ entry: Pending) -> Result<Void, IOFailure> {
        guard let code = message.header(Int32.self) else {
            return .failure(IOFailure(entry.call, .badMessage, entry.detail))
        }
        if code == 0 || message.type == UInt16(NLMSG_DONE) && code > 0 { return .success(()) }
        var words = ""
        if message.flags & UInt16(NLM_F_ACK_TLVS) != 0 {
            // After an error number comes the head of the question; after the end of a dump nothing.
            let attributes =
                message.type == UInt16(NLMSG_ERROR)
                ? message.attributes(after: nlmsgerr.self) : message.attributes(after: Int32.self)
            for attribute in attributes where attribute.type == Int(NLMSGERR_ATTR_MSG.rawValue) {
                words = attribute.text
            }
        }
        let detail = words.isEmpty ? entry.detail : "\(entry.detail) (the kernel says: \(words))"
        return .failure(IOFailure(entry.call, Errno(rawValue: -code), detail))
    }
}
