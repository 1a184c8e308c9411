/// Questions about paths, without Foundation.
import Glibc

func firstExisting(_ paths: [String]) -> String {
    paths.first { access($0, F_OK) == 0 } ?? paths[0]
}

/// The path of the running program with every link resolved.
func pathOfThisProgram() -> String { realPath("/proc/self/exe") ?? "/proc/self/exe" }

/// The path with every link resolved, see realpath(3); nil when there is no such file.
package func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// Where a program is, by its name or path; nil when it is not installed.
package func pathOfProgram(_ name: String) -> String? {
    if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

/// A new folder under /tmp that only this user may read.
func makeTemporaryFolder(_ prefix: String) throws(LabError) -> String {
    var template = Array("/tmp/\(prefix)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw LabError("cannot make a folder under /tmp: \(String(cString: strerror(errno)))")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func makeFolder(_ path: String) throws(LabError) {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
        throw LabError("cannot make \(path): \(String(cString: strerror(errno)))")
    }
}

/// Writes a whole file, which replaces an older one.
func writeFile(_ path: String, _ text: String) throws(LabError) {
    let file = try Descriptor("open", detail: path) {
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    }
    try file.write(Array(text.utf8))
}

/// A whole small file, such as one in /proc; nil when it cannot be read.
func readFile(_ path: String) -> String? {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let file = Descriptor(number)
    var octets: [UInt8] = []
    while case let more = file.read(), !more.isEmpty { octets += more }
    return String(decoding: octets, as: UTF8.self)
}

/// What is in a folder; empty when it cannot be read.
func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// Removes a folder and what is in it; the lab made it, and only plain files and folders are in it.
func removeFolder(_ path: String) {
    for name in names(in: path) where unlink("\(path)/\(name)") != 0 { removeFolder("\(path)/\(name)") }
    rmdir(path)
}
