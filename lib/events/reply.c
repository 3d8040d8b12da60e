/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's replies, and the session's when there is none. */
#include "views/views.h"
#include "events/events-int.h"
#include "base/base.h"
#include "events/step.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define EMULATES(a) ((a) == XMEM_REPLY_EMULATE || (a) == XMEM_REPLY_EMULATE_NOWRITE)
#define INSN_BYTES 16u /* "Has to be completely filled" (vm_event.h) */

static const char *action_name(uint32_t action)
{
    static const char *const names[] = {"resume",    "deny",    "emulate", "emulate without write",
                                        "step over", "reinject"};
    return action < sizeof(names) / sizeof(names[0]) ? names[action] : "?";
}

/* Xen denies writes of control registers and MSRs, nothing else (vm_event.h, FLAG_DENY). */
static bool can_deny(const struct xmem_domain *d, const struct event *ev)
{
    return (d->caps.replies & (1u << XMEM_REPLY_DENY)) && (ev->pub.flags & XMEM_EVENT_PAUSED) &&
           xmi_finish_who(d, ev, XMEM_REPLY_DENY) == FINISH_DROPPED;
}

/* An answer that means nothing to this event. */
static int check_action(struct xmem_domain *d, const struct event *ev, const struct xmem_reply *r)
{
    static const char *const only[REPLY_ACTIONS] = {
        [XMEM_REPLY_DENY] = "writes of control registers and MSRs that wait for the answer can be "
                            "denied",
        [XMEM_REPLY_EMULATE] = "accesses, descriptor accesses, I/O, and a breakpoint with "
                               "SET_INSN_DATA are emulated",
        [XMEM_REPLY_EMULATE_NOWRITE] = "accesses, descriptor accesses and I/O are emulated so",
        [XMEM_REPLY_REINJECT] = "breakpoints and debug exceptions can be given to the guest",
    };
    bool breakpoint = ev->pub.reason == XMEM_EVENT_BREAKPOINT;
    bool bare = breakpoint && EMULATES(r->action) && !(r->flags & XMEM_REPLY_SET_INSN_DATA);
    if (!breakpoint && (r->flags & XMEM_REPLY_SET_INSN_DATA)) /* vm_event_emulate_check() */
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "reply %s: SET_INSN_DATA is for breakpoints, where alone the "
                                 "hypervisor takes the instruction",
                                 action_name(r->action));
    if (xmi_finish_who(d, ev, r->action) != FINISH_REFUSED && !bare)
        return 0;
    return xmi_domain_refuse(d, -EOPNOTSUPP, "reply %s: only %s, not an event %s",
                             action_name(r->action), only[r->action],
                             xmem_event_reason_name((enum xmem_event_reason)ev->pub.reason));
}

static int check_view(struct xmem_domain *d, uint16_t id)
{
    const struct view *v = domain_view(d, id);
    if (v && !v->step && (id == 0 || d->led->views_on))
        return 0;
    return xmi_domain_refuse(d, -ENOENT, "reply: view %u does not exist", id);
}

/* Is it possible on this kind of machine, for this event? */
static int check_can(struct xmem_domain *d, const struct event *ev, const struct xmem_reply *r)
{
    uint32_t missing = r->flags & ~d->caps.reply_flags;
    if (!(d->caps.replies & (1u << r->action)) && r->action != XMEM_REPLY_STEP_OVER)
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "reply %s: this kind of machine cannot (caps.replies)",
                                 action_name(r->action));
    if (missing)
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "reply: flags 0x%" PRIx32 " do not work on this kind "
                                 "of machine (caps.reply_flags)",
                                 missing);
    if ((r->flags & XMEM_REPLY_TOGGLE_STEP) && xmi_step_is_fast(d, ev))
        return xmi_domain_refuse(
            d, -EOPNOTSUPP,
            "reply: vCPU %" PRIu32 " is being stepped over an "
            "access; step over this one too, and toggle single step at its next "
            "event",
            ev->pub.vcpu);
    if ((r->flags || r->action != XMEM_REPLY_RESUME) && !(ev->pub.flags & XMEM_EVENT_PAUSED) &&
        r->action != XMEM_REPLY_STEP_OVER)
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "reply %s: the vCPU does not wait, it can only be "
                                 "resumed",
                                 action_name(r->action));
    return check_action(d, ev, r);
}

static int bad(struct xmem_domain *d, const char *why)
{
    return xmi_domain_refuse(d, -EINVAL, "reply: %s", why);
}

/* Do its parts fit together? */
static int check_parts(struct xmem_domain *d, const struct xmem_reply *r)
{
    uint32_t data = r->flags & (XMEM_REPLY_SET_READ_DATA | XMEM_REPLY_SET_INSN_DATA);
    uint32_t room = xmi_ring_data_size(ring_of(d)->version) - (uint32_t)sizeof(uint32_t);
    if (r->action >= REPLY_ACTIONS || r->flags >= XMEM_REPLY_STEP_STRICT * 2)
        return bad(d, "no such action or flag");
    if (r->action == XMEM_REPLY_STEP_OVER && (r->flags & ~XMEM_REPLY_STEP_STRICT))
        return bad(d, "step over goes with no flag but STEP_STRICT");
    if (r->action != XMEM_REPLY_STEP_OVER && (r->flags & XMEM_REPLY_STEP_STRICT))
        return bad(d, "STEP_STRICT goes with step over only");
    if ((r->flags & XMEM_REPLY_SET_REGS) && (!r->regs || data))
        return bad(d, "SET_REGS needs regs, and goes with no data");
    if (data && (!r->data || !EMULATES(r->action)))
        return bad(d, "data needs a buffer, and an emulation that takes it");
    if ((data & XMEM_REPLY_SET_READ_DATA) && r->action == XMEM_REPLY_EMULATE_NOWRITE)
        return bad(d, "read data goes with an emulation that writes: Xen does one of them");
    if (data == (XMEM_REPLY_SET_READ_DATA | XMEM_REPLY_SET_INSN_DATA))
        return bad(d, "data is either read data or an instruction");
    if (data == XMEM_REPLY_SET_INSN_DATA && r->data_len != INSN_BYTES)
        return bad(d, "an instruction's data is 16 bytes");
    if (data == XMEM_REPLY_SET_READ_DATA && (!r->data_len || r->data_len > room))
        return bad(d, "read data has no bytes, or more than an event holds");
    if ((r->flags & XMEM_REPLY_FAST_STEP) &&
        (!(r->flags & XMEM_REPLY_SET_VIEW) || EMULATES(r->action) ||
         (r->flags & XMEM_REPLY_TOGGLE_STEP))) /* Xen would do one of the two */
        return bad(d, "FAST_STEP needs SET_VIEW, and goes with no emulation and no TOGGLE_STEP");
    return 0;
}

static int check_views(struct xmem_domain *d, const struct xmem_reply *r)
{
    int rc = r->flags & XMEM_REPLY_SET_VIEW ? check_view(d, r->view) : 0;
    if (!rc && (r->flags & XMEM_REPLY_FAST_STEP))
        rc = check_view(d, r->step_view);
    if (rc || !(r->flags & XMEM_REPLY_FAST_STEP))
        return rc;
    if (!(d->quirks & QUIRK_FAST_STEP_NEEDS_MONITOR))
        return 0;
    rc = xmi_monitor_single_step(d);
    return rc ? xmi_domain_fail(d, rc, 0, "reply: single step cannot be monitored") : 0;
}

static uint32_t flags_of(const struct xmem_reply *r)
{
    static const uint32_t actions[] = {
        [XMEM_REPLY_DENY] = RING_FLAG_DENY,
        [XMEM_REPLY_EMULATE] = RING_FLAG_EMULATE,
        [XMEM_REPLY_EMULATE_NOWRITE] = RING_FLAG_EMULATE | RING_FLAG_EMULATE_NOWRITE,
        [XMEM_REPLY_REINJECT] = 0,
    };
    static const struct {
        uint32_t from, to;
    } flags[] = {
        {XMEM_REPLY_SET_REGS, RING_FLAG_SET_REGISTERS},
        {XMEM_REPLY_SET_VIEW, RING_FLAG_ALTERNATE_P2M},
        {XMEM_REPLY_SET_READ_DATA, RING_FLAG_SET_EMUL_READ_DATA},
        {XMEM_REPLY_SET_INSN_DATA, RING_FLAG_SET_EMUL_INSN_DATA},
        {XMEM_REPLY_FAST_STEP, RING_FLAG_FAST_SINGLESTEP},
    };
    uint32_t f = actions[r->action];
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (r->flags & flags[i].from)
            f |= flags[i].to;
    return f;
}

/* Data behind the answer: the registers with the caller's over them, or bytes for the emulator. */
static int data_of(struct xmem_domain *d, struct event *ev, const struct xmem_reply *r,
                   uint8_t *data, size_t *bytes)
{
    *bytes = 0;
    if (r->flags & XMEM_REPLY_SET_REGS) {
        struct xmem_regs regs;
        int rc = xmi_sized_in(&regs, sizeof(regs), r->regs);
        if (rc)
            return xmi_domain_refuse(d, rc, "reply: regs has a wrong size");
        if (regs.arch != ring_of(d)->arch)
            return bad(d, "regs are of another architecture");
        *bytes = xmi_ring_data_size(ring_of(d)->version);
        memcpy(data, xmi_event_data(d, ev), *bytes);
        xmi_ring_regs_encode(ring_of(d), &regs, data);
    } else if (r->flags & XMEM_REPLY_SET_READ_DATA) {
        memcpy(data, &r->data_len, sizeof(r->data_len));
        memcpy(data + sizeof(r->data_len), r->data, r->data_len);
        *bytes = sizeof(r->data_len) + r->data_len;
    } else if (r->flags & XMEM_REPLY_SET_INSN_DATA) {
        memcpy(data, r->data, INSN_BYTES);
        *bytes = INSN_BYTES;
    }
    return 0;
}

static int answer_event(struct xmem_domain *d, struct event *ev, const struct xmem_reply *r)
{
    uint8_t data[RING_DATA_MAX];
    struct answer a = {.flags = flags_of(r), .view = r->view, .step_view = r->step_view};
    int rc = data_of(d, ev, r, data, &a.bytes);
    if (!rc)
        rc = xmi_finish_answer(d, ev, r, &a, data);
    if (rc)
        return rc;
    a.data = a.bytes ? data : NULL;
    xmi_finish_progress(d, ev, r);
    if (r->flags & XMEM_REPLY_SET_VIEW)
        d->led->views_switched = true;
    if (r->flags & XMEM_REPLY_FAST_STEP)
        xmi_step_set_fast(d, ev->pub.vcpu, r->view, r->step_view);
    if (r->flags & XMEM_REPLY_TOGGLE_STEP)
        xmi_step_toggle(d, ev->pub.vcpu);
    if (r->action == XMEM_REPLY_EMULATE)
        xmi_step_note_emulation(d, ev);
    if (r->action == XMEM_REPLY_EMULATE && d->guarded && xmi_copies_note_writes(d, ev))
        (void)xmi_step_set_single(d,
                                  ev->pub.vcpu); /* its next event may be late, but carries over */
    xmi_finish_send(d, ev, &a);
    return 0;
}

/*
 * The event that may be answered. 1: nothing is to be done. The domain's death needs no
 * answer; events that were held when it died get none.
 */
static int find_answerable(struct xmem_domain *d, const struct xmem_event *pub, struct event **out)
{
    if (!d)
        return -EINVAL;
    if (!pub)
        return xmi_domain_refuse(d, -EINVAL, "no event");
    if (pub == &events_of(d)->died && events_of(d)->died_told)
        return 1;
    struct event *ev = event_of(events_of(d), pub);
    if (!ev || ev->state == EVENT_FREE)
        return xmi_domain_refuse(d, -EINVAL, "the event is none of this session");
    if (ev->state != EVENT_HELD)
        return xmi_domain_refuse(d, -EALREADY, "event %" PRIu64 " was answered before",
                                 ev->pub.seq);
    int rc = domain_usable(d);
    if (rc) {
        ev->state = EVENT_ANSWERED;
        events_of(d)->held--;
        return rc;
    }
    *out = ev;
    return 0;
}

int xmi_event_check(struct xmem_domain *d, const struct xmem_event *pub)
{
    struct event *ev;
    int rc = find_answerable(d, pub, &ev);
    return rc > 0 ? 0 : rc;
}

int xmi_event_denied(struct xmem_domain *d, const struct xmem_event *pub, uint32_t *past)
{
    struct event *ev;
    int rc = find_answerable(d, pub, &ev);
    *past = 0;
    if (rc)
        return rc > 0 ? 0 : rc;
    return xmi_step_ahead_denied(d, ev, past);
}

int xmi_event_length_on_arm(struct xmem_domain *d, const struct xmem_event *pub, uint32_t *bytes)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    struct event *ev;
    int rc = find_answerable(d, pub, &ev);
    *bytes = 0;
    if (rc)
        return rc > 0 ? 0 : rc;
    rc = xmem_event_get_regs(d, pub, &regs);
    return rc ? rc : xmi_step_arm_length(d, ev, regs.u.arm.cpsr, bytes);
}

int xmi_event_deny_fetch(struct xmem_domain *d, const struct xmem_event *pub)
{
    struct event *ev;
    int rc = find_answerable(d, pub, &ev);
    if (!rc)
        rc = xmi_event_inject_undefined(d, ev);
    if (rc)
        return rc > 0 ? 0 : rc;
    xmi_finish_progress(d, ev, &(struct xmem_reply){.action = XMEM_REPLY_REINJECT});
    xmi_event_answer(d, ev, 0);
    return 0;
}

static int reply_with(struct xmem_domain *d, struct event *ev, const struct xmem_reply *reply)
{
    struct xmem_reply r;
    int rc = xmi_sized_in(&r, sizeof(r), reply);
    if (rc)
        return xmi_domain_refuse(d, rc, "reply: its size is wrong");
    rc = check_parts(d, &r);
    if (!rc)
        rc = check_can(d, ev, &r);
    if (!rc)
        rc = check_views(d, &r);
    if (rc)
        return rc;
    ev->strict = r.flags & XMEM_REPLY_STEP_STRICT;
    return r.action == XMEM_REPLY_STEP_OVER ? xmi_step_over(d, ev) : answer_event(d, ev, &r);
}

int xmem_event_reply(struct xmem_domain *d, const struct xmem_event *pub,
                     const struct xmem_reply *reply)
{
    struct event *ev;
    int rc = find_answerable(d, pub, &ev);
    if (rc)
        return rc > 0 ? 0 : rc;
    return reply ? reply_with(d, ev, reply) : xmi_finish_go_on(d, ev);
}

int xmem_event_step_over(struct xmem_domain *d, const struct xmem_event *pub)
{
    struct event *ev;
    int rc = find_answerable(d, pub, &ev);
    if (rc)
        return rc > 0 ? 0 : rc;
    ev->strict = false;
    return xmi_step_over(d, ev);
}

/* ---- the session's default ---- */

static int free_page(struct xmem_domain *d, struct event *ev)
{
    int rc = xmem_domain_set_rights(d, ev->pub.view, ev->pub.u.mem.gfn, XMEM_RWX);
    if (!rc)
        xmi_event_answer(d, ev, 0);
    return rc;
}

static int event_default(struct xmem_domain *d, struct event *ev)
{
    bool access = ev->pub.reason == XMEM_EVENT_MEM_ACCESS && (ev->pub.flags & XMEM_EVENT_PAUSED);
    uint32_t how = d->opts.default_reply;
    int rc = 0;
    if (how == XMEM_DEFAULT_DENY && can_deny(d, ev))
        xmi_event_answer(d, ev, RING_FLAG_DENY);
    else if (access && how == XMEM_DEFAULT_RELAX)
        rc = free_page(d, ev);
    else if (access && how != XMEM_DEFAULT_RESUME)
        rc = xmi_step_over(d, ev);
    else if (ev->pub.reason == XMEM_EVENT_BREAKPOINT && (ev->pub.flags & XMEM_EVENT_PAUSED))
        rc = xmi_step_over(d, ev); /* resumed it would be hit again, for ever */
    else
        rc = xmi_finish_go_on(d, ev);
    if (!rc)
        d->stats.defaulted++;
    return rc;
}

int xmi_event_drop(struct xmem_domain *d, const struct xmem_event *pub, bool strict)
{
    struct event *ev;
    int rc = find_answerable(d, pub, &ev);
    if (rc)
        return rc > 0 ? 0 : rc;
    ev->strict = strict;
    return event_default(d, ev);
}

int xmem_event_drop(struct xmem_domain *d, const struct xmem_event *pub)
{
    return xmi_event_drop(d, pub, false);
}
