/// A connection to a database as a script holds it: statements, pings, and the limits of what they bring.
import CMariaDB
import LinuxIO

final class MySQLDatabase: HandleObject {
    static let kind = HandleKind.database
    typealias Completion = (Result<MySQLAnswer, OperatingError>) -> Void

    /// Of one statement: a procedure's.
    private static let mostResults = 100

    private let session: MySQLSession
    private let limits: MySQLLimits
    let peer: String
    let serverVersion: String

    /// What the running statement has brought so far.
    private var answer: MySQLAnswer?
    private var columns: [MySQLColumn] = []
    private var rows: [[MySQLValue?]] = []
    private var rowCount = 0
    private var resultCount = 0
    private var octets = 0
    private var isDraining = false
    private var completion: Completion?
    private var subject = ""

    init(_ session: MySQLSession, _ request: MySQLRequest) {
        self.session = session
        limits = request.limits
        peer = request.peer
        serverVersion = session.serverVersion
    }

    var isBusy: Bool { session.isBusy }

    private var closed: OperatingError { OperatingError(.closed, "the connection to \(peer) is closed") }

    func released() { close() }

    /// Says goodbye to the server and closes; a statement that runs fails with "closed".
    func close() { session.close(OperatingError(.closed, "the connection to \(peer) was closed")) }

    /// Closes because the task that waited is gone.
    func abandon() {
        completion = nil
        session.abandon()
    }

    /// A text as a literal of SQL; nil when the connection is closed.
    func literal(_ octets: [UInt8]) -> [UInt8]? {
        guard let handle = session.handle else { return nil }
        let space = [UInt8](unsafeUninitializedCapacity: 2 * octets.count + 1) { space, count in
            octets.withUnsafeBytes { octets in
                guard let source = octets.baseAddress?.assumingMemoryBound(to: CChar.self), !octets.isEmpty,
                    let target = UnsafeMutableRawPointer(space.baseAddress)?.assumingMemoryBound(to: CChar.self)
                else { return }
                let library = session.library.pointee
                count = Int(library.mysql_real_escape_string(handle, target, source, UInt(octets.count)))
            }
        }
        return [UInt8(ascii: "'")] + space + [UInt8(ascii: "'")]
    }

    // MARK: Operations

    /// `completion` is called once, perhaps before this returns, unless the statement is abandoned.
    private func begin(_ subject: String, _ timeout: Duration, _ completion: @escaping Completion)
        -> UnsafeMutablePointer<MYSQL>?
    {
        self.subject = "\(subject) \(peer)"
        self.completion = completion
        (answer, columns, rows, rowCount, resultCount, octets, isDraining) = (nil, [], [], 0, 0, 0, false)
        guard let handle = session.handle else {
            finish(.failure(closed))
            return nil
        }
        session.begin(timeout: timeout, self.subject) { [weak self] error in self?.finish(.failure(error)) }
        return handle
    }

    private func finish(_ result: Result<MySQLAnswer, OperatingError>) {
        let completion = completion
        self.completion = nil
        rows = []
        session.end()
        completion?(result)
    }

    /// The statement failed; the session may go on or not.
    private func fail() {
        let (number, text) = (session.errorNumber, session.errorText)
        let error = MySQLError.operating(number, text, subject)
        freeResult()
        if MySQLError.isEnd(number) { session.fail(error) } else { finish(.failure(error)) }
    }

    func ping(timeout: Duration, _ completion: @escaping Completion) {
        guard let handle = begin("ping", timeout, completion) else { return }
        let library = session.library
        var result: Int32 = 0
        let status = library.pointee.mysql_ping_start(&result, handle)
        let done = { [weak self] in
            guard let self else { return }
            if result == 0 { self.finish(.success(.done(affected: 0, insertID: 0))) } else { self.fail() }
        }
        if session.run(status, { library.pointee.mysql_ping_cont(&result, handle, $0) }, then: done) { done() }
    }

    func query(_ statement: [UInt8], timeout: Duration, _ completion: @escaping Completion) {
        guard let handle = begin("query", timeout, completion) else { return }
        let library = session.library
        let text = session.keep(statement)
        var result: Int32 = 0
        let status = library.pointee.mysql_real_query_start(&result, handle, text, UInt(statement.count))
        let done = { [weak self] in
            guard let self else { return }
            if result == 0 { self.useResult() } else { self.fail() }
        }
        if session.run(status, { library.pointee.mysql_real_query_cont(&result, handle, $0) }, then: done) { done() }
    }

    // MARK: Results

    /// Begins with a result, or notes what a statement without one has done.
    private func useResult() {
        guard let handle = session.handle else { return }
        let library = session.library
        if let result = library.pointee.mysql_use_result(handle) {
            session.result = result
            if answer == nil { columns = MySQLColumn.all(of: result, library) } else { isDraining = true }
            return fetch()
        }
        guard session.errorNumber == 0 else { return fail() }
        if answer == nil {
            answer = .done(
                affected: Int(clamping: library.pointee.mysql_affected_rows(handle)),
                insertID: Int(clamping: library.pointee.mysql_insert_id(handle)))
        }
        nextResult()
    }

    /// Takes rows as long as some are there.
    private func fetch() {
        let library = session.library
        while let result = session.result {
            var row: MYSQL_ROW?
            let status = library.pointee.mysql_fetch_row_start(&row, result)
            let hasEnded = session.run(
                status, { library.pointee.mysql_fetch_row_cont(&row, result, $0) },
                then: { [weak self] in
                    if self?.take(row) == true { self?.fetch() }
                })
            guard hasEnded, take(row) else { return }
        }
    }

    /// True when there may be more rows.
    private func take(_ row: MYSQL_ROW?) -> Bool {
        guard let result = session.result else { return false }
        guard let row else {
            guard session.errorNumber == 0 else {
                fail()
                return false
            }
            if !isDraining { answer = .rows(columns: columns.map(\.name), rows) }
            freeResult()
            nextResult()
            return false
        }
        rowCount += 1
        guard let lengths = session.library.pointee.mysql_fetch_lengths(result) else { return true }
        if rowCount > limits.rows { return refuse("the result has more than \(limits.rows) rows") }
        for index in 0..<Int(session.library.pointee.mysql_num_fields(result)) { octets += Int(lengths[index]) }
        if octets > limits.octets { return refuse("the result has more than \(limits.octets) octets") }
        guard !isDraining else { return true }
        rows.append(
            columns.enumerated().map { index, column in
                row[index].map { column.value(UnsafeRawBufferPointer(start: $0, count: Int(lengths[index]))) }
            })
        return true
    }

    /// What is still to come would have to be read to use the connection again, so it is closed.
    private func refuse(_ words: String) -> Bool {
        session.fail(OperatingError(.protocol, "\(subject): \(words)"))
        return false
    }

    private func freeResult() {
        if let result = session.result { session.library.pointee.mysql_free_result(result) }
        session.result = nil
    }

    /// A procedure has more results; the first is the answer, the others are read and dropped.
    private func nextResult() {
        guard let handle = session.handle else { return }
        let library = session.library
        guard library.pointee.mysql_more_results(handle) != 0 else {
            return finish(answer.map { .success($0) } ?? .failure(closed))
        }
        resultCount += 1
        guard resultCount < Self.mostResults else { return _ = refuse("more than \(Self.mostResults) results") }
        var result: Int32 = 0
        let status = library.pointee.mysql_next_result_start(&result, handle)
        let done = { [weak self] in
            guard let self else { return }
            if result == 0 { self.useResult() } else { self.fail() }
        }
        if session.run(status, { library.pointee.mysql_next_result_cont(&result, handle, $0) }, then: done) { done() }
    }
}

/// A column of a result: its name, and how its texts are read.
struct MySQLColumn {
    private enum Kind { case integer, real, other }

    let name: String
    private let kind: Kind

    static func all(of result: UnsafeMutablePointer<MYSQL_RES>, _ library: UnsafePointer<halua_mariadb>)
        -> [MySQLColumn]
    {
        guard let fields = library.pointee.mysql_fetch_fields(result) else { return [] }
        return (0..<Int(library.pointee.mysql_num_fields(result))).map { MySQLColumn(fields[$0]) }
    }

    private init(_ field: MYSQL_FIELD) {
        let octets = UnsafeRawBufferPointer(start: field.name, count: Int(field.name_length))
        name = String(decoding: octets, as: UTF8.self)
        switch field.type {
        case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_LONG, MYSQL_TYPE_INT24, MYSQL_TYPE_LONGLONG, MYSQL_TYPE_YEAR:
            kind = .integer
        case MYSQL_TYPE_FLOAT, MYSQL_TYPE_DOUBLE: kind = .real
        default: kind = .other
        }
    }

    /// What does not fit stays the text that it is: no digit is lost.
    func value(_ octets: UnsafeRawBufferPointer) -> MySQLValue {
        let text = String(decoding: octets, as: UTF8.self)
        switch kind {
        case .integer: if let value = Int(text) { return .integer(value) }
        case .real: if let value = Double(text) { return .real(value) }
        case .other: break
        }
        return .octets(Array(octets))
    }
}
