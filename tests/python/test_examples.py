# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples, run as programs: on the built-in machine, and on one from a file."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
import unittest
from typing import Any

import xmem
from machines import FIRST, TOP, MachineTest, op, writes

EXAMPLES = os.path.join(TOP, "examples", "python")


class Examples(MachineTest):
    def run_example(self, name: str, *arguments: str, status: int = 0) -> "tuple[str, str]":
        done = subprocess.run(
            [sys.executable, os.path.join(EXAMPLES, name), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, status, done.stderr)
        if status == 0:
            self.assertEqual(done.stderr, "")
        return done.stdout, done.stderr

    def test_all_are_here(self) -> None:
        programs = {n for n in os.listdir(EXAMPLES) if n.endswith(".py")}
        self.assertEqual(programs, {"watch_page.py", "wx_watcher.py", "hidden_breakpoint.py"})

    def test_watch_page(self) -> None:
        out, _ = self.run_example("watch_page.py", "sim:", "1", "0x1200")
        wanted = ["vcpu 0 wrote to 0x1200000", "vcpu 0 wrote to 0x1200008"] * 3
        self.assertEqual(out.splitlines(), wanted)

    def test_watch_page_of_a_machine(self) -> None:
        uri = self.uri([op("write", FIRST + 2, offset=5, value=1)], writes(FIRST), repeat=4)
        out, _ = self.run_example("watch_page.py", uri, "1", hex(FIRST + 2))
        self.assertEqual(out.splitlines(), ["vcpu 0 wrote to 0x102005"] * 4)

    def test_watch_page_is_short(self) -> None:
        with open(os.path.join(EXAMPLES, "watch_page.py"), encoding="utf-8") as file:
            code = file.read().split('"""')[2]
        body = [line for line in code.splitlines() if line and not re.match("import ", line)]
        self.assertLessEqual(len(body), 10)

    def test_wx_watcher(self) -> None:
        arguments = ("sim:", "demo", "0x1000", "0x1000", "--quiet", "0.2")
        out, _ = self.run_example("wx_watcher.py", *arguments)
        lines = out.splitlines()
        self.assertEqual(lines[-1], "4 pages were written and executed, 12 times")
        self.assertEqual(lines[0], "vcpu 0 executes gfn 0x1200, which was written")

    def test_wx_watcher_of_a_machine(self) -> None:
        """Data that is only data, and code that is only code, are not told."""
        script = [
            *writes(FIRST, FIRST + 1),
            op("exec", FIRST + 2),
            op("exec", FIRST + 1),
            op("rmw", FIRST, value=3),
        ]
        for kind in ("x86-ept", "arm-s2"):
            uri = self.uri(script, kind=kind)
            out, _ = self.run_example("wx_watcher.py", uri, "1", hex(FIRST), "8", "--quiet", "0.2")
            self.assertEqual(
                out.splitlines(),
                [
                    f"vcpu 0 executes gfn {FIRST + 1:#x}, which was written",
                    "1 pages were written and executed, 1 times",
                ],
            )

    def test_wx_watcher_says_what_is_wrong(self) -> None:
        _, err = self.run_example("wx_watcher.py", "sim:", "nobody", "0", "1", status=1)
        self.assertEqual(err, "wx_watcher: sim: has no domain 'nobody'\n")
        _, err = self.run_example("wx_watcher.py", "sim:", "1", "0x100000000", "1", status=1)
        self.assertRegex(err, "above the highest")

    def test_wx_watcher_stops(self) -> None:
        program = os.path.join(EXAMPLES, "wx_watcher.py")
        uri = self.uri(writes(FIRST) + [op("exec", FIRST)], repeat=0)
        with subprocess.Popen(
            [sys.executable, program, uri, "1", hex(FIRST), "8"], stdout=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            running.stdout.readline()
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=60)
            self.assertEqual(running.returncode, 130)

    def test_hidden_breakpoint(self) -> None:
        script = [
            op("write", FIRST, offset=16, value=0x90C3),
            op("exec", FIRST),
            op("breakpoint", FIRST, offset=16),
            op("read", FIRST, offset=16),
        ]
        uri = self.uri(script, repeat=3)
        arguments = (uri, "guest", hex(FIRST), "0x10", "--quiet", "0.2")
        out, _ = self.run_example("hidden_breakpoint.py", *arguments)
        lines = out.splitlines()
        self.assertEqual(lines[-1], "3 hits, 6 looks that saw nothing")
        self.assertEqual(lines.count(f"vcpu 0 hits the breakpoint in gfn {FIRST:#x}"), 3)

    def test_the_guest_sees_the_original(self) -> None:
        """What the example does, with a guest that tells what it read."""
        sys.path.insert(0, EXAMPLES)
        self.addCleanup(sys.path.remove, EXAMPLES)
        hidden_breakpoint: Any = importlib.import_module("hidden_breakpoint")
        script = [op("read", FIRST, offset=16), op("guest_request")]
        with self.guest(script) as guest:
            guest.write((FIRST << 12) + 16, b"\x90\xc3" + bytes(6))
            hook = hidden_breakpoint.hide(guest, FIRST, 16)
            guest.set_monitor(xmem.EventReason.GUEST_REQUEST)
            hook.switch()
            seen = []
            for event in guest.events(timeout=0.1):
                if event.reason == xmem.EventReason.GUEST_REQUEST:
                    seen.append(event.regs().rax)
                    event.resume()
                else:
                    event.reply(view=0, step_view=hook)
            self.assertEqual(seen, [0xC390])

    def test_hidden_breakpoint_on_the_built_in_machine(self) -> None:
        arguments = ("sim:", "demo", "0x1200", "0", "--quiet", "0.2")
        out, _ = self.run_example("hidden_breakpoint.py", *arguments)
        self.assertEqual(out.splitlines()[-1], "3 hits, 6 looks that saw nothing")

    def test_hidden_breakpoint_needs_views(self) -> None:
        arguments = ("sim:", "demo-arm", "0x1200", "0")
        _, err = self.run_example("hidden_breakpoint.py", *arguments, status=1)
        self.assertRegex(err, "hidden_breakpoint: .*views")


if __name__ == "__main__":
    unittest.main()
