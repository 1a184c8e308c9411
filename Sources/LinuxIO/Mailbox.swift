/// Messages from any thread to the one thread that owns a loop.
import CLinux
import Glibc
import SystemPackage

/// A queue with many senders and one receiver: an array under a lock, and an eventfd that wakes the receiver's loop.
///
/// The eventfd is written only when the queue was empty, so a burst costs one wake-up. The receiver swaps the array for
/// an empty one and both keep their capacity. It is Sendable without the compiler's proof because the queue is inside a
/// `Lock`, the descriptor never changes, and `spare` and `delivered` are only touched on the receiver's thread.
package final class Mailbox<Message: Sendable>: @unchecked Sendable {
    /// Messages delivered in one turn: a flood of them must not keep the loop from its timers.
    private static var mostPerTurn: Int { 256 }
    /// The rest waits for the next turn when delivering has taken so long: each message may mean work.
    private static var longestPerTurn: Duration { .milliseconds(2) }

    private struct Queue {
        var messages: ContiguousArray<Message> = []
        var isClosed = false
    }

    private let queue: Lock<Queue>
    private let wakeUp: OwnedDescriptor
    private let limit: Int
    /// What is being delivered, and how much of it has been.
    private var spare: ContiguousArray<Message> = []
    private var delivered = 0

    /// A mailbox that holds at most `limit` undelivered messages.
    ///
    /// Throws: EMFILE, ENFILE.
    package init(limit: Int = 4096) throws(IOFailure) {
        self.limit = limit
        wakeUp = try OwnedDescriptor("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }
        var first = Queue()
        first.messages.reserveCapacity(min(limit, 256))
        spare.reserveCapacity(min(limit, 256))
        queue = Lock(first)
    }

    /// Puts a message in, from any thread, without ever waiting for the receiver.
    ///
    /// Returns false, and drops the message, when the limit is reached, because the receiver is stuck, or when the mailbox
    /// is closed.
    @discardableResult
    package func send(_ message: Message) -> Bool {
        let (accepted, wasEmpty) = queue.withLock { queue in
            guard queue.messages.count < limit, !queue.isClosed else { return (false, false) }
            queue.messages.append(message)
            return (true, queue.messages.count == 1)
        }
        if wasEmpty { wake() }
        return accepted
    }

    /// Takes no more mail, and returns what has not been delivered. Only for the receiver's thread.
    package func close() -> ContiguousArray<Message> {
        let waiting = queue.withLock { queue in
            defer { queue = Queue(isClosed: true) }
            return queue.messages
        }
        defer {
            spare = []
            delivered = 0
        }
        return ContiguousArray(spare[delivered...]) + waiting
    }

    private func wake() {
        // A counter cannot overflow here: it is written once per swap or turn, which read it back to zero.
        var one: UInt64 = 1
        _ = write(wakeUp.rawValue, &one, MemoryLayout<UInt64>.size)
    }

    /// Delivers the messages on a loop, in the order sent, after the turn's I/O. One receiver per mailbox.
    ///
    /// Throws: ENOSPC, ENOMEM.
    @discardableResult
    package func attach(to loop: EventLoop, _ receive: @escaping (Message) -> Void) throws(IOFailure) -> Registration {
        try loop.add(wakeUp.rawValue, .read, phase: .mail) { [weak self, unowned loop] _ in
            self?.deliver(on: loop, receive)
        }
    }

    private func deliver(on loop: EventLoop, _ receive: (Message) -> Void) {
        var count: UInt64 = 0
        _ = read(wakeUp.rawValue, &count, MemoryLayout<UInt64>.size)
        let isContinued = delivered > 0
        if spare.isEmpty { queue.withLock { swap(&$0.messages, &spare) } }
        let end = min(spare.count, delivered + Self.mostPerTurn)
        let deadline = loop.time + Self.longestPerTurn.wholeNanoseconds
        while delivered < end {
            delivered += 1
            receive(spare[delivered - 1])
            // The receiver may have closed it.
            if spare.isEmpty { return }
            if loop.time >= deadline { break }
        }
        if delivered < spare.count { return wake() }
        spare.removeAll(keepingCapacity: true)
        delivered = 0
        // The sign of what came while a flood was delivered has been taken with the flood's own.
        if isContinued, queue.withLock({ !$0.messages.isEmpty }) { wake() }
    }
}
