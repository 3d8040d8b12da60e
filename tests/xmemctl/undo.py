# SPDX-License-Identifier: LGPL-2.1-or-later
"""What failed half-way is put back, and that is said when it is so. TAP.

Hypercalls fail while a policy is applied and put back: one at a time, until all went well; then
each of them and each of the 16 that follow it, those of the session's end too. "Put back" and
"restored" are said only when it is so, and the exit status agrees. What fails while a session ends
is tried again: once by the call itself, then by another one.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

TOOL = os.environ.get("XMEMCTL") or os.path.join(os.environ.get("TOP_BUILDDIR", "."),
                                                  "examples", "xmemctl", "xmemctl")
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
WRITES = [{"script": [{"op": "write", "gfn": 5, "value": 1}], "repeat": 3}]
failures = 0


def run(domain, *args):
    """Exit status, stdout and stderr of watching it."""
    path = os.path.join(WORK, "undo.machine.json")
    with open(path, "w") as f:
        json.dump({"domains": [domain]}, f)
    p = subprocess.run([TOOL, "-c", "sim:" + path, "watch", *args, "guest"],
                       capture_output=True, text=True, timeout=60)
    return p.returncode, p.stdout, p.stderr


def watch(*calls):
    """The policy, with these hypercalls failing."""
    faults = [{"hypercall": n, "errno": "ENOMEM"} for n in calls]
    return run(dict(DOMAIN, faults=faults), "-n", "4", "-d", "0.05", "-k", "-p",
               os.path.join(WORK, "undo.json"))


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
        print(f"# WRONG: calls {calls}: exit {code}, clean {clean}: {err}")
    return code


def apply(both):
    """Each call fails once; both: together with each of the 16 behind it."""
    global failures
    failures = 0
    first, told = 1, 0
    while first < 100 and (told < 10 or code != 0):
        code = judge((first,))
        told += code == 5
        for second in range(first + 1, first + 17) if both else ():
            judge((first, second))
        first += 1
    print(f"# {first - 1} calls, {told} of them put back")
    return failures == 0 and told >= 15


def ends(unpauses, *told):
    """The end of a session in which these unpauses fail."""
    faults = [{"hypercall": n, "op": "unpause", "errno": "ENOMEM"} for n in unpauses]
    domain = {"name": "guest", "kind": "x86-ept", "pages": 64, "vcpus": 2, "programs": WRITES,
              "faults": faults}
    code, out, err = run(domain, "-i", "-k", "-g", "5")
    good = code == 0 and re.search("^machine check: nothing left behind:", out, re.M) and \
        all(re.search(f"^xmemctl: {text}", err, re.M) for text in told)
    if not good:
        print(f"# WRONG: exit {code}: {out}{err}".replace("\n", "\n# "))
    return good


with tempfile.TemporaryDirectory(prefix="xmemctl-test.") as WORK:
    with open(os.path.join(WORK, "undo.json"), "w") as policy:
        json.dump(POLICY, policy)
    results = [
        ("each call of applying fails once", apply(False)),
        ("two of the calls fail", apply(True)),
        ("an end that fails once is tried again", ends((2,))),
        ("an end that fails twice is tried again, and told", ends(
            (2, 3), "not everything could be restored at once: domain 1 cannot be unpaused: ",
            "it was tried again, and the domain is restored$"))]
for number, (what, well) in enumerate(results, 1):
    print(f"{'ok' if well else 'not ok'} {number} - {what}")
print(f"1..{len(results)}")
sys.exit(not all(well for _, well in results))
