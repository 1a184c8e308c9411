/// What the exporter answers, apart from how it is sent.

/// One answer of HTTP.
package struct SiteAnswer: Hashable, Sendable {
    package var status: UInt32
    package var contentType: String
    package var body: String
    /// The methods that are allowed, where the client has used another one.
    package var allow: String?

    package init(status: UInt32, contentType: String, body: String, allow: String? = nil) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.allow = allow
    }

    static func plain(_ status: UInt32, _ body: String, allow: String? = nil) -> SiteAnswer {
        SiteAnswer(status: status, contentType: "text/plain; charset=utf-8", body: body + "\n", allow: allow)
    }
}

/// The exporter's three pages. Used by the threads of all connections.
package struct Site: Sendable {
    private let reader: DaemonReader

    package init(_ reader: DaemonReader) { self.reader = reader }

    /// `path` is without its query.
    package func answer(_ method: String, _ path: String) -> SiteAnswer {
        guard method == "GET" || method == "HEAD" else {
            return .plain(405, "only GET and HEAD are answered here", allow: "GET, HEAD")
        }
        switch path {
        case "/metrics":
            return SiteAnswer(
                status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: reader.metricsText())
        case "/":
            return SiteAnswer(
                status: 200, contentType: "text/html; charset=utf-8", body: page(reader.statusReport()))
        case "/healthz": return .plain(200, "ok")
        default: return .plain(404, "there is no such page: /metrics, / and /healthz are all")
        }
    }
}
