/// Arrays of octets through a stream socket, for the control socket's short lines.
import LinuxIO

extension StreamSocket {
    /// Sends what the socket takes now; returns how many octets that were.
    ///
    /// Throws: EPIPE, ECONNRESET.
    package func send(_ bytes: ArraySlice<UInt8>) throws(IOFailure) -> Int {
        try bytes.withUnsafeBytes { raw in
            Result { () throws(IOFailure) in try send(raw) }
        }.get()
    }

    /// Appends what has come, `limit` octets at most.
    ///
    /// Throws: ECONNRESET.
    package func receive(appendingTo bytes: inout [UInt8], limit: Int = 4096) throws(IOFailure) -> Received {
        var buffer = [UInt8](repeating: 0, count: limit)
        let received = try buffer.withUnsafeMutableBytes { raw in
            Result { () throws(IOFailure) in try receive(into: raw) }
        }.get()
        if case .bytes(let count) = received { bytes.append(contentsOf: buffer.prefix(count)) }
        return received
    }
}
