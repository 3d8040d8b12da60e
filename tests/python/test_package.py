# SPDX-License-Identifier: LGPL-2.1-or-later
"""The package: sdist and wheel without a network, installed and used; how the library is found;
types."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from typing import Any, Dict, Iterator, List

import xmem
from machines import TOP
from xmem import _library, _prototypes
from xmem._handle import Handle

SOURCE = os.path.join(TOP, "bindings", "python")
LIBRARY = os.environ.get("XMEM_LIBRARY", "")


class InFolder(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="xmem-python-")
        self.addCleanup(shutil.rmtree, self.folder)

    def python(
        self, *arguments: str, cwd: str = "", env: Any = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    def environment(self, **more: str) -> Dict[str, str]:
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "XMEM_LIBRARY")}
        env.update(more)
        return env


class Packaging(InFolder):
    def setUp(self) -> None:
        super().setUp()
        if self.python("-c", "import setuptools, wheel").returncode:
            self.skipTest("setuptools and wheel are not installed")
        self.source = os.path.join(self.folder, "source")
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
        shutil.copytree(SOURCE, self.source, ignore=ignore)
        for folder, _, _ in os.walk(self.source):  # the source may be read-only
            os.chmod(folder, 0o755)

    def build(self, kind: str) -> str:
        """As pip and build do it: the hook of the build backend, with what is installed."""
        code = (
            f"import setuptools.build_meta as b; print('made', b.build_{kind}({self.folder!r}))"
        )
        done = self.python("-c", code, cwd=self.source)
        self.assertEqual(done.returncode, 0, done.stdout)
        return os.path.join(self.folder, done.stdout.split("made ")[-1].strip())

    def modules(self) -> List[str]:
        names = os.listdir(os.path.join(SOURCE, "xmem"))
        return sorted(f"xmem/{n}" for n in names if n.endswith((".py", ".typed")))

    def test_wheel(self) -> None:
        path = self.build("wheel")
        self.assertTrue(path.endswith("-py3-none-any.whl"), path)
        self.assertIn(xmem.__version__, path)
        with zipfile.ZipFile(path) as wheel:
            inside = sorted(n for n in wheel.namelist() if n.startswith("xmem/"))
            self.assertEqual(inside, self.modules())
            (metadata,) = [n for n in wheel.namelist() if n.endswith("/METADATA")]
            self.assertIn(b"Requires-Python: >=3.9", wheel.read(metadata))
            wheel.extractall(os.path.join(self.folder, "installed"))
        env = self.environment(
            PYTHONPATH=os.path.join(self.folder, "installed"), XMEM_LIBRARY=LIBRARY
        )
        code = "import xmem\nwith xmem.connect() as m: print(xmem.__file__, m.find('demo').domid)"
        done = self.python("-c", code, env=env)
        self.assertIn("installed/xmem/__init__.py 1", done.stdout)

    def test_sdist(self) -> None:
        with tarfile.open(self.build("sdist")) as sdist:
            names = [n.split("/", 1)[1] for n in sdist.getnames() if "/" in n]
        for name in [*self.modules(), "pyproject.toml", "README.md"]:
            self.assertIn(name, names)


class Loading(InFolder):
    def test_by_soname(self) -> None:
        """Where the dynamic linker looks, as for any other program."""
        lib = os.path.join(self.folder, "lib")
        os.mkdir(lib)
        os.symlink(os.path.abspath(LIBRARY), os.path.join(lib, "libxmem.so.0"))
        env = self.environment(PYTHONPATH=SOURCE, LD_LIBRARY_PATH=lib)
        done = self.python("-c", "import xmem; print(xmem.library_version())", env=env)
        self.assertEqual(done.stdout.strip(), xmem.__version__)

    def test_not_found(self) -> None:
        env = self.environment(PYTHONPATH=SOURCE, XMEM_LIBRARY="/nowhere/libxmem.so.0")
        done = self.python("-c", "import xmem", env=env)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, "ImportError: /nowhere/libxmem.so.0 cannot be loaded: .*set")

    def test_older_library(self) -> None:
        """A function that it lacks fails when it is called, not before."""
        missing = _library.bind(_prototypes._library, "xmem_of_tomorrow", None, ())
        with self.assertRaisesRegex(xmem.NotSupportedError, "xmem_of_tomorrow.*older"):
            missing(None)

    def test_soname_is_the_library_s(self) -> None:
        with open(os.path.join(TOP, "lib", "Makemodule.am"), encoding="utf-8") as file:
            text = file.read()
        current = int(text.split("-version-info ")[1].split(":")[0])
        age = int(text.split("-version-info ")[1].split()[0].split(":")[2])
        self.assertEqual(_library.SONAME, f"libxmem.so.{current - age}")


def python_files() -> Iterator[str]:
    yield os.path.join(TOP, "hypervisor", "xen", "apply")
    for part in ("bindings", "examples", "tests"):
        for folder, _, names in os.walk(os.path.join(TOP, part)):
            yield from (os.path.join(folder, n) for n in sorted(names) if n.endswith(".py"))


class Source(unittest.TestCase):
    def test_no_import_inside_a_function(self) -> None:
        found = []
        for path in python_files():
            with open(path, encoding="utf-8") as file:
                tree = ast.parse(file.read())
            for function in ast.walk(tree):
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found += [
                        f"{path}:{node.lineno}"
                        for node in ast.walk(function)
                        if isinstance(node, (ast.Import, ast.ImportFrom))
                    ]
        self.assertEqual(found, [])

    def test_one_class_has_what_all_handles_have(self) -> None:
        """Who else wrote it would have to change it there, too."""
        for handle in (xmem.Batch, xmem.Connection, xmem.Policy, xmem.Session, xmem.View):
            with self.subTest(handle.__name__):
                self.assertTrue(issubclass(handle, Handle))
                for name in ("__enter__", "__exit__", "__del__", "__repr__"):
                    self.assertNotIn(name, vars(handle))


class Types(InFolder):
    def mypy(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        found = shutil.which("mypy")
        if found is None:
            self.skipTest("mypy is not installed")
        env = self.environment(MYPYPATH=SOURCE)
        env.pop("LD_PRELOAD", None)
        return subprocess.run(
            [found, "--strict", "--cache-dir", self.folder, *arguments],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    def files(self, *path: str) -> List[str]:
        folder = os.path.join(TOP, *path)
        return [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.endswith(".py")]

    def test_package_tests_and_examples(self) -> None:
        done = self.mypy(
            *self.files("bindings", "python", "xmem"),
            *self.files("tests", "python"),
            *self.files("examples", "python"),
        )
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_oldest_python(self) -> None:
        done = self.mypy("--python-version", "3.9", *self.files("bindings", "python", "xmem"))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_mistakes_are_seen(self) -> None:
        path = os.path.join(self.folder, "wrong.py")
        with open(path, "w", encoding="utf-8") as out:
            out.write(
                "import xmem\n"
                "with xmem.connect() as machine, machine.session(1) as guest:\n"
                "    guest.set_rights('0x10', 'rx')\n"
                "    guest.rights\n"
                "    for event in guest:\n"
                "        event.reply(5)\n"
                "    reveal_type(guest.get_rights(1))\n"
            )
        said = self.mypy(path).stdout
        for line in (3, 4, 6):
            self.assertIn(f"wrong.py:{line}: error", said)
        self.assertIn('Revealed type is "xmem.enums.Rights"', said)


if __name__ == "__main__":
    unittest.main()
