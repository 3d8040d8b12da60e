# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bindings are the whole C API, nothing less: the header, the version map and a C compiler
against the function table, the structs, the enums and the exceptions."""

from __future__ import annotations

import ctypes
import enum
import errno
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from typing import Any, Dict, List, Tuple

import xmem
from machines import TOP
from xmem import _prototypes, _structs, enums, errors
from xmem.event import EVENT

PACKAGE = os.path.dirname(xmem.__file__)


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


HEADER = read(TOP, "include", "xmem.h")
CODE = without_comments(HEADER)


def plain(prototype: str) -> str:
    return re.sub(r"\s+", " ", prototype).strip()


def header_prototypes() -> Dict[str, str]:
    found = [plain(p) for p in re.findall(r"XMEM_API ([^;#]+;)", CODE)]
    found += [plain(p) for p in re.findall(r"typedef int \(\*[^;]+;", CODE)]
    return {name_of(p): p for p in found}


def name_of(prototype: str) -> str:
    match = re.search(r"\(\*(\w+)\)", prototype) or re.search(r"(\w+)\(", prototype)
    assert match, prototype
    return match.group(1)


def commented_prototypes() -> Dict[str, Tuple[str, str]]:
    """By the name that the entry below the comment gives: (prototype, that entry)."""
    found = {}
    text = read(PACKAGE, "_prototypes.py")
    for match in re.finditer(r"((?:^# .*\n)+)^(\w+) = ([^\n]*(?:\n[ )][^\n]*)*)", text, re.M):
        comment = plain(re.sub(r"^# ?", "", match.group(1), flags=re.M))
        found[match.group(2)] = (comment, match.group(3))
    return found


# ---- C types to ctypes ----

_NUMBERS = {
    "int": ctypes.c_int,
    "size_t": ctypes.c_size_t,
    "uint8_t": ctypes.c_uint8,
    "uint16_t": ctypes.c_uint16,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
}
_CALLBACKS = {
    "xmem_plan_line_fn": _prototypes.PlanLineFn,
    "xmem_progress_fn": _prototypes.ProgressFn,
}


def ctype_of(text: str) -> Any:
    """What ctypes should say for a C type."""
    base = text.replace("const ", "").strip()
    stars = base.count("*")
    base = base.replace("*", "").strip()
    if base == "char" and stars == 1:
        return ctypes.c_char_p
    if base == "void":
        return ctypes.c_void_p if stars else None
    if base in _CALLBACKS:
        return _CALLBACKS[base]
    if base.startswith("enum "):
        made: Any = ctypes.c_uint
    elif base.startswith("struct "):
        name = base[len("struct ") :]
        made = _structs.STRUCTS.get(name) or _structs.OPAQUE[name]
    else:
        made = _NUMBERS[base]
    for _ in range(stars):
        made = ctypes.POINTER(made)
    return made


def types_of(prototype: str) -> Tuple[Any, Tuple[Any, ...]]:
    match = re.match(r"(.*?[ *])\w+\((.*)\);$", prototype)
    assert match, prototype
    arguments = [a.strip() for a in match.group(2).split(",")]
    if arguments == ["void"]:
        arguments = []
    kinds = tuple(ctype_of(re.sub(r"\w+$", "", a)) if a not in _CALLBACKS else a for a in arguments)
    return ctype_of(match.group(1)), kinds


class Functions(unittest.TestCase):
    def test_table_is_the_version_map(self) -> None:
        mapped = re.findall(r"^\s+(xmem_\w+);", read(TOP, "lib", "libxmem.map"), re.M)
        self.assertGreater(len(mapped), 50)
        self.assertEqual(sorted(_prototypes.TABLE), sorted(mapped))

    def test_table_is_the_header(self) -> None:
        declared = [n for n, p in header_prototypes().items() if not p.startswith("typedef")]
        self.assertEqual(sorted(_prototypes.TABLE), sorted(declared))

    def test_library_has_all(self) -> None:
        for name in _prototypes.TABLE:
            self.assertTrue(hasattr(_prototypes._library, name), name)

    def test_comments_are_the_header(self) -> None:
        header = header_prototypes()
        comments = commented_prototypes()
        for name, prototype in header.items():
            entry = {"xmem_plan_line_fn": "PlanLineFn", "xmem_progress_fn": "ProgressFn"}
            comment = comments.get(entry.get(name, name))
            self.assertIsNotNone(comment, f"{name}: no C prototype above its entry")
            assert comment is not None
            self.assertEqual(comment[0], prototype)
        self.assertEqual(len(comments), len(header), "a comment without a function")

    def test_entries_are_their_comments(self) -> None:
        for name, (prototype, _) in commented_prototypes().items():
            if name not in _prototypes.TABLE:
                continue
            restype, argtypes = _prototypes.TABLE[name]
            self.assertEqual((restype, argtypes), types_of(prototype), name)

    def test_entries_are_what_is_bound(self) -> None:
        for name, (restype, argtypes) in _prototypes.TABLE.items():
            function: Any = getattr(_prototypes, name)
            self.assertEqual(function.__name__, name)
            self.assertEqual(function.restype, restype)
            self.assertEqual(tuple(function.argtypes), argtypes)

    def test_callbacks(self) -> None:
        kind: Any
        for name, kind in _CALLBACKS.items():
            prototype = header_prototypes()[name]
            inner = re.search(r"\)\((.*)\);", prototype)
            assert inner
            arguments = inner.group(1).split(",")
            wanted = tuple(ctype_of(re.sub(r"\w+$", "", a.strip())) for a in arguments)
            self.assertEqual(tuple(kind._argtypes_), wanted)
            self.assertEqual(kind._restype_, ctypes.c_int)

    def test_every_function_is_used(self) -> None:
        text = ""
        for name in os.listdir(PACKAGE):
            if name.endswith(".py") and name != "_prototypes.py":
                text += read(PACKAGE, name)
        for name in _prototypes.TABLE:
            self.assertRegex(text, rf"\b_?c\.{name}\b", f"{name}() has no Python of its own")

    def test_handles_do_not_mix(self) -> None:
        with self.assertRaises(ctypes.ArgumentError):
            _prototypes.xmem_domain_enable(_structs.XmemBatchP())
        with self.assertRaises(ctypes.ArgumentError):
            _prototypes.xmem_close(_structs.XmemDomainP())
        with self.assertRaises(ctypes.ArgumentError):
            _prototypes.xmem_domain_pause(4096)


# ---- structs and numbers, as a C compiler sees them ----


def header_structs() -> Dict[str, str]:
    """Body by name, of structs that have one; nested ones too."""
    found = {}
    for match in re.finditer(r"struct (\w+) \{", CODE):
        depth, at = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(CODE[at], 0)
            at += 1
        found[match.group(1)] = CODE[match.end() : at - 1]
    return found


def fields_of(body: str) -> List[str]:
    """Names of the fields. Those of a nested struct or union are its own matter."""
    flat = body
    while "{" in flat:
        flat = re.sub(r"(struct|union)(\s+\w+)?\s*\{[^{}]*\}", "nested", flat)
    names = []
    for declaration in flat.split(";"):
        declaration = re.sub(r"\[[^]]*\]", "", declaration).strip()
        if declaration:
            names += [re.sub(r".*[\s*]", "", part.strip()) for part in declaration.split(",")]
    return names


def header_enums() -> Dict[str, List[str]]:
    return {
        match.group(1): re.findall(r"\b(XMEM_\w+)\b", match.group(2))
        for match in re.finditer(r"enum (\w+) \{(.*?)\}", CODE, re.S)
    }


def header_defines() -> List[str]:
    """Names of constants."""
    return re.findall(r"^#define (XMEM_\w+) +(?!__attr)[^\s\\]", CODE, re.M)


#: How the enums of C are called in Python: (class, prefix of the constants).
ENUMS: Dict[str, Tuple[Any, str]] = {
    "xmem_rights": (enums.Rights, "XMEM_"),
    "xmem_kind": (enums.Kind, "XMEM_KIND_"),
    "xmem_restore": (enums.Restore, "XMEM_RESTORE_"),
    "xmem_default_reply": (enums.DefaultReply, "XMEM_DEFAULT_"),
    "xmem_event_reason": (enums.EventReason, "XMEM_EVENT_"),
    "xmem_ctrlreg": (enums.CtrlReg, "XMEM_CTRLREG_"),
    "xmem_reply_action": (enums.ReplyAction, "XMEM_REPLY_"),
    "xmem_action": (enums.Action, "XMEM_ACTION_"),
}
#: And its flags: by class, the prefix of their names.
FLAGS: Dict[Any, str] = {
    enums.DomainFlag: "XMEM_DOMAIN_",
    enums.StepMeans: "XMEM_STEP_",
    enums.Passes: "XMEM_PASSES_",
    enums.Cap: "XMEM_CAP_",
    enums.EventFlag: "XMEM_EVENT_",
    enums.Access: "XMEM_ACCESS_",
    enums.ReplyFlag: "XMEM_REPLY_",
    enums.MonitorFlag: "XMEM_MONITOR_",
    enums.Arch: "XMEM_ARCH_",
}
OTHERS = {
    "XMEM_DECISION_PATCH_HIT": enums.DECISION_PATCH_HIT,
    "XMEM_DECISION_STRICT": enums.DECISION_STRICT,
    "XMEM_EXACT_MAX": enums.EXACT_MAX,
    "XMEM_GFN_UNDO": enums.GFN_UNDO,
}
VERSION = ["XMEM_VERSION_MAJOR", "XMEM_VERSION_MINOR", "XMEM_VERSION_PATCH"]


def constants() -> Dict[str, int]:
    """Every constant that Python knows, by its name in C."""
    known = dict(OTHERS)
    for kind, prefix in list(ENUMS.values()) + list(FLAGS.items()):
        known.update({prefix + m.name: int(m) for m in kind.__members__.values()})
    return known


def dump_program() -> str:
    lines = [f"#include <{name}.h>" for name in ("inttypes", "stdio", "xmem")]
    lines += ["int main(void)", "{"]
    for name, body in header_structs().items():
        lines.append(f'printf("struct {name} %zu\\n", sizeof(struct {name}));')
        for field in fields_of(body):
            lines.append(
                f'printf("field {name}.{field} %zu %zu\\n", offsetof(struct {name}, {field}), '
                f"sizeof(((struct {name} *)0)->{field}));"
            )
    for name in [n for names in header_enums().values() for n in names] + header_defines():
        lines.append(f'printf("number {name} %" PRIu64 "\\n", (uint64_t){name});')
    for name in header_enums():
        lines.append(f'printf("struct {name} %zu\\n", sizeof(enum {name}));')
    lines += ["return 0;", "}"]
    return "\n".join(lines) + "\n"


class AsTheCompilerSees(unittest.TestCase):
    dump: Dict[Tuple[str, str], Tuple[int, ...]] = {}

    @classmethod
    def setUpClass(cls) -> None:
        compiler = (os.environ.get("CC") or "cc").split()
        if shutil.which(compiler[0]) is None:
            raise unittest.SkipTest(f"no C compiler ({compiler[0]})")
        folder = tempfile.mkdtemp(prefix="xmem-python-")
        try:
            source, program = os.path.join(folder, "dump.c"), os.path.join(folder, "dump")
            with open(source, "w", encoding="utf-8") as out:
                out.write(dump_program())
            command = [*compiler, "-I" + os.path.join(TOP, "include"), "-o", program, source]
            quiet = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
            subprocess.run(command, check=True, timeout=120, env=quiet)
            said = subprocess.run(
                [program], check=True, timeout=60, stdout=subprocess.PIPE, text=True, env=quiet
            )
        finally:
            shutil.rmtree(folder)
        for line in said.stdout.splitlines():
            kind, name, *numbers = line.split()
            cls.dump[kind, name] = tuple(int(n) for n in numbers)

    def test_all_structs(self) -> None:
        self.assertEqual(sorted(_structs.STRUCTS), sorted(header_structs()))
        forward = set(re.findall(r"^struct (\w+);", CODE, re.M))
        self.assertEqual(set(_structs.OPAQUE), forward)

    def test_sizes(self) -> None:
        kind: Any
        for name, kind in _structs.STRUCTS.items():
            self.assertEqual((ctypes.sizeof(kind),), self.dump["struct", name], name)

    def test_fields(self) -> None:
        wanted = {n: v for (kind, n), v in self.dump.items() if kind == "field"}
        self.assertGreater(len(wanted), 150)
        found = {}
        for name, struct in _structs.STRUCTS.items():
            for field, *_ in struct._fields_:
                at = getattr(struct, field)
                found[f"{name}.{field}"] = (at.offset, at.size)
        self.assertEqual(found, wanted)

    def test_sizes_are_set(self) -> None:
        struct: Any
        for name, struct in _structs.STRUCTS.items():
            if struct._fields_[0][0] == "size":
                self.assertEqual(struct().size, ctypes.sizeof(struct), name)

    def test_numbers(self) -> None:
        wanted = {n: v[0] for (kind, n), v in self.dump.items() if kind == "number"}
        for name in VERSION:
            wanted.pop(name)
        self.assertGreater(len(wanted), 90)
        self.assertEqual(constants(), wanted)

    def test_every_enum(self) -> None:
        self.assertEqual(sorted(ENUMS), sorted(header_enums()))
        for name in ENUMS:
            self.assertEqual(self.dump["struct", name], (ctypes.sizeof(ctypes.c_uint),))
        known = {e for e, _ in ENUMS.values()} | set(FLAGS)
        for value in vars(enums).values():
            if isinstance(value, type) and issubclass(value, enum.IntEnum) and len(value):
                self.assertIn(value, known)

    def test_versions(self) -> None:
        wanted = ".".join(str(self.dump["number", name][0]) for name in VERSION)
        self.assertEqual(xmem.__version__, wanted)
        self.assertEqual(xmem.library_version(), wanted)
        project = read(TOP, "bindings", "python", "pyproject.toml")
        self.assertIn(f'\nversion = "{wanted}"\n', project)

    def test_event_unpacking(self) -> None:
        self.assertEqual(EVENT.size, ctypes.sizeof(_structs.XmemEvent))


class Errors(unittest.TestCase):
    def test_every_documented_errno(self) -> None:
        documented = set(re.findall(r"-(E[A-Z0-9]+)\b", HEADER))
        self.assertGreater(len(documented), 15)
        for name in documented:
            kind = errors.error_class(getattr(errno, name))
            self.assertTrue(issubclass(kind, xmem.XmemError))
            self.assertIsNot(kind, xmem.XmemError, f"{name} has no exception of its own")
            self.assertIn(kind.__name__, xmem.__all__)
            self.assertIn(name, kind.__doc__ or "")

    def test_every_class_is_exported(self) -> None:
        for kind in errors._CLASSES.values():
            self.assertIs(getattr(xmem, kind.__name__), kind)

    def test_they_are_oserrors(self) -> None:
        for code, kind in errors._CLASSES.items():
            error = errors.make_error(-code, "text")
            self.assertIs(type(error), kind)
            self.assertIsInstance(error, OSError)
            self.assertEqual((error.errno, error.strerror, error.text), (code, "text", "text"))
        self.assertIs(type(errors.make_error(-errno.EXDEV, "x")), xmem.XmemError)

    def test_names_come_from_the_library(self) -> None:
        for right in xmem.Rights:
            name = xmem.rights_name(right)
            self.assertEqual(name, right.name.lower())
            self.assertIs(xmem.parse_rights(name), right)
        self.assertEqual(xmem.rights_name(99), "")
        self.assertEqual(xmem.kind_name(xmem.Kind.ARM_S2), "arm-s2")
        for action in xmem.Action:
            self.assertTrue(xmem.action_name(action))


if __name__ == "__main__":
    unittest.main()
