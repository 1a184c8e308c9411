/// epoll(7) with a buffer of its own: wait, then read the events one by one; nothing is allocated per wait.
import CLinux
import Glibc
import SystemPackage

/// What a descriptor is watched for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let read = Interest(rawValue: EPOLLIN.rawValue)
    package static let write = Interest(rawValue: EPOLLOUT.rawValue)
    /// Exceptional conditions: a changed sysfs or cgroup file, a PSI trigger.
    package static let priority = Interest(rawValue: EPOLLPRI.rawValue)
}

/// What a descriptor is ready for, as epoll reported it.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    package static let priority = Readiness(rawValue: EPOLLPRI.rawValue)
    /// An error is pending (SO_ERROR has it). Reported whether asked for or not.
    package static let error = Readiness(rawValue: EPOLLERR.rawValue)
    /// Both directions are shut. Reported whether asked for or not.
    package static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
    /// The peer sends no more.
    package static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)

    /// A read will not block: there is data, an end of file or an error to fetch.
    package var wantsRead: Bool { !isDisjoint(with: [.readable, .error, .hangUp, .peerClosed]) }
    /// A write will not block: it takes data or fails.
    package var wantsWrite: Bool { !isDisjoint(with: [.writable, .error, .hangUp]) }
}

/// The kernel's interest list. Level triggered: an event that was not handled to the end comes again.
struct Epoll: ~Copyable {
    private let descriptor: OwnedDescriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>
    /// False once the kernel answered ENOSYS to epoll_pwait2 (before Linux 5.11).
    private var hasNanoseconds = true

    /// Throws: EMFILE, ENFILE, ENOMEM.
    init(maximumEvents: Int) throws(IOFailure) {
        descriptor = try OwnedDescriptor("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
        events = .allocate(capacity: maximumEvents)
        events.initialize(repeating: epoll_event())
    }

    deinit { events.deallocate() }

    /// Throws: ENOSPC (limit of watches), EPERM (a regular file), ENOMEM.
    func add(_ target: Int32, _ interest: Interest, data: UInt64) throws(IOFailure) {
        try control(EPOLL_CTL_ADD, target, interest, data)
    }

    /// Throws: ENOMEM.
    func modify(_ target: Int32, _ interest: Interest, data: UInt64) throws(IOFailure) {
        try control(EPOLL_CTL_MOD, target, interest, data)
    }

    /// Never fails in a way that matters: a descriptor that is gone is not watched either.
    func remove(_ target: Int32) {
        var ignored = epoll_event()
        _ = epoll_ctl(descriptor.rawValue, EPOLL_CTL_DEL, target, &ignored)
    }

    private func control(_ operation: Int32, _ target: Int32, _ interest: Interest, _ data: UInt64) throws(IOFailure) {
        var event = epoll_event()
        event.events = interest.rawValue | (interest.contains(.read) ? EPOLLRDHUP.rawValue : 0)
        event.data.u64 = data
        try systemCall("epoll_ctl", detail: "descriptor \(target)") {
            epoll_ctl(descriptor.rawValue, operation, target, &event)
        }
    }

    /// Waits for events. Returns how many there are; 0 after the time is over or a signal came.
    ///
    /// `timeout`: nanoseconds, nil for ever.
    mutating func wait(_ timeout: Int64?) -> Int {
        let result = hasNanoseconds ? waitNanoseconds(timeout) : waitMilliseconds(timeout)
        if result >= 0 { return Int(result) }
        let error = Errno.last
        if error == .noFunction, hasNanoseconds {
            hasNanoseconds = false
            return wait(timeout)
        }
        precondition(error == .interrupted, "epoll cannot fail with \(error) on a descriptor of its own")
        return 0
    }

    private func waitNanoseconds(_ timeout: Int64?) -> Int32 {
        guard let timeout else {
            return epoll_pwait2(descriptor.rawValue, events.baseAddress, Int32(events.count), nil, nil)
        }
        var span = timespec(tv_sec: Int(timeout / 1_000_000_000), tv_nsec: Int(timeout % 1_000_000_000))
        return epoll_pwait2(descriptor.rawValue, events.baseAddress, Int32(events.count), &span, nil)
    }

    /// Rounds up: waking before a deadline would only cause a second turn.
    private func waitMilliseconds(_ timeout: Int64?) -> Int32 {
        let span = timeout.map { Int32(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
        return epoll_wait(descriptor.rawValue, events.baseAddress, Int32(events.count), span)
    }

    /// The event at `index` of the last wait.
    func event(_ index: Int) -> (data: UInt64, readiness: Readiness) {
        let event = events[index]
        return (event.data.u64, Readiness(rawValue: event.events))
    }
}
