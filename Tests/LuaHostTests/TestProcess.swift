/// A process that stands in for the one a script looks for.
import Glibc

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
    }

    func signal(_ number: Int32) { kill(identifier, number) }

    /// Ends its input: what it reads is at its end.
    func finishReading() {
        guard !isInputClosed else { return }
        isInputClosed = true
        close(input)
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
