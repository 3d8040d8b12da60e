#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tells who writes to a page. For example: watch_page.py sim: 1 0x1200"""
import sys

import xmem

uri, domain, gfn = sys.argv[1], int(sys.argv[2], 0), int(sys.argv[3], 0)
with xmem.connect(uri) as machine, machine.session(domain) as guest:
    guest.enable()
    guest.set_rights(gfn, "rx")
    for event in guest.events(timeout=2):
        if event.reason == xmem.EventReason.MEM_ACCESS:
            print(f"vcpu {event.vcpu} wrote to {(event.gfn << 12) + event.offset:#x}")
        event.step_over()
