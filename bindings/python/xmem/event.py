# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events, their answers, and the registers of the vCPU that waits.

An event is taken out of C's memory when it arrives: its fields stay readable after it was
answered. It is answered once, by reply(), step_over() or drop().
"""

from __future__ import annotations

import errno
from ctypes import byref, c_char_p, c_void_p, cast, pointer
from struct import Struct
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Tuple, Union
from weakref import ref

from . import _prototypes as c
from ._structs import XmemEventP, XmemEventU, XmemRegs, XmemReply
from ._values import ViewLike, decode, invalid, u32, unsigned, view_number
from .enums import (
    Access,
    Arch,
    EventFlag,
    EventReason,
    Passes,
    ReplyAction,
    ReplyFlag,
    StepMeans,
)
from .errors import ClosedError, make_error

if TYPE_CHECKING:
    from .session import Session

# struct xmem_event, with the union as struct xmem_event_mem and what is left of it.
EVENT = Struct("=QIIIHH3QII2QII")
_UNION = Struct("=3QII2Q")

_REASONS: Dict[int, EventReason] = {int(r): r for r in EventReason}
_ACCESS: List[Access] = [Access(i) for i in range(64)]
_HAS_GFN = frozenset(
    (
        EventReason.MEM_ACCESS,
        EventReason.MEM_SHARING,
        EventReason.MEM_PAGING,
        EventReason.BREAKPOINT,
        EventReason.DEBUG,
        EventReason.SINGLESTEP,
    )
)


class MemAccess(NamedTuple):
    gfn: int
    offset: int
    gla: int
    access: Access


class CtrlRegWrite(NamedTuple):
    register: int  # a CtrlReg
    new_value: int
    old_value: int


class MsrWrite(NamedTuple):
    msr: int
    new_value: int
    old_value: int


class DebugTrap(NamedTuple):
    """A breakpoint, or a debug exception."""

    gfn: int
    pending_dbg: int
    insn_length: int
    type: int


class SingleStep(NamedTuple):
    gfn: int


class Cpuid(NamedTuple):
    insn_length: int
    leaf: int
    subleaf: int


class DescriptorAccess(NamedTuple):
    exit_qualification: int
    instr_info: int
    which: int
    is_write: bool


class Interrupt(NamedTuple):
    vector: int
    type: int
    error_code: int
    cr2: int


class VmExit(NamedTuple):
    reason: int
    qualification: int


class IoAccess(NamedTuple):
    port: int
    bytes: int
    is_in: bool
    is_str: bool


class PageEvent(NamedTuple):
    """Paging and sharing."""

    gfn: int
    p2mt: int
    flags: int


Details = Union[
    MemAccess,
    CtrlRegWrite,
    MsrWrite,
    DebugTrap,
    SingleStep,
    Cpuid,
    DescriptorAccess,
    Interrupt,
    VmExit,
    IoAccess,
    PageEvent,
    None,
]


class Ring:
    """What the events of a session share from enable() to disable(); then handle is None."""

    __slots__ = ("handle", "_session", "flush")

    def __init__(self, session: "Session", handle: Any) -> None:
        self._session = ref(session)  # which has this one: no cycle
        self.handle = handle
        self.flush = False  # somebody waits for the fd: answers must not wait for them

    @property
    def session(self) -> "Session":
        session = self._session()
        if session is None:
            raise ClosedError(errno.EBADF, "the session of this event is gone")
        return session


class Registers:
    """The registers of a vCPU: regs.rip, regs.cr3 on x86; regs.pc, regs.ttbr0 on Arm."""

    __slots__ = ("_raw", "_part", "_sizes")
    _raw: XmemRegs
    _part: Any
    _sizes: Dict[str, int]

    def __init__(self, raw: XmemRegs) -> None:
        part = raw.u.x86 if raw.arch == Arch.X86 else raw.u.arm
        fields: List[Tuple[str, Any]] = list(type(part)._fields_)
        sizes = {name: getattr(type(part), name).size * 8 for name, _ in fields}
        sizes.pop("reserved", None)
        object.__setattr__(self, "_raw", raw)
        object.__setattr__(self, "_part", part)
        object.__setattr__(self, "_sizes", sizes)

    @property
    def arch(self) -> Arch:
        return Arch(self._raw.arch)

    @property
    def pc(self) -> int:
        """The instruction pointer, whatever the architecture calls it."""
        return int(self._part.rip if self._raw.arch == Arch.X86 else self._part.pc)

    @pc.setter
    def pc(self, value: int) -> None:
        raise NotImplementedError  # __setattr__ does it

    def names(self) -> Tuple[str, ...]:
        return tuple(self._sizes)

    def __getattr__(self, name: str) -> int:
        if name not in self._sizes:
            raise AttributeError(f"{self.arch.name} has no register {name}")
        return int(getattr(self._part, name))

    def __setattr__(self, name: str, value: int) -> None:
        if name == "pc" and self._raw.arch == Arch.X86:
            name = "rip"
        if name not in self._sizes:
            raise AttributeError(f"{self.arch.name} has no register {name}")
        setattr(self._part, name, unsigned(value, self._sizes[name], name))

    def __repr__(self) -> str:
        return f"<Registers {self.arch.name} pc={self.pc:#x}>"


class Event:
    """One event. Made by the session."""

    __slots__ = ("_ring", "_pointer", "_v", "_held", "_stepped", "_passes")

    def __init__(self, ring: Ring, event: Any, values: Tuple[int, ...]) -> None:
        self._ring = ring
        self._stepped = self._passes = 0
        self._pointer = event
        self._v = values
        self._held = False

    # ---- what it says ----

    @property
    def seq(self) -> int:
        return self._v[0]

    @property
    def reason(self) -> EventReason:
        """EventReason; UNKNOWN for one that these bindings do not know."""
        return _REASONS.get(self._v[1], EventReason.UNKNOWN)

    @property
    def reason_name(self) -> str:
        """The library's name for it: "mem_access"."""
        return decode(c.xmem_event_reason_name(self._v[1])) or f"reason {self._v[1]}"

    @property
    def flags(self) -> EventFlag:
        return EventFlag(self._v[2])

    @property
    def paused(self) -> bool:
        """The vCPU waits for the answer."""
        return bool(self._v[2] & 1)

    @property
    def vcpu(self) -> int:
        return self._v[3]

    @property
    def view(self) -> int:
        """The view that the vCPU ran in."""
        return self._v[4]

    @property
    def gfn(self) -> int:
        """The gfn of an access, a breakpoint, a single step, a page."""
        if self._v[1] in _HAS_GFN:
            return self._v[6]
        raise AttributeError(f"an event {self.reason_name} has no gfn")

    @property
    def offset(self) -> int:
        """The offset in the page, of an access."""
        return self._mem(7)

    @property
    def gla(self) -> Optional[int]:
        """The guest-linear address of an access, or None where it is not known."""
        gla = self._mem(8)
        return gla if self._v[9] & 8 else None

    @property
    def access(self) -> Access:
        """What an access was."""
        number = self._mem(9)
        return _ACCESS[number] if number < 64 else Access(number)

    def _mem(self, index: int) -> int:
        if self._v[1] != 1:
            raise AttributeError(f"an event {self.reason_name} is no access")
        return self._v[index]

    @property
    def details(self) -> Details:
        """What the reason has to say, as a tuple with names; None if that is nothing."""
        make = _DETAILS.get(self._v[1])
        if make is None:
            return None
        details: Details = make(XmemEventU.from_buffer_copy(_UNION.pack(*self._v[6:13])))
        return details

    @property
    def stepped(self) -> StepMeans:
        """The means by which the answer stepped over the access; empty if it did not."""
        return StepMeans(self._stepped)

    @property
    def passes(self) -> Passes:
        """What can pass unseen beside that step; empty: nothing."""
        return Passes(self._passes)

    # ---- answers ----

    @property
    def answered(self) -> bool:
        return self._pointer is None

    def hold(self) -> "Event":
        """Keeps it unanswered when the loop that gave it goes on; to be answered later."""
        self._held = True
        return self

    def step_over(self, *, strict: bool = False) -> None:
        """Lets this access through once and arms the page again.

        strict: by no means that lets accesses of others, or the next ones, pass; where there is
        no other it raises NotSupportedError, and the event stays open.
        """
        ring = self._ring
        if strict:
            self._step_strictly()
            return
        rc = c.xmem_event_step_over(ring.handle, self._pointer)
        if rc:
            self.failed(rc)
        self._answered()

    def _step_strictly(self) -> None:
        reply = XmemReply(action=ReplyAction.STEP_OVER, flags=ReplyFlag.STEP_STRICT)
        rc = c.xmem_event_reply(self._ring.handle, self._pointer, byref(reply))
        if rc:
            self.failed(rc)
        self._answered()

    def drop(self) -> None:
        """Answers as the session's default says."""
        ring = self._ring
        rc = c.xmem_event_drop(ring.handle, self._pointer)
        if rc:
            self.failed(rc)
        self._answered()

    def resume(self) -> None:
        """Resumes the vCPU: a page still restricted faults again."""
        self._reply(None)

    def reply(
        self,
        action: ReplyAction = ReplyAction.RESUME,
        *,
        view: Optional[ViewLike] = None,
        step_view: Optional[ViewLike] = None,
        regs: Optional[Registers] = None,
        read_data: Optional[bytes] = None,
        insn_data: Optional[bytes] = None,
        toggle_step: bool = False,
    ) -> None:
        """Answers.

        view: the vCPU goes on in it; with step_view, for one instruction, then there.
        regs: its registers, from regs(). read_data, insn_data: what the emulator reads, or
        the 16 bytes of instruction that it takes. toggle_step: single step on, or off.
        """
        if not toggle_step and (view, step_view, regs, read_data, insn_data) == _NOTHING:
            plain = _PLAIN.get(action)
            if action == ReplyAction.STEP_OVER:
                self.step_over()
                return
            if plain is not None:
                self._reply(plain)
                return
        reply = XmemReply(action=u32(action, "action"))
        if view is not None:
            reply.view = view_number(view)
            reply.flags |= ReplyFlag.SET_VIEW
        if step_view is not None:
            reply.step_view = view_number(step_view)
            reply.flags |= ReplyFlag.FAST_STEP
        if regs is not None:
            reply.regs = pointer(regs._raw)
            reply.flags |= ReplyFlag.SET_REGS
        if toggle_step:
            reply.flags |= ReplyFlag.TOGGLE_STEP
        data = _data(reply, read_data, insn_data)
        self._reply(byref(reply))
        del data

    def _reply(self, reply: Any) -> None:
        ring = self._ring
        rc = c.xmem_event_reply(ring.handle, self._pointer, reply)
        if rc:
            self.failed(rc)
        self._pointer = None
        if ring.flush:
            ring.session.flush()

    def regs(self) -> Registers:
        """The registers when the event was made. Only while it is unanswered."""
        raw = XmemRegs()
        rc = c.xmem_event_get_regs(self._ring.handle, self._pointer, byref(raw))
        if rc:
            self.failed(rc)
        return Registers(raw)

    def pointer_in(self, session: "Session") -> Any:
        """The C event, for a call on the session that it must be of."""
        if self._ring.session is not session:
            raise invalid(f"event {self.seq} is of another session")
        return self._pointer if self._ring.handle is not None else None

    def was_answered(self) -> None:
        """Somebody else answered it: a policy."""
        self._answered()

    def _answered(self) -> None:
        said = self._pointer.contents  # there until the next event is taken
        self._stepped, self._passes = said.stepped, said.passes
        self._pointer = None
        if self._ring.flush:
            self._ring.session.flush()

    def failed(self, rc: int) -> None:
        """Raises what a call with this event returned."""
        if self._ring.handle is None:
            self._ring.session.handle()  # raises if the session is closed
            raise invalid(f"event {self.seq}: monitoring was disabled since, it is answered")
        if self._pointer is None:
            raise make_error(errno.EALREADY, f"event {self.seq} was answered before")
        if rc == -errno.ESHUTDOWN:
            self._pointer = None  # nobody waits any more
        self._ring.session.fail(rc)

    def __repr__(self) -> str:
        what = self.details
        state = ", answered" if self.answered else ""
        return f"<Event {self.seq} {self.reason_name} vcpu={self.vcpu} view={self.view} " + (
            f"{what}{state}>" if what is not None else f"{state}>"
        )


_NOTHING = (None,) * 5
# Answers of an action alone, made once.
_PLAIN: Dict[int, Any] = {int(a): byref(XmemReply(action=int(a))) for a in ReplyAction}


def _data(reply: XmemReply, read: Optional[bytes], insn: Optional[bytes]) -> Any:
    """Sets the data; the result must live as long as the reply."""
    if read is None and insn is None:
        return None
    if read is not None and insn is not None:
        raise invalid("reply: data is either read_data or insn_data")
    data = bytes(read if read is not None else insn or b"")
    reply.flags |= ReplyFlag.SET_READ_DATA if read is not None else ReplyFlag.SET_INSN_DATA
    reply.data_len = len(data)
    lent = c_char_p(data)
    reply.data = cast(lent, c_void_p)
    return lent


# ---- details ----

_DETAILS: Dict[int, Any] = {
    EventReason.MEM_ACCESS: lambda u: MemAccess(
        u.mem.gfn, u.mem.offset, u.mem.gla, Access(u.mem.access)
    ),
    EventReason.CTRLREG: lambda u: CtrlRegWrite(
        u.ctrlreg.index, u.ctrlreg.new_value, u.ctrlreg.old_value
    ),
    EventReason.MSR: lambda u: MsrWrite(u.msr.msr, u.msr.new_value, u.msr.old_value),
    EventReason.SINGLESTEP: lambda u: SingleStep(u.singlestep.gfn),
    EventReason.CPUID: lambda u: Cpuid(u.cpuid.insn_length, u.cpuid.leaf, u.cpuid.subleaf),
    EventReason.DESCRIPTOR: lambda u: DescriptorAccess(
        u.descriptor.exit_qualification,
        u.descriptor.instr_info,
        u.descriptor.which,
        bool(u.descriptor.is_write),
    ),
    EventReason.INTERRUPT: lambda u: Interrupt(
        u.interrupt.vector, u.interrupt.type, u.interrupt.error_code, u.interrupt.cr2
    ),
    EventReason.VMEXIT: lambda u: VmExit(u.vmexit.reason, u.vmexit.qualification),
    EventReason.IO: lambda u: IoAccess(
        u.io.port, u.io.bytes, bool(u.io.is_in), bool(u.io.is_str)
    ),
}
_DETAILS.update(
    (reason, lambda u: DebugTrap(u.debug.gfn, u.debug.pending_dbg, u.debug.insn_length,
                                 u.debug.type))
    for reason in (EventReason.BREAKPOINT, EventReason.DEBUG)
)
_DETAILS.update(
    (reason, lambda u: PageEvent(u.page.gfn, u.page.p2mt, u.page.flags))
    for reason in (EventReason.MEM_SHARING, EventReason.MEM_PAGING)
)


class EventTaker:
    """Takes events out of C's memory. The session's events are few, and come again and again."""

    __slots__ = ("pointer", "_address", "_seen")

    def __init__(self) -> None:
        self.pointer = XmemEventP()
        self._address = c_void_p.from_buffer(self.pointer)
        self._seen: Dict[int, Tuple[Any, Any]] = {}

    def take(self, ring: Ring) -> Event:
        """The event that self.pointer points to."""
        at = self._address.value
        known = self._seen.get(at)  # type: ignore[arg-type]
        if known is None:
            known = self._see(at)
        return Event(ring, known[0], EVENT.unpack_from(known[1]))

    def _see(self, at: Any) -> Tuple[Any, Any]:
        event = cast(at, XmemEventP)
        known = (event, memoryview(event.contents).cast("B"))
        self._seen[at] = known
        return known


__all__ = [
    "CtrlRegWrite",
    "Cpuid",
    "DebugTrap",
    "DescriptorAccess",
    "Details",
    "Event",
    "Interrupt",
    "IoAccess",
    "MemAccess",
    "MsrWrite",
    "PageEvent",
    "Registers",
    "SingleStep",
    "VmExit",
]
