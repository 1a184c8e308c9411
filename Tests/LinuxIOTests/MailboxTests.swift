/// Mail between threads: complete, in order, bounded.
import Glibc
import LinuxIO
import Testing

@Suite struct MailboxTests {
    @Test("four threads' messages all arrive, each thread's in its order")
    func manySenders() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<(sender: Int, number: Int)>(limit: 100_000)
        var next = [0, 0, 0, 0]
        try mailbox.attach(to: loop) { message in
            #expect(message.number == next[message.sender])
            next[message.sender] += 1
            if next == [2_000, 2_000, 2_000, 2_000] { loop.stop() }
        }
        var threads: [Thread] = []
        for sender in 0..<4 {
            threads.append(
                try Thread.start(name: "sender-\(sender)") {
                    for number in 0..<2_000 { mailbox.send((sender, number)) }
                })
        }
        loop.run()
        for thread in threads { thread.join() }
        #expect(next == [2_000, 2_000, 2_000, 2_000])
    }

    @Test("a full mailbox refuses instead of growing without end, and takes mail again once it was read")
    func limit() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>(limit: 2)
        var received: [Int] = []
        try mailbox.attach(to: loop) { received.append($0) }
        #expect(mailbox.send(1))
        #expect(mailbox.send(2))
        #expect(!mailbox.send(3))
        loop.turn(maximumWait: .zero)
        #expect(mailbox.send(4))
        loop.turn(maximumWait: .zero)
        #expect(received == [1, 2, 4])
    }

    @Test("a message sent while mail is being delivered arrives in the next turn")
    func sentDuringDelivery() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>()
        var received: [Int] = []
        try mailbox.attach(to: loop) { number in
            received.append(number)
            if number < 3 { mailbox.send(number + 1) }
        }
        mailbox.send(1)
        for _ in 0..<3 { loop.turn(maximumWait: .zero) }
        #expect(received == [1, 2, 3])
    }

    @Test("mail that means work leaves room for timers after a few messages")
    func slowMail() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>()
        var received: [Int] = []
        var seenByTimer: Int?
        try mailbox.attach(to: loop) { number in
            received.append(number)
            usleep(1_500)
        }
        for number in 0..<20 { mailbox.send(number) }
        loop.after(.zero) { seenByTimer = received.count }
        loop.turn(maximumWait: .zero)
        #expect(seenByTimer.map { $0 <= 2 } == true)
        for _ in 0..<30 where received.count < 20 { loop.turn(maximumWait: .zero) }
        #expect(received == Array(0..<20))
    }

    @Test("a flood is delivered in pieces, in order, with what came meanwhile, and does not keep timers waiting")
    func flood() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>()
        var received: [Int] = []
        var seenByTimer: Int?
        try mailbox.attach(to: loop) { number in
            received.append(number)
            if number == 300 { mailbox.send(1_000) }
        }
        for number in 0..<1_000 { mailbox.send(number) }
        loop.after(.zero) { seenByTimer = received.count }
        var turns = 0
        while received.count < 1_001, turns < 20 {
            loop.turn(maximumWait: .zero)
            turns += 1
        }
        #expect(received == Array(0...1_000))
        #expect(try #require(seenByTimer) < 1_000)
    }

    @Test("a closed mailbox takes nothing more and gives back what nobody has read")
    func closing() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>()
        var received: [Int] = []
        var left: [Int] = []
        try mailbox.attach(to: loop) { number in
            received.append(number)
            if number == 2 { left = Array(mailbox.close()) }
        }
        for number in 1...4 { mailbox.send(number) }
        for _ in 0..<2 { loop.turn(maximumWait: .zero) }
        #expect(received == [1, 2])
        #expect(left == [3, 4])
        #expect(!mailbox.send(5))
    }

    @Test("a thread carries its name and knows its identifier")
    func threadName() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<pid_t>()
        let thread = try Thread.start(name: "halua-script-thread-long") { mailbox.send(gettid()) }
        var seen: pid_t = 0
        try mailbox.attach(to: loop) { seen = $0 }
        while seen == 0 { loop.turn(maximumWait: .seconds(1)) }
        #expect(seen == thread.identifier)
        thread.join()
    }
}
