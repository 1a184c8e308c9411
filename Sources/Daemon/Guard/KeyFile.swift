/// Reads the guard's key files: nobody but root may have chosen the key, and nobody else may know it.
import KeepalivedConf
import LinuxIO

enum KeyFile {
    /// In octets; HMAC-SHA-256 gains nothing from more than 64.
    private static let largest = 4096

    static func read(_ path: String) -> Result<[UInt8], KeyComplaint> {
        do throws(Distrust) {
            try FileTrust.check(path)
        } catch {
            return .failure(KeyComplaint(error.description, hint: "mend that; a key is a file of root's, mode 0600"))
        }
        do throws(IOFailure) {
            guard try FileStatus(path).mode & 0o007 == 0 else {
                return .failure(KeyComplaint("\(path) can be read by everybody", hint: "chmod 0600 \(path)"))
            }
            return .success(try FileReader.bytes(path, limit: largest))
        } catch {
            return .failure(KeyComplaint("\(error)", hint: "put the key alone into this file"))
        }
    }
}
