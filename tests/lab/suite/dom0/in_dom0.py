# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main calls of the bindings on real Xen: in_dom0.py DOMID GFN. An exception is a failure."""
import sys

import xmem

domain_id, first = int(sys.argv[1], 0), int(sys.argv[2], 0)


def expect(good, what):
    if not good:
        raise SystemExit("not so: " + what)


with xmem.connect("xen:") as machine:
    expect(domain_id in [info.domid for info in machine.domains()], "the domain is listed")
    with machine.session(domain_id) as domain:
        print("kind", domain.info.kind.name, "slots", domain.caps.ring_slots)
        domain.enable()
        domain.set_rights_many(range(first, first + 64), "rx")
        expect(domain.get_rights(first + 63) == xmem.Rights.RX, "many gfns are set")
        with domain.batch() as batch:
            batch.add(first, "rw", count=32)
            batch.add(first + 40, "r")
            result = batch.apply()
        expect(result.gfns == 33, "a batch tells its gfns")
        expect(domain.get_rights(first + 40) == xmem.Rights.R, "a batch is applied")
        try:
            domain.set_rights(1 << 40, "r")
            expect(False, "a gfn beyond the highest is refused")
        except xmem.XmemError as error:
            print("refused:", error)
        print("hypercalls", domain.stats.hypercalls)
    with machine.session(domain_id) as domain:
        domain.enable()
        expect(domain.get_rights(first) == xmem.Rights.RWX, "the session put the rights back")
