# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections to a hypervisor or a simulated machine."""

from __future__ import annotations

import errno
from ctypes import byref, c_size_t, sizeof
from typing import Any, List, NoReturn, Optional, Union
from weakref import WeakSet

from . import _prototypes as c
from . import info
from ._handle import Handle
from ._structs import (
    XmemDomainInfo,
    XmemDomainOpts,
    XmemDomainP,
    XmemMachineReport,
    XmemOpenOpts,
    XmemP,
    XmemRecovery,
)
from ._values import decode, encode, u32, u64
from .enums import DefaultReply, Restore, StepMeans
from .errors import NotPresentError, make_error
from .session import Session


class Connection(Handle):
    """A connection; connect() makes it. Closing it closes its sessions first."""

    def __init__(self, uri: str, *, seed: int = 0) -> None:
        """uri: "xen:", "sim:", "sim:FILE". seed: of a simulated machine that names none."""
        self._sessions: "WeakSet[Session]" = WeakSet()
        self.uri = uri
        handle = XmemP()
        opts = XmemOpenOpts(seed=u64(seed, "seed"))
        rc = c.xmem_open(encode(uri, "uri"), byref(opts), byref(handle))
        if rc:
            raise make_error(rc, decode(c.xmem_last_error(None)))
        self._raw = handle

    # ---- lifetime ----

    def close(self) -> None:
        """Closes the sessions, then the connection. The first failure of a session is raised."""
        failure: Optional[BaseException] = None
        for session in list(self._sessions):
            try:
                session.close()
            except BaseException as error:  # Ctrl-C too: the other sessions restore all the same
                failure = failure or error
        handle, self._raw = self._raw, None
        if handle is not None:
            c.xmem_close(handle)
        if failure is not None:
            raise failure

    def _leave(self) -> None:
        self.close()

    def _label(self) -> str:
        return f"Connection {self.uri}"

    def _gone(self) -> str:
        return f"the connection {self.uri} is closed"

    def handle(self) -> Any:
        """The C handle; ClosedError if there is none any more."""
        return self._opened()

    @property
    def last_error(self) -> str:
        """Text of the last failure on this connection, "" if none."""
        return decode(c.xmem_last_error(self.handle()))

    def fail(self, rc: int) -> NoReturn:
        raise make_error(rc, decode(c.xmem_last_error(self._raw)))

    # ---- what it does ----

    def domains(self) -> List[info.DomainInfo]:
        """The domains that the caller may see."""
        handle = self.handle()
        n = c_size_t(64)
        while True:
            room = n.value
            raw = (XmemDomainInfo * max(room, 1))()
            for element in raw:
                element.size = sizeof(XmemDomainInfo)
            rc = c.xmem_domain_list(handle, raw, byref(n))
            if rc == 0:
                return [info.domain_info(raw[i]) for i in range(n.value)]
            if rc != -errno.ENOSPC or n.value <= room:
                self.fail(rc)

    def find(self, name: str) -> info.DomainInfo:
        """The domain of this name."""
        for domain in self.domains():
            if domain.name == name:
                return domain
        raise NotPresentError(errno.ESRCH, f"{self.uri} has no domain '{name}'")

    def session(
        self,
        domain: Union[int, str, info.DomainInfo],
        *,
        restore: Restore = Restore.AUTO,
        default_reply: DefaultReply = DefaultReply.STEP,
        step_means: StepMeans = StepMeans(0),
    ) -> Session:
        """Opens a session on a domain, by number or name. It changes nothing yet."""
        if isinstance(domain, str):
            domain = self.find(domain)
        domid = u32(domain.domid if isinstance(domain, info.DomainInfo) else domain, "domid")
        opts = XmemDomainOpts(
            restore=u32(restore, "restore"),
            default_reply=u32(default_reply, "default_reply"),
            step_means=u32(step_means, "step_means"),
        )
        handle = XmemDomainP()
        rc = c.xmem_domain_open(self.handle(), domid, byref(opts), byref(handle))
        if rc:
            self.fail(rc)
        session = Session(self, domid, handle)
        self._sessions.add(session)
        return session

    def recover(self, domid: int) -> info.Recovery:
        """Brings back a domain whose tool died."""
        raw = XmemRecovery()
        rc = c.xmem_domain_recover(self.handle(), u32(domid, "domid"), byref(raw))
        if rc:
            self.fail(rc)
        return info.recovery(raw)

    def check_machine(self) -> info.MachineReport:
        """What a simulated machine found when it checked itself."""
        raw = XmemMachineReport()
        rc = c.xmem_machine_check(self.handle(), byref(raw))
        if rc:
            self.fail(rc)
        return info.machine_report(raw)


def connect(uri: str = "sim:", *, seed: int = 0) -> Connection:
    """Opens a connection: "xen:" the running hypervisor; "sim:" the built-in demonstration
    machine; "sim:FILE" a machine described by FILE, see xmem-machine(5)."""
    return Connection(uri, seed=seed)
