# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that struct xmem_event says is told by `xmemctl watch`. TAP.

The fields are those of the header, so that a new one fails here until watch tells it. Each
gets a value of its own; the line of JSON has to have it, and both lines have to change with it.
"""
import json
import os
import re
import struct
import subprocess
import sys

HEADER = open(os.path.join(os.environ["TOP_SRCDIR"], "include", "xmem.h"), encoding="utf-8").read()
PRINT = os.path.join(os.environ["TOP_BUILDDIR"], "tests", "xmemctl", "print-event")
FORMS = {"uint64_t": "Q", "uint32_t": "I", "uint16_t": "H"}
UNION_BYTES = 48
# What is told by words, or by being there: each bit for itself.
BITS = {"flags": "XMEM_EVENT_", "access": "XMEM_ACCESS_", "stepped": "XMEM_STEP_",
        "passes": "XMEM_PASSES_"}
REASONS = {"mem": [1], "page": [2, 3], "ctrlreg": [4], "msr": [5], "debug": [6, 9],
           "singlestep": [7], "cpuid": [10], "interrupt": [12], "descriptor": [13],
           "vmexit": [15], "io": [16], "raw": [0, 999]}
BARE = [8, 11, 14, 64]
# A line for a reader leaves out how it was stepped over, and that an address is the access's own.
NOT_IN_TEXT = {"stepped", "passes", "XMEM_ACCESS_WITH_GLA"}
failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print("# WRONG:", what)


def fields_of(text):
    """[(name, form)], in order."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found = []
    for kind, names in re.findall(r"(uint\d+_t)\s+([^;]+);", text):
        for name in names.split(","):
            m = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", name.strip())
            found += [(m[1] + (str(i) if m[2] else ""), FORMS[kind])
                      for i in range(int(m[2] or 1))]
    return found


def read_header():
    body = re.search(r"struct xmem_event \{(.*?)\n\};", HEADER, re.S)[1]
    before, rest = body.split("union {", 1)
    union, after = re.split(r"\n    \} u;", rest)
    members = {m[2]: fields_of(m[1])
               for m in re.finditer(r"struct xmem_event_\w+ \{(.*?)\} (\w+);", union, re.S)}
    members["raw"] = fields_of(re.search(r"uint64_t raw\[\d+\];", union)[0])
    return fields_of(before), members, fields_of(after)


def bits_of(prefix):
    found = {name: int(value) for name, value in
             re.findall(r"#define (%s\w+) (\d+)u" % prefix, HEADER)}
    found.pop("XMEM_STEP_STRICT", None)  # asked for, not told
    return found


BEFORE, MEMBERS, AFTER = read_header()


def pack(member, values):
    def part(fields):
        return b"".join(struct.pack("=" + form, values.get(name, 0)) for name, form in fields)
    return part(BEFORE) + part(MEMBERS[member]).ljust(UNION_BYTES, b"\0") + part(AFTER)


def show(events, *args):
    out = subprocess.run([PRINT, *args], input=b"".join(events), capture_output=True, check=True)
    lines = out.stdout.decode().splitlines()
    check(len(lines) == len(events), f"{len(lines)} lines of {len(events)} events")
    return [re.sub(r'^[\d.]+ |"time":[\d.]+,', "", line) for line in lines]


def base(member, reason):
    """Each field with a value that no other one has."""
    values = {}
    for i, (name, form) in enumerate(BEFORE + MEMBERS[member] + AFTER):
        key = "reason" if name == "reason" else name
        if key == "reason":
            values[key] = reason
        elif key in BITS:
            values[key] = sum(bits_of(BITS[key]).values())
        elif key.startswith("is_"):
            values[key] = 1
        elif key != "reserved":
            values[key] = {"Q": 0xfedc000000001000, "I": 0xa0001000, "H": 0x1000}[form] + i
    return values


def variants(values):
    """(what, values with one thing changed, is it a number that is told as it is)"""
    for name in values:
        if name == "reason":
            continue
        if name in BITS:
            for bit, value in bits_of(BITS[name]).items():
                yield bit, dict(values, **{name: values[name] ^ value}), False
        else:
            yield name, dict(values, **{name: values[name] ^ 1}), not name.startswith("is_")


def leaves(value):
    for v in value.values() if isinstance(value, dict) else value:
        if isinstance(v, (dict, list)):
            yield from leaves(v)
        elif not isinstance(v, bool):
            yield int(v, 0) if isinstance(v, str) and v.startswith("0x") else v


def check_member(member, reason):
    values = base(member, reason)
    changed = list(variants(values))
    events = [pack(member, values)] + [pack(member, v) for _, v, _ in changed]
    text, lines = show(events), show(events, "-j")
    told = set(leaves(json.loads(lines[0])))
    for i, (what, _, number) in enumerate(changed, 1):
        where = f"{what} of {member}, reason {reason}"
        check(lines[i] != lines[0], f"{where}: not in the JSON")
        name = "stepped" if what.startswith("XMEM_STEP") else \
            "passes" if what.startswith("XMEM_PASSES") else what
        if name not in NOT_IN_TEXT:
            check(text[i] != text[0], f"{where}: not in the line")
        if number:
            check(values[what] in told, f"{where}: {values[what]:#x} is not in {lines[0]}")


# The union's member "page" has flags of its own, and both are in one dict here: told apart.
MEMBERS["page"] = [("page_" + n if n == "flags" else n, f) for n, f in MEMBERS["page"]]

reasons = {int(n) for n in re.findall(r"XMEM_EVENT_[A-Z_]+ = (\d+)", HEADER)}
known = {r for list_ in REASONS.values() for r in list_} | set(BARE)
check(reasons <= known, f"reasons {reasons - known}")
check(set(MEMBERS) == set(REASONS), f"members {set(MEMBERS) ^ set(REASONS)}")
for member_name, numbers in REASONS.items():
    for number in numbers:
        check_member(member_name, number)
for number in BARE:
    line = json.loads(show([pack("raw", base("raw", number))], "-j")[0])
    check("raw" not in line and line["domain"] == 7 and line["domain_name"] == 'a "name"',
          f"{line}")
count = sum(len(v) for v in MEMBERS.values())
check(10 <= count < 100 and len(MEMBERS) == 12, f"{count} fields of {len(MEMBERS)} members")
print(f"{'not ok' if failures else 'ok'} 1 - each field of struct xmem_event is told\n1..1")
sys.exit(failures != 0)
