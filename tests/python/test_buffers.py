# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many gfns at once: whatever has a buffer goes to C as it is, without a Python loop."""

from __future__ import annotations

import importlib
import sys
import time
import unittest
from array import array
from typing import Any

import xmem
from machines import FIRST, MachineTest
from xmem import Rights

MILLION = 1_000_000


class Buffers(MachineTest):
    def set_and_check(self, gfns: Any, rights: Any, wanted: str) -> None:
        with self.guest() as guest:
            guest.set_rights_many(gfns, rights)
            got = [guest.get_rights(FIRST + i).name for i in range(4)]
            self.assertEqual(" ".join(got), wanted)

    def test_kinds_of_gfns(self) -> None:
        three = [FIRST, FIRST + 1, FIRST + 3]
        packed = array("Q", three)
        padded = array("Q", [n for gfn in three for n in (gfn, 1 << 50)])
        misaligned = memoryview(bytearray(b"x" + packed.tobytes()))[1:]
        for gfns in (
            three,
            tuple(three),
            iter(three),
            packed,
            memoryview(packed),
            array("L", three),
            packed.tobytes(),
            bytearray(packed.tobytes()),
            memoryview(packed.tobytes()),
            memoryview(packed.tobytes()).cast("Q"),
            memoryview(padded)[::2],
            misaligned,
        ):
            with self.subTest(repr(gfns)):
                self.set_and_check(gfns, "rx", "RX RX RWX RX")

    def test_kinds_of_rights(self) -> None:
        each = [Rights.R, Rights.RX, Rights.N]
        packed = bytes(each)
        for rights in (
            each,
            ["r", "rx", 8],
            packed,
            bytearray(packed),
            memoryview(packed),
            array("B", packed),
            memoryview(bytes(b for r in packed for b in (r, 0)))[::2],
        ):
            with self.subTest(repr(rights)):
                self.set_and_check(range(FIRST, FIRST + 3), rights, "R RX N RWX")

    def test_none_and_repeated(self) -> None:
        self.set_and_check([], "r", "RWX RWX RWX RWX")
        self.set_and_check(b"", b"", "RWX RWX RWX RWX")
        self.set_and_check([FIRST, FIRST, FIRST], ["r", "n", "x"], "X RWX RWX RWX")

    def test_numpy(self) -> None:
        try:
            numpy: Any = importlib.import_module("numpy")
        except ImportError:
            self.skipTest("numpy is not installed")
        gfns: Any = numpy.arange(FIRST, FIRST + 8, dtype=numpy.uint64)
        self.set_and_check(gfns[::2], "rx", "RX RWX RX RWX")
        self.set_and_check(gfns[:2], numpy.array([9, 13], numpy.uint8), "R RX RWX RWX")
        with self.raises(xmem.InvalidArgumentError, "64-bit"):
            self.set_and_check(gfns.astype(numpy.float64), "r", "")

    def test_refused(self) -> None:
        with self.guest() as guest:
            for gfns, rights, text in (
                (array("I", [FIRST]), "r", "not unsigned 64-bit"),
                (array("q", [FIRST]), "r", "not unsigned 64-bit"),
                (array("d", [1.0]), "r", "not unsigned 64-bit"),
                (b"1234567", "r", "7 bytes"),
                ([-1], "r", "64 bits"),
                ([1 << 64], "r", "64 bits"),
                ([FIRST], b"", "0 of them for 1"),
                ([FIRST], b"\x09\x09", "2 of them for 1"),
                ([FIRST], array("H", [9]), "of 2 bytes"),
                ([FIRST], ["rwxx"], "no name of rights"),
                ([FIRST], 3, "no rights"),
                ([FIRST], b"\x03", ""),
                ([1 << 40], "r", "highest"),
            ):
                with self.subTest(text), self.raises(xmem.XmemError, text):
                    guest.set_rights_many(gfns, rights)
            with self.assertRaises(TypeError):
                guest.set_rights_many(FIRST, "r")
            with self.assertRaises(TypeError):
                guest.set_rights_many(["x"], "r")
            self.assertEqual(guest.stats.sets, 0)

    def test_lent_only_for_the_call(self) -> None:
        with self.guest() as guest:
            gfns = array("Q", [FIRST])
            guest.set_rights_many(gfns, "r")
            gfns.append(FIRST + 1)  # BufferError while it is lent

    def test_a_million(self) -> None:
        """Python's own part of it must be small beside the library's."""
        gfns = array("Q", range(FIRST, FIRST + MILLION))
        with self.guest(pages=MILLION) as guest, guest.batch() as batch:
            start = time.process_time()
            batch.add_many(gfns, Rights.R)
            collected = time.process_time() - start
            self.assertEqual(batch.apply().gfns, MILLION)
            start = time.process_time()
            for _ in range(MILLION):
                pass
            loop = time.process_time() - start
            self.assertIs(guest.get_rights(FIRST + MILLION - 1), Rights.R)
            guest.set_rights_many(gfns, bytes([Rights.RX]) * MILLION)
            self.assertIs(guest.get_rights(FIRST), Rights.RX)
        self.assertLess(collected, 20 * loop + 0.5)

    def test_no_python_per_gfn(self) -> None:
        """Counts the lines of Python that run: as many for ten thousand gfns as for ten."""
        def lines(n: int) -> int:
            count = 0

            def trace(_frame: Any, _event: str, _arg: Any) -> Any:
                nonlocal count
                count += 1
                return trace

            with self.guest(pages=10_000) as guest:
                gfns = array("Q", range(FIRST, FIRST + n))
                before = sys.gettrace()
                sys.settrace(trace)
                try:
                    guest.set_rights_many(gfns, Rights.R)
                finally:
                    sys.settrace(before)
            return count

        few = lines(10)
        self.assertGreater(few, 5)
        self.assertEqual(lines(10_000), few)


if __name__ == "__main__":
    unittest.main()
