# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents: links and names in them exist, and generated parts are as they are generated.
With --update the generated parts are written anew."""

import html
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile

from manpage import header_prototypes, header_text, plain
from tap import BUILD, TOP, Tap

RIGHTS = TOP / "docs" / "rights-by-machine.md"
GENERATED = re.compile(r"(<!-- BEGIN GENERATED: [^\n]*-->\n)(.*?)(<!-- END GENERATED -->)", re.S)
DOT, SVG = TOP / "docs" / "event.dot", TOP / "docs" / "event.svg"


# ---- what Markdown refers to ----


def documents():
    found = [p for p in TOP.rglob("*.md") if not {".git", ".build"} & set(p.relative_to(TOP).parts)]
    return sorted(p for p in found if "_build" not in str(p.relative_to(TOP)))


def check_links(tap, path, text):
    lost = []
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target and not (path.parent / target).exists():
            lost.append(target)
    tap.same(lost, [], f"{path.relative_to(TOP)}: its links")


def check_names(tap, path, text, functions):
    """Functions and files in backticks."""
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    unknown = [q for q in quoted if re.fullmatch(r"xmem_\w+\(\)", q) and q[:-2] not in functions]
    for name in quoted:
        if re.fullmatch(r"(lib|tests|docs|examples|hypervisor|bindings)/[\w./-]+\.\w+", name):
            unknown += [] if (TOP / name).exists() else [name]
    tap.same(unknown, [], f"{path.relative_to(TOP)}: functions and files it speaks of")


def check_index(tap):
    index = (TOP / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [p.name for p in sorted(TOP.glob("docs/*.md"))
               if p.name != "README.md" and f"({p.name})" not in index]
    tap.same(missing, [], "docs/README.md has all documents of its folder")


def check_backend(tap):
    """Each operation of the seam, by its name or as `views_*`."""
    text = (TOP / "docs" / "writing-a-backend.md").read_text(encoding="utf-8")
    said = set(re.findall(r"`(\w+\*?)`", text))
    header = (TOP / "lib" / "backend" / "backend.h").read_text(encoding="utf-8")
    operations = set(re.findall(r"\(\*(\w+)\)\(", header)) | {"scheme"}
    lost = [o for o in sorted(operations) if o not in said and f"{o.split('_')[0]}_*" not in said]
    tap.same(lost, [], "docs/writing-a-backend.md speaks of every operation")


CHECKLIST = "docs/pv-checklist.md"


def check_checklist(tap):
    """Each item has its tests, and each test is on the page; both laboratories' and the machine's."""
    parts = re.split(r"^### (\d+)\. ", (TOP / CHECKLIST).read_text(encoding="utf-8"), flags=re.M)[1:]
    simulated, laboratory, bare = [], set(), []
    for number, text in zip(parts[::2], parts[1::2]):
        names = re.findall(r"^- simulated: `(\w+)`$", text, re.M)
        real = re.findall(r'^- laboratory: "([^"]+)"$', text, re.M)
        simulated += names
        laboratory |= {(number, what) for what in real}
        bare += [] if names and real else [number]
    tap.same(parts[::2], [str(n) for n in range(1, 14)], f"{CHECKLIST}: 13 items")
    tap.same(bare, [], f"{CHECKLIST}: each item has a test of both kinds")
    program = (TOP / "tests" / "sim" / "test-sim-pv-checklist.c").read_text(encoding="utf-8")
    tap.same(simulated, re.findall(r"tcase_add_test\(t, (\w+)\);", program),
             f"{CHECKLIST}: the tests of the simulated machine, in their order")
    sources = [p.read_text(encoding="utf-8") for p in (TOP / "tests" / "lab").rglob("check/*.c")]
    found = {m for s in sources for m in re.findall(r'\{"(\d+) ([^"]+)", \w+\}', s)}
    tap.same(sorted(laboratory), sorted(found), f"{CHECKLIST}: the tests of the laboratory")


# ---- generated parts ----


def rights_table():
    done = subprocess.run([str(BUILD / "tests" / "docs" / "rights-table")], capture_output=True,
                          text=True, check=True, timeout=60)
    return done.stdout


def check_rights(tap):
    found = GENERATED.search(RIGHTS.read_text(encoding="utf-8"))
    have, want = found[2].splitlines() if found else [], rights_table().splitlines()
    stale = [f"- {line}" for line in have if line not in want]
    stale += [f"+ {line}" for line in want if line not in have]
    tap.ok(have == want, "docs/rights-by-machine.md is what the machines say",
           "\n".join(stale + ["make update-docs writes it anew"]))


def labels_of_dot(text):
    """The lines of all labels."""
    labels = re.findall(r'label = "([^"]*)"', text)
    return {part.strip() for label in labels for part in re.split(r"\\[nl]", label)} - {""}


def labels_of_svg(text):
    found = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    return {html.unescape(t).replace("\xa0", " ").strip() for t in found} - {""}


def edges_of_svg(text):
    return sorted(re.findall(r"<title>([^<]*&#45;&gt;[^<]*)</title>", text))


def check_picture(tap):
    """Where letters stand depends on the fonts of the machine; what they say does not."""
    svg = SVG.read_text(encoding="utf-8")
    squeeze = {" ".join(label.split()) for label in labels_of_dot(DOT.read_text(encoding="utf-8"))}
    tap.same({" ".join(label.split()) for label in labels_of_svg(svg)}, squeeze,
             "docs/event.svg says what docs/event.dot says")
    if not shutil.which("dot"):
        tap.skip("docs/event.svg has the arrows of docs/event.dot", "graphviz is not installed")
        return
    done = subprocess.run(["dot", "-Tsvg", str(DOT)], capture_output=True, text=True, check=False,
                          timeout=60)
    tap.ok(done.returncode == 0, "docs/event.dot is a graph", done.stderr)
    tap.same(edges_of_svg(svg), edges_of_svg(done.stdout),
             "docs/event.svg has the arrows of docs/event.dot")


def update():
    text = RIGHTS.read_text(encoding="utf-8")
    RIGHTS.write_text(GENERATED.sub(lambda m: m[1] + rights_table() + m[3], text), encoding="utf-8")
    subprocess.run(["dot", "-Tsvg", "-o", str(SVG), str(DOT)], check=True, timeout=60)


# ---- Python ----


def parameters(text):
    """Names of the parameters in "name(a, *, b=1)"; None where it has no brackets."""
    found = re.fullmatch(r"([\w.]+)\((.*)\)", text, re.S)
    if not found:
        return None
    names = [p.split("=")[0].strip() for p in found[2].split(",")]
    return [n for n in names if n and n != "*"]


def items_of(page):
    """(section, call) of each item of the page's lists."""
    section, items = "", []
    for line in page.splitlines():
        if line.startswith(".Ss "):
            section = line[4:].strip()
        elif line.startswith(".Sh "):
            section = ""
        elif line.startswith(".It Ic ") and section:
            items += [(section, call) for call in re.split(r" , ", plain(line[7:]).strip())]
    return items


def public_names(thing):
    return {n for n in vars(thing) if not n.startswith("_")} - {"closed", "close"}


# Between the parts of the bindings, not for their users.
INTERNAL = {"handle_c", "handle", "fail", "failed", "applied", "session_closed", "waiting",
            "pointer_in", "was_answered"}


def check_python(tap):
    library = BUILD / "lib" / ".libs" / "libxmem.so.0"
    if not library.exists() or b"__asan_init" in library.read_bytes():
        tap.skip("xmem-python(7) speaks of everything", "Python cannot load this library")
        return
    os.environ["XMEM_LIBRARY"] = str(library)
    sys.path.insert(0, str(TOP / "bindings" / "python"))
    xmem = importlib.import_module("xmem")  # from there
    page = (TOP / "docs" / "man7" / "xmem-python.7").read_text(encoding="utf-8")
    said = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", plain(page)))
    lost = set(xmem.__all__) - said - {"__version__", "XmemError", "AsyncEvents"}
    tap.same(sorted(lost), [], "xmem-python(7) speaks of every name of the module")
    items = items_of(page)
    for section, thing in (("Connection", xmem.Connection), ("Session", xmem.Session),
                           ("Event", xmem.Event), ("View", xmem.View), ("Batch", xmem.Batch),
                           ("Policy", xmem.Policy)):
        named = {re.sub(r"\(.*|^Policy\.", "", call) for s, call in items if s == section}
        internal = INTERNAL - ({"handle"} if thing is xmem.Policy else set())
        lost = public_names(thing) - named - internal
        tap.same(sorted(lost), [], f"xmem-python(7) speaks of all of a {section}")
    wrong = []
    for section, call in items:
        names = parameters(call)
        place = getattr(xmem, section, xmem)
        name = re.sub(r"\(.*|^Policy\.", "", call, flags=re.S)
        thing = getattr(place, name, None) if section != "Numbers" else True
        if thing is None and name not in ("uri", "connection", "domid", "session", "number",
                                          "result", "name"):
            wrong.append(f"{section}: {name}: is not there")
        elif names is not None and thing is not None:
            have = [p for p in inspect.signature(thing).parameters if p != "self"]
            if have != names:
                wrong.append(f"{section}: {call}: its parameters are {have}")
    tap.same(wrong, [], "xmem-python(7): what it speaks of is so")


def main():
    if sys.argv[1:] == ["--update"]:
        update()
        return
    tap = Tap()
    functions = header_prototypes(header_text(TOP))
    for path in documents():
        text = path.read_text(encoding="utf-8")
        check_links(tap, path, text)
        check_names(tap, path, text, functions)
    check_index(tap)
    check_backend(tap)
    check_checklist(tap)
    with tempfile.TemporaryDirectory(prefix="xm-docs.") as folder:
        os.environ["TMPDIR"] = folder
        check_rights(tap)
    check_picture(tap)
    check_python(tap)
    tap.end()


main()
