/// halua.file.read(path [, max]): a small file as text, or `nil, err`.
import LinuxIO
import SystemPackage

enum FileBinding {
    static let functions = [
        HostFunction("file.read", .running, body: read)
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
}
