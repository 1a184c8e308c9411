/// Values without identity, as they pass between a plugin, its test, and the world in which both run.
import CLua
import CLuaGlue

/// A value of Lua that is data: no function, no userdata.
package indirect enum PlainValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    /// Text or octets: Lua knows no difference.
    case string([UInt8])
    /// A list, or fields, or both.
    case table([Entry])

    package struct Entry: Hashable, Sendable {
        package var key: PlainValue
        package var value: PlainValue
    }

    package static func text(_ text: String) -> PlainValue { .string(Array(text.utf8)) }

    package static func list(_ values: [PlainValue]) -> PlainValue {
        .table(values.enumerated().map { Entry(key: .integer($0.offset + 1), value: $0.element) })
    }

    package static func fields(_ fields: KeyValuePairs<String, PlainValue>) -> PlainValue {
        .table(fields.map { Entry(key: .text($0.key), value: $0.value) })
    }

    package var text: String? {
        if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    package var octets: [UInt8]? { if case .string(let bytes) = self { bytes } else { nil } }

    package var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        case .null, .boolean, .string, .table: nil
        }
    }

    package var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

    package var isNull: Bool { self == .null }

    /// The elements of a list, in their order.
    package var elements: [PlainValue] {
        guard case .table(let entries) = self else { return [] }
        return entries.compactMap { entry in entry.key.integer.map { ($0, entry.value) } }
            .sorted { $0.0 < $1.0 }.map(\.1)
    }

    package subscript(field: String) -> PlainValue {
        guard case .table(let entries) = self else { return .null }
        return entries.first { $0.key.text == field }?.value ?? .null
    }

    /// A span of time: a number is seconds, a string carries its unit.
    package var duration: Duration? {
        switch self {
        case .integer(let value): Durations.seconds(Double(value))
        case .number(let value): Durations.seconds(value)
        case .string: text.flatMap { Durations.parse($0) }
        case .null, .boolean, .table: nil
        }
    }
}

extension PlainValue {
    /// Deeper tables are taken for ones that hold themselves.
    private static let deepest: Int32 = 16

    /// Reads a value; nil when it is no data, or too deep.
    init?(_ stack: Stack, _ index: Int32, depth: Int32 = 0) {
        switch stack.kind(index) {
        // A light userdata is json.null: nothing, said aloud.
        case .none, .null, .lightUserdata: self = .null
        case .boolean: self = .boolean(stack.boolean(index))
        case .number:
            if let value = stack.integer(index) {
                self = .integer(value)
            } else {
                self = .number(stack.number(index) ?? 0)
            }
        case .string: self = .string(stack.octets(index) ?? [])
        case .table:
            guard depth < Self.deepest, stack.reserve(8) else { return nil }
            let table = lua_absindex(stack.pointer, index)
            var entries: [Entry] = []
            stack.pushNil()
            while lua_next(stack.pointer, table) != 0 {
                guard let key = PlainValue(stack, -2, depth: depth + 1),
                    let value = PlainValue(stack, -1, depth: depth + 1)
                else {
                    stack.pop(2)
                    return nil
                }
                entries.append(Entry(key: key, value: value))
                stack.pop()
            }
            self = .table(entries)
        case .function, .userdata, .thread: return nil
        }
    }

    /// Pushes the value; one that is deeper than anything read is cut off.
    func push(on stack: Stack, depth: Int32 = 0) {
        switch self {
        case .null: stack.pushNil()
        case .boolean(let value): stack.push(value)
        case .integer(let value): stack.push(value)
        case .number(let value): stack.push(value)
        case .string(let bytes): stack.push(bytes)
        case .table(let entries):
            stack.pushTable()
            guard depth < Self.deepest, stack.reserve(8) else { return }
            for entry in entries where !entry.key.isNull && !entry.value.isNull {
                entry.key.push(on: stack, depth: depth + 1)
                entry.value.push(on: stack, depth: depth + 1)
                lua_rawset(stack.pointer, -3)
            }
        }
    }
}
