/// One lookup in the DNS, by c-ares on the script thread's own loop: nothing waits, and cancelling closes its sockets.
import CCares
import Glibc
import LinuxIO
import Wire

/// What is asked for.
enum LookupKind: String, CaseIterable {
    case ipv4 = "A"
    case ipv6 = "AAAA"
    case service = "SRV"
    case text = "TXT"
    case pointer = "PTR"
    /// Addresses of both families, in the order in which they should be tried (RFC 6724).
    case addresses = "A or AAAA"
}

/// One SRV record.
struct ServiceRecord: Hashable {
    var target: String
    var port: Int
    var priority: Int
    var weight: Int
}

enum LookupAnswer: Hashable {
    case addresses([IPAddress])
    case services([ServiceRecord])
    case texts([[UInt8]])
    case names([String])
}

/// A question, all of it checked.
struct LookupRequest: Hashable {
    var name: String
    var kind: LookupKind
    /// The one server to ask, as c-ares writes it: "192.0.2.53:53"; nil asks those of the system.
    var server: String?
    var timeout: Duration = defaultTimeout

    /// Without a limit of its own a lookup would go on for over a minute.
    static let defaultTimeout = Duration.seconds(5)
}

/// A lookup under way. It has a channel of its own: cancelling it leaves no socket and no answer behind, and it reads
/// the resolver's configuration as it is now.
final class Lookup {
    typealias Completion = (Result<LookupAnswer, OperatingError>) -> Void

    /// ARES_SOCKET_BAD
    private static let noSocket = Int32(-1)

    private let request: LookupRequest
    private let library: UnsafePointer<halua_cares>
    private let loop: EventLoop
    private var completion: Completion?
    private var channel: ares_channel?
    private var registrations: [Int32: Registration] = [:]
    /// Until c-ares wants to be called again.
    private var retry: TimerToken?
    private var deadline: TimerToken?
    private var isSettled = false

    /// Begins a lookup; `completion` is called once, from the loop, unless it is cancelled before.
    ///
    /// Throws: kind "denied" when the library is missing or has no resources.
    init(_ request: LookupRequest, loop: EventLoop, completion: @escaping Completion) throws(OperatingError) {
        library = try DynamicLibrary.table("looking up names", "libcares.so.2", package: "libc-ares2", halua_cares)
        self.request = request
        self.loop = loop
        self.completion = completion
        try open()
        deadline = loop.after(request.timeout) { [weak self] in self?.runOut() }
        ask()
        arm()
    }

    deinit { close() }

    /// Ends it without an answer.
    func cancel() { close() }

    // MARK: The channel

    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private static func lookup(_ context: UnsafeMutableRawPointer?) -> Lookup? {
        context.map { Unmanaged<Lookup>.fromOpaque($0).takeUnretainedValue() }
    }

    private func open() throws(OperatingError) {
        var options = ares_options()
        options.sock_state_cb = { context, descriptor, reads, writes in
            Lookup.lookup(context)?.watch(descriptor, reads: reads != 0, writes: writes != 0)
        }
        options.sock_state_cb_data = context
        // A dead first server must leave time for the second.
        options.timeout = Int32(clamping: max(50, request.timeout.wholeNanoseconds / 3_000_000))
        options.tries = 3
        let mask = Int32(ARES_OPT_SOCK_STATE_CB) | Int32(ARES_OPT_TIMEOUTMS) | Int32(ARES_OPT_TRIES)
        var status = library.pointee.ares_init_options(&channel, &options, mask)
        if status == halua_ares_success, let server = request.server {
            status = library.pointee.ares_set_servers_ports_csv(channel, server)
        }
        guard status == halua_ares_success else {
            close()
            throw OperatingError(.denied, "looking up \(request.name): \(words(status))")
        }
    }

    private func watch(_ descriptor: Int32, reads: Bool, writes: Bool) {
        var interest: Interest = []
        if reads { interest.insert(.read) }
        if writes { interest.insert(.write) }
        do throws(IOFailure) {
            if let known = registrations[descriptor] {
                if !interest.isEmpty { return try loop.modify(known, interest) }
                loop.remove(known)
                registrations[descriptor] = nil
            } else if !interest.isEmpty {
                registrations[descriptor] = try loop.add(descriptor, interest) { [weak self] readiness in
                    self?.go(descriptor, readiness)
                }
            }
        } catch {
            settle(.failure(OperatingError(.denied, "looking up \(request.name): \(error)")))
        }
    }

    private func go(_ descriptor: Int32, _ readiness: Readiness) {
        guard let channel else { return }
        library.pointee.ares_process_fd(
            channel, readiness.wantsRead ? descriptor : Self.noSocket, readiness.wantsWrite ? descriptor : Self.noSocket
        )
        arm()
    }

    /// Sees to it that c-ares is called when it wants to ask again.
    private func arm() {
        if let retry { loop.cancel(retry) }
        retry = nil
        guard let channel, !isSettled else { return }
        var span = timeval()
        guard library.pointee.ares_timeout(channel, nil, &span) != nil else { return }
        retry = loop.after(.seconds(span.tv_sec) + .microseconds(span.tv_usec)) { [weak self] in
            guard let self, let channel = self.channel else { return }
            self.retry = nil
            self.library.pointee.ares_process_fd(channel, Self.noSocket, Self.noSocket)
            self.arm()
        }
    }

    private func runOut() {
        deadline = nil
        let span = Durations.describe(request.timeout)
        settle(.failure(OperatingError(.timeout, "looking up \(request.name): timed out after \(span)")))
    }

    // MARK: Ending

    /// c-ares may not be closed while it calls back: the rest happens a moment later.
    private func settle(_ result: Result<LookupAnswer, OperatingError>) {
        guard !isSettled, channel != nil else { return }
        isSettled = true
        loop.post { [self] in
            let completion = completion
            close()
            completion?(result)
        }
    }

    private func close() {
        completion = nil
        isSettled = true
        if let retry { loop.cancel(retry) }
        retry = nil
        if let deadline { loop.cancel(deadline) }
        deadline = nil
        guard let channel else { return }
        // Calls back for what is pending, and for every socket, before it returns.
        library.pointee.ares_destroy(channel)
        self.channel = nil
        for registration in registrations.values { loop.remove(registration) }
        registrations = [:]
    }

    // MARK: Questions and answers

    private func ask() {
        switch request.kind {
        case .addresses: askAddresses(AF_UNSPEC)
        case .ipv4: askAddresses(AF_INET)
        case .ipv6: askAddresses(AF_INET6)
        case .service: query(ns_t_srv)
        case .text: query(ns_t_txt)
        case .pointer:
            if let address = IPAddress(request.name) { askNames(of: address) } else { query(ns_t_ptr) }
        }
    }

    private func askAddresses(_ family: Int32) {
        var hints = ares_addrinfo_hints()
        hints.ai_family = family
        library.pointee.ares_getaddrinfo(
            channel, request.name, nil, &hints,
            { context, status, _, answer in
                guard let lookup = Lookup.lookup(context) else { return }
                lookup.receive(status, answer)
            }, context)
    }

    private func askNames(of address: IPAddress) {
        let octets = address.octets
        library.pointee.ares_gethostbyaddr(
            channel, octets, Int32(octets.count), address.family.domain,
            { context, status, _, host in
                guard let lookup = Lookup.lookup(context) else { return }
                guard status == halua_ares_success, let host else { return lookup.fail(status) }
                lookup.settle(.success(.names(Lookup.names(host.pointee))))
            }, context)
    }

    private func query(_ type: __ns_type) {
        library.pointee.ares_query(
            channel, request.name, Int32(ns_c_in.rawValue), Int32(type.rawValue),
            { context, status, _, bytes, count in
                guard let lookup = Lookup.lookup(context) else { return }
                guard status == halua_ares_success, let bytes else { return lookup.fail(status) }
                lookup.parse(bytes, count)
            }, context)
    }

    private func receive(_ status: Int32, _ answer: UnsafeMutablePointer<ares_addrinfo>?) {
        defer { if let answer { library.pointee.ares_freeaddrinfo(answer) } }
        guard status == halua_ares_success, let answer else { return fail(status) }
        var addresses: [IPAddress] = []
        var next = answer.pointee.nodes
        while let node = next {
            if let address = SocketAddress(node.pointee.ai_addr, length: node.pointee.ai_addrlen)?.address,
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            next = node.pointee.ai_next
        }
        if addresses.isEmpty { fail(halua_ares_no_data) } else { settle(.success(.addresses(addresses))) }
    }

    private func parse(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int32) {
        switch request.kind {
        case .service: parseServices(bytes, count)
        case .text: parseTexts(bytes, count)
        case .pointer: parseNames(bytes, count)
        case .addresses, .ipv4, .ipv6: preconditionFailure("addresses are not asked for by ares_query")
        }
    }

    private func parseServices(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int32) {
        var first: UnsafeMutablePointer<ares_srv_reply>?
        let status = library.pointee.ares_parse_srv_reply(bytes, count, &first)
        defer { if let first { library.pointee.ares_free_data(first) } }
        guard status == halua_ares_success else { return fail(status) }
        var records: [ServiceRecord] = []
        var next = first
        while let record = next?.pointee {
            records.append(
                ServiceRecord(
                    target: record.host.map { String(cString: $0) } ?? "", port: Int(record.port),
                    priority: Int(record.priority), weight: Int(record.weight)))
            next = record.next
        }
        records.sort { ($0.priority, -$0.weight) < ($1.priority, -$1.weight) }
        if records.isEmpty { fail(halua_ares_no_data) } else { settle(.success(.services(records))) }
    }

    private func parseTexts(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int32) {
        var first: UnsafeMutablePointer<ares_txt_ext>?
        let status = library.pointee.ares_parse_txt_reply_ext(bytes, count, &first)
        defer { if let first { library.pointee.ares_free_data(first) } }
        guard status == halua_ares_success else { return fail(status) }
        var texts: [[UInt8]] = []
        var next = first
        while let piece = next?.pointee {
            let octets = Array(UnsafeBufferPointer(start: piece.txt, count: piece.length))
            // One record is up to 255 octets a piece.
            if piece.record_start != 0 || texts.isEmpty {
                texts.append(octets)
            } else {
                texts[texts.count - 1] += octets
            }
            next = piece.next
        }
        if texts.isEmpty { fail(halua_ares_no_data) } else { settle(.success(.texts(texts))) }
    }

    private func parseNames(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int32) {
        var host: UnsafeMutablePointer<hostent>?
        let status = library.pointee.ares_parse_ptr_reply(bytes, count, nil, 0, AF_INET, &host)
        defer { if let host { library.pointee.ares_free_hostent(host) } }
        guard status == halua_ares_success, let host else { return fail(status) }
        settle(.success(.names(Self.names(host.pointee))))
    }

    private static func names(_ host: hostent) -> [String] {
        var names: [String] = []
        if let name = host.h_name { names.append(String(cString: name)) }
        var next = host.h_aliases
        while let alias = next?.pointee {
            let name = String(cString: alias)
            if !names.contains(name) { names.append(name) }
            next = next?.advanced(by: 1)
        }
        return names
    }

    // MARK: Errors

    private func fail(_ status: Int32) {
        let isTimeout = status == halua_ares_timeout
        settle(.failure(OperatingError(isTimeout ? .timeout : .dns, "looking up \(request.name): \(words(status))")))
    }

    private func words(_ status: Int32) -> String {
        switch status {
        case halua_ares_not_found: "there is no such name"
        case halua_ares_no_data: "the name has no \(request.kind.rawValue) record"
        case halua_ares_server_failed: "the DNS server failed"
        case halua_ares_refused: "the DNS server refuses to answer"
        case halua_ares_timeout: "no DNS server answers"
        case halua_ares_unreachable: "no DNS server gives an answer: it refuses, fails, or cannot be reached"
        case halua_ares_bad_name: "this is no name"
        case halua_ares_bad_answer: "the DNS server's answer is garbled"
        default: library.pointee.ares_strerror(status).map { String(cString: $0) } ?? "error \(status)"
        }
    }
}
