/// The errors of libmariadb and of servers in the words of the API.
import CMariaDB
import SystemPackage

enum MySQLError {
    /// `number`, `text`: as the library has them. `subject`: "mysql.connect 127.0.0.1:3306".
    static func operating(_ number: UInt32, _ text: String, _ subject: String) -> OperatingError {
        let kind: OperatingError.Kind
        switch Int32(bitPattern: number) {
        case CR_CONNECTION_ERROR, CR_CONN_HOST_ERROR, CR_IPSOCK_ERROR, CR_SOCKET_CREATE_ERROR:
            return connecting(text, subject)
        case CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED:
            kind = .closed
        // ER_ACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR, ER_HOST_IS_BLOCKED, ER_HOST_NOT_PRIVILEGED,
        // ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ER_MUST_CHANGE_PASSWORD_LOGIN, ER_ACCOUNT_HAS_BEEN_LOCKED
        case 1045, 1044, 1129, 1130, 1698, 1862, 4151: kind = .auth
        case CR_AUTH_PLUGIN_CANNOT_LOAD, CR_SECURE_AUTH, CR_AUTH_PLUGIN_ERR, 5010: kind = .auth
        case CR_UNKNOWN_ERROR, CR_MALFORMED_PACKET, CR_VERSION_ERROR, CR_COMMANDS_OUT_OF_SYNC, CR_NET_PACKET_TOO_LARGE,
            CR_SERVER_HANDSHAKE_ERR:
            kind = .protocol
        // Everything else is the server's no.
        default: kind = .denied
        }
        return OperatingError(kind, "\(subject): error \(number): \(printable(text))")
    }

    /// A server's text as a part of one line: what is no MySQL may say anything, of any length.
    private static func printable(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longestText) {
            let isStrange = scalar.properties.generalCategory == .control || scalar == "\u{FFFD}"
            line.append(isStrange ? "." : scalar)
        }
        return String(line) + (text.unicodeScalars.count > longestText ? " …" : "")
    }

    /// Characters; servers keep to 512 octets.
    private static let longestText = 256

    /// True when nothing can be said to the server any more.
    static func isEnd(_ number: UInt32) -> Bool {
        switch Int32(bitPattern: number) {
        case CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED, CR_MALFORMED_PACKET,
            CR_NET_PACKET_TOO_LARGE,
            CR_COMMANDS_OUT_OF_SYNC:
            true
        default: false
        }
    }

    /// The text ends with the number of the kernel's error: "Can't connect to server on '127.0.0.1' (111)".
    private static func connecting(_ text: String, _ subject: String) -> OperatingError {
        let digits = text.reversed().drop { !$0.isNumber }.prefix { $0.isNumber }.reversed()
        let errno = Errno(rawValue: Int32(String(digits)) ?? 0)
        let (kind, words): (OperatingError.Kind, String) =
            switch errno {
            case .connectionRefused: (.refused, "connection refused")
            case .noSuchFileOrDirectory: (.refused, "there is no such socket")
            case .noRouteToHost, .hostIsDown: (.unreachable, "no route to the host")
            case .networkUnreachable, .networkDown: (.unreachable, "the network is unreachable")
            case .timedOut: (.timeout, "timed out while connecting")
            case .connectionReset, .brokenPipe: (.reset, "connection reset by the peer")
            default: (.denied, text)
            }
        return OperatingError(kind, "\(subject): \(words)")
    }
}
