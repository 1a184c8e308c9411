/// A process that stands in for the one a script looks for.
import Glibc
import LinuxIO

/// `/bin/sh` with chosen arguments, waiting until it is told to end.
final class TestProcess {
    let identifier: pid_t
    private let input: Int32
    private var isReaped = false
    private var isInputClosed = false

    /// `arguments`: follow the shell's script and are visible in /proc. `script`: what the shell runs.
    init(_ arguments: [String], script: String = "read line") {
        var pipes: [Int32] = [0, 0]
        pipe2(&pipes, O_CLOEXEC)
        input = pipes[1]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, pipes[0], 0)
        var words: [UnsafeMutablePointer<CChar>?] = (["sh", "-c", script] + arguments).map { strdup($0) }
        words.append(nil)
        var child = pid_t()
        let result = posix_spawn(&child, "/bin/sh", &actions, nil, words, environ)
        precondition(result == 0, "a shell can be started")
        for word in words { free(word) }
        posix_spawn_file_actions_destroy(&actions)
        close(pipes[0])
        identifier = child
        waitForArguments()
    }

    /// posix_spawn returns as soon as the child has let go of our memory; its name and its arguments appear in /proc a
    /// little later, and on a busy machine a script looks in between.
    private func waitForArguments() {
        for _ in 1...5_000 {
            if let bytes = try? FileReader.bytes("/proc/\(identifier)/cmdline"), !bytes.isEmpty { return }
            usleep(1_000)
        }
    }

    func signal(_ number: Int32) { kill(identifier, number) }

    /// Ends its input: what it reads is at its end.
    func finishReading() {
        guard !isInputClosed else { return }
        isInputClosed = true
        close(input)
    }

    /// Writes a line to its input.
    func say(_ line: String) {
        var text = line + "\n"
        _ = text.withUTF8 { write(input, $0.baseAddress, $0.count) }
    }

    /// Kills it and leaves the zombie.
    func killWithoutReaping() {
        signal(SIGKILL)
    }

    func reap() {
        guard !isReaped else { return }
        isReaped = true
        var status: Int32 = 0
        waitpid(identifier, &status, 0)
    }

    func end() {
        signal(SIGKILL)
        signal(SIGCONT)
        reap()
    }

    deinit {
        if !isReaped { end() }
        finishReading()
    }
}
