/// A mail under way: the lookup of its server, libcurl's part up to the login, and our own from MAIL to QUIT.
import CCurl
import LinuxIO
import Wire

/// Sends one mail. Nothing blocks; cancelling closes everything at once.
///
/// libcurl would wait for the server's answer to the message, and to QUIT, on the thread that it runs on (`smtp_done`,
/// `smtp_disconnect`). So it connects, speaks TLS and logs in, and the few commands that are left are said here.
final class MailExchange {
    /// Those who did not get it though others did.
    typealias Completion = (Result<[MailRefusal], OperatingError>) -> Void

    /// How long a server may take for its last word once the mail is its own.
    private static let patienceForGoodbye = Duration.seconds(2)
    /// What is offered for a login. Kerberos would look for its servers while the thread waits.
    private static let logins = "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5"

    private let request: MailRequest
    private let transfers: TransferLoop
    private let loop: EventLoop
    private var completion: Completion?
    private var deadline: TimerToken?
    private var goodbye: TimerToken?
    private var cancelLookup: (() -> Void)?
    private var transfer: Transfer?
    private var registration: Registration?
    private var dialogue: MailDialogue?
    private var reader = MailReplyReader()
    /// What is to be sent, and how much of it has been. Not touched before all has gone: TLS asks for the same place.
    private var outgoing: [UInt8] = []
    private var sentCount = 0

    /// Begins; `completion` is called once, from the loop, unless it is cancelled before.
    init(_ request: MailRequest, transfers: TransferLoop, loop: EventLoop, completion: @escaping Completion) {
        self.request = request
        self.transfers = transfers
        self.loop = loop
        self.completion = completion
        deadline = loop.after(request.timeout) { [weak self] in self?.runOut() }
        var lookup = LookupRequest(name: request.host, kind: .addresses)
        lookup.timeout = request.timeout
        cancelLookup = NameLookup.start(lookup, loop: loop) { [weak self] result in
            self?.cancelLookup = nil
            switch result {
            case .success(.addresses(let addresses)): self?.connect(addresses)
            case .success: self?.fail(.dns, "the answer has no addresses")
            case .failure(let error): self?.fail(OperatingError.Kind(rawValue: error.kind) ?? .dns, error.message)
            }
        }
    }

    deinit { cancel() }

    /// Ends it without an answer.
    func cancel() {
        completion = nil
        if let deadline { loop.cancel(deadline) }
        deadline = nil
        if let goodbye { loop.cancel(goodbye) }
        goodbye = nil
        cancelLookup?()
        cancelLookup = nil
        if let registration { loop.remove(registration) }
        registration = nil
        if let transfer { transfers.remove(transfer) }
        transfer = nil
    }

    private func finish(_ result: Result<[MailRefusal], OperatingError>) {
        let completion = completion
        cancel()
        completion?(result)
    }

    private func fail(_ kind: OperatingError.Kind, _ sentence: String, code: Int? = nil) {
        finish(.failure(OperatingError(kind, "\(request.description): \(sentence)", code: code)))
    }

    private func runOut() {
        deadline = nil
        // The mail is delivered, or refused; only the goodbye is late.
        if dialogue?.outcome != nil { return conclude() }
        let place =
            switch (dialogue?.stage, transfer?.stage) {
            case (let stage?, _): stage.waiting
            case (nil, nil): "while its name was looked up"
            case (nil, .connecting): request.security == .smtps ? "while connecting by TLS" : "while connecting"
            case (nil, .waiting): "while waiting for its greeting"
            case (nil, .receiving): "during the greeting"
            }
        fail(.timeout, "timed out after \(Durations.describe(request.timeout)) \(place)")
    }

    // MARK: libcurl's part

    private func connect(_ addresses: [IPAddress]) {
        do throws(OperatingError) {
            let transfer = try Transfer(
                library: transfers.library, longestBody: 0, isSecure: request.security == .smtps
            ) { [weak self] result in self?.connected(result) }
            transfer.onlyConnects = true
            apply(addresses, to: transfer)
            self.transfer = transfer
            try transfers.add(transfer)
        } catch {
            finish(.failure(error))
        }
    }

    private func apply(_ addresses: [IPAddress], to transfer: Transfer) {
        let scheme = request.security == .smtps ? "smtps" : "smtp"
        let host = request.host.contains(":") ? "[\(request.host)]" : request.host
        transfer.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        // The path is what EHLO says.
        transfer.set(CURLOPT_URL, "\(scheme)://\(host):\(request.port)/\(escaped(request.helo))")
        transfer.set(CURLOPT_USE_SSL, Int((request.security == .off ? CURLUSESSL_NONE : CURLUSESSL_ALL).rawValue))
        transfer.setSecurity(verify: request.verify, authorities: request.authorities)
        if let user = request.user {
            transfer.set(CURLOPT_USERNAME, user)
            transfer.set(CURLOPT_PASSWORD, request.password ?? "")
            transfer.set(CURLOPT_LOGIN_OPTIONS, Self.logins)
        }
        // An empty proxy turns off the one of the environment.
        transfer.set(CURLOPT_PROXY, "")
        transfer.setAddresses(addresses, of: request.host, port: Int(request.port))
    }

    /// For a URL's path (RFC 3986 section 2.1).
    private func escaped(_ text: String) -> String {
        text.utf8.map { octet in
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: String(Unicode.Scalar(octet))
            default: "%" + (octet < 16 ? "0" : "") + String(octet, radix: 16)
            }
        }.joined()
    }

    private func connected(_ result: TransferResult) {
        let replies = MailReplyReader.replies(in: result.head)
        guard result.code == CURLE_OK else {
            transfer = nil
            return refuse(result, replies.last)
        }
        // libcurl goes on without a login where the server knows none.
        guard request.user == nil || replies.contains(where: { $0.code == 235 }) else {
            return fail(.auth, "the server takes no login that halua knows (PLAIN, LOGIN, CRAM-MD5)")
        }
        guard let socket = transfer?.connection else { return fail(.closed, "the connection was closed") }
        do throws(IOFailure) {
            registration = try loop.add(socket, [.read]) { [weak self] readiness in self?.act(readiness) }
        } catch {
            return fail(.denied, "its socket cannot be watched: \(error.errno)")
        }
        let seconds = Int(Clock.realtime / 1_000_000_000)
        let identifier = "\(seconds).\(String(UInt64.random(in: .min ... .max), radix: 36))@\(request.helo)"
        let dialogue = MailDialogue(
            sender: request.from, recipients: request.recipients,
            message: MailText.message(request, at: seconds, identifier: identifier))
        self.dialogue = dialogue
        send(dialogue.begin)
    }

    /// What libcurl could not do, in the server's own words where it said some.
    private func refuse(_ result: TransferResult, _ reply: MailReply?) {
        if let reply, reply.code >= 400 {
            return fail(result.code == CURLE_LOGIN_DENIED ? .auth : .denied, "\(reply)", code: reply.code)
        }
        switch result.code {
        case CURLE_USE_SSL_FAILED: fail(.auth, "the server does not offer STARTTLS")
        case CURLE_LOGIN_DENIED: fail(.auth, "the login is not accepted: \(result.sentence)")
        case CURLE_RECV_ERROR where result.systemError == 0:
            fail(.closed, "the connection was closed during the greeting")
        case CURLE_WEIRD_SERVER_REPLY where reply == nil:
            fail(.protocol, "what answers there speaks no SMTP")
        default:
            let (kind, words) = TransferError.words(result)
            fail(kind, words)
        }
    }

    // MARK: Our part

    private func act(_ readiness: Readiness) {
        if readiness.wantsWrite { flush() }
        if readiness.wantsRead || readiness.contains(.error) { receive() }
    }

    private func send(_ octets: [UInt8]) {
        outgoing = octets
        sentCount = 0
        flush()
    }

    private func flush() {
        guard let transfer, let registration, sentCount < outgoing.count else { return }
        do throws(TransferFailure) {
            while sentCount < outgoing.count {
                let count = try transfer.send(outgoing, from: sentCount)
                if count == 0 { break }
                sentCount += count
            }
        } catch {
            return broken(error)
        }
        do throws(IOFailure) {
            try loop.modify(registration, sentCount < outgoing.count ? [.read, .write] : [.read])
        } catch {
            fail(.denied, "its socket cannot be watched: \(error.errno)")
        }
    }

    private func receive() {
        while let transfer, dialogue != nil {
            do throws(TransferFailure) {
                guard let octets = try transfer.receive() else { return }
                if octets.isEmpty { return closed() }
                for octet in octets where completion != nil { take(octet) }
            } catch {
                return broken(error)
            }
        }
    }

    private func take(_ octet: UInt8) {
        let reply: MailReply
        do throws(NoMailReply) {
            guard let read = try reader.take(octet) else { return }
            reply = read
        } catch {
            if dialogue?.outcome != nil { return conclude() }
            return fail(.protocol, "\"\(error.text)\" is no answer of SMTP")
        }
        guard sentCount == outgoing.count else {
            // Nobody has an answer to half a message but one who wants no more of it.
            return fail(.denied, "the message: \(reply)", code: reply.code)
        }
        guard let answer = dialogue?.answer(reply) else { return }
        if dialogue?.stage == .over { return conclude() }
        if dialogue?.outcome != nil { waitForGoodbye() }
        send(answer)
    }

    private func waitForGoodbye() {
        goodbye = loop.after(Self.patienceForGoodbye) { [weak self] in
            self?.goodbye = nil
            self?.conclude()
        }
    }

    private func closed() {
        if dialogue?.outcome != nil { return conclude() }
        fail(.closed, "the connection was closed \(dialogue?.stage.waiting ?? "")")
    }

    private func broken(_ failure: TransferFailure) {
        if dialogue?.outcome != nil { return conclude() }
        let (kind, words) =
            failure.systemError != 0
            ? TransferError.system(failure.systemError) : (.reset, "the connection broke off")
        fail(kind, "\(words) \(dialogue?.stage.waiting ?? "")")
    }

    private func conclude() {
        switch dialogue?.outcome {
        case .success(let refusals): finish(.success(refusals))
        case .failure(let failure):
            fail(.denied, "\(failure.subject): \(failure.reply)", code: failure.reply.code)
        case nil: preconditionFailure("a mail is concluded when its outcome is known")
        }
    }
}
