/// Local sockets: a listener with a mode, and who the peer is.
import CLinux
import Glibc
import SystemPackage

/// Who opened the other end of a local connection, as the kernel vouches (unix(7) SO_PEERCRED).
package struct PeerCredentials: Hashable, Sendable {
    package var process: pid_t
    package var user: uid_t
    package var group: gid_t

    package init(process: pid_t, user: uid_t, group: gid_t) {
        self.process = process
        self.user = user
        self.group = group
    }
}

/// A listening local stream socket. Its file is removed when the listener goes.
package final class UnixListener {
    private let owned: OwnedDescriptor
    private let path: String
    package var descriptor: Int32 { owned.rawValue }

    /// Listens at a path. A file that a dead process left there is replaced; a living one's is not.
    ///
    /// `mode`: permission bits; `group`: the file's group. Throws: EADDRINUSE (somebody listens there), EACCES, ENOENT
    /// (no such folder), ENAMETOOLONG (more than 107 octets).
    package init(path: String, mode: mode_t, group: gid_t? = nil, backlog: Int32 = 16) throws(IOFailure) {
        let descriptor = try openUnixSocket()
        let raw = descriptor.rawValue
        try Self.removeStale(path)
        // The file is made with this mode, less the umask: at no moment more is allowed than asked for.
        try systemCall("fchmod", detail: path) { fchmod(raw, mode & 0o700) }
        try withUnixAddress(path) { (address, length) throws(IOFailure) in
            _ = try systemCall("bind", detail: path) { Glibc.bind(raw, .init(__sockaddr__: address), length) }
        }
        do throws(IOFailure) {
            if let group { try systemCall("chown", detail: path) { chown(path, uid_t.max, group) } }
            try systemCall("chmod", detail: path) { chmod(path, mode) }
            try systemCall("listen", detail: path) { listen(raw, backlog) }
        } catch {
            unlink(path)
            throw error
        }
        self.path = path
        owned = descriptor
    }

    deinit { unlink(path) }

    private static func removeStale(_ path: String) throws(IOFailure) {
        do throws(IOFailure) {
            _ = try UnixSocket.connect(to: path)
            throw IOFailure("bind", .addressInUse, "\(path), where another process listens")
        } catch  where error.errno == .connectionRefused {
            unlink(path)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
    }

    /// Takes the next waiting connection, nil when none waits.
    ///
    /// Throws: EMFILE, ENFILE, ENOMEM.
    package func accept() throws(IOFailure) -> StreamSocket? {
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        do throws(IOFailure) {
            let connection = try systemCall("accept", detail: path) { accept4(owned.rawValue, .init(), nil, flags) }
            return StreamSocket(OwnedDescriptor(connection))
        } catch  where error.errno == .wouldBlock || error.errno == .connectionAbort {
            return nil
        }
    }
}

package enum UnixSocket {
    /// Connects to a listener at a path.
    ///
    /// Throws: ENOENT, ECONNREFUSED (nobody listens), EACCES, EAGAIN (its queue is full).
    package static func connect(to path: String) throws(IOFailure) -> StreamSocket {
        let descriptor = try openUnixSocket()
        let raw = descriptor.rawValue
        try withUnixAddress(path) { (address, length) throws(IOFailure) in
            _ = try systemCall("connect", detail: path) { Glibc.connect(raw, .init(__sockaddr__: address), length) }
        }
        return StreamSocket(descriptor)
    }
}

extension StreamSocket {
    /// Who is at the other end of a local connection.
    ///
    /// Throws: EOPNOTSUPP or ENOPROTOOPT when it is not a local one.
    package func peerCredentials() throws(IOFailure) -> PeerCredentials {
        var credentials = ucred()
        var length = socklen_t(MemoryLayout<ucred>.size)
        try systemCall("getsockopt SO_PEERCRED") {
            getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
        }
        return PeerCredentials(process: credentials.pid, user: credentials.uid, group: credentials.gid)
    }

    /// The supplementary groups of the process at the other end of a local connection, when it connected.
    ///
    /// Throws: ENOPROTOOPT (Linux before 4.13), ERANGE (more groups than Linux allows).
    package func peerGroups() throws(IOFailure) -> [gid_t] {
        // NGROUPS_MAX is 65,536, but hardly anybody is in more than a few.
        let (soPeerGroups, most): (Int32, Int) = (59, 1024)
        var groups = [gid_t](repeating: 0, count: most)
        var length = socklen_t(most * MemoryLayout<gid_t>.size)
        try systemCall("getsockopt SO_PEERGROUPS") {
            getsockopt(descriptor, SOL_SOCKET, soPeerGroups, &groups, &length)
        }
        return Array(groups.prefix(Int(length) / MemoryLayout<gid_t>.size))
    }
}

private func openUnixSocket() throws(IOFailure) -> OwnedDescriptor {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    return try OwnedDescriptor("socket AF_UNIX") { socket(AF_UNIX, kind, 0) }
}

/// Gives a path as a local address; a leading "@" means the abstract namespace.
func withUnixAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(IOFailure) -> Result
) throws(IOFailure) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard !name.isEmpty, name.count < MemoryLayout.size(ofValue: address.sun_path) else {
        throw IOFailure("bind", .fileNameTooLong, "\(path), a local socket's name has 1 to 107 octets")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { bytes in
        bytes.copyBytes(from: name)
        if name[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    }
    let header = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    let isAbstract = name[0] == UInt8(ascii: "@")
    let length = socklen_t(header + name.count + (isAbstract ? 0 : 1))
    let copy = address
    let storage = UnsafeMutablePointer<sockaddr_un>.allocate(capacity: 1)
    storage.initialize(to: copy)
    defer { storage.deallocate() }
    return try body(UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), length)
}
