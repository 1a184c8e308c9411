/// The words of halua.test are the ones that the definition of the API has.
import Foundation
import Testing

@Suite struct WordsTests {
    private struct Noun: Decodable {
        struct Function: Decodable { var name: String }
        var module: String
        var functions: [Function]?
    }

    /// The names of the definition: "advance", "Node:check".
    private static func defined() throws -> [String] {
        let nouns = try JSONDecoder().decode([Noun].self, from: APIDefinition.json())
        return nouns.filter { $0.module == "halua.test" }.flatMap { $0.functions ?? [] }.map(\.name).sorted()
    }

    @Test("every word of a test is defined, and every one that is defined is there")
    func words() throws {
        let defined = try Self.defined()
        #expect(defined.count > 30)
        let list = defined.map { "\"\($0)\"" }.joined(separator: ", ")
        let play = Play(
            Play.head + """
                t.case("words", function()
                  local seen = {}
                  local function collect(prefix, words)
                    for name, value in pairs(words) do
                      if type(value) == "function" and not name:find("^__") then seen[#seen + 1] = prefix .. name end
                    end
                  end
                  local node = t.node { conf = conf, state = "MASTER" }
                  node.net:accept("127.0.0.1:80")
                  collect("", t)
                  collect("Node:", getmetatable(node).__index)
                  collect("Net:", getmetatable(node.net).__index)
                  collect("PlayedProcess:", getmetatable(node:process { name = "sample" }).__index)
                  table.sort(seen)
                  t.equal(seen, { \(list) })
                end)
                """)
        #expect(play.results.count == 1)
        #expect(play.failure("words") == nil)
    }
}
