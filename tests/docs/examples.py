# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the examples of the man pages and of the documents: C is compiled against the library that
was built, all of it runs on the simulated machine, and what is said to be printed is compared. DOCUMENT...: those, by their paths in the tree."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from manpage import markdown_examples, pages
from tap import BUILD, TOP, Tap

CC = os.environ.get("CC") or "cc"
BODY = TOP / "tests" / "docs" / "body.c"
XMEMCTL = BUILD / "examples" / "xmemctl" / "xmemctl"
STRICT = "-std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror".split()
LIMIT = 240
COMMAND = re.compile(r"^[$#] ")

# xmemctl for examples: what works on the running Xen works on the guest "web" here.
XMEMCTL_OF_EXAMPLES = """#!/bin/sh
case $1 in
-*) ;;
demo | validate) ;;
*) set -- -c "sim:$WEB" "$@" ;;
esac
exec "$XMEMCTL" "$@"
"""
# The other program of an example: takes events, and says how many.
ALARM = """#!/bin/sh
grep -c '"type":"event"'
"""
WEB = """{
  "seed": 1,
  "domains": [{
    "name": "web", "kind": "x86-ept", "pages": 20480,
    "programs": [{ "repeat": 0, "script": [
      { "op": "read", "gfn": "0x1f3a", "offset": 8 },
      { "op": "write", "gfn": "0x1f3a", "offset": 16, "value": 1 },
      { "op": "write", "gfn": "0x100", "value": 1 } ] }],
    "faults": [{ "death_after_events": 5 }]
  }]
}
"""


class Sandbox:
    """A folder of its own, with the guest "web" that xmemctl(1) speaks of."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.env = dict(os.environ, TMPDIR=folder, LC_ALL="C.UTF-8")
        self.mode = makefile_variable("XM_MODE_LDFLAGS").split()
        (self.folder / "bin").mkdir()
        self.program("bin/xmemctl", XMEMCTL_OF_EXAMPLES)
        self.program("alarm", ALARM)
        (self.folder / "web.json").write_text(WEB, encoding="utf-8")
        shutil.copy(TOP / "examples" / "policies" / "System.map", self.folder)
        policy = (TOP / "examples" / "policies" / "wx-kernel.json").read_text(encoding="utf-8")
        (self.folder / "kernel-wx.json").write_text(policy.replace("guest-*", "web"),
                                                    encoding="utf-8")
        self.env["PATH"] = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        self.env["XMEMCTL"] = str(XMEMCTL)
        self.env["WEB"] = str(self.folder / "web.json")

    def program(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / name).chmod(0o755)

    def run(self, *command, **more):
        """(exit status, stdout, stderr)"""
        try:
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True,
                                  env=dict(self.env, **more), timeout=LIMIT, check=False,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return 124, "", f"longer than {LIMIT} s"
        return done.returncode, done.stdout, done.stderr


def makefile_variable(name):
    text = (BUILD / "Makefile").read_text(encoding="utf-8")
    found = re.search(rf"^{name} = (.*)$", text, re.M)
    return found[1] if found else ""


def fits(printed, wanted):
    """A line "..." is any lines, at the end of one it is the rest."""
    pattern = ""
    for line in wanted.splitlines():
        if line == "...":
            pattern += r"(.*\n)*"
        else:
            rest = ".*" if line.endswith("...") else ""
            pattern += re.escape(line[:-3] if rest else line) + rest + r"\n"
    return re.fullmatch(pattern, printed) is not None


def judge(tap, what, example, status, out, err):
    """A program did what it should."""
    if status != 0:
        tap.ok(False, what, f"exit status {status}\n{err}{out}")
    elif example.prints is not None and not fits(out, example.prints):
        tap.ok(False, what, f"it prints:\n{out}\ninstead of:\n{example.prints}\n{err}")
    else:
        tap.ok(True, what)


# ---- C ----


def compiled(box, source):
    """(path of the program, or None, and what the compiler said)"""
    (box.folder / "example.c").write_text(source, encoding="utf-8")
    status, _, err = box.run(*CC.split(), *STRICT, f"-I{TOP / 'include'}", "-c", "example.c")
    if status == 0:
        status, _, err = box.run(str(BUILD / "libtool"), "--silent", "--tag=CC", "--mode=link",
                                 *CC.split(), *box.mode, "-no-install", "-o", "example",
                                 "example.o", str(BUILD / "lib" / "libxmem.la"))
    return (str(box.folder / "example") if status == 0 else None), err


def run_c(tap, box, what, example):
    source = example.text + "\n"
    if example.kind == "body":
        frame = BODY.read_text(encoding="utf-8")
        source = frame.replace("    return EXAMPLE;\n", source)
    program, said = compiled(box, source)
    if program is None:
        tap.ok(False, what, said)
    else:
        judge(tap, what, example, *box.run(program))


# ---- Python ----


def run_python(tap, box, what, example):
    library = BUILD / "lib" / ".libs" / "libxmem.so.0"
    if not library.exists():
        tap.skip(what, "this build has no shared library")
        return
    if b"__asan_init" in library.read_bytes():
        tap.skip(what, "Python does not load a library with sanitizers")
        return
    python = os.environ.get("PYTHON") or "python3"
    judge(tap, what, example, *box.run(
        python, "-W", "error::ResourceWarning", "-c", example.text, XMEM_LIBRARY=str(library),
        PYTHONPATH=str(TOP / "bindings" / "python"), PYTHONDONTWRITEBYTECODE="1"))


# ---- JSON ----


def run_policy(tap, box, what, example):
    (box.folder / "policy.json").write_text(example.text, encoding="utf-8")
    judge(tap, what, example, *box.run(str(XMEMCTL), "validate", "policy.json"))


def run_machine(tap, box, what, example):
    (box.folder / "machine.json").write_text(example.text, encoding="utf-8")
    status, out, err = box.run(str(XMEMCTL), "-c", "sim:machine.json", "-j", "status")
    names = [d["name"] for d in json.loads(out)] if status == 0 else []
    wanted = [d["name"] for d in json.loads(example.text)["domains"]]
    judge(tap, what, example, status if names == wanted else status or 1, out, err)


# ---- commands ----


def run_command(tap, box, what, example):
    """A command of xmemctl(1), with a prompt: it does something and tells what."""
    command = COMMAND.sub("", example.text)
    status, out, err = box.run("bash", "-o", "pipefail", "-c", command)
    if status == 0 and not out and "validate" not in command:
        status, err = 1, "it printed nothing"
    judge(tap, f"{what}: {command}", example, status, out, err)


def steps_of(text):
    """(command, what follows it) of a transcript."""
    steps = []
    for line in text.splitlines():
        if COMMAND.match(line):
            steps.append((line[2:], []))
        elif steps:
            steps[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in steps]


def run_session(tap, box, what, example):
    """A transcript. What `cat FILE` shows is written there before: a machine is opened."""
    if "valgrind" in example.text and not shutil.which("valgrind"):
        tap.skip(what, "valgrind is not installed")
        return
    for command, shown in steps_of(example.text):
        file = command[4:] if command.startswith("cat ") else None
        if file:
            (box.folder / file).write_text(shown + "\n", encoding="utf-8")
            command = f"'{XMEMCTL}' -c sim:{file} status"
        status, out, err = box.run("bash", "-o", "pipefail", "-c", command)
        if status != 0 or (shown and not file and not fits(out, shown)):
            tap.ok(False, what, f"{command}: exit status {status}\n{out}{err}")
            return
    tap.ok(bool(steps_of(example.text)), what)


RUNNERS = {"program": run_c, "body": run_c, "python": run_python, "policy": run_policy,
           "machine": run_machine, "shell": run_command, "session": run_session}


def documents():
    for page in pages(TOP):
        yield page.path, page.examples
    for path in [TOP / "README.md", TOP / "bindings" / "python" / "README.md",
                 *sorted((TOP / "docs").glob("*.md"))]:
        yield path, markdown_examples(path)


def main(wanted):
    tap = Tap()
    kinds = set()
    with tempfile.TemporaryDirectory(prefix="xm-docs.") as folder:
        box = Sandbox(folder)
        for path, examples in documents():
            name = str(path.relative_to(TOP))
            for example in examples if not wanted or name in wanted else ():
                what = f"{name}:{example.line}: {example.kind}"
                kinds.add(example.kind)
                RUNNERS[example.kind](tap, box, what, example)
    if not wanted:
        tap.same(sorted(set(RUNNERS) - kinds), [], "there are examples of each kind")
    tap.end()


main(sys.argv[1:])
