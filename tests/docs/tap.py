# SPDX-License-Identifier: LGPL-2.1-or-later
"""TAP for tests of documents."""

import os
import sys
from pathlib import Path

TOP = Path(os.environ.get("TOP_SRCDIR") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("TOP_BUILDDIR") or os.getcwd())


class Tap:
    """Counts as it goes; the plan comes last."""

    def __init__(self) -> None:
        self.count = self.failed = 0

    def ok(self, good: bool, what: str, why: str = "") -> bool:
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}")
        if not good and why:
            print("\n".join("# " + line for line in why.rstrip().splitlines()[:40]))
        return good

    def same(self, have: object, want: object, what: str) -> bool:
        return self.ok(have == want, what, f"have: {have}\nwant: {want}")

    def skip(self, what: str, why: str) -> None:
        self.count += 1
        print(f"ok {self.count} - {what} # SKIP {why}")

    def end(self) -> None:
        print(f"1..{self.count}")
        sys.exit(self.failed > 0 or self.count == 0)
