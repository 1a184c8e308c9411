/// Files that are watched by name: told when one is made, written, replaced or removed (inotify(7)).
import CLinux
import Glibc
import SystemPackage

/// What a path names at one moment, as far as it tells one state from another.
package struct FileState: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    package var size: Int64
    package var modifiedNanoseconds: Int64

    /// nil: there is nothing of that name.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modifiedNanoseconds = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }
}

package enum FileChange: String, Hashable, Sendable {
    case created, changed, removed
}

/// One loop's watched files, all behind one descriptor.
///
/// A file is watched by its directory, so that one which is replaced by renaming, or made later, is seen too, and by
/// itself, so that one at the end of a symbolic link is. While the directory does not exist, the nearest one above it
/// that does is watched.
package final class FileNotices {
    private static let mask =
        UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE) | UInt32(IN_MODIFY)
        | UInt32(IN_CLOSE_WRITE) | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
    /// Octets of events read in a turn; a directory in which much happens does not keep the loop busy.
    private static let bufferSize = 16 * 1024
    private static let pause = Duration.milliseconds(10)

    /// One watched path.
    private final class Entry {
        let path: String
        let changed: (FileChange, _ detail: String) -> Void
        var state: FileState?
        /// What is watched in the kernel: the name of interest in a directory, nil for the file itself.
        var watches: [Int32: String?] = [:]
        /// The directory did not exist when it was looked at last.
        var lacksDirectory = false

        init(_ path: String, _ changed: @escaping (FileChange, String) -> Void) {
            self.path = path
            self.changed = changed
            state = FileState(path)
        }
    }

    private let loop: EventLoop
    private var descriptor: Int32 = -1
    private var registration: Registration?
    private var entries: [UInt64: Entry] = [:]
    private var lastToken: UInt64 = 0
    /// The entries behind each of the kernel's watches: one directory may be that of many.
    private var users: [Int32: Set<UInt64>] = [:]

    package init(loop: EventLoop) { self.loop = loop }

    deinit { stop() }

    /// Watches a path; the callback comes from the loop, at most once for what happened in a turn.
    ///
    /// `path` is a whole one. Throws: EMFILE (limit of inotify instances), ENOSPC (limit of watches).
    package func watch(
        _ path: String, _ changed: @escaping (FileChange, _ detail: String) -> Void
    ) throws(IOFailure) -> UInt64 {
        if descriptor < 0 { try open() }
        lastToken += 1
        let entry = Entry(path, changed)
        entries[lastToken] = entry
        do throws(IOFailure) {
            try arm(entry, lastToken)
        } catch {
            remove(lastToken)
            throw error
        }
        // Between the look in init and the watch it may have changed.
        entry.state = FileState(path)
        return lastToken
    }

    package func remove(_ token: UInt64) {
        guard let entry = entries.removeValue(forKey: token) else { return }
        // The descriptor stays open: closing it waits until the kernel has forgotten the watches, some milliseconds.
        for watch in entry.watches.keys { release(watch, token) }
    }

    package func stop() {
        if let registration { loop.remove(registration) }
        registration = nil
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        entries = [:]
        users = [:]
    }

    private func open() throws(IOFailure) {
        let fresh = try systemCall("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }
        do throws(IOFailure) {
            registration = try loop.add(fresh, .read) { [weak self] _ in self?.read() }
        } catch {
            close(fresh)
            throw error
        }
        descriptor = fresh
    }

    // MARK: The kernel's watches

    private func release(_ watch: Int32, _ token: UInt64) {
        users[watch]?.remove(token)
        guard users[watch]?.isEmpty == true else { return }
        users[watch] = nil
        inotify_rm_watch(descriptor, watch)
    }

    /// Makes the kernel's watches those that the path needs now.
    ///
    /// Throws: ENOSPC, ENOMEM: the path cannot be followed.
    private func arm(_ entry: Entry, _ token: UInt64) throws(IOFailure) {
        var wanted: [Int32: String?] = [:]
        var name = entry.path
        var directory = entry.path
        repeat {
            (directory, name) = Self.split(directory)
            if let watch = try add(directory, UInt32(IN_ONLYDIR)) {
                wanted[watch] = .some(name)
                break
            }
        } while directory != "/"
        entry.lacksDirectory = directory != Self.split(entry.path).directory
        if let watch = try add(entry.path, 0) {
            // Watching a file's own directory as "the file itself" would hide the name.
            if wanted[watch] == nil { wanted[watch] = .some(nil) }
        }
        for watch in wanted.keys { users[watch, default: []].insert(token) }
        for watch in entry.watches.keys where wanted[watch] == nil { release(watch, token) }
        entry.watches = wanted
    }

    /// nil when there is nothing of that name, or nothing that may be looked at.
    private func add(_ path: String, _ flags: UInt32) throws(IOFailure) -> Int32? {
        let watch = inotify_add_watch(descriptor, path, Self.mask | flags)
        if watch >= 0 { return watch }
        let error = Errno.last
        if error == .noSpace || error == .noMemory { throw IOFailure("inotify_add_watch", error, path) }
        return nil
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return (".", trimmed) }
        let directory = trimmed[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(trimmed[trimmed.index(after: slash)...]))
    }

    // MARK: Events

    private func read() {
        /// Whose state must be looked at; true when it was written to.
        var affected: [UInt64: Bool] = [:]
        var isFull = false
        withUnsafeTemporaryAllocation(byteCount: Self.bufferSize, alignment: 8) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            isFull = count > buffer.count / 2
            var offset = 0
            let head = MemoryLayout<inotify_event>.size
            while offset + head <= count {
                let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                let end = min(count, offset + head + Int(event.len))
                let name = String(decoding: buffer[(offset + head)..<end].prefix { $0 != 0 }, as: UTF8.self)
                note(event, name, &affected)
                offset = end
            }
        }
        for (token, isWritten) in affected.sorted(by: { $0.key < $1.key }) { look(token, isWritten) }
        if isFull { rest() }
    }

    private func note(_ event: inotify_event, _ name: String, _ affected: inout [UInt64: Bool]) {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
            for token in entries.keys { affected[token] = true }
            return
        }
        for token in users[event.wd] ?? [] {
            guard let entry = entries[token], let interest = entry.watches[event.wd] else { continue }
            if let interest, !name.isEmpty, interest != name { continue }
            let isWrite = event.mask & (UInt32(IN_MODIFY) | UInt32(IN_CLOSE_WRITE)) != 0 && !entry.lacksDirectory
            affected[token] = affected[token] ?? false || isWrite
        }
        if event.mask & UInt32(IN_IGNORED) != 0 {
            // The kernel has dropped it with the file; the number may be another's soon.
            for token in users.removeValue(forKey: event.wd) ?? [] {
                entries[token]?.watches.removeValue(forKey: event.wd)
            }
        }
    }

    private func rest() {
        guard let registration else { return }
        try? loop.modify(registration, [])
        loop.after(Self.pause) { [weak self] in
            guard let self, let registration = self.registration else { return }
            try? loop.modify(registration, .read)
        }
    }

    /// Compares with what was there before, and tells the difference.
    private func look(_ token: UInt64, _ isWritten: Bool) {
        guard let entry = entries[token] else { return }
        var detail = ""
        do throws(IOFailure) {
            try arm(entry, token)
        } catch {
            detail = "it can be watched no longer: \(error)"
        }
        let before = entry.state
        let now = FileState(entry.path)
        entry.state = now
        if now == nil, entry.lacksDirectory, detail.isEmpty {
            detail = "its directory \(Self.split(entry.path).directory) does not exist any more"
        }
        switch (before, now) {
        case (nil, nil): break
        case (nil, _): entry.changed(.created, detail)
        case (_, nil): entry.changed(.removed, detail)
        default: if before != now || isWritten { entry.changed(.changed, detail) }
        }
    }
}
