# SPDX-License-Identifier: LGPL-2.1-or-later
"""Alternate views of the same memory."""

from __future__ import annotations

from ctypes import byref, c_int
from typing import TYPE_CHECKING, Any, Optional

from . import _prototypes as c
from ._handle import Handle
from ._values import Gfns, ManyRights, RightsLike, u64
from .enums import GFN_UNDO, Rights

if TYPE_CHECKING:
    from .session import Session


class View(Handle):
    """A view of a session's domain. Session.create_view() makes one, and `with` destroys it."""

    def __init__(self, session: "Session", number: int) -> None:
        self.session = session
        self._raw = self._number = number

    @property
    def number(self) -> int:
        return int(super()._opened())

    @property
    def closed(self) -> bool:
        return self._raw is None or self.session.closed

    def __index__(self) -> int:
        return self.number

    def _leave(self) -> None:
        if not self.closed and self._number:
            self.destroy()

    def _forget(self) -> None:
        """It is the session's."""

    def _label(self) -> str:
        return f"View {self._number}"

    def _gone(self) -> str:
        return f"view {self._number} was destroyed"

    def _opened(self) -> Any:
        handle = self.session.handle()
        super()._opened()
        return handle

    def _done(self, rc: int) -> None:
        if rc:
            self.session.fail(rc)

    def destroy(self) -> None:
        """vCPUs that run in it must be switched away first: BusyError."""
        self._done(c.xmem_view_destroy(self._opened(), self._number))
        self._raw = None

    def switch(self) -> None:
        """All vCPUs go on in it."""
        self.session.switch_view(self)

    # ---- rights ----

    def get_rights(self, gfn: int) -> Rights:
        return self.session.get_rights(gfn, self)

    def set_rights(self, gfn: int, rights: RightsLike) -> None:
        self.session.set_rights(gfn, rights, self)

    def set_rights_range(self, first_gfn: int, count: int, rights: RightsLike) -> None:
        self.session.set_rights_range(first_gfn, count, rights, self)

    def set_rights_many(self, gfns: Gfns, rights: ManyRights) -> None:
        self.session.set_rights_many(gfns, rights, self)

    # ---- what is behind a gfn ----

    def change_gfn(self, gfn: int, to_gfn: Optional[int]) -> None:
        """Makes gfn show, in this view, the frame that to_gfn has in the host view; None undoes."""
        to = GFN_UNDO if to_gfn is None else u64(to_gfn, "to_gfn")
        self._done(c.xmem_view_change_gfn(self._opened(), self._number, u64(gfn, "gfn"), to))

    def set_visible(self, visible: bool) -> None:
        """May the guest itself switch to it (VMFUNC)?"""
        self._done(c.xmem_view_set_visible(self._opened(), self._number, int(bool(visible))))

    def set_suppress_ve(self, first_gfn: int, count: int = 1, suppress: bool = True) -> None:
        """True: a violation exits to the hypervisor; False: the guest gets #VE."""
        self._done(
            c.xmem_view_set_suppress_ve(
                self._opened(),
                self._number,
                u64(first_gfn, "gfn"),
                u64(count, "count"),
                int(bool(suppress)),
            )
        )

    def get_suppress_ve(self, gfn: int) -> bool:
        out = c_int()
        self._done(
            c.xmem_view_get_suppress_ve(
                self._opened(), self._number, u64(gfn, "gfn"), byref(out)
            )
        )
        return bool(out.value)
