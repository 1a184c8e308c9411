/// The transfers of one plugin: libcurl's multi handle, driven by the script thread's own loop.
import CCurl
import COpenSSL
import LinuxIO

/// Tells libcurl when its sockets are ready and its timers due. It waits for nothing by itself.
///
/// Names are never given to libcurl to look up: its resolver is a thread that the end of a transfer would wait for.
final class TransferLoop {
    /// Idle connections that are kept for transfers which want to reuse one.
    private static let idleConnections = 8

    let library: UnsafePointer<halua_curl>
    private let loop: EventLoop
    private var multi: UnsafeMutableRawPointer?
    private var registrations: [curl_socket_t: Registration] = [:]
    private var timer: TimerToken?
    private var isClosing = false
    /// By its easy handle.
    private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]

    /// `need`: what it is for, as a sentence begins. Throws: kind "denied" when the library is missing or has no memory.
    init(loop: EventLoop, for need: String) throws(OperatingError) {
        Self.keepOpenSSL()
        library = try HTTPAddress.library(for: need)
        self.loop = loop
        guard library.pointee.curl_global_init(halua_curl_global_default) == CURLE_OK,
            let multi = library.pointee.curl_multi_init()
        else { throw OperatingError(.denied, "libcurl cannot be initialized") }
        self.multi = multi
        halua_curl_set_callbacks(
            library, multi,
            { _, socket, what, context, _ in
                context.map { TransferLoop.from($0).watch(socket, what) } ?? 0
            },
            { _, milliseconds, context in
                if let context { TransferLoop.from(context).arm(milliseconds) }
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
        halua_curl_set_idle(library, multi, Self.idleConnections)
    }

    /// Whoever initializes OpenSSL first decides whether it cleans up at exit, under the feet of a script thread that
    /// still runs. Without OpenSSL there is nothing to decide.
    static func keepOpenSSL() {
        let table = try? DynamicLibrary.table("TLS", "libssl.so.3", package: "libssl3", halua_openssl)
        _ = table?.pointee.OPENSSL_init_ssl(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
    }

    deinit { close() }

    private static func from(_ context: UnsafeMutableRawPointer) -> TransferLoop {
        Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: Transfers

    /// Starts a transfer. Its completion is called once, from the loop, unless it is removed before.
    ///
    /// Throws: kind "denied" when libcurl takes no more.
    func add(_ transfer: Transfer) throws(OperatingError) {
        guard let multi else { throw OperatingError(.closed, "the plugin has ended") }
        transfers[transfer.easy] = transfer
        guard library.pointee.curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
            transfers[transfer.easy] = nil
            throw OperatingError(.denied, "libcurl takes no more transfers")
        }
    }

    /// Ends a transfer at once and closes its connection. Never from within libcurl.
    func remove(_ transfer: Transfer) {
        guard let multi, transfers.removeValue(forKey: transfer.easy) != nil else { return }
        _ = library.pointee.curl_multi_remove_handle(multi, transfer.easy)
    }

    /// Ends all transfers without a word, and closes every connection.
    func close() {
        guard let multi else { return }
        // What libcurl wants from here on is of no interest, and this object may be on its way out.
        isClosing = true
        if let timer { loop.cancel(timer) }
        timer = nil
        for registration in registrations.values { loop.remove(registration) }
        registrations = [:]
        for transfer in Array(transfers.values) { remove(transfer) }
        _ = library.pointee.curl_multi_cleanup(multi)
        self.multi = nil
    }

    // MARK: What libcurl wants

    private func watch(_ socket: curl_socket_t, _ what: Int32) -> Int32 {
        if isClosing { return 0 }
        var interest: Interest = []
        if what == CURL_POLL_IN || what == CURL_POLL_INOUT { interest.insert(.read) }
        if what == CURL_POLL_OUT || what == CURL_POLL_INOUT { interest.insert(.write) }
        do throws(IOFailure) {
            if let known = registrations[socket] {
                if what != CURL_POLL_REMOVE {
                    try loop.modify(known, interest)
                } else {
                    loop.remove(known)
                    registrations[socket] = nil
                }
            } else if what != CURL_POLL_REMOVE {
                registrations[socket] = try loop.add(socket, interest) { [weak self] readiness in
                    var mask: Int32 = 0
                    if readiness.wantsRead { mask |= CURL_CSELECT_IN }
                    if readiness.wantsWrite { mask |= CURL_CSELECT_OUT }
                    if readiness.contains(.error) { mask |= CURL_CSELECT_ERR }
                    self?.act(socket, mask)
                }
            }
            return 0
        } catch {
            // libcurl ends every transfer; `act` makes a word of it.
            return -1
        }
    }

    private func arm(_ milliseconds: Int) {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard milliseconds >= 0, !isClosing else { return }
        timer = loop.after(.milliseconds(milliseconds)) { [weak self] in
            self?.timer = nil
            self?.act(halua_curl_timeout, 0)
        }
    }

    private func act(_ socket: curl_socket_t, _ mask: Int32) {
        guard let multi else { return }
        var running: Int32 = 0
        let code = library.pointee.curl_multi_socket_action(multi, socket, mask, &running)
        finishTransfers()
        // The kernel refused to watch a socket: nothing would ever go on.
        if code == CURLM_ABORTED_BY_CALLBACK { giveUp() }
    }

    private func finishTransfers() {
        var left: Int32 = 0
        while let multi, let message = library.pointee.curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            // The message is gone once the handle is removed.
            let result = halua_curl_result(message)
            guard let transfer = transfers[easy] else { continue }
            transfer.finish(result)
            if result != CURLE_OK || !transfer.onlyConnects { remove(transfer) }
            transfer.conclude()
        }
    }

    private func giveUp() {
        for transfer in Array(transfers.values) {
            transfer.finish(CURLE_ABORTED_BY_CALLBACK)
            remove(transfer)
            transfer.conclude()
        }
    }
}
