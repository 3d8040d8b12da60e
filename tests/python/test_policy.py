# SPDX-License-Identifier: LGPL-2.1-or-later
"""Policies: the corpus says the same here as in C; plan, apply, decide and handle."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
from typing import Any, Dict, List, Tuple

import xmem
from machines import FIRST, TOP, MachineTest, op, taken, writes
from xmem import Action, EventReason, Policy, Rights

SPLITTER = os.path.join(os.environ.get("TOP_BUILDDIR", "."), "tests", "policy", "test-corpus")


def policy(**more: Any) -> str:
    document = {
        "version": 1,
        "domains": ["*"],
        "regions": {"code": hex(FIRST), "data": [f"{FIRST + 16:#x}-{FIRST + 31:#x}"]},
        "rules": [
            {"name": "no-writes", "region": "code", "rights": "rx", "on": "log"},
            {"name": "no-code", "region": "data", "rights": "rw", "on": "relax"},
        ],
        **more,
    }
    return json.dumps(document)


class Corpus(unittest.TestCase):
    def documents(self, folder: str) -> List[str]:
        if not os.path.exists(SPLITTER):
            self.skipTest(f"{SPLITTER} is not built")
        corpus = tempfile.TemporaryDirectory(prefix="xmem-corpus-")
        self.addCleanup(corpus.cleanup)
        subprocess.run([SPLITTER, "--split", corpus.name], check=True, timeout=60)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(os.path.join(corpus.name, folder))  # messages name files as they were given
        names = [n for n in sorted(os.listdir(".")) if n.endswith(".json")]
        self.assertGreater(len(names), 5)
        return names

    @staticmethod
    def expected() -> Dict[str, List[str]]:
        """The messages of each document; read where documents() went."""
        with open("expected", encoding="utf-8", errors="surrogateescape") as f:
            parts = re.split(r"^== (.*)\n", f.read(), flags=re.M)
        return {n: text.splitlines() for n, text in zip(parts[1::2], parts[2::2])}

    def test_valid(self) -> None:
        for name in self.documents("valid"):
            with self.subTest(name):
                self.assertEqual(xmem.validate_policy(name), [])
                with Policy.load(name) as good:
                    self.assertEqual(good.warnings, ())

    def test_warned(self) -> None:
        names, messages = self.documents("warned"), self.expected()
        for name in names:
            with self.subTest(name):
                wanted = messages[name]
                self.assertEqual(xmem.validate_policy(name), [])
                with Policy.load(name) as valid:
                    self.assertEqual([str(d) for d in valid.warnings], wanted)
                    self.assertTrue(all(d.is_warning for d in valid.warnings))

    def test_invalid(self) -> None:
        names, messages = self.documents("invalid"), self.expected()
        for name in names:
            with self.subTest(name):
                wanted = messages[name]
                with self.assertRaises(xmem.PolicyError) as caught:
                    Policy.load(name)
                found = caught.exception.diagnostics
                self.assertEqual([str(d) for d in found], wanted)
                self.assertIn(wanted[0], caught.exception.text)
                self.assertEqual(list(found), xmem.validate_policy(name))
                for diagnostic, full in zip(found, wanted):
                    self.assertTrue(full.endswith(f"{diagnostic.path}: {diagnostic.text}"))
                    self.assertIn(f"[XM-{diagnostic.number:03}]", full)
                    if diagnostic.line:
                        at = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}:"
                        self.assertTrue(full.startswith(at), full)

    def test_from_memory(self) -> None:
        name = "rules.json"
        with self.assertRaises(xmem.PolicyError) as caught:
            Policy.parse('{"version": 2,\n "domains": ["*"]}', name)
        (found,) = caught.exception.diagnostics
        self.assertEqual((found.file, found.line, found.column), (name, 1, 13))
        with self.assertRaises(xmem.PolicyError):
            Policy.parse(b"\xff\xfe")
        with self.assertRaises(xmem.PolicyError):
            Policy.parse("")
        with self.assertRaises(xmem.InvalidArgumentError):
            Policy.parse("{}", "a\0b")


class Files(MachineTest):
    def test_bad_files(self) -> None:
        with self.raises(xmem.NotFoundError, "none.json"):
            Policy.load(os.path.join(self.folder, "none.json"))
        with self.raises(xmem.XmemError) as caught:
            Policy.load(self.folder)
        self.assertIn(type(caught.exception), (xmem.PolicyFileError, xmem.InvalidArgumentError))
        with self.raises(xmem.InvalidArgumentError, "NUL"):
            Policy.load("a\0b")
        big = self.file("big.json", "")
        os.truncate(big, 17 << 20)
        with self.raises(xmem.PolicyFileError):
            Policy.load(big)

    def test_path_objects(self) -> None:
        path = pathlib.Path(self.file("p.json", policy()))
        with Policy.load(path) as loaded:
            self.assertEqual(loaded.name, str(path))
        self.assertTrue(loaded.closed)
        with xmem.connect() as machine, self.raises(xmem.ClosedError, "is closed"):
            loaded.matches(machine.find("demo"))


class Use(MachineTest):
    def test_matches(self) -> None:
        with Policy.parse(policy(domains=["demo"])) as mine, xmem.connect() as machine:
            self.assertEqual([mine.matches(d) for d in machine.domains()], [True, False])

    def test_plan(self) -> None:
        with Policy.parse(policy()) as mine, self.guest() as guest:
            lines = mine.plan(guest)
            self.assertTrue(any("no-writes" in line for line in lines), lines)
            self.assertRegex(lines[-1], "total: 17 gfns")
            self.assertEqual(guest.stats.sets, 0)

    def test_plan_of_the_impossible(self) -> None:
        text = policy(regions={"code": "0x10000000", "data": hex(FIRST)})
        with Policy.parse(text, "far.json") as mine, self.guest() as guest:
            for call in (mine.plan, mine.apply):
                with self.raises(xmem.OutOfRangeError, r"far.json:1:\d+: \[XM-") as caught:
                    call(guest)  # type: ignore[operator]
                self.assertEqual(len(caught.exception.diagnostics), 1)
            self.assertIs(guest.get_rights(FIRST), Rights.RWX)

    def test_apply_and_handle(self) -> None:
        script = writes(FIRST) + [op("exec", FIRST + 16), op("exec", FIRST + 16)]
        mine = Policy.parse(policy())
        with self.guest(script) as guest:
            mine.apply(guest)
            self.assertIs(guest.get_rights(FIRST), Rights.RX)
            (first,) = taken(guest, 1)
            decision = mine.decide(guest, first)
            self.assertEqual(
                decision[:1] + decision[2:], (Action.LOG, "no-writes", "code", FIRST, 0)
            )
            self.assertFalse(first.answered)
            self.assertEqual(mine.handle(guest, first), decision)
            self.assertTrue(first.answered)
            self.assertIs(first.stepped, xmem.StepMeans.VIEW)
            with self.raises(xmem.AlreadyAnsweredError):
                mine.handle(guest, first)
            with self.raises(xmem.AlreadyAnsweredError):
                mine.decide(guest, first)
            seen = [mine.handle(guest, event).action for event in guest.events(timeout=0.1)]
            self.assertEqual(seen, [Action.RELAX])  # told once
            with self.raises(xmem.BusyError, "applied"):
                mine.close()
        mine.close()
        self.assertTrue(mine.closed)

    def test_pause_holds(self) -> None:
        rules = [{"name": "stop", "region": "code", "rights": "rx", "on": "pause"}]
        with Policy.parse(policy(rules=rules)) as mine, self.guest(writes(FIRST)) as guest:
            mine.apply(guest)
            held = []
            for event in guest.events(timeout=0.1):
                self.assertIs(mine.handle(guest, event).action, Action.PAUSE)
                held.append(event)
            self.assertEqual([e.answered for e in held], [False])
            self.assertTrue(guest.info.flags & xmem.DomainFlag.PAUSED)

    def test_policy_outlives_with(self) -> None:
        with self.guest(writes(FIRST)) as guest:
            with Policy.parse(policy()) as mine:
                mine.apply(guest)
            seen = [mine.handle(guest, event).rule for event in guest.events(timeout=0.1)]
            self.assertEqual(seen, ["no-writes"])
        self.assertFalse(mine.closed)
        mine.close()

    def test_progress(self) -> None:
        text = policy(regions={"code": f"{FIRST:#x}-{FIRST + 0xFFFFF:#x}", "data": "0x200000"})
        with Policy.parse(text) as mine, self.guest(pages=0x200000, first_gfn=FIRST) as guest:
            seen: List[Tuple[int, int]] = []
            mine.apply(guest, lambda done, total: seen.append((done, total)))
            self.assertEqual(seen[-1], (0x100001, 0x100001))
            self.assertGreater(len(seen), 2)

    def test_progress_stops(self) -> None:
        class Mine(Exception):
            pass

        def fails(done: int, total: int) -> None:
            raise Mine

        with Policy.parse(policy()) as mine, self.guest() as guest:
            with self.raises(xmem.CancelledError, "put back"):
                mine.apply(guest, lambda done, total: True)
            with self.assertRaises(Mine):
                mine.apply(guest, fails)
            self.assertIs(guest.get_rights(FIRST), Rights.RWX)
            mine.apply(guest)

    def test_failure_puts_back(self) -> None:
        faults = [{"hypercall": 2, "op": "access_set", "errno": "ENOMEM"}]
        with Policy.parse(policy(), "p.json") as mine:
            with self.guest(kind="arm-s2", faults=faults) as guest:
                with self.raises(xmem.XmemError, r"p.json:1:\d+: \[XM-\d+\] /rules.*gfn 0x"):
                    mine.apply(guest)
                self.assertIs(guest.get_rights(FIRST), Rights.RWX)

    def test_monitors(self) -> None:
        monitors = [{"name": "asked", "reason": "guest_request", "action": "log"}]
        text = policy(monitors=monitors)
        with Policy.parse(text) as mine, self.guest([op("guest_request")]) as guest:
            mine.apply(guest)
            got = [(e.reason, mine.handle(guest, e).rule) for e in guest.events(timeout=0.1)]
            self.assertEqual(got, [(EventReason.GUEST_REQUEST, "asked")])

    def test_shipped_examples(self) -> None:
        folder = os.path.join(TOP, "examples", "policies")
        names = [n for n in os.listdir(folder) if re.fullmatch(r"[\w-]+\.json", n)]
        names = [n for n in names if "schema" not in n]
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            self.assertEqual(xmem.validate_policy(os.path.join(folder, name)), [])


if __name__ == "__main__":
    unittest.main()
