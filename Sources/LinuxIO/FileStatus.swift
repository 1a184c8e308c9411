/// What a file is, and how much room there is where it lies.
import CLinux
import Glibc
import SystemPackage

/// A file as stat(2) describes it, after symbolic links.
package struct FileStatus: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case file, directory, fifo, socket, block, character, other
    }

    package var kind: Kind
    package var size: Int
    /// Seconds since 1970.
    package var modified: Double
    /// The permission bits.
    package var mode: Int
    package var owner: Int
    package var group: Int

    /// Throws: ENOENT, EACCES, ENOTDIR, ELOOP.
    package init(_ path: String) throws(IOFailure) {
        var status = stat()
        try systemCall("stat", detail: path) { stat(path, &status) }
        kind = Self.kind(status.st_mode)
        size = Int(status.st_size)
        modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        mode = Int(status.st_mode & 0o7777)
        owner = Int(status.st_uid)
        group = Int(status.st_gid)
    }

    private static func kind(_ mode: mode_t) -> Kind {
        switch mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFIFO: .fifo
        case S_IFSOCK: .socket
        case S_IFBLK: .block
        case S_IFCHR: .character
        default: .other
        }
    }
}

/// The room in a file system (statvfs(3)), in octets and in files.
package struct FileSystemRoom: Hashable, Sendable {
    package var total: Int
    package var free: Int
    /// What those who are not root may use of it.
    package var available: Int
    package var inodes: Int
    package var freeInodes: Int
    package var isReadOnly: Bool

    /// Throws: ENOENT, EACCES.
    package init(_ path: String) throws(IOFailure) {
        var room = statvfs()
        try systemCall("statvfs", detail: path) { statvfs(path, &room) }
        let unit = Int(clamping: room.f_frsize)
        total = Int(clamping: room.f_blocks) * unit
        free = Int(clamping: room.f_bfree) * unit
        available = Int(clamping: room.f_bavail) * unit
        inodes = Int(clamping: room.f_files)
        freeInodes = Int(clamping: room.f_ffree)
        isReadOnly = room.f_flag & UInt(ST_RDONLY) != 0
    }
}
