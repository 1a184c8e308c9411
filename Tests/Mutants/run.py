"""Puts each mutant of mutants.txt into a copy of the core and plays scenarios and random runs until one notices.

    python3 Tests/Mutants/run.py            builds, plays all mutants, prints a table; status 1 when one is not caught
    python3 Tests/Mutants/run.py NAME...    only these
    python3 Tests/Mutants/run.py --check    says only whether each mutant still applies

The copy lies in .build/mutants. All mutants are in one build, each behind a switch, so the build is paid for once.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "Tests" / "Mutants"
COPY = ROOT / ".build" / "mutants"
SCENARIOS = sorted((ROOT / "Tests" / "ScenarioTests" / "Scenarios").glob("*.txt"))
QUIET = os.environ | {"SWIFT_BACKTRACE": "enable=no"}
LONGEST = 120  # seconds for one mutant; one that hangs is caught, too

PACKAGE = """// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")]

let package = Package(
    name: "mutants",
    targets: [
        .target(name: "Wire", swiftSettings: settings),
        .target(name: "VRRPCore", dependencies: ["Wire"], swiftSettings: settings),
        .target(name: "Simulation", dependencies: ["VRRPCore", "Wire"], swiftSettings: settings),
        .executableTarget(name: "runner", dependencies: ["Simulation", "VRRPCore"], swiftSettings: settings),
    ])
"""

SWITCH = """/// Which mutant is played; only in this copy.
package enum Mutants {
    package nonisolated(unsafe) static var active = 0
}

@inline(__always) func mutant(_ number: Int) -> Bool { Mutants.active == number }
"""


class Mutant:
    def __init__(self, number, block):
        self.number = number
        self.name, self.sentence, self.file, *text = block
        self.before = "\n".join(line[1:] for line in text if line.startswith("-"))
        self.after = "\n".join(line[1:] for line in text if line.startswith("+"))


def read_mutants():
    lines = [line for line in (HERE / "mutants.txt").read_text().split("\n") if not line.startswith("#")]
    blocks = [block.split("\n") for block in "\n".join(lines).strip().split("\n\n")]
    return [Mutant(number, block) for number, block in enumerate(blocks, start=1)]


def mutated(mutants):
    """The texts of the core's files with every mutant in them, and what is wrong with the list."""
    core = ROOT / "Sources" / "VRRPCore"
    texts = {str(path.relative_to(core)): path.read_text() for path in core.rglob("*.swift")}
    faults = []
    for mutant in mutants:
        text = texts.get(mutant.file, "")
        count = text.count(mutant.before)
        if count != 1 or "MUTANT" not in mutant.after:
            faults.append(f"{mutant.name}: its text is {count} times in {mutant.file}, and must be there once")
            continue
        texts[mutant.file] = text.replace(mutant.before, mutant.after.replace("MUTANT", f"mutant({mutant.number})"))
    return texts, faults


def write_if_new(path, text):
    """An unchanged file keeps its date, so that the build has nothing to do for it."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def build(texts):
    write_if_new(COPY / "Package.swift", PACKAGE)
    wanted = {COPY / "Package.swift"}
    files = {f"VRRPCore/{name}": text for name, text in texts.items()}
    files["VRRPCore/Mutants.swift"] = SWITCH
    files["runner/main.swift"] = (HERE / "runner.swift").read_text()
    for module in ("Wire", "Simulation"):
        for path in (ROOT / "Sources" / module).rglob("*.swift"):
            files[f"{module}/{path.relative_to(ROOT / 'Sources' / module)}"] = path.read_text()
    for name, text in files.items():
        write_if_new(COPY / "Sources" / name, text)
        wanted.add(COPY / "Sources" / name)
    for path in (COPY / "Sources").rglob("*.swift"):
        if path not in wanted:
            path.unlink()
    command = ["swift", "build", "-c", "release", "--product", "runner", "--package-path", str(COPY)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit("the mutants do not compile:\n" + result.stdout + result.stderr)
    return COPY / ".build" / "release" / "runner"


def play(runner, mutant):
    """What caught the mutant (nothing: None), and the seconds it took."""
    began = time.monotonic()
    command = [str(runner), str(mutant.number if mutant else 0), *map(str, SCENARIOS)]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, env=QUIET)
    except subprocess.TimeoutExpired:
        return f"it hangs for {LONGEST} s", time.monotonic() - began
    took = time.monotonic() - began
    if result.returncode == 0:
        return None, took
    if result.returncode == 1:
        return result.stdout.strip(), took
    fatal = [line for line in result.stderr.split("\n") if "error:" in line]
    return "a crash: " + (fatal[0].split("error:", 1)[1].strip()[:100] if fatal else "no word"), took


def main():
    mutants = read_mutants()
    texts, faults = mutated(mutants)
    for fault in faults:
        print(fault)
    if faults:
        sys.exit("A mutant that does not apply tests nothing: mend Tests/Mutants/mutants.txt.")
    if "--check" in sys.argv:
        print(f"{len(mutants)} mutants apply")
        return
    began = time.monotonic()
    runner = build(texts)
    print(f"{len(mutants)} mutants, built in {time.monotonic() - began:.0f} s")
    caught, _ = play(runner, None)
    if caught:
        sys.exit(f"The core without a mutant is caught already: {caught}")
    chosen = [mutant for mutant in mutants if mutant.name in sys.argv[1:]] or mutants
    survivors = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for mutant, (caught, took) in zip(chosen, pool.map(lambda mutant: play(runner, mutant), chosen)):
            survivors += caught is None
            print(f"{mutant.name:45} {took:5.1f} s  {caught or 'NOT CAUGHT'}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} caught in {time.monotonic() - began:.0f} s")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    shutil.which("swift") or sys.exit("swift is not on PATH")
    main()
