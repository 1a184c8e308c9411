/// halua.store as plain values: what a plugin keeps across a reload, outside of any Lua state.
import CLua
import LinuxIO

/// A value that can be kept: nothing of the script's own machinery.
indirect enum StoreValue: Hashable, Sendable {
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string([UInt8])
    case table([StoreEntry])

    /// About how many octets it takes.
    var size: Int {
        switch self {
        case .boolean, .integer, .number: 16
        case .string(let octets): 32 + octets.count
        case .table(let entries): 64 + entries.reduce(0) { $0 + $1.key.size + $1.value.size }
        }
    }
}

struct StoreEntry: Hashable, Sendable {
    var key: StoreValue
    var value: StoreValue
}

/// Why a value cannot be kept: a sentence that names the part of it.
struct StoreRefusal: Error {
    var sentence: String
    init(_ sentence: String) { self.sentence = sentence }
}

extension StoreValue {
    /// What a store may hold in all.
    static let mostOctets = 1 << 20
    static let deepest = 32

    /// Reads the value at an index, by raw access. `name`: how the script calls it, for the refusal.
    init(_ stack: Stack, _ index: Int32, name: String) throws(StoreRefusal) {
        var reader = StoreReader(stack: stack)
        self = try reader.value(at: lua_absindex(stack.pointer, index), name, depth: 0)
    }

    /// Pushes it.
    func push(on stack: Stack) {
        switch self {
        case .boolean(let value): stack.push(value)
        case .integer(let value): stack.push(value)
        case .number(let value): stack.push(value)
        case .string(let octets): stack.push(octets)
        case .table(let entries):
            stack.pushTable()
            for entry in entries {
                entry.key.push(on: stack)
                entry.value.push(on: stack)
                lua_rawset(stack.pointer, -3)
            }
        }
    }
}

/// Copies a value out of Lua, within limits.
private struct StoreReader {
    let stack: Stack
    /// The tables that the present one is in, to find a cycle.
    private var path: [UnsafeRawPointer?] = []
    private var size = 0

    init(stack: Stack) { self.stack = stack }

    mutating func value(at index: Int32, _ name: String, depth: Int) throws(StoreRefusal) -> StoreValue {
        let value: StoreValue
        switch stack.kind(index) {
        case .boolean: value = .boolean(stack.boolean(index))
        case .number: value = stack.integer(index).map(StoreValue.integer) ?? .number(stack.number(index) ?? 0)
        case .string: value = .string(stack.octets(index) ?? [])
        case .table: return try table(at: index, name, depth: depth)
        case .none, .null, .lightUserdata, .function, .userdata, .thread:
            let word = stack.kind(index).word
            throw StoreRefusal("\(name) is a \(word): only nil, booleans, numbers, strings and tables of them are kept")
        }
        try count(value.size, name)
        return value
    }

    private mutating func count(_ octets: Int, _ name: String) throws(StoreRefusal) {
        size += octets
        guard size <= StoreValue.mostOctets else {
            throw StoreRefusal("\(name) is too much: a plugin may keep \(StoreValue.mostOctets) octets")
        }
    }

    private mutating func table(at index: Int32, _ name: String, depth: Int) throws(StoreRefusal) -> StoreValue {
        let address = lua_topointer(stack.pointer, index)
        guard !path.contains(address) else { throw StoreRefusal("\(name) is a table that contains itself") }
        guard depth < StoreValue.deepest, stack.reserve(8) else {
            throw StoreRefusal("\(name) is deeper than \(StoreValue.deepest) tables")
        }
        guard lua_getmetatable(stack.pointer, index) == 0 else {
            stack.pop()
            throw StoreRefusal("\(name) is a table with a metatable: only plain ones are kept")
        }
        path.append(address)
        defer { path.removeLast() }
        try count(64, name)
        let before = stack.count
        // A refusal leaves the iteration in the middle.
        defer { lua_settop(stack.pointer, before) }
        var entries: [StoreEntry] = []
        stack.pushNil()
        while lua_next(stack.pointer, index) != 0 {
            let label = "\(name)\(Self.label(stack, -2))"
            let key = try value(at: lua_absindex(stack.pointer, -2), "the key of \(label)", depth: depth)
            let element = try value(at: lua_absindex(stack.pointer, -1), label, depth: depth + 1)
            entries.append(StoreEntry(key: key, value: element))
            stack.pop()
        }
        return .table(entries)
    }

    /// ".name" or "[1]"
    static func label(_ stack: Stack, _ index: Int32) -> String {
        guard let name = stack.string(index) else { return "[\(stack.describe(index))]" }
        return ".\(name.prefix(40))"
    }
}

/// What all plugins keep, for as long as the daemon lives: a reload finds it here, and so does the thread that
/// replaces a stalled one.
final class StoreVault: Sendable {
    /// What one plugin keeps, and about how many octets that is.
    private struct Shelf {
        var values: [StoreValue: StoreValue] = [:]
        var octets = 0

        init(_ values: [StoreValue: StoreValue] = [:]) {
            self.values = values
            octets = values.reduce(0) { $0 + $1.key.size + $1.value.size }
        }

        /// False: it would be too much, and nothing has changed.
        mutating func put(_ value: StoreValue?, at key: StoreValue) -> Bool {
            let former = values[key].map { key.size + $0.size } ?? 0
            let size = octets - former + (value.map { key.size + $0.size } ?? 0)
            guard size <= StoreValue.mostOctets else { return false }
            values[key] = value
            octets = size
            return true
        }
    }

    private let contents: Lock<[String: Shelf]>

    init() { contents = Lock([:]) }

    /// What another one holds now; that one may go on changing.
    init(copying other: StoreVault) { contents = Lock(other.contents.withLock { $0 }) }

    func contents(of plugin: String) -> [StoreValue: StoreValue] {
        contents.withLock { $0[plugin]?.values ?? [:] }
    }

    /// Keeps one value; nil takes it away.
    ///
    /// Throws when the plugin would keep too much.
    func set(_ key: StoreValue, _ value: StoreValue?, of plugin: String, name: String) throws(StoreRefusal) {
        let fits = contents.withLock { $0[plugin, default: Shelf()].put(value, at: key) }
        guard fits else { throw Self.tooMuch(name) }
    }

    static func tooMuch(_ name: String) -> StoreRefusal {
        StoreRefusal("with \(name) it is too much: a plugin may keep \(StoreValue.mostOctets) octets")
    }

    /// Keeps exactly these values.
    func replace(_ values: [StoreValue: StoreValue], of plugin: String) {
        contents.withLock { $0[plugin] = Shelf(values) }
    }

    /// Forgets the plugins that are gone.
    func keepOnly(_ plugins: Set<String>) {
        contents.withLock { $0 = $0.filter { plugins.contains($0.key) } }
    }
}
