/// Fields that name files: what is in them, read while the call's arguments are.
import LinuxIO

/// Why a request could not be made of a call's arguments.
enum RequestRefusal: Error {
    case fault(ScriptFault)
    /// A file cannot be read, or a value cannot be written.
    case operating(OperatingError)
}

extension Fields {
    /// Of a certificate or key file, in octets.
    private static let longestFile = 1 << 20

    /// A PEM file; read here, because libraries would wait for a FIFO. nil when the field is absent.
    func file(_ name: String) throws(RequestRefusal) -> [UInt8]? {
        let path: String
        do throws(ScriptFault) {
            guard let found = try string(name) else { return nil }
            path = found
        } catch {
            throw .fault(error)
        }
        do throws(IOFailure) {
            return try FileReader.bytes(path, limit: Self.longestFile)
        } catch {
            throw .operating(OperatingError(.denied, "\(call.path): \(name) \(path): \(error.errno)"))
        }
    }
}
