/// What no operator may set, plugin by plugin; a plugin that is not in this table fails its test.

/// Lines of a plugin's block, of which the last one is wrong.
struct WrongOption {
    var lines: [String]
    /// In the complaint.
    var words: String
    /// The complaint names the block: what is wrong is not on a line of the operator's.
    var isAboutWhole = false

    init(_ lines: String..., words: String, isAboutWhole: Bool = false) {
        self.lines = lines
        self.words = words
        self.isAboutWhole = isAboutWhole
    }
}

struct WrongOptions {
    /// The least that the plugin can be loaded with.
    var needs: [String] = []
    /// Options that take any text, or any value of their type.
    var plain: Set<String> = []
    var wrong: [WrongOption]
}

private let path = "takes a path that begins with /"
private let port = "a port is a number from 1 to 65535, not"
private let longPath = "/" + String(repeating: "x", count: 107)
private let longSocket = "the path of a socket has at most 107 octets"

let wrongOptions: [String: WrongOptions] = [
    "disk": WrongOptions(
        needs: ["path /"], plain: ["user"],
        wrong: [
            WrongOption("path here", words: path),
            WrongOption(
                "min_free 101%", words: "takes a share such as 5% or a number such as 500M or 20G, not \"101%\""),
            WrongOption("min_free -1", words: "not \"-1\""),
            WrongOption("min_free 5Q", words: "not \"5Q\""),
            WrongOption("min_free_inodes 5G", words: "takes a share such as 5% or a number, not \"5G\""),
            WrongOption("file a/b", words: "takes the name of a file in the path"),
            WrongOption("file ..", words: "takes the name of a file in the path"),
            WrongOption(#"file "a\nb""#, words: "takes the name of a file in the path"),
        ]),
    "exec": WrongOptions(
        needs: ["command /bin/true"], plain: ["user", "group"],
        wrong: [
            WrongOption("command ./x", words: "a whole path or a name to find in PATH, not \"./x\""),
            WrongOption(#"command """#, words: "a whole path or a name to find in PATH"),
            WrongOption("codes perhaps", words: "takes \"nagios\" or \"plain\", not \"perhaps\""),
            WrongOption("codes plain", "warning fail", words: "has a meaning only with \"codes nagios\""),
            WrongOption("codes plain", "unknown pass", words: "has a meaning only with \"codes nagios\""),
            WrongOption("directory here", words: path),
            WrongOption("env WARN", words: "takes texts such as \"NAME=value\", not \"WARN\""),
            WrongOption("env A=1 A=2", words: "has A twice"),
        ]),
    "gateway_witness": WrongOptions(
        needs: ["targets 192.0.2.1"], plain: ["instance"],
        wrong: [
            WrongOption("targets 224.0.0.18", words: "takes addresses of single hosts, and 224.0.0.18 is none"),
            WrongOption("targets 0.0.0.0", words: "takes addresses of single hosts"),
            WrongOption("peers ff02::12", words: "takes addresses of single hosts, and ff02::12 is none"),
            WrongOption("peers ::", words: "takes addresses of single hosts"),
            WrongOption(#"interface """#, words: "must be the name of an interface"),
            WrongOption("timeout 0s", words: "takes 10 ms to 60 s"),
            WrongOption("timeout 2m", words: "takes 10 ms to 60 s"),
        ]),
    "haproxy": WrongOptions(
        plain: ["backends"],
        wrong: [
            WrongOption("socket \(longPath)", words: longSocket),
            WrongOption("min_up 0", words: "takes 1 or more, not 0"),
        ]),
    "http": WrongOptions(
        needs: ["url https://127.0.0.1/"], plain: ["expect", "user"],
        wrong: [
            WrongOption("url https://127.0.0.1:99999/", words: "takes an http:// or https:// address"),
            WrongOption("url ftp://127.0.0.1/", words: "takes an http:// or https:// address"),
            WrongOption("expect x", "method HEAD", words: "the answer to HEAD has no page"),
            WrongOption("reject x", "method HEAD", words: "the answer to HEAD has no page"),
            WrongOption("status 99", words: "takes numbers such as 200 and ranges such as 200-299, not \"99\""),
            WrongOption("status 300-200", words: "not \"300-200\""),
            WrongOption("reject", words: "not nothing"),
            WrongOption("slow -1s", words: "takes a duration"),
            WrongOption("follow 21", words: "takes 0 to 20, not 21"), WrongOption("follow -1", words: "not -1"),
            WrongOption("socket /run/app.sock", "address 127.0.0.1", words: "has no meaning together with \"socket\""),
            WrongOption("headers nonsense", words: "takes texts such as \"Name: value\", not \"nonsense\""),
            WrongOption(#"headers "A: 1" "a: 2""#, words: "has \"a\" twice"),
            WrongOption(#"headers "Content-Length: 1""#, words: "the body tells it"),
            WrongOption(#"headers "A: \x01""#, words: "has a control character in the value of A"),
            WrongOption("password x", words: "needs a \"user\""),
            WrongOption("body x", words: "is sent only with \"method POST\""),
            WrongOption("socket \(longPath)", words: longSocket),
            WrongOption("url http://127.0.0.1/", "verify off", words: "only for a url that begins with https://"),
            WrongOption("verify off", "ca /etc/ssl/our-ca.pem", words: "has no meaning with \"verify off\""),
            WrongOption("url http://127.0.0.1/", "cert /x", words: "only for a url that begins with https://"),
            WrongOption("key /x", words: "needs a \"cert\""),
        ]),
    "mail": WrongOptions(
        needs: ["server mail.example.org", "to ops@example.org"], plain: ["node", "calm", "give_up"],
        wrong: [
            WrongOption("server mail.example.org:0", words: "is a host, or a host and a port from 1 to 65535"),
            WrongOption(#"server "a b""#, words: "is a host, or a host and a port"),
            WrongOption(#"to "Ops <ops@example.org>""#, words: "is no mail address: write it bare"),
            WrongOption("cc @", words: "is no mail address"), WrongOption("from a@b@c", words: "is no mail address"),
            WrongOption("tell MASTER SLAVE", words: "\"SLAVE\" is none of INIT, BACKUP, MASTER, FAULT, CONFLICT"),
            WrongOption("instances VG_1=", words: "\"VG_1=\" is no group: write NAME=MEMBER,MEMBER"),
            WrongOption("checks web", words: "\"web\" is no check: write plugin.check"),
            WrongOption(#"prefix "a\nb""#, words: "has no control characters"),
            WrongOption("form perhaps", words: "takes \"halua\" or \"keepalived\", not \"perhaps\""),
            WrongOption("burst 0", words: "takes 1 to 100"), WrongOption("pause 500ms", words: "takes 1s at least"),
            WrongOption("timeout 6m", words: "takes 5m at most"), WrongOption("queue 501", words: "takes 1 to 500"),
            WrongOption(#"helo "a b""#, words: "is the name of a host"),
            WrongOption("tls perhaps", words: "takes \"off\" or \"starttls\" or \"smtps\", not \"perhaps\""),
            WrongOption("verify perhaps", words: "takes on or off"), WrongOption("ca here", words: path),
            WrongOption("user u", words: "needs tls starttls or smtps"),
            WrongOption("password p", words: "needs a user"),
        ]),
    "mycat": WrongOptions(
        plain: ["restart_grace", "hold_down", "instance", "ready_age", "user"],
        wrong: [
            WrongOption(#"host """#, words: "takes an IP address or a name"),
            WrongOption("port 0", words: "takes 1 to 65535, not 0"),
            WrongOption("manager_port 65536", words: "takes 1 to 65535, not 65536"),
            WrongOption(#"main_class """#, words: "takes the name of a class"), WrongOption("home here", words: path),
            WrongOption("greeting_timeout 0s", words: "takes a time above 0"),
            WrongOption("pause 0s", words: "takes a time above 0"),
            WrongOption("stale 0s", words: "takes a time above 0"),
            WrongOption("query_timeout 0s", words: "takes a time above 0"),
            WrongOption("failures 6", words: "takes 1 to window, which is 5"),
            WrongOption("window 0", words: "takes 1 to 100, not 0"), WrongOption("window 101", words: "takes 1 to 100"),
            WrongOption(
                "window 2", words: "failures of plugin mycat: takes 1 to window, which is 2", isAboutWhole: true),
            WrongOption(#"peers "x y:1""#, words: "takes hosts such as 192.0.2.2 or 192.0.2.2:8066, not \"x y:1\""),
            WrongOption("peers 192.0.2.2:99999", words: "takes hosts such as"),
            WrongOption(#"peers """#, words: "takes hosts such as"),
            WrongOption("password x", words: "has a meaning only with a \"user\""),
            WrongOption("password_file /x", words: "has a meaning only with a \"user\""),
            WrongOption("schema x", words: "has a meaning only with a \"user\""),
            WrongOption("user u", "password x", "password_file /x", words: "has no meaning together with \"password\""),
            WrongOption("user u", "schema x", #"query """#, words: "must be a statement"),
            WrongOption("datanode_weight 0", words: "takes -253 to -1, not 0"),
            WrongOption("datanode_weight -254", words: "takes -253 to -1, not -254"),
            WrongOption("datanode_floor -4", words: "takes -253 to datanode_weight, which is -5"),
            WrongOption("datanode_floor -254", words: "takes -253 to datanode_weight"),
            WrongOption("overload_weight 1", words: "takes -253 to 0, not 1"),
            WrongOption("min_datanodes -1", words: "takes 0 or more, not -1"),
            WrongOption("ready_age 3m", "ready_limit 1m", words: "must not be shorter than ready_age, which is 3m"),
        ]),
    "mysql": WrongOptions(
        needs: ["user halua"], plain: ["password", "database", "max_lag"],
        wrong: [
            WrongOption(#"user """#, words: "must be the name of a user"),
            WrongOption("host \"a b\"", words: "takes an IP address or a name, not \"a b\""),
            WrongOption("port 0", words: "\(port) 0"), WrongOption("port 65536", words: "\(port) 65536"),
            WrongOption("host 192.0.2.1", "socket /x", words: "has no meaning together with \"host\""),
            WrongOption("port 3307", "socket /x", words: "has no meaning together with \"port\""),
            WrongOption("socket \(longPath)", words: longSocket),
            WrongOption(#"query """#, words: "must be a statement"),
            WrongOption("when_full perhaps", words: "takes \"fail\" or \"pass\", not \"perhaps\""),
            WrongOption("source_lost perhaps", words: "takes \"pass\" or \"fail\", not \"perhaps\""),
            WrongOption("without_source perhaps", words: "takes \"pass\" or \"fail\", not \"perhaps\""),
            WrongOption("donor perhaps", words: "takes \"fail\" or \"pass\", not \"perhaps\""),
            WrongOption("min_cluster_size -1", words: "takes 0 or more, not -1"),
        ]),
    "process": WrongOptions(
        needs: ["name nginx"],
        wrong: [
            WrongOption(
                #"name """#, words: "name of plugin process: say which process: by name, exe, cmdline or pidfile"),
            WrongOption("name a-name-that-is-too-long", words: "the kernel keeps 15 octets of a name: a-name-that-is-"),
            WrongOption("exe /usr/sbin/nginx", words: "the process is described by \"name\" already: only one of them"),
            WrongOption("cmdline x", words: "the process is described by \"name\" already"),
            WrongOption("name \"\"", #"cmdline """#, words: "an argument must have a letter at least"),
            WrongOption("pidfile /run/nginx.pid", words: "the process is described by \"name\" already"),
            WrongOption("min 0", words: "takes 1 or more, not 0"),
            WrongOption("min 3", "max 2", words: "takes 0, or at least min (3)"),
            WrongOption("max -1", words: "takes 0, or at least min (1)"),
        ]),
    "systemd_unit": WrongOptions(
        needs: ["unit nginx"], plain: ["sub"],
        wrong: [
            WrongOption("unit -x", words: "\"-x\" is no name of a unit"),
            WrongOption(#"unit "a b""#, words: "\"a b\" is no name of a unit"),
            WrongOption(
                "unit \(String(repeating: "x", count: 256))", words: "the name of a unit has at most 255 octets"),
        ]),
    "tcp": WrongOptions(
        needs: ["port 6379"], plain: ["send", "quit", "tls"],
        wrong: [
            WrongOption(#"host """#, words: "takes an IP address or a name"),
            WrongOption("port 0", words: "\(port) 0"), WrongOption("port 65536", words: "\(port) 65536"),
            WrongOption(
                "expect \(String(repeating: "x", count: 4_097))", words: "at most 4096 octets can be expected"),
            WrongOption("source here", words: "takes an IP address, not \"here\""),
            WrongOption("server_name db1", words: "has a meaning only with \"tls on\""),
            WrongOption("tls on", #"server_name "a b""#, words: "takes an IP address or a name, not \"a b\""),
            WrongOption("ca /x", words: "has a meaning only with \"tls on\""),
            WrongOption("tls on", "verify off", "ca /x", words: "has no meaning with \"verify off\""),
            WrongOption("verify off", words: "has a meaning only with \"tls on\""),
        ]),
    "webhook": WrongOptions(
        needs: ["url https://hooks.example/x"], plain: ["node", "instance", "calm", "give_up"],
        wrong: [
            WrongOption("url hooks.example/SECRET", words: "takes an http:// or https:// address with a host, which"),
            WrongOption("format perhaps", words: "takes \"slack\" or \"json\", not \"perhaps\""),
            WrongOption("format json", "channel x", words: "needs format slack"),
            WrongOption("fields a=b", words: "needs format json"),
            WrongOption("format json", "fields nonsense", words: "each is a name, an equals sign and a text"),
            WrongOption("format json", "fields .=b", words: "a field needs a name before the equals sign"),
            WrongOption("format json", "fields a=b a.b=c", words: "a and a.b are in each other's place"),
            WrongOption(#"token "a b""#, words: "takes printable ASCII without spaces"),
            WrongOption("tell MASTER SLAVE", words: "\"SLAVE\" is none of INIT, BACKUP, MASTER, FAULT, CONFLICT"),
            WrongOption("timeout 0s", words: "takes 10 ms to 1m"),
            WrongOption("timeout 2m", words: "takes 10 ms to 1m"),
            WrongOption("queue 0", words: "takes 1 to 500"), WrongOption("queue 501", words: "takes 1 to 500"),
            WrongOption("ca here", words: path),
            WrongOption("proxy here", words: "takes an http:// or https:// address with a host, which"),
        ]),
]
