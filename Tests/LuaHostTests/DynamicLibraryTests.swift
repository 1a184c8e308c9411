/// Libraries that are loaded on first use: what is said when one is not there, or lacks a function.
import CDynamic
import Testing

@testable import LuaHost

@Suite struct DynamicLibraryTests {
    /// Loads a library with one function, as the targets of the real ones do, and returns the error's text.
    private func failure(_ file: String, _ function: String) -> String? {
        let table = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: 1)
        defer { table.deallocate() }
        table.initialize(to: nil)
        do throws(OperatingError) {
            _ = try DynamicLibrary.table("ice", file, package: "ice-dev") { problem, size in
                file.withCString { file in
                    function.withCString { name in
                        var names: [UnsafePointer<CChar>] = [name]
                        let isLoaded = names.withUnsafeMutableBufferPointer { names in
                            guard let first = UnsafePointer(names.baseAddress) else { return false }
                            var library = halua_dynamic_library(
                                file: file, names: first, count: 1, table: UnsafeMutableRawPointer(table),
                                is_loaded: false)
                            return halua_dynamic_load(&library, problem, size)
                        }
                        return isLoaded ? UnsafePointer(table) : nil
                    }
                }
            }
            return nil
        } catch {
            return "\(error.kind): \(error.message)"
        }
    }

    @Test("a library that is not there is denied, with its package and the loader's reason")
    func missing() {
        let text = "denied: ice needs libhalua-ice.so.9: install the Debian package ice-dev (libhalua-ice.so.9: cannot"
        #expect(failure("libhalua-ice.so.9", "melt")?.hasPrefix(text) == true)
    }

    @Test("a library that is too old is denied, with the function that it lacks")
    func tooOld() {
        let text = "denied: ice needs libc.so.6: install the Debian package ice-dev (libc.so.6 has no melt)"
        #expect(failure("libc.so.6", "melt") == text)
    }

    @Test("a library that is there is loaded")
    func present() {
        #expect(failure("libc.so.6", "getpid") == nil)
    }
}
