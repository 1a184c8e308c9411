/// The small parts that halua's tool plays inside a lab, so that the lab needs neither Java nor Python.
import CLinux
import Glibc
import LinuxIO

/// A part, named by an environment variable.
///
/// Not by an argument: the stand-in for a Java machine must show a Java machine's arguments.
enum LabRole: String {
    /// The first process of a simulated host.
    case firstProcess = "first-process"
    case mycat
    /// The Java Service Wrapper around Mycat.
    case wrapper
    /// A database behind Mycat.
    case backend
    /// A lock that several hosts share.
    case lock

    static let variable = "HALUA_LAB_ROLE"
}

/// Plays the part that the environment names, and never returns then; returns at once in every other process.
///
/// The tool's `main` calls this before anything else.
package func runLabRole() {
    guard let name = getenv(LabRole.variable) else { return }
    switch LabRole(rawValue: String(cString: name)) {
    case .firstProcess: exit(beFirstProcess())
    case .mycat: exit(beMycat())
    case .wrapper: exit(beWrapper())
    case .backend: exit(beBackend())
    case .lock: exit(beLockServer())
    case nil:
        complain("\(LabRole.variable)=\(String(cString: name)) is no part of halua's lab")
        exit(64)
    }
}

/// Gives the host a /proc of its own processes and a /run of its own, says "ready", and lives until its input ends.
private func beFirstProcess() -> Int32 {
    // Orphans of the host become this process's children; nobody asks how they ended.
    signal(SIGCHLD, SIG_IGN)
    guard takeRootDirectory() else {
        return say("cannot give a simulated host a root directory: \(String(cString: strerror(errno)))", 1)
    }
    guard mount("proc", "/proc", "proc", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), nil) == 0 else {
        return say("cannot mount /proc in a simulated host: \(String(cString: strerror(errno)))", 1)
    }
    guard mount("tmpfs", "/run", "tmpfs", UInt(MS_NOSUID | MS_NODEV), "size=16m,mode=755") == 0 else {
        return say("cannot mount /run in a simulated host: \(String(cString: strerror(errno)))", 1)
    }
    // Best effort: programs that read /sys/class/net should see this host's interfaces.
    _ = mount("sysfs", "/sys", "sysfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), nil)
    if let folder = getenv(DiskGuard.variable), !DiskGuard.protectDisk(except: String(cString: folder)) {
        return say("cannot protect the disk from a simulated host: \(String(cString: strerror(errno)))", 1)
    }
    _ = say("ready", 0)
    close(1)
    var octet: UInt8 = 0
    while read(0, &octet, 1) != 0 {}
    return 0
}

/// Sees to it that "/" belongs to the host's root, as haluad demands of every directory above a script.
///
/// It does so already when the lab runs as root. In a user namespace the machine's root directory belongs to nobody:
/// there the host gets one of its own, with the machine's directories in it. False: errno says why not.
private func takeRootDirectory() -> Bool {
    var status = stat()
    guard stat("/", &status) == 0 else { return false }
    if status.st_uid == geteuid() { return true }
    // Any directory will do as the place to build it; it moves to "/" when it is complete.
    let root = "/run"
    guard let machine = opendir("/"), mount("tmpfs", root, "tmpfs", UInt(MS_NOSUID | MS_NODEV), "mode=755") == 0
    else { return false }
    defer { closedir(machine) }
    while let entry = readdir(machine) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        guard lstat("/\(name)", &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            guard mkdir("\(root)/\(name)", 0o755) == 0 else { return false }
            // These three are mounted anew.
            if ["proc", "run", "sys"].contains(name) { continue }
            guard mount("/\(name)", "\(root)/\(name)", nil, UInt(MS_BIND | MS_REC), nil) == 0 else { return false }
        case S_IFLNK:
            guard let target = realPath("/\(name)") else { continue }
            guard symlink(target, "\(root)/\(name)") == 0 else { return false }
        default: continue
        }
    }
    return chdir(root) == 0 && mount(".", "/", nil, UInt(MS_MOVE), nil) == 0 && chroot(".") == 0
}

private func say(_ line: String, _ status: Int32) -> Int32 {
    let octets = Array((line + "\n").utf8)
    write(1, octets, octets.count)
    return status
}

func complain(_ line: String) {
    let octets = Array((line + "\n").utf8)
    write(2, octets, octets.count)
}
