#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
record.py SLICES COMMAND [ARG...]: records on this Linux (as root, with perf) which address space each
processor is in while COMMAND runs, and how often each enters its kernel. As a PV guest, each entry would change CR3
to the kernel's L4 and back. Prints a trace, address spaces numbered, nothing else of them:
    CPU MM ENTRIES   MM runs there, with that many system calls and page faults; it was made when it is new
    x MM             it begins anew with another program (exec: new tables)
    e MM             it is gone
recorded.cr3 has some, each behind "=== NAME". SLICES: how many lines at most; COMMAND has to run long enough for them.
"""
import re
import subprocess
import sys
import tempfile

EVENTS = (
    "raw_syscalls:sys_enter",
    "exceptions:page_fault_user",
    "sched:sched_process_exec",
    "sched:sched_process_exit",
)
LINE = re.compile(r"\s*(\d+)/(\d+)\s+\[(\d+)\]\s+[\d.]+:\s+(\w+:\w+):")


class Trace:
    """Slices in the order in which they end."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.lines: list[str] = []
        self.number: dict[int, int] = {}
        self.on: dict[int, tuple[int, int]] = {}

    def mm(self, tgid: int) -> int:
        return self.number.setdefault(tgid, len(self.number))

    def end(self, cpu: int) -> None:
        tgid, entries = self.on.pop(cpu, (0, 0))
        if entries:
            self.lines.append(f"{cpu} {self.mm(tgid)} {entries}")

    def entry(self, cpu: int, tgid: int) -> None:
        if self.on.get(cpu, (tgid, 0))[0] != tgid:
            self.end(cpu)
        self.on[cpu] = (tgid, self.on.get(cpu, (tgid, 0))[1] + 1)

    def end_all(self, tgid: int) -> None:
        for cpu in [c for c, (t, _) in self.on.items() if t == tgid]:
            self.end(cpu)

    def exec(self, tgid: int) -> None:
        self.end_all(tgid)
        if tgid in self.number:
            self.lines.append(f"x {self.number[tgid]}")

    def exit(self, tgid: int) -> None:
        self.end_all(tgid)
        if tgid in self.number:
            self.lines.append(f"e {self.number.pop(tgid)}")
            # A number is not used again, as a dead address space is not.
            self.number[-len(self.lines)] = -1

    def full(self) -> bool:
        return len(self.lines) >= self.room


def read(script: list[str], room: int) -> Trace:
    trace = Trace(room)
    own = None
    for line in script:
        m = LINE.match(line)
        if not m:
            continue
        tgid, tid, cpu, event = int(m[1]), int(m[2]), int(m[3]), m[4]
        own = tgid if own is None else own  # perf itself is the first
        if tgid == own or tgid <= 0:
            continue
        if event.endswith("exec"):
            trace.exec(tgid)
        elif event.endswith("exit"):
            if tid == tgid:
                trace.exit(tgid)
        else:
            trace.entry(cpu, tgid)
        if trace.full():
            break
    return trace


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.NamedTemporaryFile() as data:
        chosen = [word for event in EVENTS for word in ("-e", event)]
        record = ["perf", "record", "-q", "-a", *chosen, "-o", data.name, "--", *sys.argv[2:]]
        subprocess.run(record, check=True, stdout=subprocess.DEVNULL)
        script = subprocess.run(
            ["perf", "script", "-i", data.name, "-F", "pid,tid,cpu,time,event,trace"],
            check=True, capture_output=True, text=True, errors="replace").stdout
    trace = read(script.splitlines(), int(sys.argv[1]))
    print("\n".join(trace.lines[: trace.room]))
    return 0 if trace.full() else 1


if __name__ == "__main__":
    sys.exit(main())
