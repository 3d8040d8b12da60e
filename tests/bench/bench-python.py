# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures of the Python bindings: events per second, as bench-events.c measures them in C on the
same machine, and a million gfns set from a buffer."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from array import array
from typing import Callable, List

if not os.path.exists(os.environ.get("XMEM_LIBRARY", "")):
    print("bench-python: skipped: this build has no shared library (--disable-shared)")
    sys.exit(0)

import xmem
from xmem import Event, ReplyAction, Rights

EVENTS = 200_000
FIRST, GFNS = 0x1000, 64
RUNS = 5
MILLION = 1_000_000
AIM = 150_000

TOP = os.environ.get("TOP_SRCDIR", ".")
MACHINE = "sim:" + os.path.join(TOP, "tests", "bench", "events.json")


def line(what: str, values: List[float], unit: str) -> float:
    median = statistics.median(values)
    print(f"{what:58} {median:10.1f} {unit} (min {min(values):.1f}, max {max(values):.1f})")
    return median


def looped(guest: xmem.Session, answer: Callable[[Event], None]) -> None:
    n = total = 0
    for event in guest:
        total += event.gfn
        answer(event)
        n += 1
        if n == EVENTS:
            break


async def awaited(guest: xmem.Session, answer: Callable[[Event], None]) -> None:
    n = total = 0
    async for event in guest:
        total += event.gfn
        answer(event)
        n += 1
        if n == EVENTS:
            break


cpu: List[float] = []  # events per second of processor time, of the runs so far


def rate(answer: Callable[[Event], None], use_asyncio: bool = False) -> float:
    with xmem.connect(MACHINE) as machine, machine.session(1) as guest:
        guest.enable()
        guest.set_rights_range(FIRST, GFNS, Rights.RX)
        start, start_cpu = time.perf_counter(), time.process_time()
        if use_asyncio:
            asyncio.run(awaited(guest, answer))
        else:
            looped(guest, answer)
        cpu.append(EVENTS / (time.process_time() - start_cpu))
        return EVENTS / (time.perf_counter() - start)


def emulate(event: Event) -> None:
    event.reply(ReplyAction.EMULATE)


def many(folder: str) -> List[float]:
    """Nanoseconds per gfn of a million scattered ones, from an array."""
    path = os.path.join(folder, "large.json")
    with open(path, "w", encoding="utf-8") as out:
        out.write(f'{{"domains":[{{"name":"large","kind":"x86-ept","pages":{2 * MILLION}}}]}}')
    gfns = array("Q", range(0, 2 * MILLION, 2))
    taken = []
    for _ in range(RUNS):
        with xmem.connect("sim:" + path) as machine, machine.session(1) as guest:
            guest.enable()
            start = time.perf_counter()
            guest.set_rights_many(gfns, Rights.RX)
            taken.append((time.perf_counter() - start) * 1e9 / MILLION)
    return taken


def main() -> None:
    step = line(
        "events, Python: step over", [rate(Event.step_over) for _ in range(RUNS)], "events/s"
    )
    step_cpu = line("events, Python: step over, by processor time", cpu, "events/s")
    line("events, Python: resume", [rate(Event.resume) for _ in range(RUNS)], "events/s")
    line("events, Python: emulate", [rate(emulate) for _ in range(RUNS)], "events/s")
    line(
        "events, Python: asyncio, step over",
        [rate(Event.step_over, True) for _ in range(RUNS)],
        "events/s",
    )
    with tempfile.TemporaryDirectory() as folder:
        line("Python: a million scattered gfns from an array", many(folder), "ns/gfn")
    print(
        f"events, Python: {step / AIM:.2f} times the aim of {AIM} events/s, "
        f"{step_cpu / AIM:.2f} times by processor time"
    )


if __name__ == "__main__":
    main()
