/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a line, or as a line of JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "watch.h"

static const char *reason_name(const struct xmem_event *ev)
{
    const char *name = xmem_event_reason_name((enum xmem_event_reason)ev->reason);

    return name != NULL ? name : "unknown";
}

static const char *ctrlreg_name(uint32_t index)
{
    static const char *const names[] = {"cr0", "cr3", "cr4", "xcr0"};

    return index < 4 ? names[index] : "?";
}

/* "r-x" */
static const char *access_text(uint32_t access, char out[4])
{
    out[0] = (access & XMEM_ACCESS_R) != 0 ? 'r' : '-';
    out[1] = (access & XMEM_ACCESS_W) != 0 ? 'w' : '-';
    out[2] = (access & XMEM_ACCESS_X) != 0 ? 'x' : '-';
    out[3] = '\0';
    return out;
}

static void text_mem(const struct xmem_event_mem *m)
{
    char acc[4];

    printf(" gfn 0x%" PRIx64 " offset 0x%03" PRIx64 " %s", m->gfn, m->offset,
           access_text(m->access, acc));
    if ((m->access & XMEM_ACCESS_GLA_VALID) != 0) {
        printf(" gla 0x%" PRIx64, m->gla);
    }
    if ((m->access & XMEM_ACCESS_IN_GPT) != 0) {
        fputs(" page-walk", stdout);
    }
}

static void text_details(const struct xmem_event *ev)
{
    switch (ev->reason) {
    case XMEM_EVENT_MEM_ACCESS:
        text_mem(&ev->u.mem);
        break;
    case XMEM_EVENT_CTRLREG:
        printf(" %s 0x%" PRIx64 " -> 0x%" PRIx64, ctrlreg_name(ev->u.ctrlreg.index),
               ev->u.ctrlreg.old_value, ev->u.ctrlreg.new_value);
        break;
    case XMEM_EVENT_MSR:
        printf(" msr 0x%" PRIx64 " 0x%" PRIx64 " -> 0x%" PRIx64, ev->u.msr.msr,
               ev->u.msr.old_value, ev->u.msr.new_value);
        break;
    case XMEM_EVENT_BREAKPOINT:
    case XMEM_EVENT_DEBUG:
        printf(" gfn 0x%" PRIx64, ev->u.debug.gfn);
        break;
    case XMEM_EVENT_SINGLESTEP:
        printf(" gfn 0x%" PRIx64, ev->u.singlestep.gfn);
        break;
    case XMEM_EVENT_CPUID:
        printf(" leaf 0x%" PRIx32 " subleaf 0x%" PRIx32, ev->u.cpuid.leaf, ev->u.cpuid.subleaf);
        break;
    case XMEM_EVENT_IO:
        printf(" port 0x%" PRIx32 " %s %" PRIu32 " bytes", ev->u.io.port,
               ev->u.io.is_in != 0 ? "in" : "out", ev->u.io.bytes);
        break;
    case XMEM_EVENT_DESCRIPTOR:
        printf(" %s of register %" PRIu32, ev->u.descriptor.is_write != 0 ? "write" : "read",
               ev->u.descriptor.which);
        break;
    default:
        break;
    }
}

static void print_text(const struct xmem_event *ev, const struct xmem_decision *dec, double t)
{
    printf("%.6f #%" PRIu64 " vcpu %" PRIu32 " view %" PRIu16 " %s", t, ev->seq, ev->vcpu, ev->view,
           reason_name(ev));
    text_details(ev);
    if (dec->action != XMEM_ACTION_NONE) {
        printf(" -> %s", xmem_action_name((enum xmem_action)dec->action));
    }
    if (dec->rule != NULL) {
        printf(" (%s%s%s)", dec->rule, dec->region != NULL ? ": " : "",
               dec->region != NULL ? dec->region : "");
    }
    if ((ev->flags & XMEM_EVENT_STUCK) != 0) {
        fputs(" [no progress]", stdout);
    }
    if ((dec->flags & XMEM_DECISION_STRICT) != 0) {
        fputs(" [strict]", stdout);
    }
    putchar('\n');
}

static void json_mem(const struct xmem_event_mem *m)
{
    char acc[4];

    js_hex("gfn", m->gfn);
    js_hex("offset", m->offset);
    js_str("access", access_text(m->access, acc));
    if ((m->access & XMEM_ACCESS_GLA_VALID) != 0) {
        js_hex("gla", m->gla);
    }
    js_bool("page_walk", (m->access & XMEM_ACCESS_IN_GPT) != 0);
}

static void json_details(const struct xmem_event *ev)
{
    switch (ev->reason) {
    case XMEM_EVENT_MEM_ACCESS:
        json_mem(&ev->u.mem);
        break;
    case XMEM_EVENT_CTRLREG:
        js_str("register", ctrlreg_name(ev->u.ctrlreg.index));
        js_hex("old", ev->u.ctrlreg.old_value);
        js_hex("new", ev->u.ctrlreg.new_value);
        break;
    case XMEM_EVENT_MSR:
        js_hex("msr", ev->u.msr.msr);
        js_hex("old", ev->u.msr.old_value);
        js_hex("new", ev->u.msr.new_value);
        break;
    case XMEM_EVENT_BREAKPOINT:
    case XMEM_EVENT_DEBUG:
        js_hex("gfn", ev->u.debug.gfn);
        break;
    case XMEM_EVENT_SINGLESTEP:
        js_hex("gfn", ev->u.singlestep.gfn);
        break;
    case XMEM_EVENT_CPUID:
        js_hex("leaf", ev->u.cpuid.leaf);
        js_hex("subleaf", ev->u.cpuid.subleaf);
        break;
    case XMEM_EVENT_IO:
        js_hex("port", ev->u.io.port);
        js_u64("bytes", ev->u.io.bytes);
        js_bool("in", ev->u.io.is_in != 0);
        break;
    case XMEM_EVENT_DESCRIPTOR:
        js_u64("which", ev->u.descriptor.which);
        js_bool("write", ev->u.descriptor.is_write != 0);
        break;
    default:
        break;
    }
}

static void print_json(const struct xmem_event *ev, const struct xmem_decision *dec, double t)
{
    js_begin(NULL, '{');
    js_str("type", "event");
    js_double("time", t);
    js_u64("seq", ev->seq);
    js_u64("vcpu", ev->vcpu);
    js_u64("view", ev->view);
    js_str("reason", reason_name(ev));
    js_bool("paused", (ev->flags & XMEM_EVENT_PAUSED) != 0);
    if ((ev->flags & XMEM_EVENT_STUCK) != 0) {
        js_bool("stuck", true);
    }
    json_details(ev);
    js_str("action", xmem_action_name((enum xmem_action)dec->action));
    js_str("rule", dec->rule);
    js_str("region", dec->region);
    if ((dec->flags & XMEM_DECISION_STRICT) != 0) {
        js_bool("strict", true);
    }
    js_end('}');
    js_newline();
}

/* Once: an answer that only resumes makes the same event again, for ever. */
static void note_stuck(struct watch *w, const struct xmem_event *ev)
{
    if ((ev->flags & XMEM_EVENT_STUCK) == 0 || w->stuck_told) {
        return;
    }
    w->stuck_told = true;
    ctl_error("vCPU %" PRIu32 " makes no progress: event #%" PRIu64 " (%s) is the same as the ones "
              "before; let it go on with another action, such as log or deny",
              ev->vcpu, ev->seq, reason_name(ev));
}

/* Once: why the domain stands still. */
static void note_strict(struct watch *w, const struct xmem_event *ev,
                        const struct xmem_decision *dec)
{
    if ((dec->flags & XMEM_DECISION_STRICT) == 0 || w->strict_told) {
        return;
    }
    w->strict_told = true;
    ctl_error("event #%" PRIu64 ": %s; the policy is strict, so the domain is paused", ev->seq,
              xmem_domain_last_error(w->d));
}

/* A guest that does it again and again at one place is told of once. */
void watch_print_patches(struct watch *w)
{
    struct xmem_stats st = XMEM_INIT(st);

    if (xmem_domain_get_stats(w->d, &st) != 0 || st.patch_hits == w->patch_hits) {
        return;
    }
    if (w->patch_hits == 0 || st.patch_hit != w->patch_hit) {
        ctl_error("the guest wrote where a copy is patched, at 0x%" PRIx64 " (%" PRIu64 " so far): "
                  "the original has what it wrote, the copy keeps the patch",
                  st.patch_hit, st.patch_hits);
    }
    w->patch_hits = st.patch_hits;
    w->patch_hit = st.patch_hit;
}

void watch_print_event(struct watch *w, const struct xmem_event *ev,
                       const struct xmem_decision *dec)
{
    double t = (double)(clock_ns() - w->start_ns) / 1e9;

    note_stuck(w, ev);
    note_strict(w, ev, dec);
    (w->json ? print_json : print_text)(ev, dec, t);
}
