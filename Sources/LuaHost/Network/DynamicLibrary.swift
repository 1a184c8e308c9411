/// Libraries that are loaded on first use: their table of functions, or an error that says what to install.

enum DynamicLibrary {
    /// Loads a table of functions.
    ///
    /// `need`: what the library is needed for, as the sentence begins: "TLS". `file`: the library's name; `package`: the
    /// Debian package that has it. `load` fills a buffer with what is in the way. Throws: kind "denied".
    static func table<Table>(
        _ need: String, _ file: String, package: String,
        _ load: (UnsafeMutablePointer<CChar>, Int) -> UnsafePointer<Table>?
    ) throws(OperatingError) -> UnsafePointer<Table> {
        var problem = ""
        let table = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress else { return UnsafePointer<Table>?.none }
            start.pointee = 0
            let table = load(start, buffer.count)
            problem = String(cString: start)
            return table
        }
        if let table { return table }
        throw OperatingError(
            .denied, "\(need) needs \(file): install the Debian package \(package) (\(problem))")
    }
}
