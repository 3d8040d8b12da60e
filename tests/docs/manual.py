# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages against the public header: every function has a page, and none is wrong."""

import re
import shutil
import subprocess
from collections import Counter

from manpage import aliases, header_prototypes, header_text, pages
from tap import BUILD, TOP, Tap

HEADINGS = ["NAME", "SYNOPSIS", "DESCRIPTION", "RETURN VALUES", "EXAMPLES", "SEE ALSO"]
# Whether the pages it refers to are installed is not the page's matter.
NO_MATTER = re.compile("referenced manual not found|outdated mandoc.db")


def check_lint(tap, page):
    if not shutil.which("mandoc"):
        tap.skip(f"{page.path.name}: mandoc finds nothing", "mandoc is not installed")
        return
    done = subprocess.run(["mandoc", "-Tlint", str(page.path)], capture_output=True, text=True,
                          check=False, timeout=60)
    said = [s for s in (done.stdout + done.stderr).splitlines() if not NO_MATTER.search(s)]
    tap.ok(not said, f"{page.path.name}: mandoc finds nothing", "\n".join(said))


def check_shape(tap, page, known):
    name = page.path.name
    title = page.path.stem.upper() + " " + page.path.suffix[1:]
    tap.ok(f"\n.Dt {title}\n" in page.path.read_text(encoding="utf-8"), f"{name}: its title")
    lost = [f"{n}({s})" for n, s in page.references if n.startswith("xmem") and (n, s) not in known]
    tap.ok(not lost, f"{name}: what it refers to is there", ", ".join(lost))
    tap.same(page.unmarked, [], f"{name}: each example is run by a test")


def check_functions(tap, page, header, prototypes):
    """A page of functions."""
    name = page.path.name
    missing = [h for h in HEADINGS if h not in page.sections]
    tap.ok(not missing and bool(page.examples), f"{name}: its sections", ", ".join(missing))
    tap.same(sorted(page.prototypes), sorted(page.names), f"{name}: NAME and SYNOPSIS agree")
    for function in page.names:
        tap.same(page.prototypes.get(function), prototypes.get(function),
                 f"{function}: its prototype is the header's")
    for text in page.literals:
        for part in parts(text):
            tap.ok(part in header, f"{name}: {part[:40]} is the header's", part)
    unknown = [f for f in page.functions if f.startswith("xmem_") and f not in prototypes]
    tap.ok(not unknown, f"{name}: speaks of functions that exist", ", ".join(unknown))


def parts(text):
    """Definitions one by one, with their comments: macros end with their line."""
    macros = re.findall(r"^#define .*", text, re.M)
    rest = one_line(re.sub(r"^#define .*", "", text, flags=re.M))
    return [one_line(m) for m in macros] + ([rest] if rest else [])


def one_line(text):
    return " ".join(text.split())


def main():
    tap = Tap()
    all_pages = pages(TOP)
    text = header_text(TOP)
    prototypes = header_prototypes(text)
    known = {(n, p.path.suffix[1:]) for p in all_pages for n in p.names}
    for page in all_pages:
        check_lint(tap, page)
        check_shape(tap, page, known)
        if page.path.suffix == ".3" and page.prototypes:
            check_functions(tap, page, one_line(text), prototypes)
    times = Counter(n for p in all_pages if p.path.suffix == ".3" for n in p.names)
    for function in sorted(prototypes):
        tap.same(times[function], 1, f"{function}: is on one page")
    wanted = {n: f".so man3/{p.path.name}\n" for p in all_pages for n in p.names
              if n != p.path.stem}
    tap.same(aliases(BUILD), wanted, "each other name of a page leads to it")
    listed = (TOP / "docs" / "Makemodule.am").read_text(encoding="utf-8").split()
    unlisted = [str(p) for p in sorted(TOP.glob("docs/man[357]/*"))
                if str(p.relative_to(TOP)) not in listed]
    tap.same(unlisted, [], "all pages are installed")
    tap.ok(len(prototypes) > 70, "the header has functions", str(len(prototypes)))
    tap.end()


main()
