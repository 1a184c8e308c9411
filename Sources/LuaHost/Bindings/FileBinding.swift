/// halua.file: small files as text, what a file is, how much room there is, and the moment a file changes.
import CLua
import LinuxIO
import SystemPackage

enum FileBinding {
    static let functions = [
        HostFunction("file.read", .running, body: read),
        HostFunction("file.stat", .running, body: stat),
        HostFunction("file.free", .running, body: free),
        HostFunction("file.watch", body: watch),
        HostFunction("FileWatch:wait", .running, waits: true, body: wait),
        HostFunction("FileWatch:close", body: close),
        HostFunction("FileWatch:__close", body: close),
    ]

    private static let defaultLimit = 64 * 1024
    private static let highestLimit = 4 << 20

    /// A regular file is read at once: it does not wait for anybody. FIFOs and devices, which could, are refused.
    private static func read(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let path = try call.string(1, "a path")
        var limit = defaultLimit
        if !call.stack.isNothing(2) {
            limit = try call.integer(2, "the most octets to read")
            guard (1...highestLimit).contains(limit) else {
                throw call.fault("the most octets to read must be from 1 to \(highestLimit)")
            }
        }
        do throws(IOFailure) {
            call.stack.push(try FileReader.bytes(path, limit: limit))
            return .values(1)
        } catch {
            return call.fail(OperatingError(.denied, "file.read \(path): \(words(error, limit))"))
        }
    }

    private static func words(_ failure: IOFailure, _ limit: Int) -> String {
        switch failure.errno {
        case .fileTooLarge: "longer than \(limit) octets"
        case .invalidArgument: "not a regular file"
        default: "\(failure.errno)"
        }
    }
    /// stat(path) → a table of kind, size, mtime, mode, owner, group; nil and an error when there is no such file.
    private static func stat(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let path = try call.string(1, "a path")
        let stack = call.stack
        do throws(IOFailure) {
            let status = try FileStatus(path)
            stack.pushTable()
            stack.push(status.kind.rawValue)
            stack.setField("kind", of: -2)
            stack.push(status.size)
            stack.setField("size", of: -2)
            stack.push(status.modified)
            stack.setField("mtime", of: -2)
            let digits = String(status.mode, radix: 8)
            stack.push(String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
            stack.setField("mode", of: -2)
            stack.push(status.owner)
            stack.setField("owner", of: -2)
            stack.push(status.group)
            stack.setField("group", of: -2)
            return .values(1)
        } catch {
            return call.fail(OperatingError(.denied, "file.stat \(path): \(error.errno)"))
        }
    }

    /// free(path) → a table of total, free, available (octets), inodes, free_inodes, read_only; nil and an error.
    private static func free(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let path = try call.string(1, "a path")
        let stack = call.stack
        do throws(IOFailure) {
            let room = try FileSystemRoom(path)
            stack.pushTable()
            for (name, value) in [
                ("total", room.total), ("free", room.free), ("available", room.available), ("inodes", room.inodes),
                ("free_inodes", room.freeInodes),
            ] {
                stack.push(value)
                stack.setField(name, of: -2)
            }
            stack.push(room.isReadOnly)
            stack.setField("read_only", of: -2)
            return .values(1)
        } catch {
            return call.fail(OperatingError(.denied, "file.free \(path): \(error.errno)"))
        }
    }

    // MARK: Watching

    /// watch(path) → a watch, for `wait` and as `wake_on` of a check.
    private static func watch(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let path = try call.string(1, "a path")
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw call.fault("needs a whole path, which begins with \"/\", not \"\(path)\"")
        }
        let watch = FileWatch(path, call.program.world?.files)
        guard call.program.makeRoomForHandle() else {
            return call.fail(
                OperatingError(
                    .denied, "file.watch: \(call.program.limits.handles) handles are open already (lua_handle_limit)"))
        }
        if let scheduler = call.program.scheduler, let failure = watch.begin(scheduler) { return call.fail(failure) }
        _ = call.program.pushHandle(watch, on: call.stack)
        return .values(1)
    }

    /// wait([timeout]) → "created", "changed" or "removed", and a sentence when there is more to say; nil and an error.
    private static func wait(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let watch = try call.object(FileWatch.self)
        let timeout = call.stack.isNothing(2) ? nil : try call.duration(2)
        guard !watch.isBusy else { throw call.fault("another task already waits for this watch") }
        guard !watch.isClosed else {
            return call.fail(OperatingError(.closed, "the watch of \(watch.path) is closed"))
        }
        try call.requireWaiting()
        if let happened = watch.take() { return .values(push(happened.change, happened.detail, on: call.stack)) }
        let loop = call.scheduler.loop
        return try call.wait("wait") { wakeup in
            let timer = timeout.map { span in
                loop.after(span) {
                    watch.endWait()
                    let sentence = "\(watch.path) has not changed for \(Durations.describe(span))"
                    wakeup.fail(OperatingError(.timeout, sentence))
                }
            }
            watch.wait(
                { change, detail in
                    if let timer { loop.cancel(timer) }
                    wakeup.resume { push(change, detail, on: $0) }
                },
                giveUp: { error in
                    if let timer { loop.cancel(timer) }
                    wakeup.fail(error)
                })
            return {
                if let timer { loop.cancel(timer) }
                watch.endWait()
            }
        }
    }

    private static func push(_ change: FileChange, _ detail: String, on stack: Stack) -> Int32 {
        stack.push(change.rawValue)
        guard !detail.isEmpty else { return 1 }
        stack.push(detail)
        return 2
    }

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(FileWatch.self).close()
        return .values(0)
    }
}
