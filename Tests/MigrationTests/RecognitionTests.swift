/// Commands of checks, one by one: which plugin asks the same, and which commands must stay programs.
import Migration
import Testing

@Suite struct RecognitionTests {
    private func judge(_ command: String, script: String? = nil) -> Judgement {
        CheckJudge { _ in script }.judge(command.split(separator: " ").map(String.init))
    }

    private func described(_ judgement: Judgement) -> String {
        switch judgement {
        case .program: "program"
        case .lua(let proposal):
            "\(proposal.plugin).\(proposal.check)" + proposal.options.map { " \($0.key)=\($0.value)" }.joined()
        }
    }

    @Test(
        "a command without a shell is recognised by its program and its options",
        arguments: [
            ("killall -0 haproxy", "process.running name=haproxy"),
            ("/usr/bin/killall -s 0 nginx", "process.running name=nginx"),
            ("pkill -0 -x nginx", "process.running name=nginx"),
            ("pidof /usr/sbin/mysqld", "process.running exe=/usr/sbin/mysqld"),
            ("pgrep -x a-name-of-more-than-fifteen", "process.running name=a-name-of-more-"),
            ("pgrep -f io.mycat.MycatStartup", "process.running cmdline=io.mycat.MycatStartup"),
            ("systemctl is-active --quiet nginx", "systemd_unit.active unit=nginx"),
            ("service nginx status", "systemd_unit.active unit=nginx"),
            ("nc -z -w1 10.0.0.1 80", "tcp.connect host=10.0.0.1 port=80"),
            ("nc -zv localhost 22", "tcp.connect port=22"),
            ("timeout 1 nc -z localhost 22", "tcp.connect port=22"),
            ("curl -fsS http://127.0.0.1/x", "http.answer url=http://127.0.0.1/x"),
            ("curl -s localhost:81", "http.answer url=http://localhost:81 status=100-599"),
            ("curl -kfL -u me:pw https://a", "http.answer url=https://a follow=10 user=me password=pw verify=off"),
            ("wget -q --spider http://a/", "http.answer url=http://a/ method=HEAD follow=10"),
            ("mysqladmin ping -u root -pxy -h 127.0.0.1", "mysql.alive user=root password=xy"),
            ("redis-cli ping", "tcp.connect port=6379 send=PING\r\n expect=+PONG"),
            ("ss -lnt | grep :8066", "tcp.connect port=8066"),
            ("netstat -tln | grep -q 3306", "tcp.connect port=3306"),
            ("lsof -i :80", "tcp.connect port=80"),
            ("ps -C nginx", "process.running name=nginx"),
        ])
    func known(command: String, expected: String) { #expect(described(judge(command)) == expected) }

    @Test(
        "what asks something else, or does more than ask, stays a program",
        arguments: [
            "killall nginx", "pkill nginx", "systemctl restart nginx", "service nginx restart", "nc -zu 10.0.0.1 53",
            "nc -z 10.0.0.1 80-90", "curl -d x=1 http://a", "curl -f http://a http://b", "pgrep -f a|b",
            "pgrep -u root",
            "systemctl is-active a b", "mysql -e", "mysqladmin shutdown", "redis-cli get x", "ping -c1 10.0.0.1",
            "/opt/check", "ss -lnt | grep x80", "curl -f http://a | grep a*", "pidof a b",
        ])
    func unknown(command: String) { #expect(described(judge(command)) == "program") }

    @Test(
        "a script is its question when its exit status is that of the question",
        arguments: [
            ("#!/bin/sh\npidof nginx\n", "process.running name=nginx"),
            ("pidof nginx >/dev/null 2>&1 || exit 1\n", "process.running name=nginx"),
            ("if pidof nginx; then exit 0; else exit 1; fi", "process.running name=nginx"),
            ("if ! pidof nginx &>/dev/null; then\n echo gone\n exit 1\nfi\nexit 0", "process.running name=nginx"),
            ("pidof nginx\nexit $?", "process.running name=nginx"),
            ("pidof nginx\nRC=$?\nif [ $RC -ne 0 ]; then exit 2; fi", "process.running name=nginx"),
            ("N=nginx\npidof \"$N\" && exit 0\nexit 1", "process.running name=nginx"),
            ("[ $(pidof nginx | wc -l) -gt 0 ]", "process.running name=nginx"),
            ("A=`ps -C nginx --no-header | wc -l`\n[ $A -eq 0 ] && exit 1\nexit 0", "process.running name=nginx"),
            ("if [ -z \"$(pidof nginx)\" ]; then exit 1; fi", "process.running name=nginx"),
            ("if [ \"$(systemctl is-active nginx)\" = active ]; then exit 0; fi; exit 1", "program"),
            ("kill -0 $(cat /run/x.pid)", "process.running pidfile=/run/x.pid"),
            ("timeout 1 bash -c '</dev/tcp/127.0.0.1/80'", "tcp.connect port=80"),
            ("ps aux | grep nginx | grep -v grep", "process.running name=nginx"),
            ("echo 'show info' | socat /run/h.sock stdio", "haproxy.alive socket=/run/h.sock"),
            ("redis-cli -a pw ping | grep -q PONG", "tcp.connect port=6379 send=AUTH pw\r\nPING\r\n expect=+PONG"),
            // The exit status is not the question's.
            ("pidof nginx; exit 0", "program"),
            ("pidof nginx && exit 1\nexit 0", "program"),
            // It does more.
            ("pidof nginx || systemctl start nginx", "program"),
            ("pidof nginx || { systemctl stop keepalived; }", "program"),
            ("pidof nginx && pidof php-fpm", "program"),
            ("for i in 1 2 3; do pidof nginx && exit 0; done; exit 1", "program"),
            ("pidof $NAME", "program"), ("", "program"), ("if pidof nginx", "program"), ("echo 'x", "program"),
            ("#!/usr/bin/perl\npidof nginx\n", "program"), ("$(", "program"), ("a=$(b", "program"), ("|", "program"),
        ])
    func scripts(text: String, expected: String) {
        #expect(described(judge("/etc/check.sh", script: text)) == expected)
    }

    @Test("no text whatever makes the reader fail")
    func anything() {
        var state: UInt64 = 1
        let pieces = [
            "if ", "then ", "fi", ";", "\n", "$(", ")", "`", "\"", "'", "|", "&&", "||", "pidof x", "[ ", "]", "$?",
            ">", "<", "\\", "#", "{", "exit", "!", "=", "é",
        ]
        for _ in 0..<3_000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            _ = judge("/etc/check.sh", script: text)
        }
    }
}
