/// The loop's promises: order within a turn, no stale events, timers that can be cancelled.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite struct EventLoopTests {
    /// A connected pair of non-blocking stream sockets.
    private func socketPair() -> (Int32, Int32) {
        var pair: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &pair) {
            socketpair(
                AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0,
                $0.bindMemory(to: Int32.self).baseAddress)
        }
        #expect(result == 0)
        return pair
    }

    @Test(
        "an event of a descriptor that an earlier handler removed is not delivered, even if its slot and number live again"
    )
    func staleEvents() throws {
        let loop = try EventLoop()
        let first = socketPair()
        let second = socketPair()
        var delivered: [String] = []
        var registrations: [Registration] = []
        // Whichever comes first removes and closes the other one, then reuses its number and its slot.
        func takeOver(_ mine: String, _ other: Int, _ descriptor: Int32) {
            delivered.append(mine)
            loop.remove(registrations[other])
            // dup2 closes the old file and gives its number to the new one at once; other tests cannot come between.
            let fresh = eventfd(0, Int32(EFD_NONBLOCK))
            #expect(dup2(fresh, descriptor) == descriptor)
            close(fresh)
            do { _ = try loop.add(descriptor, .read) { _ in delivered.append("stale") } } catch { Issue.record(error) }
        }
        registrations.append(try loop.add(first.0, .read) { _ in takeOver("first", 1, second.0) })
        registrations.append(try loop.add(second.0, .read) { _ in takeOver("second", 0, first.0) })
        _ = write(first.1, "x", 1)
        _ = write(second.1, "x", 1)
        loop.turn(maximumWait: .zero)
        #expect(delivered.count == 1)
        #expect(!delivered.contains("stale"))
        for descriptor in [first.0, first.1, second.0, second.1] { close(descriptor) }
    }

    @Test("within a turn come I/O, mail, posted work, timers, and the effects last")
    func order() throws {
        let loop = try EventLoop()
        let pair = socketPair()
        let mailbox = try Mailbox<Int>()
        var order: [String] = []
        loop.afterTurn = { order.append("effects") }
        loop.after(.zero) { order.append("timer") }
        try mailbox.attach(to: loop) { _ in order.append("mail") }
        mailbox.send(1)
        try loop.add(pair.0, .read) { _ in
            order.append("io")
            loop.post { order.append("posted") }
            var byte: UInt8 = 0
            _ = read(pair.0, &byte, 1)
        }
        _ = write(pair.1, "x", 1)
        loop.turn(maximumWait: .seconds(1))
        #expect(order == ["io", "mail", "posted", "timer", "effects"])
        close(pair.0)
        close(pair.1)
    }

    @Test("a cancelled timer never fires, and its token does not cancel the next user of its place")
    func cancelledTimer() throws {
        let loop = try EventLoop()
        var fired: [Int] = []
        let first = loop.after(.zero) { fired.append(1) }
        loop.cancel(first)
        loop.after(.zero) { fired.append(2) }
        loop.cancel(first)
        loop.turn(maximumWait: .milliseconds(10))
        #expect(fired == [2])
    }

    @Test("the loop waits for the owner's timers as for its own")
    func timerSource() throws {
        final class Source: TimerSource {
            var queue = TimerQueue()
            var fired: [Int] = []
            var nextDeadline: Int64? { queue.nextDeadline }
            func fire(now: Int64) { while let identifier = queue.popDue(now) { fired.append(identifier) } }
        }
        let loop = try EventLoop()
        let source = Source()
        loop.timerSource = source
        source.queue.arm(7, at: Clock.monotonic + 2_000_000)
        source.queue.arm(3, at: Clock.monotonic + 1_000_000)
        while source.fired.count < 2 { loop.turn(maximumWait: .seconds(5)) }
        #expect(source.fired == [3, 7])
    }

    @Test("a handler may stop the loop")
    func stop() throws {
        let loop = try EventLoop()
        loop.after(.milliseconds(1)) { loop.stop() }
        loop.run()
    }

    @Test("descriptors can be added and removed while handlers run")
    func growth() throws {
        let loop = try EventLoop()
        let pair = socketPair()
        var added: [Registration] = []
        var descriptors: [Int32] = []
        let registration = try loop.add(pair.0, .read) { _ in
            for _ in 0..<100 {
                let descriptor = eventfd(1, Int32(EFD_NONBLOCK))
                descriptors.append(descriptor)
                do { added.append(try loop.add(descriptor, .read) { _ in }) } catch { Issue.record(error) }
            }
            for registration in added { loop.remove(registration) }
        }
        _ = write(pair.1, "x", 1)
        loop.turn(maximumWait: .seconds(1))
        #expect(added.count == 100)
        loop.remove(registration)
        for descriptor in descriptors + [pair.0, pair.1] { close(descriptor) }
    }
}
