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
    /// The most symbolic links on one way, as in the kernel.
    private static let mostLinks = 40

    /// Checks a file, every directory on the way to it, and every symbolic link: each must belong to root or to `user`
    /// (the one this process runs as, unless another is named), and nobody else may write to it. Directories with the
    /// sticky bit are fine: nobody can replace what another owns in them.
    ///
    /// The way is walked as the kernel walks it: the directory that holds a link counts as much as the one it leads to.
    ///
    /// Throws: `Distrust` for the first part that fails; an `IOFailure`'s words when a part cannot be looked at.
    package static func check(_ path: String, user: uid_t = geteuid()) throws(Distrust) {
        var left = Array(try absolute(path).split(separator: "/").map(String.init).reversed())
        var here = "/"
        var links = 0
        try checkPart(here, isFile: false, user)
        while let name = left.popLast() {
            if name == "." { continue }
            if name == ".." {
                here = parent(of: here)
                continue
            }
            let part = here == "/" ? "/\(name)" : "\(here)/\(name)"
            if let target = try target(of: part, named: path, user) {
                links += 1
                guard links <= mostLinks else { throw lost(path, .tooManySymbolicLinkLevels) }
                if target.hasPrefix("/") { here = "/" }
                left += target.split(separator: "/").map(String.init).reversed()
            } else {
                here = part
                try checkPart(here, isFile: false, user)
            }
        }
        // What it leads to must be a file, and there the sticky bit means nothing.
        try checkPart(here, isFile: true, user)
    }

    private static func lost(_ path: String, _ error: Errno) -> Distrust {
        Distrust(path: path, description: "\(path) cannot be found: \(error)")
    }

    private static func absolute(_ path: String) throws(Distrust) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { throw lost(path, .last) }
        defer { free(directory) }
        return "\(String(cString: directory))/\(path)"
    }

    private static func parent(of path: String) -> String {
        let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        return parent.isEmpty ? "/" : String(parent)
    }

    /// Where a symbolic link leads to; nil when the part is none.
    private static func target(of part: String, named path: String, _ user: uid_t) throws(Distrust) -> String? {
        var status = stat()
        guard lstat(part, &status) == 0 else { throw lost(path, .last) }
        guard status.st_mode & S_IFMT == S_IFLNK else { return nil }
        guard status.st_uid == 0 || status.st_uid == user else {
            throw Distrust(
                path: part,
                description: "the link \(part) belongs to user \(status.st_uid), not to root: chown -h root \(part)")
        }
        return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) {
            buffer throws(Distrust) -> String in
            guard let start = buffer.baseAddress else { throw lost(path, .noMemory) }
            let count = readlink(part, start, buffer.count)
            guard count > 0 else { throw lost(path, .last) }
            return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }
    }

    private static func checkPart(_ path: String, isFile: Bool, _ user: uid_t) throws(Distrust) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw Distrust(path: path, description: "\(path) cannot be looked at: \(Errno.last)")
        }
        if isFile, status.st_mode & S_IFMT != S_IFREG {
            throw Distrust(path: path, description: "\(path) is not a regular file: put one there")
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
