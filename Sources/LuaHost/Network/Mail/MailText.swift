/// A mail as text: RFC 5322 headers and a body that every server takes, whatever the script wrote.
import Glibc

enum MailText {
    /// What a line should not be longer than (RFC 5322 section 2.1.1).
    private static let longestLine = 76
    /// Octets of UTF-8 in one encoded word, so that "Subject: =?UTF-8?B?…?=" fits in a line (RFC 2047 section 2).
    private static let longestWord = 39

    /// The whole message with CRLF line ends; `seconds` since 1970, `identifier` as in Message-ID, without brackets.
    static func message(_ request: MailRequest, at seconds: Int, identifier: String) -> [UInt8] {
        let (encoding, body) = encoded(request.body)
        var lines = [
            "Date: \(date(seconds))", "From: \(request.from)", "To: \(list(request.to))",
        ]
        if !request.cc.isEmpty { lines.append("Cc: \(list(request.cc))") }
        lines += [
            header("Subject", request.subject), "Message-ID: <\(identifier)>",
            // Nobody's holiday notice answers it (RFC 3834).
            "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8",
            "Content-Transfer-Encoding: \(encoding)", "", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8) + body
    }

    /// One address a line: none is so long that it had to be broken.
    private static func list(_ addresses: [String]) -> String { addresses.joined(separator: ",\r\n ") }

    // MARK: Date

    /// "Thu, 26 Nov 2026 06:20:13 +0000" (RFC 5322 section 3.3).
    static func date(_ seconds: Int) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { ($0 < 10 ? "0" : "") + "\($0)" }
        return "\(days[Int(parts.tm_wday)]), \(parts.tm_mday) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
            + time.joined(separator: ":") + " +0000"
    }

    // MARK: Subject

    /// A header of any text without control characters: as it is where that is ASCII, else in encoded words (RFC 2047).
    static func header(_ name: String, _ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && !text.contains("=?")
        if isPlain, let folded = folded("\(name): \(text)") { return folded }
        var words: [String] = []
        var part = ""
        for scalar in text.unicodeScalars {
            if part.utf8.count + scalar.utf8.count > longestWord {
                words.append(part)
                part = ""
            }
            part.unicodeScalars.append(scalar)
        }
        words.append(part)
        return "\(name): " + words.map(encodedWord).joined(separator: "\r\n ")
    }

    private static func encodedWord(_ text: String) -> String {
        let octets = Base64.encode(Array(text.utf8), forURLs: false)
        return "=?UTF-8?B?\(String(decoding: octets, as: UTF8.self))?="
    }

    /// Broken in front of spaces, as unfolding puts it together again; nil when a word is longer than a line.
    private static func folded(_ text: String) -> String? {
        var lines: [String] = []
        var line = ""
        for (index, word) in text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            if word.utf8.count >= longestLine { return nil }
            // A line of spaces alone may not be (RFC 5322 section 4.2): the break is in front of a word.
            if !word.isEmpty, line.contains(where: { $0 != " " }), line.utf8.count + 1 + word.utf8.count > longestLine {
                lines.append(line)
                line = " \(word)"
            } else {
                line += (index == 0 ? "" : " ") + word
            }
        }
        lines.append(line)
        guard lines.allSatisfy({ $0.utf8.count <= 900 }) else { return nil }
        return lines.joined(separator: "\r\n")
    }

    // MARK: Body

    /// The body with CRLF line ends and one at its end: as it is where that is plain text, else quoted-printable.
    static func encoded(_ body: [UInt8]) -> (encoding: String, octets: [UInt8]) {
        var lines: [[UInt8]] = [[]]
        var last: UInt8 = 0
        for octet in body {
            switch octet {
            case 0x0D: lines.append([])
            case 0x0A where last == 0x0D: break
            case 0x0A: lines.append([])
            default: lines[lines.count - 1].append(octet)
            }
            last = octet
        }
        if lines.last == [] { lines.removeLast() }
        let isPlain = lines.allSatisfy { line in
            // Spaces at an end get lost on the way.
            line.count <= longestLine && line.last != 0x20 && line.last != 0x09
                && line.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 }
        }
        let written = isPlain ? lines : lines.map(quotedPrintable)
        return (isPlain ? "7bit" : "quoted-printable", Array(written.map { $0 + [0x0D, 0x0A] }.joined()))
    }

    /// One line (RFC 2045 section 6.7), broken by "=" at its ends.
    private static func quotedPrintable(_ line: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        var width = 0
        for (index, octet) in line.enumerated() {
            let isLast = index == line.count - 1
            let isSpace = octet == 0x20 || octet == 0x09
            let isPlain = octet > 0x20 && octet < 0x7F && octet != UInt8(ascii: "=") || isSpace && !isLast
            let piece = isPlain ? [octet] : [UInt8(ascii: "="), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            if width + piece.count >= longestLine {
                result += Array("=\r\n".utf8)
                width = 0
            }
            result += piece
            width += piece.count
        }
        return result
    }
}
