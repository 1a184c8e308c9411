/// A machine without the libraries that are loaded on first use: each call says which package is missing.
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct MissingLibraryTests {
        /// Calls by noun. 192.168.4.10:7700 is the host itself, where something listens.
        private static let plugin = """
            local halua = require "halua"
            local calls = {
              { "http", function() return halua.http.get("http://192.168.4.10:7700/", { timeout = 1 }) end },
              { "mail", function()
                return halua.mail.send { server = "192.168.4.10:7700", from = "a@b", to = "c@d", timeout = 1 }
              end },
              { "mysql", function()
                return halua.mysql.connect { host = "192.168.4.10", port = 7700, user = "x", timeout = 1 }
              end },
              { "dns", function() return halua.dns.resolve("db.example", { timeout = 1 }) end },
              { "name", function() return halua.tcp.connect { host = "db.example", port = 1, timeout = 1 } end },
              { "tls", function()
                return halua.tcp.connect { host = "192.168.4.10", port = 7700, timeout = 1, tls = true }
              end },
              { "crypto", function() return halua.crypto.sha256 "x" end },
              { "random", function() return halua.crypto.random(8) end },
            }
            halua.check {
              name = "all", interval = 60, timeout = 20,
              run = function()
                for _, call in ipairs(calls) do
                  local value, err = call[2]()
                  print(call[1], value == nil and "nil" or "a value", err and err.kind, err and err.message)
                end
                return true
              end,
            }
            """

        /// Files that are no libraries stand in their places, for this program alone.
        private static let hiding = """
            for name in libcurl.so.4 libmariadb.so.3 libcares.so.2 libssl.so.3; do
              path=$(ldconfig -p | sed -n "s|^[[:space:]]*$name .*=> ||p" | head -n 1)
              mount --bind /dev/null "$(readlink -f "$path")" || exit 9
            done
            exec "$0" "$@"
            """

        @Test(
            "a call whose library is missing answers nil and an error that names the package", .timeLimit(.minutes(1)))
        func packages() throws {
            try Lab.with(["first"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                _ = try host.startLock()
                try host.write(file: "needs.lua", Self.plugin)
                let run = [LabSupport.programs.halua, "run-check", "\(host.folder)/needs.lua"]
                let text = try host.run(["unshare", "-m", "sh", "-c", Self.hiding] + run)
                let packages = [
                    ("http", "HTTP", "libcurl.so.4", "libcurl4"), ("mail", "mail", "libcurl.so.4", "libcurl4"),
                    ("mysql", "MySQL", "libmariadb.so.3", "libmariadb3"),
                    ("dns", "looking up names", "libcares.so.2", "libc-ares2"),
                    ("name", "looking up names", "libcares.so.2", "libc-ares2"),
                    ("tls", "TLS", "libssl.so.3", "libssl3"), ("crypto", "crypto", "libssl.so.3", "libssl3"),
                ]
                for (name, need, file, package) in packages {
                    let line = text.split(separator: "\n").first { $0.contains("\(name)\tnil\tdenied\t") }
                    #expect(line != nil, "no line for \(name) in\n\(text)")
                    #expect(
                        line?.contains("\(need) needs \(file): install the Debian package \(package)") == true,
                        "\(String(describing: line))")
                }
                // The kernel's random numbers need no library.
                #expect(text.contains("random\ta value"), "\(text)")
            }
        }
    }
}
