/// One session with a server by libmariadb's calls that do not wait, driven by the script thread's own loop.
import CMariaDB
import Glibc
import LinuxIO
import Wire

/// Runs one call of the library at a time, each to its end, to its timeout, or to the session's end.
///
/// A call that waits is a coroutine on a stack of its own inside of the library. It is never left behind: `abandon` shuts
/// the socket down and tells the call that its time is over, so that it unwinds, frees what it has, and returns.
final class MySQLSession {
    private struct Step {
        /// Goes on with the call when the socket is ready for something; 0 when it has ended.
        var proceed: (Int32) -> Int32
        var done: () -> Void
    }

    /// Enough for the handshakes; what is not touched costs nothing.
    private static let stackSize = 256 << 10
    /// More waits than any call makes once its socket is dead.
    private static let mostRounds = 1_000
    /// Plugins that neither ask on a terminal nor send the password in clear.
    private static let authentication =
        "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519"

    let library: UnsafePointer<halua_mariadb>
    let loop: EventLoop
    /// nil once it is closed.
    private(set) var handle: UnsafeMutablePointer<MYSQL>?
    /// The result whose rows are being read.
    var result: UnsafeMutablePointer<MYSQL_RES>?
    private var step: Step?
    private var registration: Registration?
    private var timer: TimerToken?
    /// Tells the one who waits that the operation will not come to an end.
    private var giveUp: ((OperatingError) -> Void)?
    /// Texts that the library reads until a call has ended.
    private var texts: [UnsafeMutablePointer<CChar>] = []

    /// Throws: kind "denied" when the library is missing or has no memory.
    init(_ request: MySQLRequest, loop: EventLoop) throws(OperatingError) {
        TransferLoop.keepOpenSSL()
        library = try DynamicLibrary.table("MySQL", "libmariadb.so.3", package: "libmariadb3", halua_mariadb)
        self.loop = loop
        guard let handle = library.pointee.mysql_init(nil) else {
            throw OperatingError(.denied, "not enough memory for a MySQL connection")
        }
        self.handle = handle
        set(MYSQL_OPT_NONBLOCK, Self.stackSize)
        set(MYSQL_SET_CHARSET_NAME, request.charset)
        set(MARIADB_OPT_RESTRICTED_AUTH, Self.authentication)
        // No file of this host is the server's to read.
        set(MYSQL_OPT_LOCAL_INFILE, UInt32(0))
        // Later versions of the library begin TLS by themselves, and its handshake blocks.
        set(MYSQL_OPT_SSL_ENFORCE, CChar(0))
        set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, CChar(0))
        set(MYSQL_OPT_MAX_ALLOWED_PACKET, UInt(max(request.limits.octets, MySQLLimits.longestStatement) + 65_536))
        if let source = request.source { set(MYSQL_OPT_BIND, "\(source)") }
    }

    deinit { abandon() }

    private func set(_ option: mysql_option, _ text: String) {
        if let handle { _ = library.pointee.mysql_options(handle, option, text) }
    }

    private func set<Value: BitwiseCopyable>(_ option: mysql_option, _ value: Value) {
        guard let handle else { return }
        withUnsafeBytes(of: value) { _ = library.pointee.mysql_options(handle, option, $0.baseAddress) }
    }

    var isBusy: Bool { giveUp != nil }

    var errorNumber: UInt32 { handle.map { library.pointee.mysql_errno($0) } ?? UInt32(CR_SERVER_GONE_ERROR) }

    var errorText: String { handle.flatMap { library.pointee.mysql_error($0) }.map { String(cString: $0) } ?? "" }

    var serverVersion: String {
        handle.flatMap { library.pointee.mysql_get_server_info($0) }.map { String(cString: $0) } ?? ""
    }

    /// A copy that lives until the operation has ended.
    func keep(_ octets: some Sequence<UInt8>) -> UnsafeMutablePointer<CChar> {
        let octets = Array(octets)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: octets.count + 1)
        for (index, octet) in octets.enumerated() { copy[index] = CChar(bitPattern: octet) }
        copy[octets.count] = 0
        texts.append(copy)
        return copy
    }

    // MARK: Operations

    /// Begins an operation of one or more calls. `giveUp` is told when the time is over, the session is closed, or the
    /// kernel refuses to watch the socket; the session is gone by then.
    func begin(timeout: Duration, _ sentence: String, giveUp: @escaping (OperatingError) -> Void) {
        self.giveUp = giveUp
        timer = loop.after(timeout) { [weak self] in
            self?.timer = nil
            self?.fail(OperatingError(.timeout, "\(sentence): timed out after \(Durations.describe(timeout))"))
        }
    }

    /// The operation has come to its end.
    func end() {
        giveUp = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        freeTexts()
    }

    /// Ends the operation and the session.
    func fail(_ error: OperatingError) {
        let giveUp = giveUp
        abandon()
        giveUp?(error)
    }

    /// Lets a call go on until it has ended. `status`: what its start returned; 0 when it has ended already, and then
    /// true is returned and `done` is not called.
    func run(_ status: Int32, _ proceed: @escaping (Int32) -> Int32, then done: @escaping () -> Void) -> Bool {
        if status == 0 { return true }
        step = Step(proceed: proceed, done: done)
        watch(status)
        return false
    }

    private func watch(_ status: Int32) {
        guard let handle else { return }
        var interest: Interest = []
        if status & MYSQL_WAIT_READ != 0 { interest.insert(.read) }
        if status & MYSQL_WAIT_WRITE != 0 { interest.insert(.write) }
        let descriptor = library.pointee.mysql_get_socket(handle)
        // The library does not say it, and no child may inherit it.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        do throws(IOFailure) {
            registration = try loop.add(descriptor, interest) { [weak self] readiness in self?.proceed(readiness) }
        } catch {
            // Not from within the call that waits.
            let failure = OperatingError(.denied, error.description)
            loop.post { [weak self] in self?.fail(failure) }
        }
    }

    private func proceed(_ readiness: Readiness) {
        guard let step else { return }
        // The call may close the socket.
        unwatch()
        var ready: Int32 = 0
        if readiness.wantsRead { ready |= MYSQL_WAIT_READ }
        if readiness.wantsWrite { ready |= MYSQL_WAIT_WRITE }
        let status = step.proceed(ready)
        if status != 0 { return watch(status) }
        self.step = nil
        step.done()
    }

    private func unwatch() {
        if let registration { loop.remove(registration) }
        registration = nil
    }

    private func freeTexts() {
        for text in texts { text.deallocate() }
        texts = []
    }

    // MARK: The end

    /// Closes: with a goodbye to the server when nothing is under way, else at once; an operation fails with "closed".
    func close(_ error: OperatingError) {
        guard let handle else { return }
        if isBusy || step != nil || result != nil { return fail(error) }
        self.handle = nil
        var status = library.pointee.mysql_close_start(handle)
        // A server that takes not even five octets gets no goodbye.
        var rounds = 0
        while status != 0, rounds < Self.mostRounds {
            shutdown(library.pointee.mysql_get_socket(handle), Int32(SHUT_RDWR))
            status = library.pointee.mysql_close_cont(handle, MYSQL_WAIT_TIMEOUT)
            rounds += 1
        }
        freeTexts()
    }

    /// Closes at once and without a word, whatever is under way.
    func abandon() {
        unwatch()
        if let timer { loop.cancel(timer) }
        timer = nil
        giveUp = nil
        guard let handle else { return }
        self.handle = nil
        hangUp(handle)
        if let step {
            self.step = nil
            var rounds = 0
            while step.proceed(MYSQL_WAIT_TIMEOUT) != 0 {
                hangUp(handle)
                rounds += 1
                // A call that will not end keeps its memory; to free it under its feet would be worse.
                if rounds == Self.mostRounds { return }
            }
        }
        if let result { library.pointee.mysql_free_result(result) }
        result = nil
        library.pointee.mysql_close(handle)
        freeTexts()
    }

    /// From now on nothing waits for this socket: reads end and writes fail.
    private func hangUp(_ handle: UnsafeMutablePointer<MYSQL>) {
        let descriptor = library.pointee.mysql_get_socket(handle)
        if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}
