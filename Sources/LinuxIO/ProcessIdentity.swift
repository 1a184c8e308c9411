/// Users by name, as programs are started for them, and where programs are found.
import CLinux
import Glibc
import SystemPackage

/// A user with the groups that a program of theirs gets.
package struct ProcessIdentity: Hashable, Sendable {
    package var name: String
    package var user: uid_t
    package var group: gid_t
    /// The supplementary groups.
    package var groups: [gid_t]
    package var home: String

    package init(name: String, user: uid_t, group: gid_t, groups: [gid_t] = [], home: String = "/") {
        self.name = name
        self.user = user
        self.group = group
        self.groups = groups
        self.home = home
    }

    /// Looks a user up by name or number, and a group when it is not to be the user's own. Supplementary groups are
    /// those of the group database when `takesGroups` is set, else none.
    ///
    /// It asks the system's name services, which may wait for a network: not for a thread with a loop.
    /// Throws: ENOENT, with the name that is unknown.
    package init(user: String, group: String? = nil, takesGroups: Bool = false) throws(IOFailure) {
        let entry = try Self.user(user)
        self.init(name: user, user: entry.user, group: entry.group, home: entry.home)
        if let group { self.group = try Self.group(group) }
        if takesGroups { groups = Self.groups(of: entry.name, self.group) }
    }

    private struct Entry {
        var name: String
        var user: uid_t
        var group: gid_t
        var home: String
    }

    private static let bufferSize = 64 * 1024

    private static func user(_ name: String) throws(IOFailure) -> Entry {
        var entry = passwd()
        let found: Entry? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: bufferSize) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            var result: UnsafeMutablePointer<passwd>?
            let number = uid_t(name)
            if let number {
                getpwuid_r(number, &entry, start, buffer.count, &result)
            } else {
                getpwnam_r(name, &entry, start, buffer.count, &result)
            }
            // A number needs no entry: containers have many such users.
            guard result != nil else { return number.map { Entry(name: name, user: $0, group: $0, home: "/") } }
            return Entry(
                name: entry.pw_name.map { String(cString: $0) } ?? name, user: entry.pw_uid, group: entry.pw_gid,
                home: entry.pw_dir.map { String(cString: $0) } ?? "/")
        }
        guard let found else { throw IOFailure("getpwnam", .noSuchFileOrDirectory, "the user \(name)") }
        return found
    }

    /// The number of a group, by its name or number.
    ///
    /// It asks the system's name services, as `init(user:)` does. Throws: ENOENT, with the name that is unknown.
    package static func group(_ name: String) throws(IOFailure) -> gid_t {
        if let number = gid_t(name) { return number }
        var entry = Glibc.group()
        let found: gid_t? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: bufferSize) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            var result: UnsafeMutablePointer<Glibc.group>?
            getgrnam_r(name, &entry, start, buffer.count, &result)
            return result == nil ? nil : entry.gr_gid
        }
        guard let found else { throw IOFailure("getgrnam", .noSuchFileOrDirectory, "the group \(name)") }
        return found
    }

    private static func groups(of name: String, _ group: gid_t) -> [gid_t] {
        var count = Int32(1024)
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(name, group, &groups, &count) >= 0 else { return [] }
        return Array(groups.prefix(Int(count)))
    }
}

package enum ProgramSearch {
    /// Where programs of the system are, for commands that bring no PATH.
    package static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The file that a program's name stands for: itself when it has a slash, else the first executable one in the
    /// directories of `path` (this process's PATH when nil). nil when there is none.
    package static func find(_ name: String, path: String? = nil) -> String? {
        if name.isEmpty { return nil }
        if name.contains("/") { return name }
        let searched = path ?? getenv("PATH").map { String(cString: $0) } ?? standardPath
        for directory in searched.split(separator: ":") where directory.hasPrefix("/") {
            let file = "\(directory)/\(name)"
            var status = stat()
            if stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o111 != 0 {
                return file
            }
        }
        return nil
    }
}
