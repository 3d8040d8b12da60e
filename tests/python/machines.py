# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests share: simulated machines, and a check that nothing was left behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import unittest
from typing import Any, Dict, Iterator, List, Tuple

import xmem

TOP = os.environ.get("TOP_SRCDIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
)
FIRST = 0x100  # gfn of a machine's first page

Op = Dict[str, Any]


def op(code: str, gfn: int = -1, **fields: Any) -> Op:
    made: Op = {"op": code, **fields}
    if gfn >= 0:
        made["gfn"] = gfn
    return made


def writes(*gfns: int) -> List[Op]:
    return [op("write", gfn, value=1) for gfn in gfns]


class MachineTest(unittest.TestCase):
    """A test with a folder of its own, and machines in it."""

    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="xmem-python-")
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name: str, text: str) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def uri(self, *scripts: List[Op], repeat: int = 1, **domain: Any) -> str:
        """A machine of one domain, "guest", with a script for each vCPU."""
        programs = [
            {"vcpu": i, "script": script, "repeat": repeat}
            for i, script in enumerate(scripts)
            if script
        ]
        one = {
            "name": "guest",
            "kind": "x86-ept",
            "vcpus": max(1, len(scripts)),
            "pages": 1024,
            "first_gfn": FIRST,
            "programs": programs,
            **domain,
        }
        return "sim:" + self.file("machine.json", json.dumps({"domains": [one]}))

    @contextlib.contextmanager
    def guest(
        self, *scripts: List[Op], repeat: int = 1, options: Any = None, **domain: Any
    ) -> Iterator[xmem.Session]:
        """A session on such a machine with monitoring on; clean when it ends."""
        with xmem.connect(self.uri(*scripts, repeat=repeat, **domain)) as machine:
            with machine.session("guest", **(options or {})) as guest:
                guest.enable()
                yield guest
            self.check(machine)

    def check(self, machine: xmem.Connection) -> None:
        report = machine.check_machine()
        self.assertTrue(report.clean, report)

    def raises(self, kind: Any, pattern: str = "") -> Any:
        return self.assertRaisesRegex(kind, pattern)


def taken(guest: xmem.Session, n: int) -> Tuple[xmem.Event, ...]:
    """n events, unanswered."""
    got: List[xmem.Event] = []
    while len(got) < n:
        event = guest.next_event()
        if event is not None:
            got.append(event)
        elif not guest.wait(5):
            raise AssertionError(f"{len(got)} events came, not {n}")
    return tuple(got)
