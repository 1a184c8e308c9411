/// A connection to a MySQL server and what it answers, as values.
import LinuxIO
import Wire

/// Everything that a script said about a connection, checked.
struct MySQLRequest {
    /// Where the server is.
    enum Place {
        case host(String, port: Int)
        /// A socket in the file system.
        case socket(String)
    }

    var place: Place
    var user: String
    var password: String
    var database: String?
    /// As the server names it.
    var charset = "utf8mb4"
    /// Of the whole: name lookup, connecting and login.
    var timeout = defaultTimeout
    var source: IPAddress?
    /// The one server to ask for the host's name, as c-ares writes it.
    var nameServer: String?
    var limits = MySQLLimits()

    static let defaultTimeout = Duration.seconds(5)

    /// "127.0.0.1:3306"
    var peer: String {
        switch place {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket(let path): path
        }
    }
}

/// How much one statement may bring.
struct MySQLLimits {
    var rows = 1_000
    /// Of all values of a result.
    var octets = 1 << 20

    static let mostRows = 100_000
    static let mostOctets = 16 << 20
    /// Of a statement.
    static let longestStatement = 1 << 20
    static let queryTimeout = Duration.seconds(30)
}

/// A value of a row; NULL is the lack of one.
enum MySQLValue {
    case integer(Int)
    case real(Double)
    case octets([UInt8])
}

/// What a statement came to.
enum MySQLAnswer {
    case rows(columns: [String], [[MySQLValue?]])
    case done(affected: Int, insertID: Int)
}
