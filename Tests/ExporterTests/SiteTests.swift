/// Addresses, pages and Prometheus text, without a network.
import ControlProtocol
import Exporter
import Foundation
import LinuxIO
import Testing

@Suite struct ListenAddressTests {
    @Test(
        "addresses of both families, localhost and every address are understood",
        arguments: [
            ("127.0.0.1:9650", "127.0.0.1:9650"), ("[::1]:9650", "[::1]:9650"), ("localhost:80", "127.0.0.1:80"),
            (":9650", "[::]:9650"), ("0.0.0.0:1", "0.0.0.0:1"),
        ])
    func good(text: String, expected: String) throws {
        #expect("\(try SocketAddress(listening: text))" == expected)
    }

    @Test(
        "what is wrong is said, and what to write",
        arguments: [
            ("9650", "has no port"), ("127.0.0.1:", "is no port"), ("127.0.0.1:65536", "is no port"),
            ("::1:9650", "needs brackets"), ("[::x]:1", "is no IPv6 address"), ("node.example:1", "is no IP address"),
            ("127.0.0.1:+1", "is no port"),
        ])
    func wrong(text: String, sentence: String) {
        #expect(
            performing: { try SocketAddress(listening: text) },
            throws: { "\($0)".contains(sentence) && "\($0)".contains("[::1]:9650") })
    }
}

@Suite struct PageTests {
    @Test("the page is well-formed and has a row for each instance; names cannot break out of it")
    func table() throws {
        let page = Exporter.page(.success(sampleReport))
        let document = try XMLReader(page.replacingOccurrences(of: "<!DOCTYPE html>", with: ""))
        #expect(document.texts["h1"] == ["halua exporter"])
        #expect(document.texts["td"]?.first == "VI_1")
        #expect(document.attributes["td"]?.contains(["class": "MASTER"]) == true)
        #expect(document.texts["td"]?.last?.contains("<script>alert(\"x\")</script> & 'y'") == true)
        #expect(document.texts["script"] == nil)
        #expect(document.attributes["table"] == [["id": "instances"]])
        #expect(document.attributes["a"] == [["href": "/metrics"], ["href": "/healthz"]])
    }

    @Test("a daemon that is gone is said on the page")
    func down() throws {
        let page = Exporter.page(.failure(ControlFailure(description: "no haluad listens at /run/<x>")))
        let document = try XMLReader(page.replacingOccurrences(of: "<!DOCTYPE html>", with: ""))
        #expect(document.texts["p"]?.first == "haluad does not answer: no haluad listens at /run/<x>")
        #expect(document.attributes["p"]?.first == ["id": "down"])
    }
}

/// Elements of a page with their texts and attributes; throws where a browser would have to guess.
private final class XMLReader {
    private(set) var texts: [String: [String]] = [:]
    private(set) var attributes: [String: [[String: String]]] = [:]

    init(_ page: String) throws {
        // Elements that HTML leaves open.
        let closed = page.replacingOccurrences(of: "<meta charset=\"utf-8\">", with: "")
        let reader = SAX()
        try reader.read(closed)
        texts = reader.texts
        attributes = reader.attributes
    }
}

/// A strict reader of elements, enough for pages without scripts.
private final class SAX {
    var texts: [String: [String]] = [:]
    var attributes: [String: [[String: String]]] = [:]
    private var open: [(name: String, text: String)] = []

    func read(_ page: String) throws {
        var rest = page[...]
        while let start = rest.firstIndex(of: "<") {
            add(rest[..<start])
            let end = try #require(rest[start...].firstIndex(of: ">"), "a tag has no end")
            tag(String(rest[rest.index(after: start)..<end]))
            rest = rest[rest.index(after: end)...]
        }
        #expect(open.isEmpty, "left open: \(open.map(\.name))")
    }

    private func add(_ text: Substring) {
        #expect(!text.contains(">"), "a > that is not escaped")
        for index in open.indices { open[index].text += Self.plain(String(text)) }
    }

    private func tag(_ text: String) {
        if text.hasPrefix("/") {
            let last = open.popLast()
            #expect(last?.name == String(text.dropFirst()), "</\(text)> closes \(last?.name ?? "nothing")")
            if let last { texts[last.name, default: []].append(last.text) }
            return
        }
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        var found: [String: String] = [:]
        if parts.count > 1 {
            for pair in parts[1].matches(of: /([a-z]+)="([^"<>]*)"/) { found[String(pair.1)] = String(pair.2) }
        }
        attributes[parts[0], default: []].append(found)
        open.append((parts[0], ""))
    }

    private static func plain(_ text: String) -> String {
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")].reduce(text) {
            $0.replacingOccurrences(of: $1.0, with: $1.1)
        }
    }
}
