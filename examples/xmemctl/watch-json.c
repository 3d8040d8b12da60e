/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a line of JSON: everything that struct xmem_event says of it. */
#include <stdio.h>

#include "watch.h"

#define N_RAW (sizeof(((struct xmem_event *)NULL)->u.raw) / sizeof(uint64_t))

static void put_mem(const struct xmem_event_mem *m)
{
    char acc[4];

    js_hex("gfn", m->gfn);
    js_hex("offset", m->offset);
    js_str("access", watch_access(m->access, acc));
    if ((m->access & XMEM_ACCESS_GLA_VALID) != 0) {
        js_hex("gla", m->gla);
    }
    js_bool("page_walk", (m->access & XMEM_ACCESS_IN_GPT) != 0);
    js_bool("with_gla", (m->access & XMEM_ACCESS_WITH_GLA) != 0);
}

static void put_ctrlreg(const struct xmem_event_ctrlreg *c)
{
    const char *name = watch_ctrlreg(c->index);

    js_str("register", name != NULL ? name : "?");
    js_u64("index", c->index);
    js_hex("old", c->old_value);
    js_hex("new", c->new_value);
}

static void put_debug(const struct xmem_event_debug *b)
{
    js_hex("gfn", b->gfn);
    js_u64("injection_type", b->type);
    js_u64("insn_length", b->insn_length);
    js_hex("pending_dbg", b->pending_dbg);
}

static void put_descriptor(const struct xmem_event_descriptor *d)
{
    js_u64("which", d->which);
    js_bool("write", d->is_write != 0);
    js_hex("exit_qualification", d->exit_qualification);
    js_hex("instr_info", d->instr_info);
}

static void put_interrupt(const struct xmem_event_interrupt *i)
{
    js_u64("vector", i->vector);
    js_u64("injection_type", i->type);
    js_hex("error_code", i->error_code);
    js_hex("cr2", i->cr2);
}

static void put_io(const struct xmem_event_io *io)
{
    js_hex("port", io->port);
    js_u64("bytes", io->bytes);
    js_bool("in", io->is_in != 0);
    js_bool("string", io->is_str != 0);
}

static void put_page(const struct xmem_event_page *p)
{
    js_hex("gfn", p->gfn);
    js_u64("p2mt", p->p2mt);
    js_hex("page_flags", p->flags);
}

/* What nobody here knows is told as it is. */
static void put_raw(const struct xmem_event *ev)
{
    js_u64("number", ev->reason);
    js_begin("raw", '[');
    for (size_t i = 0; i < N_RAW; i++) {
        js_hex(NULL, ev->u.raw[i]);
    }
    js_end(']');
}

static void put_more_details(const struct xmem_event *ev)
{
    switch (ev->reason) {
    case XMEM_EVENT_MEM_SHARING:
    case XMEM_EVENT_MEM_PAGING: put_page(&ev->u.page); break;
    case XMEM_EVENT_DESCRIPTOR: put_descriptor(&ev->u.descriptor); break;
    case XMEM_EVENT_INTERRUPT: put_interrupt(&ev->u.interrupt); break;
    case XMEM_EVENT_VMEXIT:
        js_hex("exit_reason", ev->u.vmexit.reason);
        js_hex("exit_qualification", ev->u.vmexit.qualification);
        break;
    case XMEM_EVENT_IO: put_io(&ev->u.io); break;
    case XMEM_EVENT_GUEST_REQUEST:
    case XMEM_EVENT_PRIVILEGED_CALL:
    case XMEM_EVENT_EMUL_UNIMPLEMENTED:
    case XMEM_EVENT_DOMAIN_DIED: break;
    default: put_raw(ev); break;
    }
}

static void put_details(const struct xmem_event *ev)
{
    switch (ev->reason) {
    case XMEM_EVENT_MEM_ACCESS: put_mem(&ev->u.mem); break;
    case XMEM_EVENT_CTRLREG: put_ctrlreg(&ev->u.ctrlreg); break;
    case XMEM_EVENT_MSR:
        js_hex("msr", ev->u.msr.msr);
        js_hex("old", ev->u.msr.old_value);
        js_hex("new", ev->u.msr.new_value);
        break;
    case XMEM_EVENT_BREAKPOINT:
    case XMEM_EVENT_DEBUG: put_debug(&ev->u.debug); break;
    case XMEM_EVENT_SINGLESTEP: js_hex("gfn", ev->u.singlestep.gfn); break;
    case XMEM_EVENT_CPUID:
        js_hex("leaf", ev->u.cpuid.leaf);
        js_hex("subleaf", ev->u.cpuid.subleaf);
        js_u64("insn_length", ev->u.cpuid.insn_length);
        break;
    default: put_more_details(ev); break;
    }
}

/* A flag that is seldom up is there only then. */
static void put_flag(const char *key, uint32_t flags, uint32_t flag)
{
    if ((flags & flag) != 0) {
        js_bool(key, true);
    }
}

/* How it was stepped over, if it was. */
static void put_step(const struct xmem_event *ev)
{
    static const struct ctl_bit passes[] = {{XMEM_PASSES_OTHERS, "others"},
                                            {XMEM_PASSES_AGAIN, "again"},
                                            {XMEM_PASSES_PAGES, "pages"},
                                            {0, NULL}};

    if (ev->stepped != 0) {
        ctl_put_bits("stepped", ctl_step_means, ev->stepped, true);
        ctl_put_bits("passes", passes, ev->passes, true);
    }
}

void watch_json_event(const struct watch *w, const struct xmem_event *ev,
                      const struct xmem_decision *dec, double t)
{
    js_begin(NULL, '{');
    js_str("type", "event");
    js_double("time", t);
    js_u64("seq", ev->seq);
    js_u64("domain", w->info.domid);
    js_str("domain_name", w->info.name);
    js_u64("vcpu", ev->vcpu);
    js_u64("view", ev->view);
    js_str("reason", watch_reason(ev));
    js_bool("paused", (ev->flags & XMEM_EVENT_PAUSED) != 0);
    put_flag("foreign", ev->flags, XMEM_EVENT_FOREIGN);
    put_flag("nested", ev->flags, XMEM_EVENT_NESTED);
    put_flag("stuck", ev->flags, XMEM_EVENT_STUCK);
    put_details(ev);
    put_step(ev);
    js_str("action", xmem_action_name((enum xmem_action)dec->action));
    js_str("rule", dec->rule);
    js_str("region", dec->region);
    put_flag("strict", dec->flags, XMEM_DECISION_STRICT);
    put_flag("patch_kept", dec->flags, XMEM_DECISION_PATCH_HIT);
    js_end('}');
    js_newline();
}
