/// What an error object of the API does when it is printed or joined to a text.
import CLua

enum ErrorBinding {
    static let functions = [
        HostFunction("Error:__tostring", body: text),
        HostFunction("Error:__concat", body: concatenate),
    ]

    private static func text(_ call: HostCall) -> HostReturn {
        call.stack.push(call.stack.describe(1))
        return .values(1)
    }

    private static func concatenate(_ call: HostCall) -> HostReturn {
        call.stack.push(call.stack.describe(1) + call.stack.describe(2))
        return .values(1)
    }
}
