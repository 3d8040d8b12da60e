# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loops over events: iterators, select, asyncio; how they are left."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import threading
import time
import unittest
from typing import Any, Callable, List, Tuple

import xmem
from machines import FIRST, MachineTest, op, taken, writes
from xmem import Access, EventReason, ReplyAction, Rights


class Loops(MachineTest):
    def test_iterator(self) -> None:
        with self.guest(writes(FIRST, FIRST + 1, FIRST), repeat=2) as guest:
            guest.set_rights_range(FIRST, 2, "rx")
            seen = []
            for event in guest.events(timeout=0.1):
                seen.append((event.seq, event.gfn - FIRST))
                event.step_over()
            self.assertEqual(seen, [(1, 0), (2, 1), (3, 0), (4, 0), (5, 1), (6, 0)])
            self.assertEqual(guest.stats.steps, 6)
            self.assertIs(guest.get_rights(FIRST), Rights.RX)

    def test_what_an_access_says(self) -> None:
        with self.guest([op("exec", FIRST, offset=16)], []) as guest:
            guest.set_rights(FIRST, "rw")
            (event,) = taken(guest, 1)
            self.assertIs(event.reason, EventReason.MEM_ACCESS)
            self.assertEqual(event.reason_name, "mem_access")
            self.assertTrue(event.paused)
            self.assertEqual((event.vcpu, event.view), (0, 0))
            self.assertEqual((event.gfn, event.offset), (FIRST, 16))
            self.assertEqual(event.access & (Access.R | Access.W | Access.X), Access.X)
            self.assertEqual(event.gla, (FIRST << 12) + 16)
            details = event.details
            assert isinstance(details, xmem.MemAccess)
            self.assertEqual((details.gfn, details.access), (FIRST, event.access))
            event.step_over()
            self.assertTrue(event.answered)
            self.assertEqual(event.gfn, FIRST)  # still there
            self.assertIn("answered", repr(event))

    def test_how_it_was_stepped_over(self) -> None:
        answers: List[Callable[[xmem.Event], None]] = [
            xmem.Event.step_over,
            xmem.Event.drop,
            lambda event: event.reply(ReplyAction.STEP_OVER),
        ]
        for means, passes in (
            (xmem.StepMeans.VIEW, xmem.Passes(0)),
            (xmem.StepMeans.EMULATE, xmem.Passes(0)),  # a store, whose pages are known
            (xmem.StepMeans.RELAX, xmem.Passes.AGAIN),
        ):
            with self.guest(writes(FIRST) * 4, options={"step_means": means}) as guest:
                guest.set_rights(FIRST, "rx")
                for answer in answers:
                    (event,) = taken(guest, 1)
                    self.assertEqual((event.stepped, event.passes), (0, 0))
                    answer(event)
                    self.assertIs(event.stepped, means)
                    self.assertEqual(event.passes, passes)
                (event,) = taken(guest, 1)
                event.reply(ReplyAction.EMULATE_NOWRITE)
                self.assertEqual((event.stepped, event.passes), (0, 0))

    def test_strictly(self) -> None:
        answers: List[Tuple[xmem.StepMeans, Callable[[xmem.Event], None]]] = [
            (xmem.StepMeans.RELAX, lambda event: event.step_over(strict=True)),
            (xmem.StepMeans.RELAX | xmem.StepMeans.STRICT, xmem.Event.step_over),
        ]
        for means, answer in answers:
            with self.guest(writes(FIRST), options={"step_means": means}) as guest:
                guest.set_rights(FIRST, "rx")
                (event,) = taken(guest, 1)
                with self.assertRaisesRegex(xmem.NotSupportedError, "by relaxing"):
                    answer(event)
                self.assertFalse(event.answered)
                event.resume()
        with self.guest(writes(FIRST)) as guest:
            guest.set_rights(FIRST, "rx")
            (event,) = taken(guest, 1)
            event.step_over(strict=True)
            self.assertEqual((event.stepped, event.passes), (xmem.StepMeans.VIEW, 0))

    def test_loop_drops_what_was_left(self) -> None:
        with self.guest(writes(FIRST) * 3) as guest:
            guest.set_rights(FIRST, "rx")
            self.assertEqual(len(list(guest.events(timeout=0.1))), 3)
            self.assertEqual(guest.stats.defaulted, 3)

    def test_hold(self) -> None:
        with self.guest(writes(FIRST), writes(FIRST + 1)) as guest:
            guest.set_rights_range(FIRST, 2, "rx")
            held = [event.hold() for event in guest.events(timeout=0.1)]
            self.assertEqual(len(held), 2)
            self.assertEqual(guest.stats.answers, 0)
            for event in reversed(held):
                event.step_over()
            guest.flush()
            self.assertIsNone(guest.next_event())

    def left(self, body: Callable[[xmem.Session], None]) -> None:
        """body leaves a loop at the third of 20 events; the next loop has all others."""
        with self.guest(writes(FIRST), repeat=20) as guest:
            guest.set_rights(FIRST, "rx")
            body(guest)
            self.assertEqual(guest.stats.answers, 3)
            self.assertEqual([event.seq for event in guest.events(timeout=0.1)][:1], [4])
            self.assertEqual(guest.stats.events, 20)

    def test_break_settles_the_event(self) -> None:
        def body(guest: xmem.Session) -> None:
            event = None
            for event in guest:
                if event.seq == 3:
                    break
            assert event is not None
            self.assertTrue(event.answered)
            self.assertEqual(guest.stats.defaulted, 3)

        self.left(body)

    def test_break_sends_the_answers(self) -> None:
        """Nobody asks for events any more: the vCPU goes on all the same."""

        answers: List[Callable[[xmem.Event], object]] = [xmem.Event.step_over, xmem.Event.regs]
        for answer in answers:
            with self.guest(writes(FIRST)) as guest:
                guest.set_rights(FIRST, "rx")
                for event in guest:
                    answer(event)
                    self.assertEqual(guest.stats.notifies, 0)
                    break
                self.assertEqual(guest.stats.notifies, 1)
                guest.flush()  # nothing is left to send
                self.assertEqual(guest.stats.notifies, 1)

    def test_an_exception_settles_the_event(self) -> None:
        def body(guest: xmem.Session) -> None:
            with self.raises(ValueError, "fails"):
                for event in guest:
                    if event.seq == 3:
                        raise ValueError("the body fails")

        self.left(body)

    def test_an_iterator_that_is_closed(self) -> None:
        def body(guest: xmem.Session) -> None:
            with contextlib.closing(guest.events()) as loop:
                for event in loop:
                    if event.seq == 3:
                        break
                self.assertFalse(event.answered)  # it could go on

        self.left(body)

    def test_break_keeps_what_is_held(self) -> None:
        with self.guest(writes(FIRST)) as guest:
            guest.set_rights(FIRST, "rx")
            event = None
            for event in guest:
                event.hold()
                break
            assert event is not None
            self.assertFalse(event.answered)
            event.step_over()

    def test_break_after_the_end(self) -> None:
        """Nothing is there to settle, and nothing is said."""
        for end in (xmem.Session.close, xmem.Session.disable):
            with xmem.connect(self.uri(writes(FIRST))) as machine:
                with machine.session("guest") as guest:
                    guest.enable()
                    guest.set_rights(FIRST, "rx")
                    for _ in guest:
                        end(guest)
                        break
                self.check(machine)

    def test_close_answers_what_is_open(self) -> None:
        with self.guest(writes(FIRST)) as guest:
            guest.set_rights(FIRST, "rx")
            (event,) = taken(guest, 1)
        with self.raises(xmem.ClosedError, "closed"):
            event.step_over()
        with self.raises(xmem.ClosedError):
            event.regs()

    def test_disable_ends_events(self) -> None:
        with self.guest(writes(FIRST) * 2) as guest:
            guest.set_rights(FIRST, "rx")
            (event,) = taken(guest, 1)
            guest.disable()
            guest.enable()
            answers: List[Any] = [event.step_over, event.drop, event.resume, event.reply]
            for answer in answers:
                with self.raises(xmem.InvalidArgumentError, "disabled since"):
                    answer()

    def test_answered_once(self) -> None:
        with self.guest(writes(FIRST) * 2) as guest:
            guest.set_rights(FIRST, "rx")
            (event,) = taken(guest, 1)
            event.step_over()
            again: List[Any] = [event.step_over, event.drop, event.resume, event.reply, event.regs]
            for answer in again:
                with self.raises(xmem.AlreadyAnsweredError, "answered before"):
                    answer()

    def test_timeouts(self) -> None:
        with self.guest([]) as guest:
            start = time.monotonic()
            self.assertFalse(guest.wait(0.05))
            self.assertFalse(guest.wait(0))
            self.assertEqual(list(guest.events(timeout=0.05)), [])
            self.assertLess(time.monotonic() - start, 2)

    def test_signal_interrupts_waiting(self) -> None:
        """As Ctrl-C does."""

        class Stop(Exception):
            pass

        def handler(_number: int, _frame: Any) -> None:
            raise Stop

        before = signal.signal(signal.SIGALRM, handler)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        with self.guest([]) as guest:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with self.assertRaises(Stop):
                for _ in guest:
                    self.fail("there is no event")

    def test_waiting_leaves_other_threads_alone(self) -> None:
        with self.guest([]) as guest:
            ran = []
            thread = threading.Timer(0.05, lambda: ran.append(time.monotonic()))
            thread.start()
            guest.wait(0.3)
            thread.join()
            self.assertEqual(len(ran), 1)

    def test_two_sessions_in_two_threads(self) -> None:
        program = f'[{{"random":{{"count":3000,"write":1,"first_gfn":{FIRST},"gfns":8}}}}]'
        domain = f'"kind":"x86-ept","pages":16,"first_gfn":{FIRST},"programs":{program}'
        both = f'{{"name":"a",{domain}}},{{"name":"b",{domain}}}'
        path = self.file("two.json", f'{{"domains":[{both}]}}')
        counts = {"a": 0, "b": 0}

        with xmem.connect("sim:" + path) as machine:

            def watch(name: str) -> None:
                with machine.session(name) as guest:
                    guest.enable()
                    guest.set_rights_range(FIRST, 8, "rx")
                    for event in guest.events(timeout=0.2):
                        counts[name] += 1
                        event.step_over()

            threads = [threading.Thread(target=watch, args=(name,)) for name in counts]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(counts, {"a": 3000, "b": 3000})
            self.check(machine)


class Select(MachineTest):
    def test_select(self) -> None:
        with self.guest(writes(FIRST) * 3) as guest:
            guest.set_rights(FIRST, "rx")
            seen = 0
            while select.select([guest], [], [], 0.2)[0]:
                while True:
                    event = guest.next_event()
                    if event is None:
                        break
                    seen += 1
                    event.step_over()
            self.assertEqual(seen, 3)
            self.assertIsNone(guest.next_event())


class Asyncio(MachineTest):
    def run_async(self, main: Any) -> Any:
        return asyncio.run(asyncio.wait_for(main, 30))

    def test_async_for(self) -> None:
        async def main(guest: xmem.Session) -> int:
            seen = 0
            async for event in guest.aevents(timeout=0.1):
                seen += 1
                event.step_over()
            return seen

        with self.guest(writes(FIRST) * 200) as guest:
            guest.set_rights(FIRST, "rx")
            self.assertEqual(self.run_async(main(guest)), 200)

    def test_session_itself_until_death(self) -> None:
        async def main(guest: xmem.Session) -> List[EventReason]:
            return [event.reason async for event in guest]

        script = writes(FIRST) * 2 + [op("poweroff")]
        with xmem.connect(self.uri(script)) as machine, machine.session(1) as guest:
            guest.enable()
            guest.set_rights(FIRST, "rx")
            reasons = self.run_async(main(guest))
            self.assertEqual(reasons, [EventReason.MEM_ACCESS] * 2 + [EventReason.DOMAIN_DIED])
            self.assertEqual(guest.stats.defaulted, 2)

    def test_answers_of_another_task(self) -> None:
        """They are sent although the loop waits for the fd already."""

        async def later(event: xmem.Event) -> None:
            await asyncio.sleep(0.01)
            event.step_over()

        async def main(guest: xmem.Session) -> int:
            tasks = []
            async for event in guest.aevents(timeout=0.5):
                tasks.append(asyncio.ensure_future(later(event.hold())))
            await asyncio.gather(*tasks)
            return len(tasks)

        with self.guest(writes(FIRST) * 3, writes(FIRST) * 3) as guest:
            guest.set_rights(FIRST, "rx")
            self.assertEqual(self.run_async(main(guest)), 6)

    def test_other_tasks_run(self) -> None:
        async def main(guest: xmem.Session) -> int:
            turns = 0

            async def other() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            task = asyncio.ensure_future(other())
            async for event in guest.aevents(timeout=0.1):
                if event.seq == 1000:
                    break
                event.step_over()
            task.cancel()
            return turns

        with self.guest(writes(FIRST), repeat=0) as guest:
            guest.set_rights(FIRST, "rx")
            self.assertGreaterEqual(self.run_async(main(guest)), 10)

    def test_two_sessions_in_one_loop(self) -> None:
        async def watch(guest: xmem.Session) -> int:
            guest.enable()
            guest.set_rights(0x1200, "rx")
            return len([event async for event in guest.aevents(timeout=0.2)])

        async def main() -> List[int]:
            with xmem.connect() as machine:
                with machine.session("demo") as one, machine.session("demo-arm") as two:
                    return list(await asyncio.gather(watch(one), watch(two)))

        self.assertEqual(self.run_async(main()), [6, 6])

    def test_cancelled(self) -> None:
        async def main(guest: xmem.Session) -> None:
            async def watch() -> None:
                async for _ in guest:
                    self.fail("there is no event")

            task = asyncio.ensure_future(watch())
            await asyncio.sleep(0.05)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertFalse(asyncio.get_running_loop().remove_reader(guest.fileno()))

        with self.guest([]) as guest:
            self.run_async(main(guest))

    def test_left(self) -> None:
        """By break, an exception of the body, or cancelled in it."""

        async def to_break(guest: xmem.Session) -> None:
            async for event in guest:
                if event.seq == 3:
                    break

        async def to_raise(guest: xmem.Session) -> None:
            with self.assertRaisesRegex(ValueError, "fails"):
                async for event in guest:
                    if event.seq == 3:
                        raise ValueError("the body fails")

        async def to_cancel(guest: xmem.Session) -> None:
            reached = asyncio.Event()

            async def body() -> None:
                async for event in guest:
                    if event.seq == 3:
                        reached.set()
                        await asyncio.sleep(10)

            task = asyncio.ensure_future(body())
            await reached.wait()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        async def to_close(guest: xmem.Session) -> None:
            loop = guest.aevents()
            async for event in loop:
                if event.seq == 3:
                    break
            self.assertFalse(event.answered)
            await loop.aclose()
            self.assertTrue(event.answered)

        async def main(leave: Any, guest: xmem.Session) -> List[int]:
            await leave(guest)
            self.assertEqual(guest.stats.answers, 3)
            return [event.seq async for event in guest.aevents(timeout=0.1)]

        for leave in (to_break, to_raise, to_cancel, to_close):
            with self.subTest(leave.__name__), self.guest(writes(FIRST), repeat=20) as guest:
                guest.set_rights(FIRST, "rx")
                self.assertEqual(self.run_async(main(leave, guest)), list(range(4, 21)))

    def test_closed_after_its_event_loop(self) -> None:
        """As Ctrl-C leaves things: the loop is closed while a task waits in it."""

        class Stop(Exception):
            pass

        async def watch(guest: xmem.Session) -> None:
            async for event in guest:
                event.step_over()

        def handler(_number: int, _frame: Any) -> None:
            raise Stop

        before = signal.signal(signal.SIGALRM, handler)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        ends: List[Callable[[xmem.Session], None]] = [
            xmem.Session.close,
            xmem.Session.disable,
            lambda guest: guest.connection.close(),
        ]
        for number, end in enumerate(ends):
            with self.subTest(number), xmem.connect(self.uri(writes(FIRST))) as machine:
                guest = machine.session("guest")
                guest.enable()
                guest.set_rights(FIRST, "rx")
                loop = asyncio.new_event_loop()
                task = loop.create_task(watch(guest))
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with self.assertRaises(Stop):
                    loop.run_until_complete(task)
                loop.close()
                end(guest)
                if not machine.closed:
                    self.check(machine)
                    guest.close()
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                del task

    def test_what_fails_before_does_not_stop_closing(self) -> None:
        def fail() -> None:
            raise RuntimeError("the waiter fails")

        for end in (xmem.Session.close, xmem.Session.disable):
            with xmem.connect(self.uri([])) as machine, machine.session("guest") as guest:
                guest.enable()
                guest.set_rights(FIRST, "r")
                guest.waiting(fail)
                with self.raises(RuntimeError, "the waiter fails"):
                    end(guest)
                self.check(machine)
        machine = xmem.connect()
        guest, other = machine.session(1), machine.session("demo-arm")
        guest.waiting(fail)
        other.waiting(fail)
        with self.raises(RuntimeError, "the waiter fails"):
            machine.close()
        self.assertTrue(machine.closed and guest.closed and other.closed)

    def test_closed_while_waiting(self) -> None:
        async def main(guest: xmem.Session) -> None:
            async def watch() -> None:
                async for _ in guest:
                    self.fail("there is no event")

            task = asyncio.ensure_future(watch())
            await asyncio.sleep(0.05)
            guest.close()
            with self.assertRaises(xmem.ClosedError):
                await task

        with self.guest([]) as guest:
            self.run_async(main(guest))


if __name__ == "__main__":
    unittest.main()
