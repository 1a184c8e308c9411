/// Keeps what runs in a simulated host from changing the machine: somebody's own scripts are rehearsed there.
import Glibc

enum DiskGuard {
    /// Names the one folder that stays writable, for the first process of a host.
    static let variable = "HALUA_LAB_FOLDER"

    /// Folders that programs must be able to write: what they write there is in memory and vanishes with the host.
    private static let writable = ["/tmp", "/var/tmp", "/var/log", "/var/lib/halua"]

    /// Makes every mount of the calling process's mount namespace read-only, except for `folder`. See mount_setattr(2).
    ///
    /// False: errno says why not.
    static func protectDisk(except folder: String) -> Bool {
        let kept = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)
        guard kept >= 0 else { return false }
        defer { close(kept) }
        guard set(readOnly: true, "/", recursively: true), set(readOnly: false, "/run", recursively: true),
            // The settings of the host's own network are there.
            set(readOnly: false, "/proc", recursively: false)
        else { return false }
        for path in writable where access(path, F_OK) == 0 {
            guard layMemory(over: path) else { return false }
        }
        // It may lie in one of those.
        guard makeFolders(folder), mount("/proc/self/fd/\(kept)", folder, nil, UInt(MS_BIND), nil) == 0 else {
            return false
        }
        return set(readOnly: false, folder, recursively: false)
    }

    private static func set(readOnly: Bool, _ path: String, recursively: Bool) -> Bool {
        var attributes = mount_attr()
        if readOnly {
            attributes.attr_set = UInt64(MOUNT_ATTR_RDONLY)
        } else {
            attributes.attr_clr = UInt64(MOUNT_ATTR_RDONLY)
        }
        let everythingBelow: UInt32 = 0x8000  // AT_RECURSIVE
        return mount_setattr(
            AT_FDCWD, path, recursively ? everythingBelow : 0, &attributes, MemoryLayout<mount_attr>.size) == 0
    }

    /// What is there stays readable under what is written from now on.
    private static func layMemory(over path: String) -> Bool {
        let memory = "/run/halua-lab/" + path.split(separator: "/").joined(separator: "-")
        guard makeFolders(memory),
            mount("tmpfs", memory, "tmpfs", UInt(MS_NOSUID | MS_NODEV), "size=64m,mode=755") == 0,
            makeFolders(memory + "/upper"), makeFolders(memory + "/work")
        else { return false }
        var status = stat()
        guard stat(path, &status) == 0, chmod(memory + "/upper", status.st_mode & 0o7777) == 0 else { return false }
        let options = "lowerdir=\(path),upperdir=\(memory)/upper,workdir=\(memory)/work"
        return mount("overlay", path, "overlay", UInt(MS_NOSUID | MS_NODEV), options) == 0
    }

    private static func makeFolders(_ path: String) -> Bool {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { return false }
        }
        return true
    }
}
