/// Questions about paths, without Foundation.
import Glibc

func firstExisting(_ paths: [String]) -> String {
    paths.first { access($0, F_OK) == 0 } ?? paths[0]
}

/// The path of the running program with every link resolved.
func pathOfThisProgram() -> String { realPath("/proc/self/exe") ?? "/proc/self/exe" }

func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
