/// What a program prints: the end of it is kept for messages, the rest is read and thrown away.
import CLinux
import Glibc
import LinuxIO
import SystemPackage

/// The last octets of a stream.
struct OutputTail {
    /// So much is kept; a reason is one line.
    static let limit = 2048
    private var bytes: [UInt8] = []

    mutating func append(_ new: some Collection<UInt8>) {
        bytes += new.suffix(Self.limit)
        if bytes.count > Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
    }

    /// The last line that says something, at most 200 characters of it, without control characters.
    var lastLine: String {
        let lines = bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
        for line in lines.reversed() {
            let text = String(decoding: line, as: UTF8.self).unicodeScalars.map { scalar in
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : Character(scalar)
            }
            let words = String(text).split(separator: " ").joined(separator: " ")
            if !words.isEmpty { return words.count > 200 ? words.prefix(200) + "…" : words }
        }
        return ""
    }
}

/// The reading end of the pipe that a program's outputs lead to.
///
/// A notify script often leaves a service behind that inherits its outputs. Were the pipe closed when the script ends,
/// the service would die of its next line; so the pipe is read on until everybody has closed it.
final class OutputPipe {
    /// Octets in one turn of the loop, and how long a flood then waits.
    private static let chunk = 16 * 1024
    private static let pause = Duration.milliseconds(5)

    private(set) var tail = OutputTail()
    private let loop: EventLoop
    private let descriptor: OwnedDescriptor
    private var registration: Registration?
    /// Everybody has closed it.
    var onClose: (() -> Void)?
    private var isKept = true

    /// `theirs` is the program's end, to be closed once it has been started.
    static func make(_ loop: EventLoop) throws(IOFailure) -> (pipe: OutputPipe, theirs: Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        try systemCall("pipe2") {
            withUnsafeMutableBytes(of: &ends) { pipe2($0.bindMemory(to: Int32.self).baseAddress, O_CLOEXEC) }
        }
        do throws(IOFailure) {
            return (try OutputPipe(loop, OwnedDescriptor(ends.0)), ends.1)
        } catch {
            _ = Glibc.close(ends.1)
            throw error
        }
    }

    private init(_ loop: EventLoop, _ descriptor: consuming OwnedDescriptor) throws(IOFailure) {
        self.loop = loop
        self.descriptor = descriptor
        _ = fcntl(self.descriptor.rawValue, F_SETFL, O_RDONLY | O_NONBLOCK)
        registration = try loop.add(self.descriptor.rawValue, .read) { [weak self] _ in self?.readSome() }
    }

    /// Somebody may still write to it.
    var isOpen: Bool { registration != nil }

    /// Nobody asks for the text any more.
    func forgetText() { isKept = false }

    /// Reads what is there now.
    func readRest() {
        for _ in 0..<4 where !readSome() { return }
    }

    /// Returns whether there may be more.
    @discardableResult
    private func readSome() -> Bool {
        guard registration != nil else { return false }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { space, initialized in
            count = read(descriptor.rawValue, space.baseAddress, space.count)
            initialized = max(0, count)
        }
        if count < 0 { return Errno.last == .interrupted }
        guard count > 0 else {
            close()
            return false
        }
        if isKept { tail.append(bytes) }
        if count == Self.chunk { rest() }
        return true
    }

    private func rest() {
        guard let registration else { return }
        try? loop.modify(registration, [])
        loop.after(Self.pause) { [weak self] in
            guard let registration = self?.registration else { return }
            try? self?.loop.modify(registration, .read)
        }
    }

    /// Stops reading; the descriptor goes with this object.
    func close() {
        guard let registration else { return }
        loop.remove(registration)
        self.registration = nil
        onClose?()
        onClose = nil
    }
}

/// The pipes of programs that have ended and left others behind.
final class OutputDrains {
    /// More services than this, each started anew and again by scripts, are a mistake of the scripts.
    static let limit = 32
    private var pipes: [OutputPipe] = []

    func keep(_ pipe: OutputPipe) {
        // Most programs leave nobody behind, and must not push out the pipes of those that do.
        guard pipe.isOpen else { return }
        pipe.forgetText()
        pipe.onClose = { [weak self, weak pipe] in self?.pipes.removeAll { $0 === pipe } }
        pipes.append(pipe)
        if pipes.count > Self.limit { pipes.removeFirst().close() }
    }

    var count: Int { pipes.count }

    func close() {
        for pipe in pipes { pipe.close() }
        pipes = []
    }
}
