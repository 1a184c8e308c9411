"""Makes halua.conf(5), halua(1), halua-exporter(1) and haluad(8) from their templates and from what the programs say.

    python3 packaging/man/generate.py PROGRAMS            writes the pages; PROGRAMS: a folder with haluad and the others
    python3 packaging/man/generate.py --check PROGRAMS    says whether they are as they would be written; status 1 if not

A template is a page in mdoc(7) with a line @WORD@ where something is filled in.
"""

import json
import pathlib
import re
import subprocess
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)
    return "\\&" + text if text[:1] in (".", "'") else text


def argument(text):
    """One argument of a macro, whatever is in it."""
    return '"' + escaped(text).replace('"', '""') + '"'


def prose(text):
    """A paragraph; each sentence begins a line."""
    sentences = re.sub(r"(?<=[.!?]) +(?=[A-Z])", "\n", " ".join(text.split())).split("\n")
    return [escaped(line) for sentence in sentences for line in textwrap.wrap(sentence, 70, break_on_hyphens=False)]


def paragraphs(text):
    """What a command's help says: paragraphs, and indented lines as they are."""
    lines = []
    for block in text.strip("\n").split("\n\n"):
        lines.append(".Pp")
        if block.startswith("  "):
            lines[-1:] = [".Bd -literal -offset indent", *[escaped(line[2:]) for line in block.split("\n")], ".Ed"]
        else:
            lines += prose(block)
    return lines[1:] if lines[:1] == [".Pp"] else lines


# The configuration


def keywords(programs):
    table = json.loads(subprocess.check_output([programs / "halua", "keyword", "--json"]))
    places = []
    for keyword in table:
        if keyword["place"] not in places:
            places.append(keyword["place"])
    lines = []
    for place in places:
        lines += [f".Ss {place[0].upper() + place[1:]}".replace("-", "\\-"), ".Bl -tag -width Ds"]
        for keyword in (k for k in table if k["place"] == place):
            item = f".It Ic {argument(keyword['name'])}"
            if keyword["arguments"]:
                item += f" Ar {argument(keyword['arguments'])}"
            lines.append(item)
            lines += prose(keyword["documentation"])
            if keyword["default"]:
                lines += prose(f"Without it: {keyword['default']}.")
            if keyword["own"]:
                lines.append("keepalived does not know it.")
            if "ignored" in keyword:
                lines += prose(f"Accepted with a warning and not done: {keyword['ignored']}.")
        lines.append(".El")
    return lines


# Commands of swift-argument-parser


def option(entry):
    names = [("-" if name["kind"] == "short" else "--") + name["name"] for name in entry.get("names", [])]
    value = entry.get("valueName", "")
    if entry["kind"] == "positional":
        return f".It Ar {argument(value)}"
    words = [f"Fl {argument(name[1:])}" for name in sorted(names, key=len)]
    item = ".It " + " , ".join(words)
    return item + (f" Ar {argument(value)}" if entry["kind"] == "option" else "")


def options(command):
    entries = [e for e in command.get("arguments", []) if e.get("shouldDisplay", True)]
    entries = [e for e in entries if e.get("valueName") not in ("help", "version")]
    if not entries:
        return []
    lines = [".Bl -tag -width Ds"]
    for entry in entries:
        lines.append(option(entry))
        text = entry.get("abstract", "")
        if "defaultValue" in entry:
            text += f" Without it: {entry['defaultValue']}."
        lines += prose(text)
    return lines + [".El"]


def describe(command, path):
    lines = []
    if path:
        lines.append(f".Ss halua {' '.join(path)}".replace("-", "\\-"))
        lines += prose(command.get("abstract", ""))
    text = command.get("discussion", "")
    # Which command for what: a table in --help, a list here.
    pairs = [] if path else [re.split(r"\s{2,}", line, maxsplit=1) for line in text.splitlines() if re.search(r"\S\s{2,}\S", line)]
    if pairs:
        lines.append(".Bl -tag -width Ds")
        for task, names in pairs:
            lines += [f".It {argument(task)}", *prose(names)]
        lines.append(".El")
    elif text:
        said = paragraphs(text)
        lines += said if said[0].startswith(".Bd") else [".Pp", *said]
    lines += options(command)
    for sub in command.get("subcommands", []):
        if sub["commandName"] != "help":
            lines += describe(sub, [*path, sub["commandName"]])
    return lines


def commands(program):
    text = subprocess.check_output([program, "--experimental-dump-help"])
    return describe(json.loads(text)["command"], [])


# haluad


def daemon_options(programs):
    lines = [".Bl -tag -width Ds"]
    text = subprocess.check_output([programs / "haluad", "--help"], text=True)
    for short, long, value, meaning in re.findall(r"^  (?:-(\w), |    )--([\w-]+)(\[=VALUE\]| VALUE|) +(.*)$", text, re.M):
        names = ([f"Fl {short}"] if short else []) + [f"Fl {argument('-' + long)}"]
        lines.append(".It " + " , ".join(names) + (" Ar value" if value else ""))
        lines += prose(meaning[0].upper() + meaning[1:] + ".")
    return lines + [".El"]


PAGES = {
    "halua.conf.5": {"KEYWORDS": keywords},
    "halua.1": {"COMMANDS": lambda programs: commands(programs / "halua")},
    "halua-exporter.1": {"OPTIONS": lambda programs: commands(programs / "halua-exporter")},
    "haluad.8": {"OPTIONS": daemon_options},
}


def main():
    words = [word for word in sys.argv[1:] if word != "--check"]
    if len(words) != 1:
        sys.exit(__doc__)
    programs = pathlib.Path(words[0]).resolve()
    stale = []
    for page, parts in PAGES.items():
        lines = []
        for line in (HERE / (page + ".in")).read_text().splitlines():
            name = line.strip("@")
            lines += parts[name](programs) if line == f"@{name}@" and name in parts else [line]
        text = "\n".join(lines) + "\n"
        path = HERE / page
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                stale.append(page)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f"{', '.join(stale)}: not as the programs say; run make docs")


main()
