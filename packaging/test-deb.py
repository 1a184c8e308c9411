"""Installs, upgrades, removes and purges the Debian package on two clean machines, and looks at what happened.

    python3 packaging/test-deb.py FOLDER-OF-PACKAGES CACHE

The machines are Debian 12 roots made by debootstrap (kept in CACHE), each with its own systemd as process 1, in namespaces
that are gone when this ends. The commands of the README are typed there as they are printed. The machines run the pair of
conf.d/mycat-nopreempt, and a client asks the address a hundred times a second. Needs root.
"""

import atexit
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent
PREFIX = f"halua-deb-{os.getpid()}"
VIP = "192.168.4.200"
SUITE = "bookworm"
# What a machine with systemd and a network has, and nothing that the package needs itself.
PARTS = "systemd,systemd-sysv,dbus,iproute2,adduser,ca-certificates"
began = time.monotonic()


def say(text):
    print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)


def run(*words, **options):
    options = {"check": True, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": 300} | options
    try:
        return subprocess.run(words, **options).stdout
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{error.stdout}")


def wait(sentence, condition, limit=30):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"this should have come true within {limit} s and did not: {sentence}")
        time.sleep(0.05)
    say(sentence)


def require(condition, sentence):
    if not condition:
        sys.exit(f"this should be true and is not: {sentence}")
    say(sentence)


def commands(heading):
    """The commands of the first block below a heading of the README, without their comments."""
    text = (TREE / "README.md").read_text()
    block = re.search(rf"^## {heading}$.*?^```\n(.*?)^```$", text, re.M | re.S)
    if not block:
        sys.exit(f"README.md has no block of commands below {heading}")
    return [(re.sub(r"\s+#.*", "", line).removeprefix("sudo "), line) for line in block[1].splitlines()]


def base(cache, packages):
    """A clean root, with the archives of the package's dependencies in apt's cache, since the machines have no way out."""
    root = cache / "root"
    if not (root / "done").exists():
        shutil.rmtree(root, ignore_errors=True)
        say("debootstrap of a clean Debian 12")
        run("debootstrap", "--variant=minbase", f"--include={PARTS}", SUITE, root, timeout=900)
        (root / "done").touch()
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    say("the packages' dependencies are fetched")
    run("chroot", root, "apt-get", "-qq", "update")
    # Together: the exporter needs the other one.
    names = [shutil.copy(package, root / "root") for package in packages]
    inside = ["/root/" + pathlib.Path(name).name for name in names]
    run("chroot", root, "apt-get", "-qq", "-y", "--no-install-recommends", "--download-only", "install", *inside)
    for name in names:
        pathlib.Path(name).unlink()
    # What an administrator says who types the commands of the README; recommended packages can't be fetched there.
    (root / "etc/apt/apt.conf.d/99test").write_text('APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n')
    return root


def newer(package, folder):
    """The same package once more, as a later version."""
    run("dpkg-deb", "--raw-extract", package, folder / "newer")
    control = folder / "newer/DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+1", control.read_text(), flags=re.M))
    run("dpkg-deb", "--root-owner-group", "--build", folder / "newer", folder / "newer.deb")
    return folder / "newer.deb"


class Network:
    def __init__(self, names):
        self.spaces = []
        self.add("switch")
        self.inside("switch", "ip", "link", "add", "bridge", "type", "bridge", "stp_state", "0", "forward_delay", "0")
        self.inside("switch", "ip", "link", "set", "bridge", "up")
        for name, address in names.items():
            self.add(name)
            run("ip", "-n", self.space("switch"), "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", self.space(name))
            self.inside("switch", "ip", "link", "set", name, "master", "bridge", "up")
            for words in (("link", "set", "lo", "up"), ("address", "add", address + "/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
                self.inside(name, "ip", *words)

    def space(self, name):
        return f"{PREFIX}-{name}"

    def add(self, name):
        run("ip", "netns", "add", self.space(name))
        self.spaces.append(self.space(name))

    def inside(self, name, *words):
        return run("ip", "netns", "exec", self.space(name), *words)

    def remove(self):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "delete", space], check=False)


class Machine:
    def __init__(self, name, network, root, folder):
        self.name = name
        work = folder / name
        work.mkdir()
        self.log = open(folder / f"{name}.log", "w+")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", network.space(name), "unshare", "-m", "-u", "-i", "-p", "-f", "-C", "--kill-child",
             HERE / "boot-machine", root, work, name], stdout=self.log, stderr=self.log, start_new_session=True)
        self.first = None

    def find_first(self):
        """The machine's process 1, as it is numbered out here."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with contextlib.suppress(OSError, IndexError):
            child = children.read_text().split()[0]
            self.first = child if "systemd" in os.readlink(f"/proc/{child}/exe") else None
        return self.first is not None

    def run(self, *words, **options):
        return run("nsenter", "-t", self.first, "-a", "-r", "-w", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                   "DEBIAN_FRONTEND=noninteractive", *words, **options)

    def is_up(self):
        state = self.run("systemctl", "is-system-running", check=False).strip()
        return state in ("running", "degraded")

    def put(self, text, path):
        self.run("sh", "-c", f"mkdir -p $(dirname {path}) && cat >{path}", input=text)

    def put_file(self, file, path):
        with open(file, "rb") as source:
            subprocess.run(["nsenter", "-t", self.first, "-a", "-r", "-w", "/bin/sh", "-c", f"cat >{path}"], stdin=source, check=True)

    def files(self):
        """Every path on the machine, without what apt, dpkg and systemd keep for themselves."""
        found = self.run("find", "/", "-xdev", "-not", "-path", "/proc/*", "-not", "-path", "/root/*").splitlines()
        kept = ("/var/cache", "/var/log", "/var/lib/apt", "/var/lib/dpkg", "/var/lib/systemd", "/var/lib/pam", "/run", "/tmp", "/etc/ld.so.cache")
        own = {path for path in found if not path.startswith(kept)}
        return own

    def state(self):
        text = self.run("halua", "status", check=False)
        match = re.search(r"^VI_1  (\w+)", text, re.M)
        return match.group(1) if match else text.strip()

    def pid(self):
        return self.run("systemctl", "show", "-P", "MainPID", "haluad").strip()

    def type(self, command, expected=None):
        """Types a command of the README in a folder that has what the tree has. Returns what it printed."""
        # Each node has a file of its own.
        command = command.replace("mycat01", self.name)
        printed = self.run("bash", "-c", f"cd /root/halua && {command}")
        if expected and expected not in printed:
            sys.exit(f"{self.name}: {command} should say {expected}, and says:\n{printed}")
        return printed

    def copy_tree(self, packages):
        """The folder in which the README's commands are typed."""
        self.run("mkdir", "-p", "/root/halua/.build/deb")
        for package in packages:
            self.put_file(package, f"/root/halua/.build/deb/{package.name}")
        for file in (TREE / "conf.d").glob("*/*.conf"):
            self.put(file.read_text(), f"/root/halua/{file.relative_to(TREE)}")

    def install(self, package):
        self.put_file(package, "/root/halua.deb")
        return self.run("apt-get", "-q", "-y", "--no-install-recommends", "install", "/root/halua.deb")

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self.first), signal.SIGKILL)
        self.process.wait()


class Client:
    """Asks the address a hundred times a second from the beginning of a block to its end, and counts what is lost."""

    def __init__(self, network):
        self.network = network

    def __enter__(self):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.network.space("client"), "ping", "-q", "-i", "0.01", VIP], stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        text = self.process.communicate(timeout=10)[0]
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", text).groups())
        self.sent, self.lost = sent, sent - received


def main():
    if len(sys.argv) != 3 or os.geteuid() != 0:
        sys.exit(__doc__)
    packages, cache = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    package = next(iter(packages.glob("halua_*.deb")), None)
    if package is None:
        sys.exit(f"there is no halua_*.deb in {packages}: run make deb")
    exporter = next(packages.glob("halua-exporter_*.deb"))
    cache.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="halua-deb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = base(cache, [package, exporter])
    later = newer(package, folder)
    network = Network({"mycat01": "192.168.4.196", "mycat02": "192.168.4.195", "client": "192.168.4.250"})
    atexit.register(network.remove)
    machines = []
    for name in ("mycat01", "mycat02"):
        machine = Machine(name, network, root, folder)
        atexit.register(machine.end)
        machines.append(machine)
    for machine in machines:
        wait(f"{machine.name}: systemd is process 1", machine.find_first)
        wait(f"{machine.name} is up", machine.is_up, 60)
    first, second = machines
    before = {machine: machine.files() for machine in machines}

    # The first builds the packages, which has happened.
    (_, (install, _), *start) = commands("Install")
    for machine in machines:
        machine.copy_tree([package, exporter])
        machine.type(install)
        require(machine.run("systemctl", "is-active", "haluad", check=False).strip() == "inactive", f"{machine.name}: installed, and nothing runs before there is a configuration")
    for machine, state in ((first, "MASTER"), (second, "BACKUP")):
        for command, line in start:
            if shown := re.search(r'# (Status: ".*")', line):
                wait(f"{machine.name} is {state}", lambda: machine.state() == state)
                machine.type(command, shown[1].replace("MASTER", state))
                say(f"{machine.name}: systemctl status shows it")
            else:
                machine.type(command)
    for command, _ in commands("Metrics"):
        first.type(command)
    page = "exec 3<>/dev/tcp/127.0.0.1/9650 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"
    wait("mycat01: the exporter serves what the daemon says", lambda: "\nhalua_up 1" in first.run("bash", "-c", page, check=False))
    found = first.run("journalctl", "-o", "json", "-u", "haluad", "HALUA_INSTANCE=VI_1", "HALUA_TO=MASTER", check=False)
    require('"PRIORITY":"5"' in found and '"SYSLOG_IDENTIFIER":"haluad"' in found, "mycat01: the journal has the instance as a field")
    require("no master was heard" in first.run("halua", "events", "--since", "1h"), "mycat01: halua events shows what happened")
    client = Client(network)

    with client:
        first.run("systemctl", "reload", "haluad")
        first.put("vrrp_instance VI_1 {\n", "/etc/halua/conf.d/wrong.conf")
        refused = first.run("systemctl", "reload", "haluad", check=False)
        require("failed" in refused, "systemctl reload fails for a wrong configuration")
        first.run("rm", "/etc/halua/conf.d/wrong.conf")
        pid = first.pid()
        said = first.install(later)
        require("was not restarted" in said, "mycat01: upgraded while it is MASTER, and says that it goes on as it is")
        require(first.pid() == pid and first.state() == "MASTER", "mycat01 is MASTER in the same process")
        pid = second.pid()
        second.install(later)
        wait("mycat02: upgraded and restarted, for it holds no address", lambda: second.pid() != pid and second.state() == "BACKUP")
    require(client.lost == 0, f"of {client.sent} questions none was lost during reload and upgrades")

    second.run("install", "-D", "-m", "644", "/usr/share/doc/halua/examples/hardened.conf", "/etc/systemd/system/haluad.service.d/hardened.conf")
    second.run("systemctl", "daemon-reload")
    second.run("systemctl", "restart", "haluad")
    wait("mycat02: BACKUP as a user without rights", lambda: second.state() == "BACKUP")
    require(second.run("stat", "-c", "%U", f"/proc/{second.pid()}").strip() != "root", "mycat02: the daemon is not root")
    exposure = re.search(r"haluad.service: ([0-9.]+)", second.run("systemd-analyze", "security", "--no-pager", "haluad", check=False))
    require(exposure and float(exposure[1]) <= 2.0, f"mycat02: systemd-analyze security says {exposure and exposure[1]}")

    with client:
        first.run("systemctl", "restart", "haluad")
        wait("mycat02 is MASTER after mycat01's restart", lambda: second.state() == "MASTER")
        wait("mycat01 is BACKUP", lambda: first.state() == "BACKUP")
    require(client.lost < 100, f"of {client.sent} questions {client.lost} were lost in the one move")

    with client:
        second.run("systemctl", "kill", "--kill-whom=main", "--signal=SIGKILL", "haluad")
        wait("mycat01 is MASTER after mycat02's daemon was killed", lambda: first.state() == "MASTER")
    say(f"of {client.sent} questions {client.lost} were lost")
    wait("mycat02: started again by systemd, and BACKUP", lambda: second.state() == "BACKUP")

    second.run("rm", "-r", "/etc/systemd/system/haluad.service.d")
    for machine in machines:
        installed = ["halua", "halua-exporter"] if machine is first else ["halua"]
        machine.run("apt-get", "-q", "-y", "remove", *installed)
        require(machine.run("sh", "-c", "test -e /etc/halua/halua.conf && echo kept").strip() == "kept", f"{machine.name}: removed, and the configuration is kept")
        require(VIP not in machine.run("ip", "address"), f"{machine.name}: the address is gone")
        machine.run("apt-get", "-q", "-y", "purge", *installed)
        machine.run("apt-get", "-q", "-y", "autoremove", "--purge")
        left = sorted(machine.files() - before[machine])
        require(not left, f"{machine.name}: purged, and nothing is left behind{': ' + ' '.join(left) if left else ''}")
        require("halua" not in machine.run("getent", "group"), f"{machine.name}: the group is gone")
    say("All of it was seen as it happened.")


main()
