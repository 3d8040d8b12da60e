# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batches: changes of rights, in any order over any views, applied together."""

from __future__ import annotations

from ctypes import byref
from typing import TYPE_CHECKING, Any, Optional, Tuple

from . import _prototypes as c
from . import info
from ._handle import Handle
from ._structs import XmemBatchP, XmemBatchResult
from ._values import (
    Gfns,
    ManyRights,
    RightsLike,
    ViewLike,
    lend_gfns,
    lend_rights,
    rights_value,
    u64,
    view_number,
)

if TYPE_CHECKING:
    from .session import Session


class Batch(Handle):
    """Session.batch() makes it. Leaving `with` forgets what was not applied."""

    def __init__(self, session: "Session") -> None:
        self.session = session
        #: What the last plan() or apply() said, also one that failed.
        self.result: Optional[info.BatchResult] = None
        raw = XmemBatchP()
        rc = c.xmem_batch_new(session.handle(), byref(raw))
        if rc:
            session.fail(rc)
        self._raw = raw

    @property
    def closed(self) -> bool:
        return self._raw is None or self.session.closed

    def close(self) -> None:
        """One that is being applied is put back first."""
        raw, self._raw = self._raw, None
        if raw is not None:
            c.xmem_batch_free(raw)

    def _leave(self) -> None:
        self.close()

    def _label(self) -> str:
        return f"Batch of {self.session!r}"

    def _gone(self) -> str:
        return "the batch is closed"

    def _opened(self) -> Any:
        raw = super()._opened()
        self.session.handle()
        return raw

    def _done(self, rc: int) -> None:
        if rc < 0:
            self.session.fail(rc)

    # ---- collecting ----

    def add(
        self, first_gfn: int, rights: RightsLike, *, count: int = 1, view: ViewLike = 0
    ) -> None:
        """A later change of the same gfn in the same view wins. Nothing is sent."""
        self._done(
            c.xmem_batch_add(
                self._opened(),
                view_number(view),
                u64(first_gfn, "gfn"),
                u64(count, "count"),
                rights_value(rights),
            )
        )

    def add_many(self, gfns: Gfns, rights: ManyRights, *, view: ViewLike = 0) -> None:
        """As Session.set_rights_many()."""
        handle = self._opened()
        pointer, n = lend_gfns(gfns)
        values = lend_rights(rights, n)
        self._done(c.xmem_batch_add_many(handle, view_number(view), pointer, values, n))

    def clear(self) -> None:
        """Forgets what was added."""
        c.xmem_batch_clear(self._opened())

    # ---- applying ----

    def plan(self) -> info.BatchResult:
        """What applying would do, without doing it."""
        raw = XmemBatchResult()
        self._done(c.xmem_batch_plan(self._opened(), byref(raw)))
        return self._keep(raw)

    def apply(self) -> info.BatchResult:
        """All or nothing. On a failure what was changed is put back, the batch keeps its
        contents, and `result` names the gfn that was refused."""
        raw = XmemBatchResult()
        rc = c.xmem_batch_apply(self._opened(), byref(raw))
        result = self._keep(raw)
        self._done(rc)
        return result

    def apply_some(self, max_gfns: int) -> Tuple[bool, info.BatchResult]:
        """The same in portions: (are there more?, so far)."""
        raw = XmemBatchResult()
        rc = c.xmem_batch_apply_some(self._opened(), u64(max_gfns, "max_gfns"), byref(raw))
        result = self._keep(raw)
        self._done(rc)
        return rc > 0, result

    def revert(self) -> None:
        """Stops applying in portions, and puts back what was applied."""
        self._done(c.xmem_batch_revert(self._opened()))

    def _keep(self, raw: XmemBatchResult) -> info.BatchResult:
        self.result = info.batch_result(raw)
        return self.result
