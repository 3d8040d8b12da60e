/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differ.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define MANY 24u
#define EVENTS_MAX 8u

static const uint8_t all_rights[] = {XMEM_N,  XMEM_R,  XMEM_W,   XMEM_RW,     XMEM_X,      XMEM_RX,
                                     XMEM_WX, XMEM_RWX, XMEM_RX2RW, XMEM_N2RWX, XMEM_DEFAULT};

static uint8_t some_rights(uint64_t *state)
{
    return all_rights[below(state, sizeof(all_rights))];
}

static uint64_t some_gfn(struct side *s, uint64_t *state)
{
    return conf_gfn(&s->c, below(state, DIFFER_GFNS));
}

/* The host view half of the time, else one of the views, there or not. */
static uint16_t some_view(struct side *s, uint64_t *state)
{
    uint32_t i = below(state, 2 * DIFFER_VIEWS);
    return s->c.caps.max_views > 1 && i < DIFFER_VIEWS ? s->views[i] : 0;
}

/* Gfns are told from the first one on: the machines have their memory at different places. */
static uint64_t told(const struct side *s, uint64_t gfn)
{
    return gfn - s->c.first_gfn;
}

static void set_one(struct side *s, uint64_t *state)
{
    uint16_t view = some_view(s, state);
    uint64_t gfn = some_gfn(s, state);
    uint8_t rights = some_rights(state);
    say(s, "set view %u gfn %" PRIu64 " %s: %d", view, told(s, gfn),
        xmem_rights_name((enum xmem_rights)rights),
        xmem_domain_set_rights(s->c.d, view, gfn, (enum xmem_rights)rights));
}

static void set_range(struct side *s, uint64_t *state)
{
    uint16_t view = some_view(s, state);
    uint64_t gfn = some_gfn(s, state), nr = 1 + below(state, 40);
    uint8_t rights = some_rights(state);
    say(s, "set view %u gfn %" PRIu64 "+%" PRIu64 " %s: %d", view, told(s, gfn), nr,
        xmem_rights_name((enum xmem_rights)rights),
        xmem_domain_set_rights_range(s->c.d, view, gfn, nr, (enum xmem_rights)rights));
}

static void set_many(struct side *s, uint64_t *state)
{
    uint64_t gfns[MANY];
    uint8_t rights[MANY];
    uint16_t view = some_view(s, state);
    uint32_t n = 1 + below(state, MANY);
    for (uint32_t i = 0; i < n; i++) {
        gfns[i] = some_gfn(s, state);
        rights[i] = some_rights(state);
    }
    say(s, "set view %u many %u:", view, n);
    for (uint32_t i = 0; i < n; i++)
        say(s, " %" PRIu64 "=%u", told(s, gfns[i]), rights[i]);
    say(s, ": %d", xmem_domain_set_rights_many(s->c.d, view, gfns, rights, n));
}

static void batch(struct side *s, uint64_t *state)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    uint32_t n = 1 + below(state, 6);
    int rc = xmem_batch_new(s->c.d, &b);
    say(s, "batch:");
    for (uint32_t i = 0; i < n && !rc; i++) {
        uint16_t view = some_view(s, state);
        uint64_t gfn = some_gfn(s, state), nr = 1 + below(state, 10);
        uint8_t rights = some_rights(state);
        say(s, " %u/%" PRIu64 "+%" PRIu64 "=%u %d", view, told(s, gfn), nr, rights,
            xmem_batch_add(b, view, gfn, nr, (enum xmem_rights)rights));
    }
    if (!rc)
        rc = xmem_batch_apply(b, &res);
    /* What is elided depends on what the library had to forget, which differs by release. */
    say(s, ": %d gfns %" PRIu64, rc, res.gfns);
    xmem_batch_free(b);
}

static void get(struct side *s, uint64_t *state)
{
    enum xmem_rights got = XMEM_DEFAULT;
    uint16_t view = some_view(s, state);
    uint64_t gfn = some_gfn(s, state);
    int rc = xmem_domain_get_rights(s->c.d, view, gfn, &got);
    say(s, "get view %u gfn %" PRIu64 ": %d %s", view, told(s, gfn), rc, xmem_rights_name(got));
}

static void access_events(struct side *s, uint32_t vcpu)
{
    const struct xmem_event *ev;
    int rc;
    for (unsigned n = 0; (rc = conf_finish(&s->c, vcpu, &ev)) == -EEXIST && n < EVENTS_MAX; n++) {
        uint32_t flags = ev->flags;
        say(s, " event %u vcpu %u view %u gfn %" PRIu64 " offset %" PRIx64 " access %u flags %u",
            ev->reason, ev->vcpu, ev->view, told(s, ev->u.mem.gfn), ev->u.mem.offset,
            ev->u.mem.access & 7u, flags & XMEM_EVENT_PAUSED);
        say(s, " over %d", xmem_event_step_over(s->c.d, ev));
    }
    say(s, " done %d", rc);
}

static void access(struct side *s, uint64_t *state)
{
    static const enum guest_act acts[] = {ACT_READ, ACT_WRITE, ACT_EXEC, ACT_RMW};
    static const char *const names[] = {"read", "write", "exec", "rmw"};
    /*
     * On Arm a read-modify-write is two instructions with an event each; the simulated one is
     * told as both at once (differences.md): left out until they agree.
     */
    bool rmw = s->c.caps.max_views > 1;
    uint32_t k = below(state, rmw ? 4 : 3), vcpu = below(state, DIFFER_VCPUS), value = below(state, 1u << 30);
    uint64_t gfn = some_gfn(s, state), data = 0;
    say(s, "%s vcpu %u gfn %" PRIu64 ":", names[k], vcpu, told(s, gfn));
    say(s, " %d", s->c.ops->start(&s->c, vcpu, acts[k], gfn, k == 2 ? DIFFER_CODE : DIFFER_DATA,
                                  value));
    access_events(s, vcpu);
    if (k == 3) /* what is added to what is the guest's own affair */
        xmem_domain_write(s->c.d, (gfn << 12) + DIFFER_DATA, &data, sizeof(data));
    if (k == 0)
        say(s, " result %" PRIx64, s->c.ops->result(&s->c, vcpu));
    say(s, " memory %d", xmem_domain_read(s->c.d, (gfn << 12) + DIFFER_DATA, &data, sizeof(data)));
    say(s, " %" PRIx64, data);
}

static void default_rights(struct side *s, uint64_t *state)
{
    enum xmem_rights got = XMEM_DEFAULT;
    uint8_t rights = some_rights(state);
    /* Over all pages it is over the guest's own code and tables as well, which the simulated one lacks. */
    if (s->c.caps.flags & XMEM_CAP_DEFAULT_ALL) {
        say(s, "no default");
        return;
    }
    int rc = xmem_domain_set_default(s->c.d, (enum xmem_rights)rights);
    say(s, "default %s: %d", xmem_rights_name((enum xmem_rights)rights), rc);
    rc = xmem_domain_get_default(s->c.d, &got);
    say(s, " now %d %s", rc, xmem_rights_name(got));
}

static void memory(struct side *s, uint64_t *state)
{
    uint64_t gfn = some_gfn(s, state), value = below(state, 1u << 30);
    say(s, "write gfn %" PRIu64 ": %d", told(s, gfn),
        xmem_domain_write(s->c.d, (gfn << 12) + DIFFER_DATA, &value, sizeof(value)));
}

static void remap(struct side *s, uint64_t *state, uint16_t in)
{
    uint64_t gfn = some_gfn(s, state), to = below(state, 2) ? some_gfn(s, state) : XMEM_GFN_UNDO;
    say(s, "remap view %u gfn %" PRIu64 " to %" PRId64 ": %d", in, told(s, gfn),
        to == XMEM_GFN_UNDO ? INT64_C(-1) : (int64_t)told(s, to),
        xmem_view_change_gfn(s->c.d, in, gfn, to));
}

static void view(struct side *s, uint64_t *state)
{
    uint32_t i = below(state, DIFFER_VIEWS), what = below(state, 6);
    uint16_t made = 0, vcpu_view = 0;
    int rc;
    if (s->c.caps.max_views == 1) {
        say(s, "no views: %d", xmem_view_create(s->c.d, NULL, &made));
    } else if (what == 0 && !s->views[i]) {
        rc = xmem_view_create(s->c.d, NULL, &made);
        s->views[i] = made;
        say(s, "create: %d view %u", rc, made);
    } else if (what == 1) {
        rc = xmem_view_destroy(s->c.d, s->views[i]);
        say(s, "destroy view %u: %d", s->views[i], rc);
        if (!rc)
            s->views[i] = 0;
    } else if (what == 2) {
        say(s, "switch to view %u: %d", s->views[i], xmem_view_switch(s->c.d, s->views[i]));
    } else if (what == 3) {
        remap(s, state, s->views[i]);
    } else {
        rc = xmem_view_get_vcpu(s->c.d, 0, &vcpu_view);
        say(s, "vcpu 0: %d view %u", rc, vcpu_view);
    }
}

static void reopen(struct side *s, uint64_t *state)
{
    if (below(state, 10)) {
        get(s, state);
        return;
    }
    say(s, "close: %d", conf_close(&s->c));
    say(s, " open: %d ", conf_open(&s->c, NULL));
    for (unsigned i = 0; i < DIFFER_VIEWS; i++)
        s->views[i] = 0;
    look_at_all(s);
}

void operate(struct side *s, uint64_t *state)
{
    static void (*const ops[])(struct side *s, uint64_t *state) = {
        set_one, set_range, set_many, batch, get, access, access, access, access,
        default_rights, memory, view, reopen,
    };
    ops[below(state, sizeof(ops) / sizeof(*ops))](s, state);
}

/* Runs of equal rights, so that the line stays short. */
static void look_at(struct side *s, uint16_t v)
{
    enum xmem_rights got = XMEM_DEFAULT, last = XMEM_DEFAULT;
    say(s, " view %u:", v);
    for (unsigned i = 0; i < DIFFER_GFNS; i++) {
        int rc = xmem_domain_get_rights(s->c.d, v, conf_gfn(&s->c, i), &got);
        if (rc)
            say(s, " %u!%d", i, rc);
        else if (got != last || !i)
            say(s, " %u=%s", i, xmem_rights_name(got));
        last = got;
    }
}

void look_at_all(struct side *s)
{
    say(s, "look:");
    look_at(s, 0);
    for (unsigned i = 0; i < DIFFER_VIEWS; i++)
        if (s->views[i])
            look_at(s, s->views[i]);
}
