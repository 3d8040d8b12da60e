# SPDX-License-Identifier: LGPL-2.1-or-later
"""undo.py XMEMCTL FOLDER WHAT: hypercalls fail while a policy is applied and put back.

WHAT: "apply", one at a time, until all went well; "both", each of them and each of the 16 that
follow it, those of the session's end too. "Put back" and "restored" are said only when it is so,
and the exit status agrees. Prints what is wrong; exit status 1 if anything is.
"""
import json
import os
import subprocess
import sys

TOOL, WORK, WHAT = sys.argv[1:]
POLICY = {
    "version": 1, "domains": ["guest"], "regions": {"f": "0x1010"},
    "views": [{"name": "trap", "visible": False, "remaps": [
        {"gfn": "0x1010", "to": "copy", "patches": [{"offset": "0x20", "bytes": "cc"}]}]}],
    "start_view": "trap",
    "rules": [
        {"name": "in-trap", "region": "f", "view": "trap", "rights": "x",
         "on": {"action": "switch", "view": "host"}},
        {"name": "in-host", "region": "f", "rights": "rw",
         "on": {"action": "switch", "view": "trap"}}],
    "monitors": [{"reason": "breakpoint", "action": "log"}]}
DOMAIN = {"name": "guest", "kind": "x86-ept", "vcpus": 2, "pages": 8192, "programs": [
    {"script": [{"op": "exec", "gfn": "0x1010"}, {"op": "read", "gfn": "0x1010"}], "repeat": 3}]}
failures = 0


def watch(*calls):
    """Exit status, stdout and stderr with these hypercalls failing."""
    machine = {"domains": [dict(DOMAIN, faults=[{"hypercall": n, "errno": "ENOMEM"}
                                                for n in calls])]}
    path = os.path.join(WORK, "undo.machine.json")
    with open(path, "w") as f:
        json.dump(machine, f)
    p = subprocess.run([TOOL, "-c", "sim:" + path, "watch", "-n", "4", "-d", "0.05", "-k", "-p",
                        os.path.join(WORK, "undo.json"), "guest"],
                       capture_output=True, text=True, timeout=60)
    return p.returncode, p.stdout, p.stderr


def judge(calls):
    """Exit status; complains if what is said is not so."""
    global failures
    code, out, err = watch(*calls)
    clean = "machine check: nothing left behind" in out
    put_back = "what was changed is put back" in err
    restored = "and the domain is restored" in err
    good = {0: clean and not put_back, 5: clean and (put_back or restored),
            1: not put_back or not clean}.get(code, False)
    if not good or ((put_back or restored) and not clean):
        failures += 1
        print(f"WRONG: calls {calls}: exit {code}, clean {clean}: {err}")
    return code


with open(os.path.join(WORK, "undo.json"), "w") as policy:
    json.dump(POLICY, policy)
first, told = 1, 0
while first < 100 and (told < 10 or code != 0):
    code = judge((first,))
    told += code == 5
    for second in range(first + 1, first + 17) if WHAT == "both" else ():
        judge((first, second))
    first += 1
print(first - 1, "calls,", told, "of them put back")
sys.exit(failures != 0 or told < 15)
