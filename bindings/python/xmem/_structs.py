# SPDX-License-Identifier: LGPL-2.1-or-later
"""The structs of xmem.h, and a type of its own for each opaque handle.

Handles are pointers to structs without fields: ctypes refuses a session where a batch
belongs. A test compares sizes and offsets with what a C compiler says.
"""

from __future__ import annotations

from ctypes import (
    POINTER,
    Structure,
    Union,
    c_char,
    c_char_p,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)
from typing import TYPE_CHECKING, Any

# ---- opaque ----


class Xmem(Structure):
    """struct xmem"""


class XmemDomain(Structure):
    """struct xmem_domain"""


class XmemBatch(Structure):
    """struct xmem_batch"""


class XmemReport(Structure):
    """struct xmem_report"""


class XmemPolicy(Structure):
    """struct xmem_policy"""


# ---- structs with a size ----


class Sized(Structure):
    """A struct that starts with `size`, which is set when it is made."""

    if TYPE_CHECKING:
        size: int

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.size = sizeof(type(self))


class XmemOpenOpts(Sized):
    _fields_ = [("size", c_size_t), ("seed", c_uint64), ("report", c_void_p)]


class XmemDomainInfo(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("domid", c_uint32),
        ("kind", c_uint32),
        ("vcpus", c_uint32),
        ("flags", c_uint32),
        ("highest_gfn", c_uint64),
        ("pages", c_uint64),
        ("name", c_char * 64),
    ]


class XmemMachineReport(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("accesses", c_uint64),
        ("events", c_uint64),
        ("hypercalls", c_uint64),
        ("tlb_flushes", c_uint64),
        ("unanswered", c_uint64),
        ("double_answers", c_uint64),
        ("leaked_slots", c_uint64),
        ("leftover_rights", c_uint64),
        ("leftover_views", c_uint64),
        ("leftover_pauses", c_uint64),
        ("leftover_monitors", c_uint64),
        ("forbidden", c_uint64),
        ("mem_bytes", c_uint64),
        ("mapped_gfns", c_uint64),
        ("unseen", c_uint64),
    ]


class XmemDomainOpts(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("restore", c_uint32),
        ("default_reply", c_uint32),
        ("step_means", c_uint32),
        ("reserved", c_uint32),
    ]


class XmemCaps(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("rights", c_uint32),
        ("view_rights", c_uint32),
        ("max_views", c_uint32),
        ("step_means", c_uint32),
        ("replies", c_uint32),
        ("reply_flags", c_uint32),
        ("monitors", c_uint64),
        ("ring_slots", c_uint32),
        ("regions", c_uint32),
        ("granule", c_uint32),
        ("flags", c_uint32),
        ("highest_gfn", c_uint64),
        ("interface_version", c_uint32),
        ("step_airtight", c_uint32),
    ]


class XmemStats(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("hypercalls", c_uint64),
        ("sets", c_uint64),
        ("gets", c_uint64),
        ("elided", c_uint64),
        ("events", c_uint64),
        ("answers", c_uint64),
        ("defaulted", c_uint64),
        ("steps", c_uint64),
        ("notifies", c_uint64),
        ("stuck", c_uint64),
        ("emulated", c_uint64),
        ("not_walk", c_uint64),
        ("not_fetch", c_uint64),
        ("not_decoded", c_uint64),
        ("not_sure", c_uint64),
        ("not_mapped", c_uint64),
        ("not_ended", c_uint64),
        ("not_same", c_uint64),
        ("not_taken", c_uint64),
        ("carried", c_uint64),
        ("patch_hits", c_uint64),
        ("patch_hit", c_uint64),
    ]


class XmemRecovery(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("ring_was_active", c_uint32),
        ("vcpus_released", c_uint32),
        ("rights_reset", c_uint64),
        ("views_destroyed", c_uint32),
        ("reserved", c_uint32),
    ]


class XmemViewOpts(Sized):
    _fields_ = [("size", c_size_t), ("default_rights", c_uint32), ("reserved", c_uint32)]


class XmemBatchResult(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("gfns", c_uint64),
        ("changed", c_uint64),
        ("elided", c_uint64),
        ("ranges", c_uint64),
        ("hypercalls", c_uint64),
        ("failed_gfn", c_uint64),
        ("failed_view", c_uint16),
        ("reserved", c_uint16 * 3),
    ]


class XmemMonitor(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("reason", c_uint32),
        ("flags", c_uint32),
        ("index", c_uint32),
        ("reserved", c_uint32),
        ("bitmask", c_uint64),
    ]


class XmemDiag(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("number", c_uint32),
        ("line", c_uint32),
        ("column", c_uint32),
        ("reserved", c_uint32),
        ("file", c_char_p),
        ("path", c_char_p),
        ("text", c_char_p),
        ("full", c_char_p),
    ]


class XmemDecision(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("action", c_uint32),
        ("view", c_uint16),
        ("reserved", c_uint16),
        ("rule", c_char_p),
        ("region", c_char_p),
        ("region_gfn", c_uint64),
        ("flags", c_uint32),
        ("reserved2", c_uint32),
    ]


# ---- registers ----


class XmemRegsX86(Structure):
    _fields_ = [
        *((name, c_uint64) for name in "rax rcx rdx rbx rsp rbp rsi rdi".split()),
        *((name, c_uint64) for name in "r8 r9 r10 r11 r12 r13 r14 r15".split()),
        *((name, c_uint64) for name in "rflags dr6 dr7 rip cr0 cr2 cr3 cr4".split()),
        *((name, c_uint64) for name in "sysenter_cs sysenter_esp sysenter_eip".split()),
        *((name, c_uint64) for name in "msr_efer msr_star msr_lstar".split()),
        *((name, c_uint64) for name in "gdtr_base fs_base gs_base shadow_gs".split()),
        *((name, c_uint16) for name in "cs_sel ss_sel ds_sel es_sel fs_sel gs_sel".split()),
        ("gdtr_limit", c_uint16),
        ("reserved", c_uint16),
    ]


class XmemRegsArm(Structure):
    _fields_ = [(name, c_uint64) for name in "ttbr0 ttbr1 ttbcr pc cpsr".split()]


class XmemRegsU(Union):
    _fields_ = [("x86", XmemRegsX86), ("arm", XmemRegsArm), ("raw", c_uint64 * 48)]


class XmemRegs(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("arch", c_uint32),
        ("reserved", c_uint32),
        ("u", XmemRegsU),
    ]


# ---- events ----


class XmemEventMem(Structure):
    _fields_ = [
        ("gfn", c_uint64),
        ("offset", c_uint64),
        ("gla", c_uint64),
        ("access", c_uint32),
        ("reserved", c_uint32),
    ]


class XmemEventCtrlreg(Structure):
    _fields_ = [
        ("index", c_uint32),
        ("reserved", c_uint32),
        ("new_value", c_uint64),
        ("old_value", c_uint64),
    ]


class XmemEventMsr(Structure):
    _fields_ = [("msr", c_uint64), ("new_value", c_uint64), ("old_value", c_uint64)]


class XmemEventDebug(Structure):
    _fields_ = [
        ("gfn", c_uint64),
        ("pending_dbg", c_uint64),
        ("insn_length", c_uint32),
        ("type", c_uint32),
    ]


class XmemEventSinglestep(Structure):
    _fields_ = [("gfn", c_uint64)]


class XmemEventCpuid(Structure):
    _fields_ = [
        ("insn_length", c_uint32),
        ("leaf", c_uint32),
        ("subleaf", c_uint32),
        ("reserved", c_uint32),
    ]


class XmemEventDescriptor(Structure):
    _fields_ = [
        ("exit_qualification", c_uint64),
        ("instr_info", c_uint32),
        ("which", c_uint32),
        ("is_write", c_uint32),
        ("reserved", c_uint32),
    ]


class XmemEventInterrupt(Structure):
    _fields_ = [
        ("vector", c_uint32),
        ("type", c_uint32),
        ("error_code", c_uint32),
        ("reserved", c_uint32),
        ("cr2", c_uint64),
    ]


class XmemEventVmexit(Structure):
    _fields_ = [("reason", c_uint64), ("qualification", c_uint64)]


class XmemEventIo(Structure):
    _fields_ = [
        ("port", c_uint32),
        ("bytes", c_uint32),
        ("is_in", c_uint32),
        ("is_str", c_uint32),
    ]


class XmemEventPage(Structure):
    _fields_ = [("gfn", c_uint64), ("p2mt", c_uint32), ("flags", c_uint32)]


class XmemEventU(Union):
    _fields_ = [
        ("mem", XmemEventMem),
        ("ctrlreg", XmemEventCtrlreg),
        ("msr", XmemEventMsr),
        ("debug", XmemEventDebug),
        ("singlestep", XmemEventSinglestep),
        ("cpuid", XmemEventCpuid),
        ("descriptor", XmemEventDescriptor),
        ("interrupt", XmemEventInterrupt),
        ("vmexit", XmemEventVmexit),
        ("io", XmemEventIo),
        ("page", XmemEventPage),
        ("raw", c_uint64 * 6),
    ]


class XmemEvent(Structure):
    _fields_ = [
        ("seq", c_uint64),
        ("reason", c_uint32),
        ("flags", c_uint32),
        ("vcpu", c_uint32),
        ("view", c_uint16),
        ("reserved", c_uint16),
        ("u", XmemEventU),
        ("stepped", c_uint32),
        ("passes", c_uint32),
    ]


class XmemReply(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("action", c_uint32),
        ("flags", c_uint32),
        ("view", c_uint16),
        ("step_view", c_uint16),
        ("data_len", c_uint32),
        ("data", c_void_p),
        ("regs", POINTER(XmemRegs)),
    ]


# ---- pointers ----

XmemP = POINTER(Xmem)
XmemDomainP = POINTER(XmemDomain)
XmemBatchP = POINTER(XmemBatch)
XmemReportP = POINTER(XmemReport)
XmemPolicyP = POINTER(XmemPolicy)
XmemEventP = POINTER(XmemEvent)

U8P = POINTER(c_uint8)
U16P = POINTER(c_uint16)
U64P = POINTER(c_uint64)

#: By their names in C, for the test that asks the compiler.
STRUCTS = {
    "xmem_open_opts": XmemOpenOpts,
    "xmem_domain_info": XmemDomainInfo,
    "xmem_machine_report": XmemMachineReport,
    "xmem_domain_opts": XmemDomainOpts,
    "xmem_caps": XmemCaps,
    "xmem_stats": XmemStats,
    "xmem_recovery": XmemRecovery,
    "xmem_view_opts": XmemViewOpts,
    "xmem_batch_result": XmemBatchResult,
    "xmem_event": XmemEvent,
    "xmem_event_mem": XmemEventMem,
    "xmem_event_ctrlreg": XmemEventCtrlreg,
    "xmem_event_msr": XmemEventMsr,
    "xmem_event_debug": XmemEventDebug,
    "xmem_event_singlestep": XmemEventSinglestep,
    "xmem_event_cpuid": XmemEventCpuid,
    "xmem_event_descriptor": XmemEventDescriptor,
    "xmem_event_interrupt": XmemEventInterrupt,
    "xmem_event_vmexit": XmemEventVmexit,
    "xmem_event_io": XmemEventIo,
    "xmem_event_page": XmemEventPage,
    "xmem_regs": XmemRegs,
    "xmem_regs_x86": XmemRegsX86,
    "xmem_regs_arm": XmemRegsArm,
    "xmem_reply": XmemReply,
    "xmem_monitor": XmemMonitor,
    "xmem_diag": XmemDiag,
    "xmem_decision": XmemDecision,
}
#: Structs that the library alone knows.
OPAQUE = {
    "xmem": Xmem,
    "xmem_domain": XmemDomain,
    "xmem_batch": XmemBatch,
    "xmem_report": XmemReport,
    "xmem_policy": XmemPolicy,
}
