# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library tells, as tuples with names."""

from __future__ import annotations

from typing import NamedTuple, Optional

from . import _prototypes as c
from ._structs import (
    XmemBatchResult,
    XmemCaps,
    XmemDomainInfo,
    XmemMachineReport,
    XmemRecovery,
    XmemStats,
)
from ._values import decode
from .enums import GFN_UNDO, Cap, DomainFlag, EventReason, Kind, ReplyAction, ReplyFlag, Rights
from .enums import StepMeans


class DomainInfo(NamedTuple):
    domid: int
    kind: Kind
    vcpus: int
    flags: DomainFlag
    highest_gfn: int
    pages: int
    name: str

    @property
    def kind_name(self) -> str:
        """The library's name for the kind: "x86-ept"."""
        return decode(c.xmem_kind_name(self.kind))


class Caps(NamedTuple):
    """What the machine can do; the rights, replies and monitors are sets of bits."""

    rights: int
    view_rights: int
    max_views: int
    step_means: StepMeans
    replies: int
    reply_flags: ReplyFlag
    monitors: int
    ring_slots: int
    regions: int
    granule: int
    flags: Cap
    highest_gfn: int
    interface_version: int
    step_airtight: StepMeans

    def can_set(self, rights: Rights, *, in_view: bool = False) -> bool:
        """Can these rights be set, in the host view or in another one?"""
        return bool((self.view_rights if in_view else self.rights) & rights.bit)

    def can_reply(self, action: ReplyAction) -> bool:
        return bool(self.replies & action.bit)

    def can_monitor(self, reason: EventReason) -> bool:
        return bool(self.monitors & reason.bit)


class Stats(NamedTuple):
    hypercalls: int
    sets: int
    gets: int
    elided: int
    events: int
    answers: int
    defaulted: int
    steps: int
    notifies: int
    stuck: int
    emulated: int
    not_walk: int
    not_fetch: int
    not_decoded: int
    not_sure: int
    not_mapped: int
    not_ended: int
    not_same: int
    not_taken: int
    carried: int
    patch_hits: int
    patch_hit: int


class MachineReport(NamedTuple):
    """What a simulated machine found when it checked itself."""

    accesses: int
    events: int
    hypercalls: int
    tlb_flushes: int
    unanswered: int
    double_answers: int
    leaked_slots: int
    leftover_rights: int
    leftover_views: int
    leftover_pauses: int
    leftover_monitors: int
    forbidden: int
    mem_bytes: int
    mapped_gfns: int
    unseen: int

    @property
    def clean(self) -> bool:
        """Nothing went wrong, and nothing was left behind."""
        return not any(self[4:12])


class Recovery(NamedTuple):
    ring_was_active: bool
    vcpus_released: int
    rights_reset: int
    views_destroyed: int


class BatchResult(NamedTuple):
    gfns: int
    changed: int
    elided: int
    ranges: int
    hypercalls: int
    failed_gfn: Optional[int]
    failed_view: int


def domain_info(raw: XmemDomainInfo) -> DomainInfo:
    return DomainInfo(
        raw.domid,
        kind_of(raw.kind),
        raw.vcpus,
        DomainFlag(raw.flags),
        raw.highest_gfn,
        raw.pages,
        decode(raw.name),
    )


def caps(raw: XmemCaps) -> Caps:
    return Caps(
        raw.rights,
        raw.view_rights,
        raw.max_views,
        StepMeans(raw.step_means),
        raw.replies,
        ReplyFlag(raw.reply_flags),
        raw.monitors,
        raw.ring_slots,
        raw.regions,
        raw.granule,
        Cap(raw.flags),
        raw.highest_gfn,
        raw.interface_version,
        StepMeans(raw.step_airtight),
    )


def stats(raw: XmemStats) -> Stats:
    return Stats(*(getattr(raw, name) for name in Stats._fields))


def machine_report(raw: XmemMachineReport) -> MachineReport:
    return MachineReport(*(getattr(raw, name) for name in MachineReport._fields))


def recovery(raw: XmemRecovery) -> Recovery:
    return Recovery(
        bool(raw.ring_was_active), raw.vcpus_released, raw.rights_reset, raw.views_destroyed
    )


def batch_result(raw: XmemBatchResult) -> BatchResult:
    return BatchResult(
        raw.gfns,
        raw.changed,
        raw.elided,
        raw.ranges,
        raw.hypercalls,
        None if raw.failed_gfn == GFN_UNDO else raw.failed_gfn,
        raw.failed_view,
    )


def kind_of(number: int) -> Kind:
    try:
        return Kind(number)
    except ValueError:
        return Kind.UNKNOWN


__all__ = ["BatchResult", "Caps", "DomainInfo", "MachineReport", "Recovery", "Stats"]
