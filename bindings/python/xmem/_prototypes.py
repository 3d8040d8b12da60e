# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every function of xmem.h, by hand: the C prototype, then the same for ctypes.

A test compares each comment with the header, each entry with its comment, and the table
with the library's version map. Text goes in and out as bytes; out parameters are pointers.
The rest of the package is what should be called: nothing here checks anything.
"""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    c_char_p,
    c_int,
    c_size_t,
    c_uint,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
    cast,
)
from typing import Any, Callable, Dict, Optional, Tuple

from ._library import bind, load
from ._structs import (
    U8P,
    U16P,
    U64P,
    XmemBatchP,
    XmemBatchResult,
    XmemCaps,
    XmemDecision,
    XmemDiag,
    XmemDomainInfo,
    XmemDomainOpts,
    XmemDomainP,
    XmemEventP,
    XmemMachineReport,
    XmemMonitor,
    XmemOpenOpts,
    XmemP,
    XmemPolicyP,
    XmemRecovery,
    XmemRegs,
    XmemReply,
    XmemReportP,
    XmemStats,
    XmemViewOpts,
)

#: name: (result, arguments)
TABLE: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {}

_library = load()


def _entry(name: str, restype: Any, argtypes: Tuple[Any, ...]) -> Callable[..., Any]:
    TABLE[name] = (restype, argtypes)
    return bind(_library, name, restype, argtypes)


def _int(name: str, *argtypes: Any) -> Callable[..., int]:
    return _entry(name, c_int, argtypes)


def _size(name: str, *argtypes: Any) -> Callable[..., int]:
    return _entry(name, c_size_t, argtypes)


def _text(name: str, *argtypes: Any) -> Callable[..., Optional[bytes]]:
    return _entry(name, c_char_p, argtypes)


def _void(name: str, *argtypes: Any) -> Callable[..., None]:
    return _entry(name, None, argtypes)


# typedef int (*xmem_plan_line_fn)(void *arg, const char *line);
PlanLineFn = CFUNCTYPE(c_int, c_void_p, c_char_p)

# typedef int (*xmem_progress_fn)(void *arg, uint64_t done, uint64_t total);
ProgressFn = CFUNCTYPE(c_int, c_void_p, c_uint64, c_uint64)
NO_PROGRESS: Any = cast(c_void_p(), ProgressFn)

# const char *xmem_version(void);
xmem_version = _text("xmem_version")

# const char *xmem_rights_name(enum xmem_rights rights);
xmem_rights_name = _text("xmem_rights_name", c_uint)

# int xmem_rights_parse(const char *name, enum xmem_rights *out);
xmem_rights_parse = _int("xmem_rights_parse", c_char_p, POINTER(c_uint))

# int xmem_open(const char *uri, const struct xmem_open_opts *opts, struct xmem **out);
xmem_open = _int("xmem_open", c_char_p, POINTER(XmemOpenOpts), POINTER(XmemP))

# void xmem_close(struct xmem *x);
xmem_close = _void("xmem_close", XmemP)

# const char *xmem_last_error(const struct xmem *x);
xmem_last_error = _text("xmem_last_error", XmemP)

# const char *xmem_kind_name(enum xmem_kind kind);
xmem_kind_name = _text("xmem_kind_name", c_uint)

# int xmem_domain_list(struct xmem *x, struct xmem_domain_info *v, size_t *n);
xmem_domain_list = _int("xmem_domain_list", XmemP, POINTER(XmemDomainInfo), POINTER(c_size_t))

# int xmem_machine_check(struct xmem *x, struct xmem_machine_report *out);
xmem_machine_check = _int("xmem_machine_check", XmemP, POINTER(XmemMachineReport))

# int xmem_domain_open(struct xmem *x, uint32_t domid, const struct xmem_domain_opts *opts, struct
# xmem_domain **out);
xmem_domain_open = _int(
    "xmem_domain_open", XmemP, c_uint32, POINTER(XmemDomainOpts), POINTER(XmemDomainP)
)

# int xmem_domain_close(struct xmem_domain *d);
xmem_domain_close = _int("xmem_domain_close", XmemDomainP)

# const char *xmem_domain_last_error(const struct xmem_domain *d);
xmem_domain_last_error = _text("xmem_domain_last_error", XmemDomainP)

# int xmem_domain_get_info(struct xmem_domain *d, struct xmem_domain_info *out);
xmem_domain_get_info = _int("xmem_domain_get_info", XmemDomainP, POINTER(XmemDomainInfo))

# int xmem_domain_get_caps(struct xmem_domain *d, struct xmem_caps *out);
xmem_domain_get_caps = _int("xmem_domain_get_caps", XmemDomainP, POINTER(XmemCaps))

# int xmem_domain_get_stats(struct xmem_domain *d, struct xmem_stats *out);
xmem_domain_get_stats = _int("xmem_domain_get_stats", XmemDomainP, POINTER(XmemStats))

# int xmem_domain_enable(struct xmem_domain *d);
xmem_domain_enable = _int("xmem_domain_enable", XmemDomainP)

# int xmem_domain_disable(struct xmem_domain *d);
xmem_domain_disable = _int("xmem_domain_disable", XmemDomainP)

# int xmem_domain_pause(struct xmem_domain *d);
xmem_domain_pause = _int("xmem_domain_pause", XmemDomainP)

# int xmem_domain_unpause(struct xmem_domain *d);
xmem_domain_unpause = _int("xmem_domain_unpause", XmemDomainP)

# int xmem_domain_recover(struct xmem *x, uint32_t domid, struct xmem_recovery *out);
xmem_domain_recover = _int("xmem_domain_recover", XmemP, c_uint32, POINTER(XmemRecovery))

# int xmem_domain_get_rights(struct xmem_domain *d, uint16_t view, uint64_t gfn, enum xmem_rights
# *out);
xmem_domain_get_rights = _int(
    "xmem_domain_get_rights", XmemDomainP, c_uint16, c_uint64, POINTER(c_uint)
)

# int xmem_domain_set_rights(struct xmem_domain *d, uint16_t view, uint64_t gfn, enum xmem_rights
# rights);
xmem_domain_set_rights = _int("xmem_domain_set_rights", XmemDomainP, c_uint16, c_uint64, c_uint)

# int xmem_domain_set_rights_range(struct xmem_domain *d, uint16_t view, uint64_t first_gfn,
# uint64_t count, enum xmem_rights rights);
xmem_domain_set_rights_range = _int(
    "xmem_domain_set_rights_range", XmemDomainP, c_uint16, c_uint64, c_uint64, c_uint
)

# int xmem_domain_set_rights_many(struct xmem_domain *d, uint16_t view, const uint64_t *gfns, const
# uint8_t *rights, size_t n);
xmem_domain_set_rights_many = _int(
    "xmem_domain_set_rights_many", XmemDomainP, c_uint16, U64P, U8P, c_size_t
)

# int xmem_domain_get_default(struct xmem_domain *d, enum xmem_rights *out);
xmem_domain_get_default = _int("xmem_domain_get_default", XmemDomainP, POINTER(c_uint))

# int xmem_domain_set_default(struct xmem_domain *d, enum xmem_rights rights);
xmem_domain_set_default = _int("xmem_domain_set_default", XmemDomainP, c_uint)

# int xmem_domain_set_access_required(struct xmem_domain *d, int required);
xmem_domain_set_access_required = _int("xmem_domain_set_access_required", XmemDomainP, c_int)

# int xmem_domain_read(struct xmem_domain *d, uint64_t gpa, void *buf, size_t len);
xmem_domain_read = _int("xmem_domain_read", XmemDomainP, c_uint64, c_void_p, c_size_t)

# int xmem_domain_write(struct xmem_domain *d, uint64_t gpa, const void *buf, size_t len);
xmem_domain_write = _int("xmem_domain_write", XmemDomainP, c_uint64, c_void_p, c_size_t)

# int xmem_domain_add_page(struct xmem_domain *d, uint64_t *gfn);
xmem_domain_add_page = _int("xmem_domain_add_page", XmemDomainP, U64P)

# int xmem_domain_remove_page(struct xmem_domain *d, uint64_t gfn);
xmem_domain_remove_page = _int("xmem_domain_remove_page", XmemDomainP, c_uint64)

# int xmem_view_create(struct xmem_domain *d, const struct xmem_view_opts *opts, uint16_t *view);
xmem_view_create = _int("xmem_view_create", XmemDomainP, POINTER(XmemViewOpts), U16P)

# int xmem_view_destroy(struct xmem_domain *d, uint16_t view);
xmem_view_destroy = _int("xmem_view_destroy", XmemDomainP, c_uint16)

# int xmem_view_list(struct xmem_domain *d, uint16_t *views, size_t *n);
xmem_view_list = _int("xmem_view_list", XmemDomainP, U16P, POINTER(c_size_t))

# int xmem_view_switch(struct xmem_domain *d, uint16_t view);
xmem_view_switch = _int("xmem_view_switch", XmemDomainP, c_uint16)

# int xmem_view_switch_vcpu(struct xmem_domain *d, uint32_t vcpu, uint16_t view);
xmem_view_switch_vcpu = _int("xmem_view_switch_vcpu", XmemDomainP, c_uint32, c_uint16)

# int xmem_view_get_vcpu(struct xmem_domain *d, uint32_t vcpu, uint16_t *view);
xmem_view_get_vcpu = _int("xmem_view_get_vcpu", XmemDomainP, c_uint32, U16P)

# int xmem_view_change_gfn(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t to_gfn);
xmem_view_change_gfn = _int("xmem_view_change_gfn", XmemDomainP, c_uint16, c_uint64, c_uint64)

# int xmem_view_set_visible(struct xmem_domain *d, uint16_t view, int visible);
xmem_view_set_visible = _int("xmem_view_set_visible", XmemDomainP, c_uint16, c_int)

# int xmem_view_set_suppress_ve(struct xmem_domain *d, uint16_t view, uint64_t first_gfn, uint64_t
# count, int suppress);
xmem_view_set_suppress_ve = _int(
    "xmem_view_set_suppress_ve", XmemDomainP, c_uint16, c_uint64, c_uint64, c_int
)

# int xmem_view_get_suppress_ve(struct xmem_domain *d, uint16_t view, uint64_t gfn, int *suppress);
xmem_view_get_suppress_ve = _int(
    "xmem_view_get_suppress_ve", XmemDomainP, c_uint16, c_uint64, POINTER(c_int)
)

# int xmem_view_set_notify_page(struct xmem_domain *d, uint32_t vcpu, uint64_t gfn);
xmem_view_set_notify_page = _int("xmem_view_set_notify_page", XmemDomainP, c_uint32, c_uint64)

# int xmem_batch_new(struct xmem_domain *d, struct xmem_batch **out);
xmem_batch_new = _int("xmem_batch_new", XmemDomainP, POINTER(XmemBatchP))

# void xmem_batch_free(struct xmem_batch *b);
xmem_batch_free = _void("xmem_batch_free", XmemBatchP)

# int xmem_batch_add(struct xmem_batch *b, uint16_t view, uint64_t first_gfn, uint64_t count, enum
# xmem_rights rights);
xmem_batch_add = _int("xmem_batch_add", XmemBatchP, c_uint16, c_uint64, c_uint64, c_uint)

# int xmem_batch_add_many(struct xmem_batch *b, uint16_t view, const uint64_t *gfns, const uint8_t
# *rights, size_t n);
xmem_batch_add_many = _int("xmem_batch_add_many", XmemBatchP, c_uint16, U64P, U8P, c_size_t)

# void xmem_batch_clear(struct xmem_batch *b);
xmem_batch_clear = _void("xmem_batch_clear", XmemBatchP)

# int xmem_batch_plan(struct xmem_batch *b, struct xmem_batch_result *out);
xmem_batch_plan = _int("xmem_batch_plan", XmemBatchP, POINTER(XmemBatchResult))

# int xmem_batch_apply(struct xmem_batch *b, struct xmem_batch_result *out);
xmem_batch_apply = _int("xmem_batch_apply", XmemBatchP, POINTER(XmemBatchResult))

# int xmem_batch_apply_some(struct xmem_batch *b, uint64_t max_gfns, struct xmem_batch_result
# *out);
xmem_batch_apply_some = _int(
    "xmem_batch_apply_some", XmemBatchP, c_uint64, POINTER(XmemBatchResult)
)

# int xmem_batch_revert(struct xmem_batch *b);
xmem_batch_revert = _int("xmem_batch_revert", XmemBatchP)

# const char *xmem_event_reason_name(enum xmem_event_reason reason);
xmem_event_reason_name = _text("xmem_event_reason_name", c_uint)

# int xmem_domain_get_fd(struct xmem_domain *d);
xmem_domain_get_fd = _int("xmem_domain_get_fd", XmemDomainP)

# int xmem_event_next(struct xmem_domain *d, const struct xmem_event **out);
xmem_event_next = _int("xmem_event_next", XmemDomainP, POINTER(XmemEventP))

# int xmem_event_wait(struct xmem_domain *d, int timeout_ms);
xmem_event_wait = _int("xmem_event_wait", XmemDomainP, c_int)

# int xmem_event_get_regs(struct xmem_domain *d, const struct xmem_event *ev, struct xmem_regs
# *out);
xmem_event_get_regs = _int("xmem_event_get_regs", XmemDomainP, XmemEventP, POINTER(XmemRegs))

# int xmem_event_reply(struct xmem_domain *d, const struct xmem_event *ev, const struct xmem_reply
# *reply);
xmem_event_reply = _int("xmem_event_reply", XmemDomainP, XmemEventP, POINTER(XmemReply))

# int xmem_event_step_over(struct xmem_domain *d, const struct xmem_event *ev);
xmem_event_step_over = _int("xmem_event_step_over", XmemDomainP, XmemEventP)

# int xmem_event_drop(struct xmem_domain *d, const struct xmem_event *ev);
xmem_event_drop = _int("xmem_event_drop", XmemDomainP, XmemEventP)

# int xmem_event_flush(struct xmem_domain *d);
xmem_event_flush = _int("xmem_event_flush", XmemDomainP)

# int xmem_domain_set_monitor(struct xmem_domain *d, const struct xmem_monitor *m, int on);
xmem_domain_set_monitor = _int("xmem_domain_set_monitor", XmemDomainP, POINTER(XmemMonitor), c_int)

# int xmem_report_new(struct xmem_report **out);
xmem_report_new = _int("xmem_report_new", POINTER(XmemReportP))

# void xmem_report_free(struct xmem_report *r);
xmem_report_free = _void("xmem_report_free", XmemReportP)

# size_t xmem_report_count(const struct xmem_report *r);
xmem_report_count = _size("xmem_report_count", XmemReportP)

# int xmem_report_get(const struct xmem_report *r, size_t index, struct xmem_diag *out);
xmem_report_get = _int("xmem_report_get", XmemReportP, c_size_t, POINTER(XmemDiag))

# int xmem_policy_load(const char *path, struct xmem_report *r, struct xmem_policy **out);
xmem_policy_load = _int("xmem_policy_load", c_char_p, XmemReportP, POINTER(XmemPolicyP))

# int xmem_policy_parse(const char *name, const void *text, size_t len, struct xmem_report *r,
# struct xmem_policy **out);
xmem_policy_parse = _int(
    "xmem_policy_parse", c_char_p, c_void_p, c_size_t, XmemReportP, POINTER(XmemPolicyP)
)

# void xmem_policy_free(struct xmem_policy *p);
xmem_policy_free = _void("xmem_policy_free", XmemPolicyP)

# int xmem_policy_match(const struct xmem_policy *p, const struct xmem_domain_info *info);
xmem_policy_match = _int("xmem_policy_match", XmemPolicyP, POINTER(XmemDomainInfo))

# int xmem_policy_plan(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
# xmem_plan_line_fn line, void *arg);
xmem_policy_plan = _int(
    "xmem_policy_plan", XmemPolicyP, XmemDomainP, XmemReportP, PlanLineFn, c_void_p
)

# int xmem_policy_apply(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
# xmem_progress_fn progress, void *arg);
xmem_policy_apply = _int(
    "xmem_policy_apply", XmemPolicyP, XmemDomainP, XmemReportP, ProgressFn, c_void_p
)

# const char *xmem_action_name(enum xmem_action action);
xmem_action_name = _text("xmem_action_name", c_uint)

# int xmem_policy_decide(struct xmem_policy *p, struct xmem_domain *d, const struct xmem_event *ev,
# struct xmem_decision *out);
xmem_policy_decide = _int(
    "xmem_policy_decide", XmemPolicyP, XmemDomainP, XmemEventP, POINTER(XmemDecision)
)

# int xmem_policy_handle(struct xmem_policy *p, struct xmem_domain *d, const struct xmem_event *ev,
# struct xmem_decision *out);
xmem_policy_handle = _int(
    "xmem_policy_handle", XmemPolicyP, XmemDomainP, XmemEventP, POINTER(XmemDecision)
)
