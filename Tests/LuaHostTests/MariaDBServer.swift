/// A real MariaDB on a port and a socket of its own, in a directory that goes away with it.
import Glibc
import LinuxIO

final class MariaDBServer: Sendable {
    /// One for all tests; it ends when the process of the tests does, however that happens.
    static let shared = MariaDBServer()

    let port: Int
    let socket: String
    private let folder: String
    private let shell: Int32
    private let input: Int32

    /// Users: "watcher" with "secret", who may see replication and nothing else; root without a password (socket only), "halua" with "secret", "lonely" who may connect once at a time.
    private static let setup = """
        CREATE DATABASE shop;
        CREATE USER halua@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('secret');
        GRANT ALL ON *.* TO halua@'%';
        CREATE USER watcher@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('secret');
        GRANT REPLICA MONITOR ON *.* TO watcher@'%';
        CREATE USER lonely@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('secret') WITH MAX_USER_CONNECTIONS 1;
        CREATE TABLE shop.goods (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50), price DECIMAL(10,2));
        INSERT INTO shop.goods (name, price) VALUES ('tea', 2.50), ('salt', 0.10);
        DELIMITER //
        CREATE PROCEDURE shop.two() BEGIN SELECT 1 AS a; SELECT 2 AS b; END //
        """

    /// One of a test's own, for what would disturb the others; it ends with this object. `options`: of mariadbd, more
    /// than the usual ones.
    init(_ options: [String] = []) {
        var template = Array("/tmp/halua-db-XXXXXX".utf8CString)
        _ = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) } }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        socket = "\(folder)/socket"
        port = Self.freePort()
        // The shell waits for the end of its input, which comes with the end of the process that holds the pipe.
        let script = """
            dir=$0 port=$1; shift
            [ $(id -u) = 0 ] && user=--user=root || user=
            mariadb-install-db --no-defaults $user --datadir=$dir/data --auth-root-authentication-method=normal \
              --skip-test-db >$dir/install.log 2>&1 </dev/null
            mariadbd --no-defaults $user --datadir=$dir/data --socket=$dir/socket --port=$port \
              --bind-address=127.0.0.1 --pid-file=$dir/pid --innodb-buffer-pool-size=8M --innodb-log-file-size=4M \
              --skip-name-resolve --skip-log-bin --thread-cache-size=64 "$@" \
              >$dir/log 2>&1 </dev/null &
            server=$!
            for i in $(seq 300); do [ -S $dir/socket ] && break; sleep 0.1; done
            cat $dir/setup.sql | mariadb --no-defaults -u root -S $dir/socket >$dir/setup.log 2>&1
            touch $dir/ready
            read line
            kill -CONT $server; kill -9 $server; wait $server; rm -rf $dir
            """
        let file = open("\(folder)/setup.sql", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        var setup = Self.setup
        _ = setup.withUTF8 { write(file, $0.baseAddress, $0.count) }
        close(file)
        (shell, input) = Self.spawn(script, [folder, "\(port)"] + options)
        for _ in 0..<600 where access("\(folder)/ready", F_OK) != 0 { usleep(50_000) }
    }

    /// A server that is gone by the return leaves a port that is surely free.
    private static func freePort() -> Int { HTTPServer(raw: { _ in }).port }

    private static func spawn(_ script: String, _ arguments: [String]) -> (Int32, Int32) {
        var pipes: [Int32] = [0, 0]
        pipe2(&pipes, O_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, pipes[0], 0)
        // It outlives other tests, which would wait for the end of pipes that it inherited.
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var words: [UnsafeMutablePointer<CChar>?] = (["sh", "-c", script] + arguments).map { strdup($0) }
        words.append(nil)
        var child = pid_t()
        let result = posix_spawn(&child, "/bin/sh", &actions, nil, words, environ)
        precondition(result == 0, "a shell can be started")
        for word in words { free(word) }
        posix_spawn_file_actions_destroy(&actions)
        close(pipes[0])
        return (child, pipes[1])
    }

    private var identifier: pid_t? {
        (try? FileReader.text("\(folder)/pid")).flatMap { Int32($0.filter(\.isNumber)) }
    }

    deinit {
        close(input)
        waitpid(shell, nil, 0)
    }

    func end() { if let identifier { kill(identifier, SIGKILL) } }
    func freeze() { if let identifier { kill(identifier, SIGSTOP) } }
    func thaw() { if let identifier { kill(identifier, SIGCONT) } }
}
