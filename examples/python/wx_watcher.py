#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""W^X: a page is either written or executed. Tells of pages that are executed after they were
written, as a just-in-time compiler's are, or an intruder's. For example:

    wx_watcher.py sim: demo 0x1000 0x1000

Ends after --quiet seconds without an event, with the domain, or with Ctrl-C; then the domain is
again as it was found.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Dict

import xmem


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tells of pages that are written, then executed.")
    parser.add_argument("uri", help='"xen:", "sim:" or "sim:FILE"')
    parser.add_argument("domain", help="its name or number")
    parser.add_argument("first", type=lambda s: int(s, 0), help="first gfn")
    parser.add_argument("count", type=lambda s: int(s, 0), help="number of gfns")
    parser.add_argument("--quiet", type=float, default=2, metavar="SECONDS")
    return parser.parse_args()


def its_own(event: xmem.Event) -> bool:
    """Does the instruction write its own page? It needs both rights at once, for one step."""
    return event.gla is not None and event.gla >> 12 == event.regs().pc >> 12


async def watch(guest: xmem.Session, first: int, count: int, quiet: float) -> Dict[int, int]:
    """How often each page was executed after it was written. All pages start as code; one that
    is written turns to data, and back when it is executed."""
    executed: Dict[int, int] = {}
    guest.enable()
    guest.set_rights_range(first, count, xmem.Rights.RX)
    async for event in guest.aevents(timeout=quiet):
        if event.reason != xmem.EventReason.MEM_ACCESS:
            continue
        if event.access & xmem.Access.X:
            executed[event.gfn] = executed.get(event.gfn, 0) + 1
            print(f"vcpu {event.vcpu} executes gfn {event.gfn:#x}, which was written", flush=True)
            guest.set_rights(event.gfn, xmem.Rights.RX)
            event.resume()
        elif its_own(event):
            event.step_over()
        else:
            guest.set_rights(event.gfn, xmem.Rights.RW)
            event.resume()
    return executed


def main() -> int:
    options = arguments()
    domain = int(options.domain, 0) if options.domain[:1].isdigit() else options.domain
    try:
        with xmem.connect(options.uri) as machine, machine.session(domain) as guest:
            found = asyncio.run(watch(guest, options.first, options.count, options.quiet))
    except KeyboardInterrupt:
        return 130
    except xmem.XmemError as error:
        print(f"wx_watcher: {error.text}", file=sys.stderr)
        return 1
    print(f"{len(found)} pages were written and executed, {sum(found.values())} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
