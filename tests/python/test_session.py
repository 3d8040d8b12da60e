# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections, sessions, rights, memory, views and batches."""

from __future__ import annotations

import errno
import gc
import unittest
import warnings
from typing import Any, Callable, List

import xmem
from machines import FIRST, MachineTest, op, taken, writes
from xmem import Rights


class Connections(MachineTest):
    def test_demo_machine(self) -> None:
        with xmem.connect() as machine:
            names = {d.name: d for d in machine.domains()}
            self.assertEqual(names["demo"].kind, xmem.Kind.X86_EPT)
            self.assertEqual(names["demo-arm"].kind_name, "arm-s2")
            self.assertEqual(machine.find("demo").domid, 1)

    def test_more_domains_than_room(self) -> None:
        domains = ",".join(f'{{"name":"d{i}","kind":"arm-s2","pages":1}}' for i in range(100))
        path = self.file("many.json", f'{{"domains":[{domains}]}}')
        with xmem.connect("sim:" + path) as machine:
            self.assertEqual([d.name for d in machine.domains()], [f"d{i}" for i in range(100)])

    def test_bad_uri(self) -> None:
        with self.raises(xmem.InvalidArgumentError, "no uri of a machine"):
            xmem.connect("nothing:")
        with self.raises(xmem.InvalidArgumentError, "NUL"):
            xmem.connect("sim:\0x")
        with self.raises(xmem.NotFoundError) as caught:
            xmem.connect("sim:" + self.folder + "/none.json")
        self.assertEqual(caught.exception.errno, errno.ENOENT)
        self.assertIsInstance(caught.exception, FileNotFoundError)

    def test_bad_machine_says_where(self) -> None:
        path = self.file("bad.json", '{"domains": [], "domain": 1}')
        with self.raises(xmem.InvalidArgumentError, r"bad.json:1:\d+: \[XM-\d+\] /"):
            xmem.connect("sim:" + path)

    def test_seed(self) -> None:
        with self.raises(xmem.InvalidArgumentError, "64 bits"):
            xmem.connect("sim:", seed=1 << 64)
        with self.raises(xmem.InvalidArgumentError):
            xmem.connect("sim:", seed=-1)
        xmem.connect("sim:", seed=(1 << 64) - 1).close()

    def test_no_such_domain(self) -> None:
        with xmem.connect() as machine:
            with self.raises(xmem.NotPresentError, "no domain 4711"):
                machine.session(4711)
            self.assertIn("4711", machine.last_error)
            with self.raises(xmem.NotPresentError, "'nobody'"):
                machine.session("nobody")
            with self.raises(xmem.InvalidArgumentError, "32 bits"):
                machine.session(1 << 32)  # which ctypes would make domain 0
            with self.raises(xmem.InvalidArgumentError):
                machine.session(1, restore=99)  # type: ignore[arg-type]

    def test_one_session_per_domain(self) -> None:
        with xmem.connect() as machine, machine.session(1):
            with self.raises(xmem.BusyError, "session on this connection already"):
                machine.session(1)
            with self.raises(xmem.BusyError):
                machine.recover(1)

    def test_recover(self) -> None:
        with xmem.connect() as machine:
            self.assertFalse(machine.recover(1).ring_was_active)

    def test_closed(self) -> None:
        machine = xmem.connect()
        session = machine.session(1)
        machine.close()
        self.assertTrue(machine.closed and session.closed)
        calls: List[Callable[[], object]] = [
            machine.domains,
            machine.check_machine,
            lambda: machine.session(1),
        ]
        for call in calls:
            with self.raises(xmem.ClosedError, "is closed"):
                call()
        with self.raises(xmem.ClosedError):
            with machine:
                self.fail("a closed connection was entered")
        machine.close()


class Sessions(MachineTest):
    def test_closed_raises_everywhere(self) -> None:
        with self.guest() as guest:
            view, batch = guest.create_view(), guest.batch()
        calls: List[Any] = [
            lambda: guest.info, lambda: guest.caps, lambda: guest.stats,
            lambda: guest.default_rights, lambda: guest.last_error, guest.enable, guest.disable,
            guest.pause, guest.unpause, guest.flush, guest.wait, guest.next_event, guest.fileno,
            guest.views, guest.batch, guest.create_view, guest.add_page, guest.events,
            guest.aevents, lambda: guest.get_rights(FIRST), lambda: guest.set_rights(FIRST, "r"),
            lambda: guest.set_rights_range(FIRST, 1, "r"), lambda: guest.read(0, 1),
            lambda: guest.set_rights_many([FIRST], "r"), lambda: guest.write(0, b"x"),
            lambda: guest.switch_view(0), lambda: guest.vcpu_view(0),
            lambda: guest.set_monitor(xmem.EventReason.CPUID), lambda: next(iter(guest)),
            lambda: view.get_rights(FIRST), lambda: view.change_gfn(FIRST, None), view.destroy,
            lambda: batch.add(FIRST, "r"), batch.plan, batch.apply, batch.clear,
            lambda: guest.set_notify_page(0, None), lambda: guest.remove_page(FIRST),
            lambda: guest.set_access_required(True), lambda: guest.read_into(0, bytearray(1)),
        ]  # fmt: skip
        for number, call in enumerate(calls):
            with self.subTest(number), self.raises(xmem.ClosedError, "closed") as caught:
                call()
            self.assertEqual(caught.exception.errno, errno.EBADF)
        guest.close()
        batch.close()

    def test_info_and_caps(self) -> None:
        with self.guest([], []) as guest:
            self.assertEqual(guest.info.name, "guest")
            self.assertEqual(guest.info.vcpus, 2)
            self.assertTrue(guest.caps.can_set(Rights.RX))
            self.assertFalse(guest.caps.can_set(Rights.R_PW))
            self.assertTrue(guest.caps.can_reply(xmem.ReplyAction.EMULATE))
            self.assertTrue(guest.caps.can_monitor(xmem.EventReason.CPUID))
            self.assertTrue(guest.caps.flags & xmem.Cap.SET_MANY)
            self.assertEqual(guest.caps.granule, 4096)

    def test_restores(self) -> None:
        with self.guest() as guest:
            guest.set_rights_range(FIRST, 100, Rights.N)
            guest.default_rights = Rights.RW
            guest.set_access_required(True)
            guest.create_view("n").switch()
            guest.pause()
        # guest() has checked that nothing is left

    def test_keep(self) -> None:
        with xmem.connect(self.uri()) as machine:
            with machine.session(1, restore=xmem.Restore.KEEP) as guest:
                guest.enable()
                guest.set_rights(FIRST, "r")
            self.assertEqual(machine.check_machine().leftover_rights, 1)

    def test_pause(self) -> None:
        with self.guest() as guest:
            with guest.paused():
                self.assertTrue(guest.info.flags & xmem.DomainFlag.PAUSED)
            self.assertFalse(guest.info.flags & xmem.DomainFlag.PAUSED)
            with self.raises(xmem.InvalidArgumentError, "not paused"):
                guest.unpause()

    def test_not_monitoring(self) -> None:
        with xmem.connect() as machine, machine.session(1) as guest:
            with self.raises(xmem.NotMonitoringError, "enable"):
                guest.set_rights(0x1000, "r")
            with self.raises(xmem.NotMonitoringError):
                guest.next_event()

    def test_exception_passes_and_restores(self) -> None:
        with xmem.connect(self.uri()) as machine:
            with self.raises(KeyError):
                with machine.session(1) as guest:
                    guest.enable()
                    guest.set_rights(FIRST, "n")
                    raise KeyError("mine")
            self.check(machine)

    def test_failure_of_restoring(self) -> None:
        # What fails once is tried again.
        faults = [{"hypercall": n, "op": "access_set", "errno": "EPERM"} for n in range(2, 6)]
        with xmem.connect(self.uri(kind="arm-s2", faults=faults)) as machine:
            guest = machine.session(1)
            guest.enable()
            guest.set_rights(FIRST, "r")
            with self.raises(xmem.XmemError):
                guest.close()
            self.assertTrue(guest.closed)

    def test_forgotten(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            machine = xmem.connect(self.uri())
            guest = machine.session(1)
            guest.enable()
            guest.set_rights(FIRST, "n")
            batch = guest.batch()
            del guest, batch, machine
            said = []
            while caught:  # a warning keeps what it is about
                said.append(str(caught.pop().message).split()[0])
                gc.collect()
        self.assertEqual(said, ["<Batch", "<Session", "<Connection"])


class RightsOfPages(MachineTest):
    def test_one_and_range(self) -> None:
        with self.guest() as guest:
            guest.set_rights(FIRST, Rights.RX)
            guest.set_rights_range(FIRST + 1, 2, "n")
            got = [guest.get_rights(FIRST + i) for i in range(4)]
            self.assertEqual(got, [Rights.RX, Rights.N, Rights.N, Rights.RWX])
            guest.set_rights(FIRST, 15)
            self.assertIs(guest.get_rights(FIRST), Rights.RWX)

    def test_default(self) -> None:
        with self.guest() as guest:
            self.assertIs(guest.default_rights, Rights.RWX)
            guest.default_rights = Rights.RW
            self.assertIs(guest.default_rights, Rights.RW)

    def test_bad_values(self) -> None:
        with self.guest() as guest:
            for gfn in (-1, 1 << 64):
                with self.raises(xmem.InvalidArgumentError, "64 bits"):
                    guest.set_rights(gfn, "r")
            for view in (-1, 65536):
                with self.raises(xmem.InvalidArgumentError, "16 bits"):
                    guest.set_rights(FIRST, "r", view)
            bad: List[Any] = [1, 7, 99, -8, "wr", "", "RWX ", "r\0"]
            for rights in bad:
                with self.raises(xmem.InvalidArgumentError):
                    guest.set_rights(FIRST, rights)
            with self.raises(xmem.OutOfRangeError, "above the highest"):
                guest.set_rights(1 << 30, "r")
            with self.raises(xmem.OutOfRangeError):
                guest.set_rights_range(FIRST, (1 << 64) - 1, "r")
            with self.raises(xmem.InvalidArgumentError):
                guest.set_rights_range(FIRST, 0, "r")
            with self.raises(xmem.NotSupportedError):
                guest.set_rights(FIRST, Rights.R_PW)
            with self.raises(xmem.NotFoundError, "view 5"):
                guest.set_rights(FIRST, "r", 5)
            with self.raises(TypeError):
                guest.set_rights(1.0, "r")  # type: ignore[arg-type]
            self.assertEqual(guest.get_rights(FIRST), Rights.RWX)
            self.assertEqual(guest.stats.sets, 0)

    def test_fault_names_the_gfn(self) -> None:
        faults = [{"hypercall": 1, "op": "access_set", "errno": "ENOMEM"}]
        with self.guest(kind="arm-s2", faults=faults) as guest:
            with self.raises(xmem.XmemError, f"{FIRST:x}"):
                guest.set_rights(FIRST, "r")


class Memory(MachineTest):
    def test_read_write(self) -> None:
        with self.guest() as guest:
            gpa = (FIRST << 12) + 4090
            guest.write(gpa, b"over the edge")
            self.assertEqual(guest.read(gpa, 13), b"over the edge")
            into = bytearray(4)
            guest.read_into(gpa, into)
            self.assertEqual(into, b"over")
            guest.write(gpa, memoryview(bytearray(b"OVER")))
            self.assertEqual(guest.read(gpa, 5), b"OVER ")
            self.assertEqual(guest.read(gpa, 0), b"")

    def test_bad(self) -> None:
        with self.guest() as guest:
            with self.raises(xmem.XmemError):
                guest.read(0, 1)
            with self.raises(xmem.XmemError):
                guest.write((FIRST + 1024) << 12, b"x")
            with self.raises(xmem.InvalidArgumentError):
                guest.read(FIRST << 12, -1)
            with self.raises(xmem.InvalidArgumentError, "cannot be written"):
                guest.read_into(FIRST << 12, b"x")

    def test_pages(self) -> None:
        with self.guest() as guest:
            gfn = guest.add_page()
            self.assertEqual(guest.read(gfn << 12, 4096), bytes(4096))
            guest.remove_page(gfn)
            with self.raises(xmem.XmemError):
                guest.remove_page(gfn)
            guest.add_page()


class Views(MachineTest):
    def test_views(self) -> None:
        with self.guest([]) as guest:
            with guest.create_view("rw") as view:
                self.assertEqual([v.number for v in guest.views()], [0, view.number])
                view.set_rights(FIRST, "r")
                view.set_rights_range(FIRST + 1, 2, "x")
                view.set_rights_many([FIRST + 3], "n")
                got = [view.get_rights(FIRST + i) for i in range(5)]
                self.assertEqual([r.name for r in got], ["R", "X", "X", "N", "RW"])
                self.assertEqual(guest.get_rights(FIRST), Rights.RWX)
                view.switch()
                self.assertEqual(guest.vcpu_view(0), view.number)
                with self.raises(xmem.BusyError):
                    view.destroy()
                guest.switch_view(0)
                with self.raises(xmem.NotSupportedError, "one vCPU"):
                    guest.switch_view(view, vcpu=0)
            self.assertTrue(view.closed)
            with self.raises(xmem.ClosedError, "destroyed"):
                view.set_rights(FIRST, "r")
            self.assertEqual(len(guest.views()), 1)

    def test_change_gfn(self) -> None:
        with self.guest() as guest:
            view = guest.create_view()
            view.change_gfn(FIRST, guest.add_page())
            view.change_gfn(FIRST, None)
            with self.raises(xmem.InvalidArgumentError):
                guest.view(0).change_gfn(FIRST, FIRST + 1)

    def test_suppress_ve(self) -> None:
        with self.guest() as guest:
            view = guest.create_view()
            with self.raises(xmem.NotPresentError):
                view.get_suppress_ve(FIRST)  # a view has no page of its own yet
            view.set_rights(FIRST, "rx")
            self.assertTrue(view.get_suppress_ve(FIRST))
            view.set_suppress_ve(FIRST, 2, False)
            self.assertFalse(view.get_suppress_ve(FIRST + 1))
            view.set_suppress_ve(FIRST)
            self.assertTrue(view.get_suppress_ve(FIRST))
            view.set_visible(False)
            guest.set_notify_page(0, FIRST)
            guest.set_notify_page(0, None)

    def test_exhaustion(self) -> None:
        with self.guest() as guest:
            with self.raises(xmem.NoRoomError):
                for _ in range(100):
                    guest.create_view()

    def test_not_on_arm(self) -> None:
        with self.guest(kind="arm-s2") as guest:
            self.assertEqual(guest.caps.max_views, 1)
            with self.raises(xmem.NotSupportedError, "views"):
                guest.create_view()


class Batches(MachineTest):
    def test_apply(self) -> None:
        with self.guest() as guest, guest.batch() as batch:
            view = guest.create_view()
            batch.add(FIRST, "r", count=16)
            batch.add(FIRST + 4, "n")
            batch.add_many([FIRST + 100, FIRST + 200], bytes([Rights.X, Rights.RW]))
            batch.add(FIRST, "rx", view=view)
            plan = batch.plan()
            self.assertEqual(plan.gfns, 19)
            done = batch.apply()
            self.assertEqual((done.gfns, done.changed, done.failed_gfn), (19, 19, None))
            self.assertIs(batch.result, batch.result)
            names = [guest.get_rights(FIRST + i).name for i in (0, 4, 15, 100, 200)]
            self.assertEqual(names, ["R", "N", "R", "X", "RW"])
            self.assertIs(view.get_rights(FIRST), Rights.RX)
            batch.add(FIRST, "r", count=4)
            self.assertEqual(batch.apply().elided, 4)

    def test_all_or_nothing(self) -> None:
        faults = [{"hypercall": 3, "op": "access_set", "errno": "ENOMEM"}]
        with self.guest(kind="arm-s2", faults=faults) as guest, guest.batch() as batch:
            for i in range(4):
                batch.add(FIRST + 2 * i, "r")
            with self.raises(xmem.XmemError, "gfn"):
                batch.apply()
            assert batch.result is not None
            self.assertEqual(batch.result.failed_gfn, FIRST + 4)
            self.assertIs(guest.get_rights(FIRST), Rights.RWX)
            self.assertEqual(batch.apply().changed, 4)

    def test_portions(self) -> None:
        with self.guest() as guest, guest.batch() as batch:
            batch.add(FIRST, "r", count=100)
            more, so_far = batch.apply_some(10)
            self.assertTrue(more)
            self.assertLess(so_far.changed, 100)
            batch.revert()
            self.assertIs(guest.get_rights(FIRST), Rights.RWX)
            batch.clear()
            self.assertEqual(batch.plan().gfns, 0)

    def test_closed(self) -> None:
        with self.guest() as guest:
            with guest.batch() as batch:
                batch.add(FIRST, "r")
            self.assertTrue(batch.closed)
            with self.raises(xmem.ClosedError, "batch is closed"):
                batch.apply()
            self.assertIs(guest.get_rights(FIRST), Rights.RWX)

    def test_bad(self) -> None:
        with self.guest() as guest, guest.batch() as batch:
            with self.raises(xmem.OutOfRangeError):
                batch.add(1 << 40, "r")
            with self.raises(xmem.InvalidArgumentError):
                batch.add(FIRST, "r", view=1 << 16)
            with self.raises(xmem.NotFoundError):
                batch.add(FIRST, "r", view=7)


class Death(MachineTest):
    def test_domain_dies(self) -> None:
        script = writes(FIRST) * 2 + [op("poweroff")]
        with xmem.connect(self.uri(script)) as machine, machine.session("guest") as guest:
            guest.enable()
            guest.set_rights(FIRST, "rx")
            seen = [event.reason for event in guest.events(timeout=5)]
            died = xmem.EventReason.DOMAIN_DIED
            self.assertEqual(seen, [xmem.EventReason.MEM_ACCESS] * 2 + [died])
            with self.raises(xmem.DomainGoneError, "died"):
                guest.set_rights(FIRST, "r")
            with self.raises(xmem.DomainGoneError):
                guest.next_event()

    def test_dies_with_an_event_pending(self) -> None:
        faults = [{"death_after_events": 1}]
        with xmem.connect(self.uri(writes(FIRST), faults=faults)) as machine:
            with machine.session("guest") as guest:
                guest.enable()
                guest.set_rights(FIRST, "rx")
                (event,) = taken(guest, 1)
                with self.raises(xmem.DomainGoneError):
                    for _ in range(10):
                        event.step_over()
                self.assertTrue(event.answered)


if __name__ == "__main__":
    unittest.main()
