/// Messages from any thread to the one thread that owns a loop.
import CLinux
import Glibc
import SystemPackage

/// A queue with many senders and one receiver: an array under a lock, and an eventfd that wakes the receiver's loop.
///
/// The eventfd is written only when the queue was empty, so a burst costs one wake-up. The receiver swaps the array for
/// an empty one and both keep their capacity. It is Sendable without the compiler's proof because the queue is inside a
/// `Lock`, the descriptor never changes, and `spare` is only touched by the receiver's handler on the loop's thread.
package final class Mailbox<Message: Sendable>: @unchecked Sendable {
    private let queue: Lock<ContiguousArray<Message>>
    private let wakeUp: OwnedDescriptor
    private let limit: Int
    private var spare: ContiguousArray<Message> = []

    /// A mailbox that holds at most `limit` undelivered messages.
    ///
    /// Throws: EMFILE, ENFILE.
    package init(limit: Int = 4096) throws(IOFailure) {
        self.limit = limit
        wakeUp = try OwnedDescriptor("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }
        var first = ContiguousArray<Message>()
        first.reserveCapacity(min(limit, 256))
        spare.reserveCapacity(min(limit, 256))
        queue = Lock(first)
    }

    /// Puts a message in, from any thread, without ever waiting for the receiver.
    ///
    /// Returns false, and drops the message, when the limit is reached: the receiver is stuck.
    @discardableResult
    package func send(_ message: Message) -> Bool {
        let (accepted, wasEmpty) = queue.withLock { messages in
            guard messages.count < limit else { return (false, false) }
            messages.append(message)
            return (true, messages.count == 1)
        }
        if wasEmpty {
            // A counter cannot overflow here: it is written once per swap, and the swap reads it back to zero.
            var one: UInt64 = 1
            _ = write(wakeUp.rawValue, &one, MemoryLayout<UInt64>.size)
        }
        return accepted
    }

    /// Delivers the messages on a loop, in the order sent, after the turn's I/O. One receiver per mailbox.
    ///
    /// Throws: ENOSPC, ENOMEM.
    @discardableResult
    package func attach(to loop: EventLoop, _ receive: @escaping (Message) -> Void) throws(IOFailure) -> Registration {
        try loop.add(wakeUp.rawValue, .read, phase: .mail) { [weak self] _ in self?.deliver(receive) }
    }

    private func deliver(_ receive: (Message) -> Void) {
        var count: UInt64 = 0
        _ = read(wakeUp.rawValue, &count, MemoryLayout<UInt64>.size)
        queue.withLock { swap(&$0, &spare) }
        for message in spare { receive(message) }
        spare.removeAll(keepingCapacity: true)
    }
}
