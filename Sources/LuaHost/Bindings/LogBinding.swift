/// halua.log.debug, info, warn, error(message [, fields]), and print, which is log.info.
import CLua

enum LogBinding {
    static let functions = [
        HostFunction("log.debug", takesText: true) { call in log(call, .debug) },
        HostFunction("log.info", takesText: true) { call in log(call, .info) },
        HostFunction("log.warn", takesText: true) { call in log(call, .warning) },
        HostFunction("log.error", takesText: true) { call in log(call, .error) },
        HostFunction("print", takesText: true, body: print),
    ]

    /// Longer lines are cut: a log is no place for data.
    private static let longestMessage = 4_096
    private static let mostFields = 32
    private static let longestKey = 64
    private static let longestValue = 1_024

    private static func log(_ call: HostCall, _ level: LogLevel) -> HostReturn {
        var fields: [LogField] = []
        var leftOut = 0
        let stack = call.stack
        if stack.kind(2) == .table {
            stack.pushNil()
            while lua_next(stack.pointer, 2) != 0 {
                if fields.count < mostFields {
                    let (key, value) = (stack.describe(-2), stack.describe(-1))
                    fields.append(LogField(key: key.cut(to: longestKey), value: value.cut(to: longestValue)))
                } else {
                    leftOut += 1
                }
                stack.pop()
            }
        }
        fields.sort { $0.key < $1.key }
        if leftOut > 0 { fields.append(LogField(key: "left_out", value: "\(leftOut) fields")) }
        write(call, level, stack.describe(1), fields)
        return .values(0)
    }

    private static func print(_ call: HostCall) -> HostReturn {
        let words = call.stack.count == 0 ? [] : (1...call.stack.count).map { call.stack.describe($0) }
        write(call, .info, words.joined(separator: "\t"), [])
        return .values(0)
    }

    private static func write(_ call: HostCall, _ level: LogLevel, _ message: String, _ fields: [LogField]) {
        call.program.log(level, message.cut(to: longestMessage), fields)
    }
}
