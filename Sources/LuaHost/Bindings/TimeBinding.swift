/// halua.now, time, seconds, and require_api: what a plugin asks about the moment and about halua itself.
import CLua
import LinuxIO

enum TimeBinding {
    static let functions = [
        HostFunction("now", body: now),
        HostFunction("time", body: time),
        HostFunction("seconds", body: seconds),
        HostFunction("require_api", body: requireAPI),
    ]

    /// now() → seconds of the monotonic clock, for measuring spans.
    private static func now(_ call: HostCall) -> HostReturn {
        call.stack.push(Double(call.program.time) / 1e9)
        return .values(1)
    }

    /// time() → seconds since 1970, with a fraction.
    private static func time(_ call: HostCall) -> HostReturn {
        call.stack.push(Double(call.program.wallTime) / 1e9)
        return .values(1)
    }

    /// seconds(duration) → the span as a number, for calculating with it.
    private static func seconds(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let span = try call.duration(1)
        call.stack.push(Double(span.wholeNanoseconds) / 1e9)
        return .values(1)
    }

    /// require_api(n): raises when this halua does not keep that contract.
    private static func requireAPI(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let wanted = try call.integer(1, "the number of the API")
        guard wanted == Bindings.api else {
            throw call.fault("this plugin is written for API \(wanted); halua \(Bindings.version) has \(Bindings.api)")
        }
        return .values(0)
    }
}
