/// Key files of the guard: what is taken, and what is refused with the command that mends it.
import Glibc
import KeepalivedConf
import Testing

@testable import Daemon

@Suite struct KeyFileTests {
    /// A file of this process's user in a directory of its own, removed at the end.
    private func withKey(_ text: String, mode: mode_t, body: (String) -> Void) throws {
        var template = Array("/tmp/halua-key-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        let path = directory + "/guard.key"
        defer {
            unlink(path)
            rmdir(directory)
        }
        let descriptor = Glibc.open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        #expect(write(descriptor, text, text.utf8.count) == text.utf8.count)
        close(descriptor)
        chmod(path, mode)
        body(path)
    }

    @Test("a key file that only its owner can read is read as it is")
    func taken() throws {
        try withKey("0123456789abcdef\n", mode: 0o600) { path in
            #expect(KeyFile.read(path) == .success(Array("0123456789abcdef\n".utf8)))
        }
    }

    @Test("a key file that everybody can read or write is refused", arguments: [0o604, 0o644, 0o602] as [mode_t])
    func open(mode: mode_t) throws {
        try withKey("0123456789abcdef", mode: mode) { path in
            guard case .failure(let complaint) = KeyFile.read(path) else {
                Issue.record("mode \(String(mode, radix: 8)) was taken")
                return
            }
            #expect(complaint.text.contains(path))
            #expect(complaint.hint.contains("0600"))
        }
    }

    @Test("a missing key file, a directory and one without an end are refused with the reason")
    func wrongKinds() throws {
        for path in ["/nowhere/guard.key", "/etc"] {
            guard case .failure(let complaint) = KeyFile.read(path) else {
                Issue.record("\(path) was taken")
                continue
            }
            #expect(complaint.text.contains(path))
        }
        try withKey(String(repeating: "x", count: 5000), mode: 0o600) { path in
            guard case .failure(let complaint) = KeyFile.read(path) else {
                Issue.record("5000 octets were taken")
                return
            }
            #expect(complaint.text.contains("limit"))
        }
    }
}
