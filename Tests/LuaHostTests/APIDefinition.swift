/// The definition of the API in plugins/library/api, as its generator prints it for tests.
import Foundation

/// What the tests need of a noun.
struct APINoun: Decodable {
    struct Function: Decodable {
        struct Field: Decodable { var name: String }
        var name: String
        var phase: String
        var waits: Bool?
        var fields: [Field]?
        var example: String?
        var runs: Bool?
    }
    struct Constant: Decodable { var name: String }
    struct Alias: Decodable {
        var name: String
        var type: String
    }
    struct Class: Decodable {
        struct Field: Decodable {
            var name: String
            var type: String
        }
        var name: String
        var parent: String?
        var fields: [Field]?
    }
    struct Limit: Decodable {
        var name: String
        var property: String
        var keyword: String?
        var `default`: String
    }

    var noun: String
    /// "halua", or a library that is required under this name.
    var module: String
    var functions: [Function]?
    var constants: [Constant]?
    var classes: [Class]?
    var aliases: [Alias]?
    var limits: [Limit]?
}

enum APIDefinition {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Throws what the generator complains about.
    static func read() throws -> [APINoun] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["lua5.4", root.appending(path: "plugins/library/generate/main.lua").path, "--json"]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode([APINoun].self, from: data)
    }
}
