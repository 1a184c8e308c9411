/// A request under way: the lookup of its host, the transfer, redirects, and the time of the whole.
import CCurl
import Glibc
import LinuxIO
import Wire

/// Runs one request to its end. Nothing blocks; cancelling closes everything at once.
final class HTTPExchange {
    typealias Completion = (Result<HTTPResponse, OperatingError>) -> Void

    private let transfers: TransferLoop
    private let loop: EventLoop
    private var request: HTTPRequest
    private var completion: Completion?
    private let began: Int64
    private var deadline: TimerToken?
    private var cancelLookup: (() -> Void)?
    private var transfer: Transfer?

    /// Begins; `completion` is called once, from the loop, unless it is cancelled before.
    init(_ request: HTTPRequest, transfers: TransferLoop, loop: EventLoop, completion: @escaping Completion) {
        self.request = request
        self.transfers = transfers
        self.loop = loop
        self.completion = completion
        began = Clock.monotonic
        deadline = loop.after(request.timeout) { [weak self] in self?.runOut() }
        resolve()
    }

    deinit { cancel() }

    /// Ends it without an answer.
    func cancel() {
        completion = nil
        close()
    }

    private func close() {
        if let deadline { loop.cancel(deadline) }
        deadline = nil
        cancelLookup?()
        cancelLookup = nil
        if let transfer { transfers.remove(transfer) }
        transfer = nil
    }

    private func finish(_ result: Result<HTTPResponse, OperatingError>) {
        let completion = completion
        cancel()
        completion?(result)
    }

    private func fail(_ kind: OperatingError.Kind, _ sentence: String) {
        finish(.failure(OperatingError(kind, "\(request.description): \(sentence)")))
    }

    private func runOut() {
        deadline = nil
        let place =
            switch transfer?.stage {
            case nil: "while its name was looked up"
            case .connecting: request.url.isSecure ? "while connecting by TLS" : "while connecting"
            case .waiting: "while waiting for the answer"
            case .receiving(let count): "after \(count) octets of the body"
            }
        fail(.timeout, "timed out after \(Durations.describe(request.timeout)) \(place)")
    }

    // MARK: Names

    /// Finds the addresses of the host, or of the proxy that will find them.
    private func resolve() {
        if request.unixSocket != nil { return later { $0.start([]) } }
        if let addresses = request.addresses { return later { $0.start(addresses) } }
        var lookup = LookupRequest(name: (request.proxy ?? request.url).host, kind: .addresses)
        lookup.timeout = request.timeout
        lookup.server = request.nameServer
        cancelLookup = NameLookup.start(lookup, loop: loop) { [weak self] result in
            self?.cancelLookup = nil
            switch result {
            case .success(.addresses(let addresses)): self?.start(addresses)
            case .success: self?.fail(.dns, "the answer has no addresses")
            case .failure(let error):
                self?.fail(OperatingError.Kind(rawValue: error.kind) ?? .dns, error.message)
            }
        }
    }

    /// No completion is called from within `init`.
    private func later(_ action: @escaping (HTTPExchange) -> Void) {
        let token = loop.after(.zero) { [weak self] in
            guard let self else { return }
            self.cancelLookup = nil
            action(self)
        }
        cancelLookup = { [loop] in loop.cancel(token) }
    }

    // MARK: The transfer

    private func start(_ addresses: [IPAddress]) {
        do throws(OperatingError) {
            let transfer = try Transfer(
                library: transfers.library, longestBody: request.longestBody, interface: request.interface ?? "",
                isSecure: request.url.isSecure
            ) { [weak self] result in self?.end(result) }
            HTTPOptions.apply(request, addresses, to: transfer)
            self.transfer = transfer
            try transfers.add(transfer)
        } catch {
            finish(.failure(error))
        }
    }

    private func end(_ result: TransferResult) {
        transfer = nil
        if let error = HTTPOptions.error(result, of: request) { return finish(.failure(error)) }
        if let target = result.redirect, request.follow > 0 {
            guard let url = HTTPAddress(target, library: transfers.library) else {
                return fail(.protocol, "a redirect leads to something that is not HTTP")
            }
            request.redirect(to: url, status: result.status)
            return resolve()
        }
        let time = Duration.nanoseconds(Clock.monotonic - began)
        finish(
            .success(
                HTTPResponse(
                    status: result.status, headers: HTTPResponse.headers(result.head), body: result.body,
                    url: request.url.text, time: time)))
    }
}

extension HTTPRequest {
    /// The request that a redirect asks for (RFC 9110 section 15.4). Secrets stay with the one they were meant for.
    mutating func redirect(to target: HTTPAddress, status: Int) {
        follow -= 1
        if status == 303 && method != "HEAD" || (status == 301 || status == 302) && method == "POST" {
            method = "GET"
            body = nil
            headers.removeAll { $0.name.lowercased() == "content-type" }
        }
        if target.origin != url.origin {
            user = nil
            password = nil
            addresses = nil
            headers.removeAll { ["authorization", "cookie", "host"].contains($0.name.lowercased()) }
        }
        url = target
    }
}

/// A request in libcurl's options, and libcurl's errors in the words of the API.
enum HTTPOptions {
    static func apply(_ request: HTTPRequest, _ addresses: [IPAddress], to transfer: Transfer) {
        transfer.set(CURLOPT_PROTOCOLS_STR, "http,https")
        transfer.set(CURLOPT_URL, request.url.text)
        transfer.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        if request.method == "HEAD" { transfer.set(CURLOPT_NOBODY, 1) }
        if let body = request.body { transfer.setBody(body) }
        transfer.set(CURLOPT_CUSTOMREQUEST, request.method)
        var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        // Servers that do not know it would cost a second.
        lines.append("Expect:")
        transfer.set(CURLOPT_HTTPHEADER, list: lines)
        if let user = request.user {
            transfer.set(CURLOPT_USERNAME, user)
            transfer.set(CURLOPT_PASSWORD, request.password ?? "")
        }
        transfer.set(CURLOPT_HTTPAUTH, Int(halua_curl_auth_basic))
        if !request.reuse {
            transfer.set(CURLOPT_FRESH_CONNECT, 1)
            transfer.set(CURLOPT_FORBID_REUSE, 1)
        }
        transfer.setSecurity(
            verify: request.verify, authorities: request.authorities, certificate: request.certificate, key: request.key
        )
        setPath(request, addresses, transfer)
    }

    /// Whom to connect to, and from where. An empty proxy turns off the one of the environment.
    private static func setPath(_ request: HTTPRequest, _ addresses: [IPAddress], _ transfer: Transfer) {
        transfer.set(CURLOPT_PROXY, request.proxy?.text ?? "")
        if let path = request.unixSocket { transfer.set(CURLOPT_UNIX_SOCKET_PATH, path) }
        if let source = request.source { transfer.set(CURLOPT_INTERFACE, "host!\(source)") }
        let end = request.proxy ?? request.url
        transfer.setAddresses(addresses, of: end.host, port: end.port)
    }

    // MARK: Errors

    /// nil when there is an answer.
    static func error(_ result: TransferResult, of request: HTTPRequest) -> OperatingError? {
        if result.code == CURLE_OK { return nil }
        let (kind, words) = words(result, request)
        return OperatingError(kind, "\(request.description): \(words)")
    }

    private static func words(_ result: TransferResult, _ request: HTTPRequest) -> (OperatingError.Kind, String) {
        if result.isTooLong {
            return (.protocol, "the answer is longer than \(request.longestBody) octets, or its head than 131072")
        }
        switch result.code {
        case CURLE_GOT_NOTHING: return (.closed, "the connection was closed without an answer")
        case CURLE_PARTIAL_FILE:
            return (.closed, "the connection was closed after \(result.body.count) octets of the body")
        default: return TransferError.words(result)
        }
    }
}
