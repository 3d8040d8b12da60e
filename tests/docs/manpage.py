# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads man pages in mdoc, Markdown documents, and the public header."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple


@dataclass
class Example:
    kind: str  # program, body, python, policy, machine, session, shell
    text: str
    line: int
    prints: Optional[str] = None


@dataclass
class Page:
    path: Path
    names: List[str] = field(default_factory=list)
    sections: List[str] = field(default_factory=list)
    prototypes: Dict[str, str] = field(default_factory=dict)
    literals: List[str] = field(default_factory=list)  # of the synopsis
    references: List[Tuple[str, str]] = field(default_factory=list)
    functions: List[str] = field(default_factory=list)  # that the text speaks of
    examples: List[Example] = field(default_factory=list)
    unmarked: List[int] = field(default_factory=list)  # examples that nobody runs


def plain(text: str) -> str:
    """What roff makes of the escapes that the pages use."""
    for escape, character in (("\\e", "\\"), ("\\(dq", '"'), ("\\-", "-"), ("\\&", "")):
        text = text.replace(escape, character)
    return text


def words(line: str) -> List[str]:
    """The arguments of a macro."""
    return [plain(a or b) for a, b in re.findall(r'"([^"]*)"|(\S+)', line)][1:]


def squeeze(text: str) -> str:
    """C without comments, and with one space where there was any."""
    return " ".join(re.sub(r"/\*.*?\*/", " ", text, flags=re.S).split()).replace("* ", "*")


def prototype(result: str, name: str, arguments: List[str]) -> str:
    return squeeze(f"{result} {name}({', '.join(arguments)})")


class Reader:
    """Goes through a page, macro by macro."""

    def __init__(self, path: Path) -> None:
        self.page = Page(path)
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.section = self.result = self.function = ""
        self.arguments: List[str] = []
        self.mark = ""

    def read(self) -> Page:
        number = 0
        while number < len(self.lines):
            line = self.lines[number]
            number += 1
            if line.startswith('.\\" RUN: '):
                self.mark = line[9:].strip()
            elif line.startswith(".Bd -literal"):
                end = self.lines.index(".Ed", number)
                self.display("\n".join(map(plain, self.lines[number:end])), number)
                number = end + 1
            elif line.startswith("."):
                self.macro(line, number)
        return self.page

    def display(self, text: str, number: int) -> None:
        mark, self.mark = self.mark, ""
        if self.section == "SYNOPSIS":
            self.page.literals.append(text)
        elif self.section == "EXAMPLES" and mark == "prints" and self.page.examples:
            self.page.examples[-1].prints = text
        elif self.section == "EXAMPLES" and mark:
            self.page.examples.append(Example(mark, text, number))
        elif self.section == "EXAMPLES":
            self.page.unmarked.append(number)

    def macro(self, line: str, number: int) -> None:
        name, arguments = line.split()[0], words(line)
        if name == ".Sh":
            self.section = " ".join(arguments)
            self.page.sections.append(self.section)
        elif name == ".Nm" and self.section == "NAME":
            self.page.names.append(arguments[0])
        elif name == ".Xr" and len(arguments) > 1:
            self.page.references.append((arguments[0], arguments[1]))
        elif name == ".Dl" and self.section == "EXAMPLES":
            self.page.examples.append(Example("shell", plain(line[4:]), number))
        elif self.section == "SYNOPSIS":
            self.synopsis(name, arguments)
        elif name == ".Fn" and arguments:
            self.page.functions.append(arguments[0])

    def synopsis(self, name: str, arguments: List[str]) -> None:
        if name == ".Ft":
            self.result = " ".join(arguments)
        elif name == ".Fn":
            self.page.prototypes[arguments[0]] = prototype(self.result, *split(arguments))
        elif name == ".Fo":
            self.function, self.arguments = arguments[0], []
        elif name == ".Fa":
            self.arguments += arguments
        elif name == ".Fc":
            made = prototype(self.result, self.function, self.arguments)
            self.page.prototypes[self.function] = made


def split(arguments: List[str]) -> Tuple[str, List[str]]:
    return arguments[0], arguments[1:]


def pages(top: Path) -> List[Page]:
    return [Reader(path).read() for path in sorted((top / "docs").glob("man*/*.[1-9]"))]


def aliases(build: Path) -> Dict[str, str]:
    """name: the page that it leads to"""
    paths = sorted((build / "docs" / "aliases").glob("*.[1-9]"))
    return {p.stem: p.read_text(encoding="utf-8") for p in paths}


def header_text(top: Path) -> str:
    return (top / "include" / "xmem.h").read_text(encoding="utf-8")


def header_prototypes(header: str) -> Dict[str, str]:
    """name: prototype, of each function that the header exports"""
    found = {}
    for match in re.finditer(r"^XMEM_API\s+([^;]*?)(xmem_\w+)\s*\(([^;]*)\);", header, re.M | re.S):
        arguments = match[3].split(",")
        found[match[2]] = prototype(match[1], match[2], [a.strip() for a in arguments])
    return found


def markdown_blocks(text: str) -> Iterator[Tuple[str, str, int]]:
    """(language, text, line) of each fenced block."""
    language, block, begin = None, [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if language is None:
                language, block, begin = line[3:].strip(), [], number
            else:
                yield language, "\n".join(block), begin
                language = None
        elif language is not None:
            block.append(line)


def markdown_examples(path: Path) -> List[Example]:
    """```c is a program or the body of example(), ```prints what the one before it prints;
    ```sh and ```text are not run."""
    found: List[Example] = []
    for language, text, line in markdown_blocks(path.read_text(encoding="utf-8")):
        if language == "c":
            kind = "program" if "int main(" in text else "body"
            found.append(Example(kind, text, line))
        elif language in ("python", "console", "policy", "machine"):
            found.append(Example(language.replace("console", "session"), text, line))
        elif language == "prints" and found:
            found[-1].prints = text
    return found
