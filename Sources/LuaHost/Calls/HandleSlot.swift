/// The slot that an operation takes among a plugin's handles while it is under way.

/// One of a plugin's handles, taken by an operation that holds a descriptor and has no handle yet. Given back with its last
/// reference at the latest, so an operation's completion holds it.
final class HandleSlot {
    private weak var program: Program?

    fileprivate init(_ program: Program) {
        self.program = program
        program.scarceHandles += 1
    }

    /// Gives it back; twice does no harm.
    func free() {
        program?.scarceHandles -= 1
        program = nil
    }

    deinit { free() }
}

extension Program {
    /// Takes a slot for an operation. Throws: kind "denied" when the plugin holds as many handles as it may.
    func takeSlot(_ name: String) throws(OperatingError) -> HandleSlot {
        guard makeRoomForHandle() else {
            throw OperatingError(.denied, "\(name): \(limits.handles) handles are open already (lua_handle_limit)")
        }
        return HandleSlot(self)
    }
}
