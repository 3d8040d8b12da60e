# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events: answers of every kind; registers; what each reason says."""

from __future__ import annotations

import unittest
from typing import Any

import xmem
from machines import FIRST, MachineTest, Op, op, taken, writes
from xmem import EventReason, ReplyAction


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
