/// What transfers of all protocols have in common: TLS, addresses, and libcurl's errors in the words of the API.
import CCurl
import SystemPackage
import Wire

extension Transfer {
    /// Whom to believe by TLS, and who this is. Files are given as their contents, in PEM.
    func setSecurity(verify: Bool, authorities: [UInt8]?, certificate: [UInt8]? = nil, key: [UInt8]? = nil) {
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, verify ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, verify ? 2 : 0)
        if let authorities { set(CURLOPT_CAINFO_BLOB, octets: authorities) }
        if let certificate { set(CURLOPT_SSLCERT_BLOB, octets: certificate) }
        if let key = key ?? certificate { set(CURLOPT_SSLKEY_BLOB, octets: key) }
    }

    /// Where a name leads, so that libcurl does not look for it. An address leads to itself.
    func setAddresses(_ addresses: [IPAddress], of host: String, port: Int) {
        guard !addresses.isEmpty, IPAddress(host) == nil else { return }
        let list = addresses.map { $0.family == .ipv6 ? "[\($0)]" : "\($0)" }.joined(separator: ",")
        // The plus lets the entry grow old like any other. libcurl may look for a name without the dot at its end.
        let names = host.hasSuffix(".") ? [host, String(host.dropLast())] : [host]
        set(CURLOPT_RESOLVE, list: names.map { "+\($0):\(port):\(list)" })
    }
}

enum TransferError {
    /// What went wrong between this host and the other end, whatever they talk.
    static func words(_ result: TransferResult) -> (OperatingError.Kind, String) {
        let sentence = result.sentence.isEmpty ? "libcurl error \(result.code.rawValue)" : result.sentence
        switch result.code {
        case CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_INTERFACE_FAILED:
            if result.systemError != 0 { return system(result.systemError) }
            return (result.code == CURLE_COULDNT_CONNECT ? .unreachable : .reset, sentence)
        case CURLE_OPERATION_TIMEDOUT: return (.timeout, sentence)
        case CURLE_PEER_FAILED_VERIFICATION: return (.auth, "the certificate is not accepted: \(sentence)")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return (.dns, sentence)
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_OUT_OF_MEMORY, CURLE_ABORTED_BY_CALLBACK:
            return (.denied, sentence)
        default: return (.protocol, sentence)
        }
    }

    static func system(_ number: Int32) -> (OperatingError.Kind, String) {
        let errno = Errno(rawValue: number)
        switch errno {
        case .connectionRefused: return (.refused, "connection refused")
        case .noRouteToHost, .hostIsDown: return (.unreachable, "no route to the host")
        case .networkUnreachable, .networkDown: return (.unreachable, "the network is unreachable")
        case .timedOut: return (.timeout, "timed out while connecting")
        case .connectionReset, .brokenPipe: return (.reset, "connection reset by the peer")
        case .noSuchFileOrDirectory: return (.refused, "there is no such socket")
        default: return (.denied, "\(errno)")
        }
    }
}
