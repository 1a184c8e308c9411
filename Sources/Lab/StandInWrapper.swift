/// A process that looks and acts like the Java Service Wrapper around Mycat: it starts the JVM, and starts it anew.
import CLinux
import Glibc

/// The wrapper of an installation in /usr/local/mycat; its name in the kernel is cut after 15 octets.
let wrapperArguments = [
    "/usr/local/mycat/bin/./wrapper-linux-x86-64", "/usr/local/mycat/conf/wrapper.conf", "wrapper.syslog.ident=mycat",
    "wrapper.pidfile=/usr/local/mycat/logs/mycat.pid", "wrapper.daemonize=TRUE",
]

/// What the real one waits before it starts a JVM that has ended anew.
private let restartDelay = Duration.seconds(5)

/// Starts stand-ins for Mycat, one after the other. Returns an exit status, only when none can be started.
func beWrapper() -> Int32 {
    _ = pthread_setname_np(pthread_self(), "wrapper-linux-x")
    var settings = MycatSettings.fromEnvironment()
    var start = 1
    while true {
        settings.wrappedStart = start
        let variables = ["\(LabRole.variable)=\(LabRole.mycat.rawValue)", settings.environment]
        do {
            let jvm = try spawnProcess(
                "/proc/self/exe", arguments: settings.arguments, environment: variables, descriptors: [])
            _ = reap(jvm)
        } catch {
            complain("\(error)")
            return 1
        }
        pause(restartDelay)
        start += 1
    }
}
