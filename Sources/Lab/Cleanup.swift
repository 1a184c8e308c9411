/// What is left to do when a person interrupts a lab: its folder under /tmp. Everything else the kernel takes back.
import Glibc
import LinuxIO

/// Folders of the labs that exist now.
private let openFolders = Lock<Set<String>>([])

/// True once a thread waits for signals.
private let listens = Lock(false)

func rememberFolder(_ path: String) { openFolders.withLock { _ = $0.insert(path) } }
func forgetFolder(_ path: String) { openFolders.withLock { _ = $0.remove(path) } }

/// From here on SIGINT, SIGTERM and SIGHUP remove the open labs' folders and end the process with the usual status.
///
/// Call it before any other thread starts: the signals must be blocked in all of them. The first call is enough.
func cleanUpOnSignals() throws(LabError) {
    let isFirst = listens.withLock { listens in
        defer { listens = true }
        return !listens
    }
    guard isFirst else { return }
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let awaited = signals
    try explained { () throws(IOFailure) in
        try Thread.start(name: "lab signals") {
            var awaited = awaited
            var number: Int32 = 0
            while sigwait(&awaited, &number) != 0 {}
            complain("\ninterrupted: the lab is taken down")
            for folder in openFolders.withLock({ $0 }) { removeFolder(folder) }
            // Not exit(): other threads still run, and the hosts' first processes end with this one.
            _exit(128 + number)
        }
    }.detach()
}
