/// Whether somebody other than the owner of this process could have put something else into a file.
import CLinux
import Glibc
import SystemPackage

/// Why a file must not be run with this process's rights.
package struct Distrust: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file or the directory above it that is the reason.
    package var path: String
    /// What is wrong with it and what to do, as a sentence.
    package var description: String
}

package enum FileTrust {
    /// Checks a file and every directory above it, after symbolic links: each must belong to root or to `user` (the one
    /// this process runs as, unless another is named), and nobody else may write to it. Directories with the sticky
    /// bit are fine: nobody can replace what another owns in them.
    ///
    /// Throws: `Distrust` for the first part that fails; an `IOFailure`'s words when a part cannot be looked at.
    package static func check(_ path: String, user: uid_t = geteuid()) throws(Distrust) {
        guard let resolved = realpath(path, nil) else {
            throw Distrust(path: path, description: "\(path) cannot be found: \(Errno.last)")
        }
        defer { free(resolved) }
        let whole = String(cString: resolved)
        var part = whole
        while true {
            try checkPart(part, isFile: part == whole, user)
            if part == "/" { return }
            let parent = part[..<(part.lastIndex(of: "/") ?? part.startIndex)]
            part = parent.isEmpty ? "/" : String(parent)
        }
    }

    private static func checkPart(_ path: String, isFile: Bool, _ user: uid_t) throws(Distrust) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw Distrust(path: path, description: "\(path) cannot be looked at: \(Errno.last)")
        }
        if isFile, status.st_mode & S_IFMT != S_IFREG {
            throw Distrust(path: path, description: "\(path) is not a regular file")
        }
        guard status.st_uid == 0 || status.st_uid == user else {
            throw Distrust(
                path: path, description: "\(path) belongs to user \(status.st_uid), not to root: chown root \(path)")
        }
        let isSticky = !isFile && status.st_mode & S_ISVTX != 0
        if status.st_mode & S_IWOTH != 0, !isSticky {
            throw Distrust(path: path, description: "\(path) is writable by everybody: chmod o-w \(path)")
        }
        if status.st_mode & S_IWGRP != 0, status.st_gid != 0, !isSticky {
            throw Distrust(
                path: path, description: "\(path) is writable by group \(status.st_gid): chmod g-w \(path)")
        }
    }
}
