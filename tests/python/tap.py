# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs unittest and prints TAP: tap.py [MODULE[.CLASS[.TEST]]...]"""

from __future__ import annotations

import os
import sys
import unittest
from typing import Any


class TapResult(unittest.TestResult):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def line(self, ok: bool, test: Any, more: str = "") -> None:
        self.count += 1
        name = test.id().replace("#", "")
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name}{more}", flush=True)

    def why(self, text: str) -> None:
        for line in text.splitlines():
            print(f"# {line}", flush=True)

    def addSuccess(self, test: Any) -> None:
        self.line(True, test)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self.line(True, test, f" # SKIP {reason}")

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self.line(False, test)
        self.why(self.failures[-1][1])

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self.line(False, test)
        self.why(self.errors[-1][1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.line(False, subtest)
            self.why((self.failures + self.errors)[-1][1])

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self.line(False, test, " failed as expected: mend it, or the test")

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.line(False, test, " succeeded, which was not expected")


def main() -> int:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, here)
    loader = unittest.TestLoader()
    names = sys.argv[1:] or sorted(n[:-3] for n in os.listdir(here) if n.startswith("test_"))
    suite = loader.loadTestsFromNames(names)
    result = TapResult()
    suite.run(result)
    print(f"1..{result.count}")
    return 1 if result.failures or result.errors or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
