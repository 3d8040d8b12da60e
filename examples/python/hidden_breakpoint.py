#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A breakpoint that the guest cannot see. In a view of its own the page is a copy with an int3
in it, which can only be executed; whoever reads or writes the page does so in the host view, for
one instruction, and finds the original. For example:

    hidden_breakpoint.py sim:machine.json guest 0x100 0x10

Ends after --hits hits, after --quiet seconds without an event, or with the domain.
"""

from __future__ import annotations

import argparse
import sys
from typing import Tuple

import xmem
from xmem import EventReason, ReplyAction

INT3 = b"\xcc"
INSTRUCTION = 16  # bytes that the emulator wants


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A breakpoint that the guest cannot see.")
    parser.add_argument("uri", help='"xen:", "sim:" or "sim:FILE"')
    parser.add_argument("domain", help="its name or number")
    parser.add_argument("gfn", type=lambda s: int(s, 0))
    parser.add_argument("offset", type=lambda s: int(s, 0), help="of the instruction in the page")
    parser.add_argument("--hits", type=int, default=10)
    parser.add_argument("--quiet", type=float, default=2, metavar="SECONDS")
    return parser.parse_args()


def hide(guest: xmem.Session, gfn: int, offset: int) -> xmem.View:
    """The view with the breakpoint. The page goes away with the session, as the view does."""
    copy = guest.add_page()
    page = bytearray(guest.read(gfn << 12, 4096))
    page[offset : offset + 1] = INT3
    guest.write(copy << 12, page)
    hook = guest.create_view(xmem.Rights.RWX)
    hook.change_gfn(gfn, copy)
    hook.set_rights(gfn, xmem.Rights.X)
    return hook


def watch(
    guest: xmem.Session, hook: xmem.View, original: bytes, wanted: int, quiet: float
) -> Tuple[int, int]:
    """(hits, looks at the page)"""
    hits = looks = 0
    for event in guest.events(timeout=quiet):
        if event.reason == EventReason.BREAKPOINT:
            hits += 1
            print(f"vcpu {event.vcpu} hits the breakpoint in gfn {event.gfn:#x}", flush=True)
            event.reply(ReplyAction.EMULATE, insn_data=original)
        elif event.reason == EventReason.MEM_ACCESS and event.view == hook.number:
            looks += 1
            print(f"vcpu {event.vcpu} looks at gfn {event.gfn:#x}: sees the original", flush=True)
            event.reply(view=0, step_view=hook)
        else:
            event.step_over()
        if hits >= wanted:
            break
    return hits, looks


def main() -> int:
    options = arguments()
    domain = int(options.domain, 0) if options.domain[:1].isdigit() else options.domain
    try:
        with xmem.connect(options.uri) as machine, machine.session(domain) as guest:
            guest.enable()
            original = guest.read((options.gfn << 12) + options.offset, INSTRUCTION)
            hook = hide(guest, options.gfn, options.offset)
            guest.set_monitor(EventReason.BREAKPOINT)
            hook.switch()
            hits, looks = watch(guest, hook, original, options.hits, options.quiet)
    except KeyboardInterrupt:
        return 130
    except xmem.XmemError as error:
        print(f"hidden_breakpoint: {error.text}", file=sys.stderr)
        return 1
    print(f"{hits} hits, {looks} looks that saw nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
