/// JSON as a value, read and written by jansson; nothing of halua parses or prints JSON by itself.
import CJansson

/// A JSON document or a part of one. Objects keep the order of their members.
package enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }
}

/// Why a text is not the JSON that was asked for.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

extension JSONValue {
    /// Read one document.
    package init(parsing text: some Sequence<UInt8>) throws(JSONError) {
        let bytes = Array(text)
        var failure = json_error_t()
        let root = bytes.withUnsafeBytes { buffer in
            json_loadb(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count,
                Int(JSON_DECODE_ANY) | Int(JSON_REJECT_DUPLICATES), &failure)
        }
        guard let root else {
            let sentence = withUnsafeBytes(of: failure.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw JSONError("line \(failure.line), column \(failure.column): \(sentence)")
        }
        defer { json_decref(root) }
        self.init(copying: root)
    }

    /// The document as one line, or indented by two spaces.
    package func text(indented: Bool = false) -> String {
        let root = makeJansson()
        defer { json_decref(root) }
        let flags = Int(JSON_ENCODE_ANY) | (indented ? 2 : Int(JSON_COMPACT))
        guard let line = json_dumps(root, flags) else {
            preconditionFailure("jansson could not print a document that it built itself")
        }
        defer { free(line) }
        return String(cString: line)
    }

    private init(copying node: UnsafeMutablePointer<json_t>) {
        switch node.pointee.type {
        case JSON_OBJECT:
            var members: [Member] = []
            var iterator = json_object_iter(node)
            while let current = iterator {
                if let value = json_object_iter_value(current) {
                    let key = json_object_iter_key(current).map { String(cString: $0) } ?? ""
                    members.append(Member(key, JSONValue(copying: value)))
                }
                iterator = json_object_iter_next(node, current)
            }
            self = .object(members)
        case JSON_ARRAY:
            self = .array(
                (0..<json_array_size(node)).compactMap { json_array_get(node, $0).map { JSONValue(copying: $0) } })
        case JSON_STRING:
            let bytes = UnsafeRawBufferPointer(start: json_string_value(node), count: json_string_length(node))
            self = .string(String(decoding: bytes, as: UTF8.self))
        case JSON_INTEGER: self = .integer(Int(json_integer_value(node)))
        case JSON_REAL: self = .real(json_real_value(node))
        case JSON_TRUE: self = .boolean(true)
        case JSON_FALSE: self = .boolean(false)
        default: self = .null
        }
    }

    private func makeJansson() -> UnsafeMutablePointer<json_t> {
        let node: UnsafeMutablePointer<json_t>?
        switch self {
        case .null: node = json_null()
        case .boolean(let flag): node = flag ? json_true() : json_false()
        case .integer(let number): node = json_integer(json_int_t(number))
        case .real(let number): node = json_real(number.isFinite ? number : 0)
        case .string(let text):
            node = text.utf8.withContiguousStorageIfAvailable { makeString($0) } ?? makeString(Array(text.utf8))
        case .array(let items):
            node = json_array()
            for item in items { json_array_append_new(node, item.makeJansson()) }
        case .object(let members):
            node = json_object()
            for member in members { json_object_set_new(node, member.key, member.value.makeJansson()) }
        }
        guard let node else { preconditionFailure("jansson is out of memory") }
        return node
    }
}

private func makeString(_ bytes: some Collection<UInt8>) -> UnsafeMutablePointer<json_t>? {
    let copy = Array(bytes)
    return copy.withUnsafeBytes { json_stringn($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
        ?? json_string("")
}

// MARK: - Reading members

extension JSONValue {
    /// The member of an object; nil where there is none.
    package subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var integer: Int? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    package var boolean: Bool? {
        guard case .boolean(let flag) = self else { return nil }
        return flag
    }

    package var array: [JSONValue]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    package var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral text: String) { self = .string(text) }
    package init(integerLiteral number: Int) { self = .integer(number) }
    package init(booleanLiteral flag: Bool) { self = .boolean(flag) }
    package init(arrayLiteral items: JSONValue...) { self = .array(items) }
    package init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(members.map { Member($0, $1) }) }

    /// A string, or null where there is none.
    package init(_ text: String?) { self = text.map { .string($0) } ?? .null }
}
