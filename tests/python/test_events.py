# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events: loops, select, asyncio; answers of every kind; registers."""

from __future__ import annotations

import asyncio
import select
import signal
import threading
import time
import unittest
from typing import Any, Callable, List, Tuple

import xmem
from machines import FIRST, MachineTest, Op, op, taken, writes
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
            (xmem.StepMeans.EMULATE, xmem.Passes.PAGES),
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

    def test_break_keeps_the_event(self) -> None:
        with self.guest(writes(FIRST)) as guest:
            guest.set_rights(FIRST, "rx")
            event = None
            for event in guest:
                break
            assert event is not None
            self.assertFalse(event.answered)
            event.step_over()

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


class Answers(MachineTest):
    def one(self, guest: xmem.Session) -> xmem.Event:
        return taken(guest, 1)[0]

    def test_emulate(self) -> None:
        with self.guest([op("write", FIRST, value=7), op("write", FIRST, value=8)]) as guest:
            guest.set_rights(FIRST, "rx")
            self.one(guest).reply(ReplyAction.EMULATE)
            second = self.one(guest)
            self.assertEqual(guest.read(FIRST << 12, 1), b"\x07")
            second.reply(ReplyAction.EMULATE_NOWRITE)
            self.assertIsNone(guest.next_event())
            self.assertEqual(guest.read(FIRST << 12, 1), b"\x07")

    def test_read_data(self) -> None:
        script = [op("read", FIRST), op("guest_request")]
        with self.guest(script) as guest:
            guest.set_monitor(EventReason.GUEST_REQUEST)
            guest.set_rights(FIRST, "x")
            self.one(guest).reply(ReplyAction.EMULATE, read_data=b"\x2a" + bytes(7))
            request = self.one(guest)
            self.assertIs(request.reason, EventReason.GUEST_REQUEST)
            self.assertIsNone(request.details)
            self.assertEqual(request.regs().rax, 42)
            request.resume()

    def test_registers(self) -> None:
        with self.guest([op("write", FIRST, value=1), op("guest_request")]) as guest:
            guest.set_monitor(EventReason.GUEST_REQUEST)
            guest.set_rights(FIRST, "rx")
            event = self.one(guest)
            regs = event.regs()
            self.assertIs(regs.arch, xmem.Arch.X86)
            self.assertEqual(regs.pc, regs.rip)
            self.assertIn("cr3", regs.names())
            regs.rbx = 0x1234
            with self.raises(xmem.InvalidArgumentError, "rbx"):
                regs.rbx = 1 << 64
            with self.raises(xmem.InvalidArgumentError):
                regs.cs_sel = 1 << 16
            with self.raises(AttributeError, "no register ttbr0"):
                regs.ttbr0
            with self.raises(AttributeError, "no register foo"):
                regs.foo = 1
            event.reply(regs=regs)  # the access is tried again with them
            event = self.one(guest)
            self.assertEqual(event.regs().rbx, 0x1234)
            event.step_over()
            request = self.one(guest)
            self.assertEqual(request.regs().rbx, 0x1234)
            request.resume()

    def test_arm_registers(self) -> None:
        with self.guest(writes(FIRST), kind="arm-s2") as guest:
            guest.set_rights(FIRST, "rx")
            event = self.one(guest)
            regs = event.regs()
            self.assertIs(regs.arch, xmem.Arch.ARM)
            self.assertEqual(set(regs.names()), {"ttbr0", "ttbr1", "ttbcr", "pc", "cpsr"})
            regs.pc = regs.pc
            event.step_over()

    def test_view(self) -> None:
        with self.guest(writes(FIRST) + writes(FIRST + 1)) as guest:
            view = guest.create_view()
            guest.set_rights_range(FIRST, 2, "rx")
            self.one(guest).reply(view=view)
            self.assertIsNone(guest.next_event())  # rwx there
            self.assertEqual(guest.vcpu_view(0), view.number)

    def test_view_for_one_instruction(self) -> None:
        with self.guest(writes(FIRST, FIRST)) as guest:
            view = guest.create_view("rx")
            view.switch()
            for _ in range(2):
                event = self.one(guest)
                self.assertEqual(event.view, view.number)
                event.reply(view=0, step_view=view)
            self.assertIsNone(guest.next_event())
            self.assertEqual(guest.vcpu_view(0), view.number)

    def test_deny(self) -> None:
        script = [op("ctrlreg", index=1, value=value) for value in (0x7000, 0x8000)]
        with self.guest(script) as guest:
            guest.set_monitor(EventReason.CTRLREG, index=xmem.CtrlReg.CR3)
            event = self.one(guest)
            details = event.details
            assert isinstance(details, xmem.CtrlRegWrite)
            self.assertEqual((details.register, details.new_value), (xmem.CtrlReg.CR3, 0x7000))
            event.reply(ReplyAction.DENY)
            self.assertTrue(event.answered)
            later = self.one(guest)  # the vCPU went on, and its write was not done
            assert isinstance(later.details, xmem.CtrlRegWrite)
            self.assertEqual(later.details.old_value, details.old_value)
            later.resume()

    def test_refused_leaves_it_open(self) -> None:
        with self.guest(writes(FIRST)) as guest:
            guest.set_rights(FIRST, "rx")
            event = self.one(guest)
            with self.raises(xmem.NotFoundError, "view 3"):
                event.reply(view=3)
            with self.raises(xmem.NotSupportedError, "denied"):
                event.reply(ReplyAction.DENY)
            with self.raises(xmem.InvalidArgumentError):
                event.reply(99)  # type: ignore[arg-type]
            with self.raises(xmem.InvalidArgumentError, "16 bytes"):
                event.reply(ReplyAction.EMULATE, insn_data=b"\xc3")
            with self.raises(xmem.InvalidArgumentError, "either"):
                event.reply(ReplyAction.EMULATE, insn_data=bytes(16), read_data=b"x")
            with self.raises(xmem.InvalidArgumentError, "16 bits"):
                event.reply(view=1 << 16)
            self.assertFalse(event.answered)
            event.step_over()

    def test_event_of_another_session(self) -> None:
        policy = xmem.Policy.parse('{"version": 1, "domains": ["*"]}')
        with self.guest(writes(FIRST)) as guest, xmem.connect() as machine:
            guest.set_rights(FIRST, "rx")
            event = self.one(guest)
            with machine.session(1) as other:
                other.enable()
                with self.raises(xmem.InvalidArgumentError, "another session"):
                    policy.decide(other, event)
            event.drop()
        policy.close()


class Reasons(MachineTest):
    """Every reason that can be monitored, and what it says."""

    def event(self, script: Op, reason: EventReason, **monitor: Any) -> Any:
        with self.guest([script]) as guest:
            guest.set_monitor(reason, **monitor)
            (event,) = taken(guest, 1)
            self.assertIs(event.reason, reason)
            self.assertEqual(event.reason_name, reason.name.lower())
            details = event.details
            guest.set_monitor(reason, False, **monitor)
            return details

    def test_breakpoint(self) -> None:
        got = self.event(op("breakpoint", FIRST + 3), EventReason.BREAKPOINT)
        self.assertEqual((got.gfn, got.insn_length), (FIRST + 3, 1))

    def test_the_guest_gets_its_own_breakpoint(self) -> None:
        with self.guest([op("breakpoint", FIRST + 3), op("read", FIRST + 4)], repeat=2) as guest:
            action = xmem.ReplyAction.REINJECT
            self.assertTrue(guest.caps.replies & action.bit)
            guest.set_monitor(EventReason.BREAKPOINT)
            guest.set_rights(FIRST + 4, "n")
            for _ in range(2):
                (event,) = taken(guest, 1)
                event.reply(action)
                (event,) = taken(guest, 1)
                with self.raises(xmem.NotSupportedError, "breakpoints and debug exceptions"):
                    event.reply(action)
                self.assertIs(event.reason, EventReason.MEM_ACCESS)
                event.step_over()

    def test_cpuid(self) -> None:
        self.assertEqual(self.event(op("cpuid", index=7, value=1), EventReason.CPUID)[1:], (7, 1))

    def test_msr(self) -> None:
        script = op("msr", index=0xC0000080, value=5)
        got = self.event(script, EventReason.MSR, index=0xC0000080)
        self.assertEqual((got.msr, got.new_value), (0xC0000080, 5))

    def test_privileged_call(self) -> None:
        with xmem.connect(self.uri([op("privileged_call")], kind="arm-s2")) as machine:
            with machine.session(1) as guest:
                guest.enable()
                guest.set_monitor(EventReason.PRIVILEGED_CALL)
                (event,) = taken(guest, 1)
                self.assertIs(event.reason, EventReason.PRIVILEGED_CALL)
                with self.raises(AttributeError, "no gfn"):
                    event.gfn
                with self.raises(AttributeError, "no access"):
                    event.offset

    def test_the_rest_that_there_is(self) -> None:
        scripts = {
            EventReason.DESCRIPTOR: op("descriptor", index=1, value=1),
            EventReason.DEBUG: op("debug", FIRST),
            EventReason.IO: op("io", index=0x60),
            EventReason.VMEXIT: op("vmexit", index=10),
        }
        with self.guest() as guest:
            can = guest.caps.can_monitor
        for reason, script in scripts.items():
            if can(reason):
                with self.subTest(reason.name):
                    self.assertIsNotNone(self.event(script, reason))

    def test_not_supported(self) -> None:
        with self.guest(kind="arm-s2") as guest:
            with self.raises(xmem.NotSupportedError):
                guest.set_monitor(EventReason.CPUID)
            with self.raises(xmem.InvalidArgumentError, "32 bits"):
                guest.set_monitor(EventReason.MSR, index=1 << 32)


if __name__ == "__main__":
    unittest.main()
