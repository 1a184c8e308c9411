/// What this host says of the keepalived that is installed on it.
import Daemon
import Glibc
import Lab
import LinuxIO

let defaultKeepalivedFile = "/etc/keepalived/keepalived.conf"

/// The first line of `keepalived -v`; nil: it is not installed.
func installedKeepalivedVersion() -> String? {
    guard let program = pathOfProgram("keepalived"), let text = try? runCommand([program, "-v"]) else { return nil }
    return text.split(separator: "\n").first.map(String.init)
}

/// A file's text, as scripts and unit files are small; nil: it is missing, large, or no text.
func readSmallText(_ path: String) -> String? {
    guard let bytes = try? FileReader.bytes(path, limit: 64 * 1024), !bytes.contains(0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
}

/// The flags that the service gives keepalived, and what haluad says of each that means nothing here.
///
/// `path`: the main file, which the flags may name differently.
func serviceFlags(for path: String) -> (words: [String], source: String, notes: [String])? {
    guard let (words, source) = flagsOfUnit() else { return nil }
    do throws(OptionsError) {
        let options = try Options(arguments: words)
        var notes = options.notes
        if let file = options.configurationFile, file != path { notes.append("-f names another file: \(file)") }
        return (words, source, notes)
    } catch {
        return (words, source, ["\(error)"])
    }
}

/// From ExecStart with its variables in their place; else from the defaults alone.
private func flagsOfUnit() -> (words: [String], source: String)? {
    var variables: [String: String] = [:]
    var source: String?
    for file in ["/etc/default/keepalived", "/etc/sysconfig/keepalived"] {
        guard let text = readSmallText(file) else { continue }
        source = file
        for (name, value) in assignments(text) { variables[name] = value }
    }
    let units = ["/etc", "/run", "/usr/lib", "/lib"].map { "\($0)/systemd/system/keepalived.service" }
    for unit in units {
        guard let text = readSmallText(unit),
            let start = text.split(separator: "\n").last(where: { $0.hasPrefix("ExecStart=") })
        else { continue }
        let words = start.dropFirst("ExecStart=".count).split(separator: " ").dropFirst().flatMap { word -> [String] in
            guard word.hasPrefix("$") else { return [String(word)] }
            let name = word.filter { $0.isLetter || $0.isNumber || $0 == "_" }
            return (variables[name] ?? "").split(separator: " ").map(String.init)
        }
        return (words, source.map { "\(unit) and \($0)" } ?? unit)
    }
    let named = ["DAEMON_ARGS", "KEEPALIVED_OPTIONS"].lazy.compactMap { variables[$0] }.first
    guard let named, let source else { return nil }
    return (named.split(separator: " ").map(String.init), source)
}

private func assignments(_ text: String) -> [(String, String)] {
    text.split(separator: "\n").compactMap { line in
        guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
        let value = line[line.index(after: equals)...].filter { $0 != "\"" && $0 != "'" }
        return (String(line[..<equals]), String(value))
    }
}
