/// A thread with a name, a stack of a chosen size, and an identifier that others can use to slow it down.
import CLinux
import Glibc
import SystemPackage

/// A started thread.
package struct Thread: Sendable {
    /// The kernel's identifier (gettid(2)), for scheduling calls from outside.
    package let identifier: pid_t
    private let handle: pthread_t

    private struct Start: Sendable {
        var name: String
        var identifier: Mailslot
        var body: @Sendable () -> Void
    }

    /// Where the new thread leaves its identifier. Sendable without the compiler's proof because the semaphore orders
    /// the one write before the one read.
    private final class Mailslot: @unchecked Sendable {
        let filled: UnsafeMutablePointer<sem_t>
        var identifier: pid_t = 0

        init() {
            filled = .allocate(capacity: 1)
            filled.initialize(to: sem_t())
            sem_init(filled, 0, 0)
        }
        deinit {
            sem_destroy(filled)
            filled.deallocate()
        }
    }

    private final class Box {
        let start: Start
        init(_ start: Start) { self.start = start }
    }

    /// Starts a thread. All signals are blocked in it: they belong to the loop that reads the signalfd.
    ///
    /// `name`: at most 15 octets are shown. `stackSize`: octets; small, because locked memory counts.
    /// Throws: EAGAIN (limit of threads), EINVAL (stack size), EPERM.
    package static func start(
        name: String, stackSize: Int = 512 * 1024, _ body: @escaping @Sendable () -> Void
    ) throws(IOFailure) -> Thread {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        var result = pthread_attr_setstacksize(&attributes, stackSize)
        guard result == 0 else { throw IOFailure("pthread_attr_setstacksize", Errno(rawValue: result), name) }

        let slot = Mailslot()
        let box = Unmanaged.passRetained(Box(Start(name: name, identifier: slot, body: body)))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var handle = pthread_t()
        result = pthread_create(&handle, &attributes, entry, box.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            box.release()
            throw IOFailure("pthread_create", Errno(rawValue: result), name)
        }
        while sem_wait(slot.filled) != 0 {}
        return Thread(identifier: slot.identifier, handle: handle)
    }

    /// What the new thread runs first. A constant of this type and not a closure in place, so that no caller's actor
    /// isolation is checked on the new thread.
    private static let entry: @convention(c) @Sendable (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
        guard let raw else { return nil }
        let start = Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().start
        _ = pthread_setname_np(pthread_self(), String(decoding: start.name.utf8.prefix(15), as: UTF8.self))
        start.identifier.identifier = gettid()
        sem_post(start.identifier.filled)
        start.body()
        return nil
    }

    /// Waits until the thread has ended. Call it at most once.
    package func join() { pthread_join(handle, nil) }

    /// Lets the system forget the thread when it ends; nobody can join it then.
    package func detach() { pthread_detach(handle) }
}
