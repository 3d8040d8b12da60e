# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions on a domain: rights, memory, views, events, monitors."""

from __future__ import annotations

import errno
import time
from contextlib import contextmanager
from ctypes import byref, c_char, c_size_t, c_uint, c_uint16, c_uint64, create_string_buffer
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Generator,
    Iterator,
    List,
    NoReturn,
    Optional,
    Union,
)

from . import _prototypes as c
from . import info as _info
from ._handle import Handle
from ._structs import XmemCaps, XmemDomainInfo, XmemMonitor, XmemStats, XmemViewOpts
from ._values import (
    Gfns,
    ManyRights,
    RightsLike,
    ViewLike,
    decode,
    invalid,
    lend_gfns,
    lend_rights,
    rights_of,
    rights_value,
    u16,
    u32,
    u64,
    view_number,
)
from .batch import Batch
from .enums import GFN_UNDO, CtrlReg, EventReason, MonitorFlag, Rights
from .errors import make_error
from .event import Event, EventTaker, Ring
from .loops import AsyncEvents, events
from .view import View

if TYPE_CHECKING:
    from .connection import Connection
    from .policy import Policy

_EAGAIN = -errno.EAGAIN
_event_next = c.xmem_event_next


class Session(Handle):
    """A session on one domain. Connection.session() makes it.

    It remembers what it found, and closing it restores that. Use it from one thread at a time.
    """

    def __init__(self, connection: "Connection", domid: int, handle: Any) -> None:
        self._raw = handle
        self.connection = connection
        self.domid = domid
        self._policies: List["Policy"] = []
        self._wake: Optional[Callable[[], None]] = None
        self._new_ring()

    def _new_ring(self) -> None:
        self._ring = Ring(self, self._raw)
        self._taker = EventTaker()
        self._next = byref(self._taker.pointer)

    # ---- lifetime ----

    def close(self) -> None:
        """Ends the session and leaves the domain as it was found. Raises the first failure of
        the restoring; the rest is done all the same."""
        handle, self._raw = self._raw, None
        if handle is None:
            return
        gone = self.connection.closed  # which has closed its sessions
        try:
            self._end_ring()
        finally:  # whatever the waiter's event loop has to say
            rc = 0 if gone else c.xmem_domain_close(handle)
        for policy in self._policies:
            policy.session_closed(self)
        self._policies.clear()
        if rc:
            self.connection.fail(rc)

    def _leave(self) -> None:
        self.close()

    def _label(self) -> str:
        return f"Session domain {self.domid}"

    def _gone(self) -> str:
        return f"the session on domain {self.domid} is closed"

    def handle(self) -> Any:
        """The C handle; ClosedError if there is none any more."""
        return self._opened()

    @property
    def last_error(self) -> str:
        """Text of the last failure on this session, "" if none."""
        return decode(c.xmem_domain_last_error(self.handle()))

    def fail(self, rc: int) -> NoReturn:
        """Raises what a call returned, with the library's text."""
        raise make_error(rc, decode(c.xmem_domain_last_error(self.handle())))

    def _done(self, rc: int) -> None:
        if rc:
            self.fail(rc)

    def applied(self, policy: "Policy") -> None:
        """The policy belongs to this session until it is closed."""
        if policy not in self._policies:
            self._policies.append(policy)

    # ---- asking ----

    @property
    def info(self) -> _info.DomainInfo:
        raw = XmemDomainInfo()
        self._done(c.xmem_domain_get_info(self.handle(), byref(raw)))
        return _info.domain_info(raw)

    @property
    def caps(self) -> _info.Caps:
        raw = XmemCaps()
        self._done(c.xmem_domain_get_caps(self.handle(), byref(raw)))
        return _info.caps(raw)

    @property
    def stats(self) -> _info.Stats:
        raw = XmemStats()
        self._done(c.xmem_domain_get_stats(self.handle(), byref(raw)))
        return _info.stats(raw)

    # ---- monitoring ----

    def enable(self) -> None:
        """Starts monitoring: rights can be set from then on."""
        self._done(c.xmem_domain_enable(self.handle()))

    def disable(self) -> None:
        """Stops it and restores, as closing does; events that are held are answered."""
        handle = self.handle()
        try:
            self._end_ring()
        finally:
            rc = c.xmem_domain_disable(handle)
            self._new_ring()
        self._done(rc)

    def pause(self) -> None:
        """Pauses the whole domain, counted."""
        self._done(c.xmem_domain_pause(self.handle()))

    def unpause(self) -> None:
        self._done(c.xmem_domain_unpause(self.handle()))

    @contextmanager
    def paused(self) -> Iterator["Session"]:
        """with session.paused(): the domain is paused inside."""
        self.pause()
        try:
            yield self
        finally:
            if not self.closed:
                self.unpause()

    def set_monitor(
        self,
        reason: EventReason,
        on: bool = True,
        *,
        index: Union[int, CtrlReg] = 0,
        bitmask: int = 0,
        asynchronous: bool = False,
        on_change: bool = False,
        userspace: bool = False,
    ) -> None:
        """Switches an event on or off. index: the register (CtrlReg), the MSR or the port."""
        flags = MonitorFlag(0)
        flags |= MonitorFlag.ASYNC if asynchronous else 0
        flags |= MonitorFlag.ON_CHANGE if on_change else 0
        flags |= MonitorFlag.USERSPACE if userspace else 0
        raw = XmemMonitor(
            reason=u32(reason, "reason"),
            flags=int(flags),
            index=u32(index, "index"),
            bitmask=u64(bitmask, "bitmask"),
        )
        self._done(c.xmem_domain_set_monitor(self.handle(), byref(raw), int(on)))

    # ---- rights ----

    def get_rights(self, gfn: int, view: ViewLike = 0) -> Rights:
        out = c_uint()
        self._done(
            c.xmem_domain_get_rights(
                self.handle(), view_number(view), u64(gfn, "gfn"), byref(out)
            )
        )
        return rights_of(out.value)

    def set_rights(self, gfn: int, rights: RightsLike, view: ViewLike = 0) -> None:
        self._done(
            c.xmem_domain_set_rights(
                self.handle(), view_number(view), u64(gfn, "gfn"), rights_value(rights)
            )
        )

    def set_rights_range(
        self, first_gfn: int, count: int, rights: RightsLike, view: ViewLike = 0
    ) -> None:
        self._done(
            c.xmem_domain_set_rights_range(
                self.handle(),
                view_number(view),
                u64(first_gfn, "gfn"),
                u64(count, "count"),
                rights_value(rights),
            )
        )

    def set_rights_many(self, gfns: Gfns, rights: ManyRights, view: ViewLike = 0) -> None:
        """Sets many gfns at once; no Python loop over them.

        gfns: a buffer of unsigned 64-bit integers (array.array("Q"), numpy.uint64, a memoryview,
        plain bytes), or any iterable of integers. rights: one for all, or a buffer with a byte
        for each gfn. Of repeated gfns the last counts.
        """
        handle = self.handle()
        pointer, n = lend_gfns(gfns)
        values = lend_rights(rights, n)
        self._done(
            c.xmem_domain_set_rights_many(handle, view_number(view), pointer, values, n)
        )

    @property
    def default_rights(self) -> Rights:
        """The default rights of the host view: what pages mapped later get."""
        out = c_uint()
        self._done(c.xmem_domain_get_default(self.handle(), byref(out)))
        return rights_of(out.value)

    @default_rights.setter
    def default_rights(self, rights: RightsLike) -> None:
        self._done(c.xmem_domain_set_default(self.handle(), rights_value(rights)))

    def set_access_required(self, required: bool) -> None:
        """A violation that nobody listens for crashes the domain, instead of being let through."""
        self._done(c.xmem_domain_set_access_required(self.handle(), int(bool(required))))

    # ---- memory ----

    def read(self, gpa: int, length: int) -> bytes:
        """length bytes of the guest's memory at a guest-physical address."""
        handle = self.handle()
        buffer = create_string_buffer(max(u64(length, "length"), 1))
        self._done(c.xmem_domain_read(handle, u64(gpa, "gpa"), buffer, length))
        return buffer.raw[:length]

    def read_into(self, gpa: int, buffer: Any) -> None:
        """The same into a buffer that can be written, as much as it holds."""
        into = memoryview(buffer).cast("B")
        if into.readonly:
            raise invalid("read_into: the buffer cannot be written")
        if into.nbytes:
            room = (c_char * into.nbytes).from_buffer(into)
            self._done(c.xmem_domain_read(self.handle(), u64(gpa, "gpa"), room, into.nbytes))

    def write(self, gpa: int, data: Any) -> None:
        """Writes bytes, or what has a buffer."""
        raw = bytes(memoryview(data).cast("B"))
        self._done(c.xmem_domain_write(self.handle(), u64(gpa, "gpa"), raw, len(raw)))

    def add_page(self) -> int:
        """Gives the domain a zeroed page at a gfn that it did not use; returns the gfn."""
        gfn = c_uint64()
        self._done(c.xmem_domain_add_page(self.handle(), byref(gfn)))
        return gfn.value

    def remove_page(self, gfn: int) -> None:
        """Takes back a page of add_page()."""
        self._done(c.xmem_domain_remove_page(self.handle(), u64(gfn, "gfn")))

    # ---- views ----

    def create_view(self, default_rights: RightsLike = Rights.DEFAULT) -> View:
        """A new view; as a context manager it is destroyed at the end."""
        opts = XmemViewOpts(default_rights=rights_value(default_rights))
        number = c_uint16()
        self._done(c.xmem_view_create(self.handle(), byref(opts), byref(number)))
        return View(self, number.value)

    def view(self, number: int) -> View:
        """A view that exists, by its number; 0 is the host view."""
        return View(self, u16(number, "view"))

    def views(self) -> List[View]:
        """All views, the host view first."""
        handle = self.handle()
        n = c_size_t(16)
        while True:
            room = n.value
            numbers = (c_uint16 * max(room, 1))()
            rc = c.xmem_view_list(handle, numbers, byref(n))
            if rc == 0:
                return [View(self, numbers[i]) for i in range(n.value)]
            if rc != -errno.ENOSPC or n.value <= room:
                self.fail(rc)

    def switch_view(self, view: ViewLike, vcpu: Optional[int] = None) -> None:
        """Switches all vCPUs, or one."""
        number = view_number(view)
        if vcpu is None:
            self._done(c.xmem_view_switch(self.handle(), number))
        else:
            self._done(c.xmem_view_switch_vcpu(self.handle(), u32(vcpu, "vcpu"), number))

    def vcpu_view(self, vcpu: int) -> int:
        """The number of the view that a vCPU runs in."""
        number = c_uint16()
        self._done(c.xmem_view_get_vcpu(self.handle(), u32(vcpu, "vcpu"), byref(number)))
        return number.value

    def set_notify_page(self, vcpu: int, gfn: Optional[int]) -> None:
        """The guest page where a vCPU's #VE information goes; None: nowhere."""
        where = GFN_UNDO if gfn is None else u64(gfn, "gfn")
        self._done(c.xmem_view_set_notify_page(self.handle(), u32(vcpu, "vcpu"), where))

    # ---- batches ----

    def batch(self) -> Batch:
        """Changes of rights, collected and applied together."""
        return Batch(self)

    # ---- events ----

    def fileno(self) -> int:
        """Readable while events may be there: for select and its kind, then next_event() until
        it gives None."""
        fd = c.xmem_domain_get_fd(self.handle())
        if fd < 0:
            self.fail(fd)
        return fd

    def next_event(self) -> Optional[Event]:
        """The next event without blocking, or None. It must be answered or dropped; any number
        may be held, and answered in any order."""
        rc = _event_next(self._raw, self._next)
        if rc == 0:
            return self._taker.take(self._ring)
        if rc == _EAGAIN:
            return None
        self.fail(rc)

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Blocks until an event may be there; False after timeout seconds. Ctrl-C works."""
        end = None if timeout is None else time.monotonic() + timeout
        handle = self.handle()
        while True:
            left = -1 if end is None else max(0, int((end - time.monotonic()) * 1000 + 0.999))
            rc = c.xmem_event_wait(handle, min(left, 0x7FFFFFFF))
            if rc == 0:
                return True
            if rc == -errno.ETIMEDOUT:
                if end is None or time.monotonic() >= end:
                    return False
            elif rc != -errno.EINTR:
                self.fail(rc)
            handle = self.handle()  # a signal handler may have closed it

    def flush(self) -> None:
        """Sends the answers given so far."""
        self._done(c.xmem_event_flush(self.handle()))

    def events(self, timeout: Optional[float] = None) -> Generator[Event, None, None]:
        """for event in session.events(): blocks for the next one; ends when the domain died
        (that event is the last), or after timeout seconds without an event.

        An event that the body neither answered nor held, Event.hold(), is dropped when the next
        one is asked for, or the loop is left: the session's default answers it. Who wants one
        event and no loop takes next_event().
        """
        self.handle()
        return events(self, timeout)

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def aevents(self, timeout: Optional[float] = None) -> AsyncEvents:
        """The same for asyncio: async for event in session.aevents(), or in session."""
        self.handle()
        return AsyncEvents(self, timeout)

    def __aiter__(self) -> AsyncEvents:
        return self.aevents()

    def waiting(self, wake: Optional[Callable[[], None]]) -> Optional[Callable[[], None]]:
        """Somebody waits for the fd: answers are sent as they are given, and ending the session
        wakes it. None: nobody any more. Returns who did."""
        before, self._wake = self._wake, wake
        self._ring.flush = wake is not None
        return before

    def _end_ring(self) -> None:
        self._ring.handle = None
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()
