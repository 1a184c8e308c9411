/// Netlink messages: one builder for what is sent, and readers for what comes that trust no length (netlink(7)).
import CLinux
import Glibc

/// Octets that a message or an attribute of this length takes: the next one begins at a multiple of four.
private func aligned(_ length: Int) -> Int { (length + 3) & ~3 }

/// A message to the kernel: header, a fixed structure, attributes that may nest.
package struct NetlinkRequest: Sendable {
    /// The message so far; its length field is always right.
    package private(set) var bytes: [UInt8] = []

    /// Begins a message. `NLM_F_REQUEST` is added; `flags` say ACK, DUMP, CREATE …
    package init<Header: BitwiseCopyable>(_ type: Int, flags: Int32, header: Header) {
        var message = nlmsghdr()
        message.nlmsg_type = UInt16(type)
        message.nlmsg_flags = UInt16(NLM_F_REQUEST | flags)
        append(message)
        append(header)
        updateLength(at: 0)
    }

    /// The number that the kernel repeats in its answer.
    package var sequence: UInt32 {
        get { bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self) } }
        set { bytes.withUnsafeMutableBytes { $0.storeBytes(of: newValue, toByteOffset: 8, as: UInt32.self) } }
    }

    /// A number in the host's byte order.
    package mutating func attribute<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Int, _ value: Number) {
        withUnsafeBytes(of: value) { attribute(type, bytes: $0) }
    }

    /// A text with its terminating NUL.
    package mutating func attribute(_ type: Int, _ text: String) {
        attribute(type, octets: Array(text.utf8) + [0])
    }

    /// A structure of C.
    package mutating func attribute<Value: BitwiseCopyable>(_ type: Int, structure: Value) {
        withUnsafeBytes(of: structure) { attribute(type, bytes: $0) }
    }

    /// Octets as they are.
    package mutating func attribute(_ type: Int, octets: [UInt8]) {
        octets.withUnsafeBytes { attribute(type, bytes: $0) }
    }

    /// An attribute made of attributes.
    package mutating func nest(_ type: Int, _ body: (inout NetlinkRequest) -> Void) {
        let start = bytes.count
        append(nlattr(nla_len: 0, nla_type: UInt16(type | Int(NLA_F_NESTED))))
        body(&self)
        let length = UInt16(bytes.count - start)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: length, toByteOffset: start, as: UInt16.self) }
    }

    private mutating func attribute(_ type: Int, bytes value: UnsafeRawBufferPointer) {
        let length = MemoryLayout<nlattr>.size + value.count
        append(nlattr(nla_len: UInt16(length), nla_type: UInt16(type)))
        bytes.append(contentsOf: value)
        bytes.append(contentsOf: repeatElement(0, count: aligned(length) - length))
        updateLength(at: 0)
    }

    private mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: repeatElement(0, count: aligned(bytes.count) - bytes.count))
        updateLength(at: 0)
    }

    private mutating func updateLength(at offset: Int) {
        let length = UInt32(bytes.count)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: length, toByteOffset: offset, as: UInt32.self) }
    }
}

/// A received message. Its octets are valid only while the receiver's handler runs.
package struct NetlinkMessage {
    package var type: UInt16
    package var flags: UInt16
    package var sequence: UInt32
    /// Everything after the message header.
    package var payload: UnsafeRawBufferPointer

    /// The fixed structure at the beginning; nil when the message is too short for it.
    package func header<Header: BitwiseCopyable>(_ type: Header.Type) -> Header? {
        guard payload.count >= MemoryLayout<Header>.size else { return nil }
        return payload.loadUnaligned(as: Header.self)
    }

    /// The attributes after a fixed structure.
    package func attributes<Header>(after type: Header.Type) -> NetlinkAttributes {
        NetlinkAttributes(payload.dropFirst(aligned(MemoryLayout<Header>.size)))
    }
}

/// The messages of one datagram; ends at the first that does not fit into it.
package struct NetlinkMessages: Sequence, IteratorProtocol {
    private var rest: Slice<UnsafeRawBufferPointer>

    package init(_ datagram: UnsafeRawBufferPointer) { rest = datagram[...] }

    package mutating func next() -> NetlinkMessage? {
        let size = MemoryLayout<nlmsghdr>.size
        guard rest.count >= size else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: rest)
        let header = bytes.loadUnaligned(as: nlmsghdr.self)
        let length = Int(header.nlmsg_len)
        guard length >= size, length <= bytes.count else { return nil }
        rest = rest.dropFirst(aligned(length))
        return NetlinkMessage(
            type: header.nlmsg_type, flags: header.nlmsg_flags, sequence: header.nlmsg_seq,
            payload: UnsafeRawBufferPointer(rebasing: bytes[size..<length]))
    }
}

/// One attribute of a message.
package struct NetlinkAttribute {
    /// Without the bits for nesting and byte order.
    package var type: Int
    package var value: UnsafeRawBufferPointer

    /// A number of the host's byte order; nil when the attribute is shorter.
    package func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        guard value.count >= MemoryLayout<Number>.size else { return nil }
        return value.loadUnaligned(as: Number.self)
    }

    /// A structure of C; nil when the attribute is shorter.
    package func structure<Value: BitwiseCopyable>(_ type: Value.Type) -> Value? {
        guard value.count >= MemoryLayout<Value>.size else { return nil }
        return value.loadUnaligned(as: Value.self)
    }

    /// Text up to its NUL.
    package var text: String { String(decoding: value.prefix { $0 != 0 }, as: UTF8.self) }

    package var nested: NetlinkAttributes { NetlinkAttributes(value[...]) }
}

/// A row of attributes; ends at the first that does not fit.
package struct NetlinkAttributes: Sequence, IteratorProtocol {
    private var rest: Slice<UnsafeRawBufferPointer>

    package init(_ bytes: Slice<UnsafeRawBufferPointer>) { rest = bytes }

    package mutating func next() -> NetlinkAttribute? {
        let size = MemoryLayout<nlattr>.size
        guard rest.count >= size else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: rest)
        let header = bytes.loadUnaligned(as: nlattr.self)
        let length = Int(header.nla_len)
        guard length >= size, length <= bytes.count else { return nil }
        rest = rest.dropFirst(aligned(length))
        return NetlinkAttribute(
            type: Int(header.nla_type) & ~(Int(NLA_F_NESTED) | Int(NLA_F_NET_BYTEORDER)),
            value: UnsafeRawBufferPointer(rebasing: bytes[size..<length]))
    }
}
