/// Names to addresses: what needs no lookup is answered at once, the rest by one.
import LinuxIO
import Wire

enum NameLookup {
    /// The answer when no server is needed: an IP address in words is its own, and `localhost` is this host (RFC 6761).
    static func known(_ request: LookupRequest) -> Result<LookupAnswer, OperatingError>? {
        let all = addresses(request.name)
        guard !all.isEmpty else { return nil }
        let wanted: [IPAddress]
        switch request.kind {
        case .addresses: wanted = all
        case .ipv4: wanted = all.filter { $0.family == .ipv4 }
        case .ipv6: wanted = all.filter { $0.family == .ipv6 }
        case .pointer, .service, .text: return nil
        }
        if !wanted.isEmpty { return .success(.addresses(wanted)) }
        return .failure(OperatingError(.dns, "\(request.name) is no address for a \(request.kind.rawValue) record"))
    }

    private static func addresses(_ name: String) -> [IPAddress] {
        if let address = IPAddress(name) { return [address] }
        return name == "localhost" ? ["127.0.0.1", "::1"].compactMap { IPAddress($0) } : []
    }

    /// Begins a lookup and returns what cancels it. `completion` is called once, from the loop.
    static func start(
        _ request: LookupRequest, loop: EventLoop, completion: @escaping Lookup.Completion
    ) -> () -> Void {
        if let known = known(request) { return later(known, loop, completion) }
        do throws(OperatingError) {
            let lookup = try Lookup(request, loop: loop, completion: completion)
            return { lookup.cancel() }
        } catch {
            return later(.failure(error), loop, completion)
        }
    }

    private static func later(
        _ result: Result<LookupAnswer, OperatingError>, _ loop: EventLoop, _ completion: @escaping Lookup.Completion
    ) -> () -> Void {
        let token = loop.after(.zero) { completion(result) }
        return { loop.cancel(token) }
    }
}
