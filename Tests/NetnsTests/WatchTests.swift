/// `halua watch` on a terminal of its own, and what the tool says to mistakes.
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct WatchTests {
        /// Runs `halua watch` on a pseudo-terminal; prints its exit status, then everything it drew, in hexadecimal.
        private static let terminal = """
            import fcntl, os, pty, select, struct, sys, termios, time
            pid, master = pty.fork()
            if pid == 0:
                os.execv(sys.argv[1], [sys.argv[1], "watch", "--interval", "0.2", "--control", sys.argv[2]])
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            seen, begun, quit = b"", time.time(), False
            while time.time() - begun < 10:
                if select.select([master], [], [], 0.1)[0]:
                    try: octets = os.read(master, 65536)
                    except OSError: break
                    seen += octets
                if not quit and time.time() - begun > 1.5:
                    os.write(master, b"q"); quit = True
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.hex())
            """

        @Test("it draws the node on a screen of its own, and leaves the terminal as it was", .timeLimit(.minutes(1)))
        func watch() throws {
            try withPair { lab, watch, _ in
                var instance = InstanceText()
                (instance.version, instance.interval) = (3, .milliseconds(200))
                let daemon = try lab.hosts[0].start(.halua, configuration: instance.text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                let printed = try lab.hosts[0].run(
                    ["python3", "-c", Self.terminal, LabSupport.programs.halua, lab.hosts[0].controlSocketPath])
                let words = printed.split(whereSeparator: \.isWhitespace)
                #expect(words.first == "0")
                let octets = try #require(words.last).matches(of: /[0-9a-f]{2}/).compactMap { UInt8($0.0, radix: 16) }
                let drawn = String(decoding: octets, as: UTF8.self)
                #expect(drawn.hasPrefix("\u{1B}[?1049h\u{1B}[?25l") && drawn.contains("\u{1B}[?25h\u{1B}[?1049l"))
                #expect(drawn.contains("VI_1") && drawn.contains("MASTER") && drawn.contains("held here"), "\(drawn)")
                #expect(drawn.components(separatedBy: "\u{1B}[H").count > 4, "it is drawn again and again")
                let status = try lab.hosts[0].run(
                    [
                        LabSupport.programs.halua, "status", "--color", "always", "--control",
                        lab.hosts[0].controlSocketPath,
                    ])
                #expect(status.contains("\u{1B}[1;32mMASTER\u{1B}[0m"), "\(status)")
                let plain = try lab.hosts[0].run(
                    [LabSupport.programs.halua, "status", "VI_1", "--control", lab.hosts[0].controlSocketPath])
                #expect(!plain.contains("\u{1B}"))
                for (command, words) in [
                    ("explain VI_1", "VI_1 has been MASTER for "), ("checks", "no check is tracked"),
                    ("status VI_l", "there is no instance VI_l: did you mean VI_1?"),
                ] {
                    let said = try typeHalua("\(command) --control \(lab.hosts[0].controlSocketPath)", on: lab.hosts[0])
                        .text
                    #expect(said.contains(words), "\(said)")
                }
            }
        }

        /// A daemon that refuses everything; prints how often it was asked, then everything that was drawn.
        private static let refusing = """
            import os, pty, select, socket, sys, tempfile, threading, time
            folder = tempfile.mkdtemp()
            path, asked = folder + "/socket", []
            server = socket.socket(socket.AF_UNIX)
            server.bind(path)
            server.listen()
            def serve():
                while True:
                    client = server.accept()[0]
                    client.recv(65536)
                    asked.append(time.time())
                    client.sendall(b'{"version": 1, "error": "this is for root alone"}\\n')
                    client.close()
            threading.Thread(target=serve, daemon=True).start()
            pid, master = pty.fork()
            if pid == 0:
                os.execv(sys.argv[1], [sys.argv[1], "watch", "--interval", "0.2", "--control", path])
            seen, begun = b"", time.time()
            while time.time() - begun < 10 and len(asked) < 4:
                if select.select([master], [], [], 0.1)[0]: seen += os.read(master, 65536)
            os.write(master, b"q")
            os.waitpid(pid, 0)
            os.remove(path)
            os.rmdir(folder)
            print(len(asked), seen)
            """

        @Test("a daemon that refuses to answer is asked again, and its sentence shown")
        func refused() throws {
            let printed = try runCommand(["python3", "-c", Self.refusing, LabSupport.programs.halua])
            #expect(printed.hasPrefix("4 ") && printed.contains("this is for root alone"), "\(printed)")
        }

        @Test(
            "a mistyped command is answered by the one that was meant, a missing daemon by what to look at",
            arguments: [
                ("staus", "there is no command \"staus\"; did you mean \"halua status\"?", 64),
                ("frobnicate", "there is no command \"frobnicate\"; \"halua --help\" lists them", 64),
                ("status --control /nonexistent/x", "no haluad listens at /nonexistent/x: is it running", 2),
                ("watch", "halua watch needs a terminal", 2),
            ])
        func mistakes(_ command: String, _ words: String, _ status: Int) throws {
            let said = try runCommand(["sh", "-c", "\(LabSupport.programs.halua) \(command) 2>&1 </dev/null; echo $?"])
            #expect(said.contains(words), "\(said)")
            #expect(said.hasSuffix("\n\(status)\n"), "\(said)")
        }
    }
}
