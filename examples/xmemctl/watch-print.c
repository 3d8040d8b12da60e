/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a line for a reader; and what is said of it besides, once. */
#include <inttypes.h>
#include <stdio.h>

#include "watch.h"

#define N_RAW (sizeof(((struct xmem_event *)NULL)->u.raw) / sizeof(uint64_t))

const char *watch_reason(const struct xmem_event *ev)
{
    const char *name = xmem_event_reason_name((enum xmem_event_reason)ev->reason);

    return name != NULL ? name : "unknown";
}

const char *watch_access(uint32_t access, char out[4])
{
    out[0] = (access & XMEM_ACCESS_R) != 0 ? 'r' : '-';
    out[1] = (access & XMEM_ACCESS_W) != 0 ? 'w' : '-';
    out[2] = (access & XMEM_ACCESS_X) != 0 ? 'x' : '-';
    out[3] = '\0';
    return out;
}

const char *watch_ctrlreg(uint32_t index)
{
    static const char *const names[] = {"cr0", "cr3", "cr4", "xcr0"};

    return index < 4 ? names[index] : NULL;
}

static void put_mem(const struct xmem_event_mem *m)
{
    char acc[4];

    printf(" gfn 0x%" PRIx64 " offset 0x%03" PRIx64 " %s", m->gfn, m->offset,
           watch_access(m->access, acc));
    if ((m->access & XMEM_ACCESS_GLA_VALID) != 0) {
        printf(" gla 0x%" PRIx64, m->gla);
    }
    if ((m->access & XMEM_ACCESS_IN_GPT) != 0) {
        fputs(" page-walk", stdout);
    }
}

static void put_ctrlreg(const struct xmem_event_ctrlreg *c)
{
    const char *name = watch_ctrlreg(c->index);

    if (name != NULL) {
        printf(" %s", name);
    } else {
        printf(" register %" PRIu32, c->index);
    }
    printf(" 0x%" PRIx64 " -> 0x%" PRIx64, c->old_value, c->new_value);
}

static void put_debug(const struct xmem_event_debug *b)
{
    printf(" gfn 0x%" PRIx64 " type %" PRIu32 " length %" PRIu32 " pending_dbg 0x%" PRIx64, b->gfn,
           b->type, b->insn_length, b->pending_dbg);
}

static void put_descriptor(const struct xmem_event_descriptor *d)
{
    static const char *const names[] = {NULL, "idtr", "gdtr", "ldtr", "tr"};
    const char *name = d->which < 5 ? names[d->which] : NULL;

    printf(" %s of register %" PRIu32 "%s%s qualification 0x%" PRIx64 " info 0x%" PRIx32,
           d->is_write != 0 ? "write" : "read", d->which, name != NULL ? " " : "",
           name != NULL ? name : "", d->exit_qualification, d->instr_info);
}

static void put_interrupt(const struct xmem_event_interrupt *i)
{
    printf(" vector %" PRIu32 " type %" PRIu32 " error 0x%" PRIx32 " cr2 0x%" PRIx64, i->vector,
           i->type, i->error_code, i->cr2);
}

static void put_io(const struct xmem_event_io *io)
{
    printf(" port 0x%" PRIx32 " %s %" PRIu32 " bytes%s", io->port, io->is_in != 0 ? "in" : "out",
           io->bytes, io->is_str != 0 ? " string" : "");
}

static void put_page(const struct xmem_event_page *p)
{
    printf(" gfn 0x%" PRIx64 " p2mt %" PRIu32 " flags 0x%" PRIx32, p->gfn, p->p2mt, p->flags);
}

/* What nobody here knows is told as it is. */
static void put_raw(const struct xmem_event *ev)
{
    printf(" %" PRIu32 " raw", ev->reason);
    for (size_t i = 0; i < N_RAW; i++) {
        printf(" 0x%" PRIx64, ev->u.raw[i]);
    }
}

static void put_more_details(const struct xmem_event *ev)
{
    switch (ev->reason) {
    case XMEM_EVENT_MEM_SHARING:
    case XMEM_EVENT_MEM_PAGING: put_page(&ev->u.page); break;
    case XMEM_EVENT_DESCRIPTOR: put_descriptor(&ev->u.descriptor); break;
    case XMEM_EVENT_INTERRUPT: put_interrupt(&ev->u.interrupt); break;
    case XMEM_EVENT_VMEXIT:
        printf(" reason 0x%" PRIx64 " qualification 0x%" PRIx64, ev->u.vmexit.reason,
               ev->u.vmexit.qualification);
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
        printf(" msr 0x%" PRIx64 " 0x%" PRIx64 " -> 0x%" PRIx64, ev->u.msr.msr, ev->u.msr.old_value,
               ev->u.msr.new_value);
        break;
    case XMEM_EVENT_BREAKPOINT:
    case XMEM_EVENT_DEBUG: put_debug(&ev->u.debug); break;
    case XMEM_EVENT_SINGLESTEP: printf(" gfn 0x%" PRIx64, ev->u.singlestep.gfn); break;
    case XMEM_EVENT_CPUID:
        printf(" leaf 0x%" PRIx32 " subleaf 0x%" PRIx32 " length %" PRIu32, ev->u.cpuid.leaf,
               ev->u.cpuid.subleaf, ev->u.cpuid.insn_length);
        break;
    default: put_more_details(ev); break;
    }
}

static void put_decision(const struct xmem_decision *dec)
{
    if (dec->action != XMEM_ACTION_NONE) {
        printf(" -> %s", xmem_action_name((enum xmem_action)dec->action));
    }
    if (dec->rule == NULL) {
        return;
    }
    fputs(" (", stdout);
    ctl_put_name(dec->rule);
    if (dec->region != NULL) {
        fputs(": ", stdout);
        ctl_put_name(dec->region);
    }
    putchar(')');
}

static void put_marks(const struct xmem_event *ev, const struct xmem_decision *dec)
{
    const struct {
        bool on;
        const char *text;
    } marks[] = {
        {(ev->flags & XMEM_EVENT_PAUSED) == 0 && ev->reason != XMEM_EVENT_DOMAIN_DIED, "goes on"},
        {(ev->flags & XMEM_EVENT_FOREIGN) != 0, "foreign"},
        {(ev->flags & XMEM_EVENT_NESTED) != 0, "nested"},
        {(ev->flags & XMEM_EVENT_STUCK) != 0, "no progress"},
        {(dec->flags & XMEM_DECISION_STRICT) != 0, "strict"},
        {(dec->flags & XMEM_DECISION_PATCH_HIT) != 0, "patch kept"},
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (marks[i].on) {
            printf(" [%s]", marks[i].text);
        }
    }
}

static void print_text(const struct watch *w, const struct xmem_event *ev,
                       const struct xmem_decision *dec, double t)
{
    char name[CTL_NAME_BYTES];

    printf("%.6f #%" PRIu64 " domain %" PRIu32 " (%s) vcpu %" PRIu32 " view %" PRIu16 " %s", t,
           ev->seq, w->info.domid, ctl_name(w->info.name, name), ev->vcpu, ev->view,
           watch_reason(ev));
    put_details(ev);
    put_decision(dec);
    put_marks(ev, dec);
    putchar('\n');
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
              ev->vcpu, ev->seq, watch_reason(ev));
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
    (w->json ? watch_json_event : print_text)(w, ev, dec, t);
}
