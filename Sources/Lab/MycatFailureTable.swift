/// `make mycat-failures`: every failure of a Mycat, and who notices it, as a table.
import Glibc

/// Makes every failure happen and prints who noticed it and when. Returns the exit status: 0; 1 when haluad missed one
/// or cried wolf; 2 when the failures could not be made.
package func runMycatFailureTable(_ programs: LabPrograms = .besideThisProgram) -> Int32 {
    do {
        try gainLabPrivileges()
        try cleanUpOnSignals()
        for path in [programs.haluad, programs.keepalived] where access(path, X_OK) != 0 {
            throw LabError("there is no \(path): run `make release` and packaging/ensure-packages test")
        }
        let results = try runMycatFailures(MycatFailure.all, programs: programs, progress: progress)
        progress("")
        print(mycatFailureTable(results))
        let wrong = results.filter { !$0.isRight }
        for result in wrong {
            print("haluad did not do what it should: \(result.failure.name)")
            print((result.falseAlarms.isEmpty ? result.log : result.falseAlarms.joined(separator: "\n")))
        }
        return wrong.isEmpty ? 0 : 1
    } catch {
        complain("halua lab: \(error)")
        return 2
    }
}

/// The table with what one has to know to read it.
private func mycatFailureTable(_ results: [MycatFailureResult]) -> String {
    var table = Table(
        ["failure of Mycat", "halua"] + CheckScript.all.map(\.title) + ["what halua says"], left: [0, 5])
    for result in results {
        table.add(
            [result.failure.name, cell(result.halua, result)] + result.scripts.map { cell($0, result) }
                + [result.reason])
    }
    return """
        haluad with plugins/mycat.lua as it is shipped, a login and its defaults; keepalived with the scripts, every \
        \(Int(CheckScript.interval.inSeconds)) s, \(CheckScript.fall) failures in a row.
        Seconds from the failure to the moment from which each takes Mycat for failed.

        \(table.text)
        """
}

/// When somebody noticed, or that he did not.
private func cell(_ span: Duration?, _ result: MycatFailureResult) -> String {
    if result.failure.sign == nil { return span == nil && result.falseAlarms.isEmpty ? "no alarm" : "FALSE ALARM" }
    guard let span else { return result.failure.isConfiguration ? "-" : "MISSED" }
    return decimal(span.inSeconds, places: 1) + " s"
}
