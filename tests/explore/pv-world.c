/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the core stands on here: memory, lock, ring, the guest's pages and their shadow entries. */
#include "pv-world.h"

#include <stdlib.h>
#include <string.h>

struct world w;
const struct scenario *world_scenario;
unsigned preempts_allowed = 2;

/* ---- the core's surroundings ---- */

void *xm_env_alloc(size_t bytes)
{
    for (unsigned i = 0; i < BLOCKS && bytes <= BLOCK_BYTES; i++) {
        if (w.used[i])
            continue;
        w.used[i] = true;
        return memset(w.memory[i], 0, BLOCK_BYTES);
    }
    return NULL;
}

void xm_env_free(void *p, size_t bytes)
{
    size_t i = (size_t)((unsigned char *)p - w.memory[0]) / BLOCK_BYTES;
    (void)bytes;
    w.used[i] = false;
    memset(w.memory[i], 0, BLOCK_BYTES);
}

int xm_env_copy_in(void *dst, uint64_t handle, size_t offset, size_t bytes)
{
    (void)dst;
    (void)handle;
    (void)offset;
    (void)bytes;
    return -XM_EFAULT;
}

uint64_t xm_env_caller(void)
{
    return (uint64_t)w.setter + 2;
}

/* As often as can be. */
bool xm_env_preempt(void)
{
    return true;
}

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    memset(l, 0, sizeof(*l));
    l->rank = (uint32_t)rank;
}

/* Of the core's own there is one, a leaf: nobody else does anything under it. */
void xm_env_lock(struct xm_lock *l)
{
    (void)l;
    if (w.leaf)
        explore_fail(w.e, "the leaf lock is taken twice");
    w.leaf = true;
}

void xm_env_unlock(struct xm_lock *l)
{
    (void)l;
    w.leaf = false;
}

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    unsigned f = frame_of(mfn.n);
    return f == FRAMES ? mfn.n - MFN(0) < MANY : w.owned[f];
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    for (unsigned p = 0; p < PAGES; p++)
        if (w.entry[p].there && MFN(w.entry[p].frame) == mfn.n)
            world_drop_page(p);
    return true;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
    for (unsigned p = 0; p < PAGES; p++)
        world_drop_page(p);
}

static const struct xm_pv_hooks hooks = {.owned = owned, .drop = drop, .blow = blow};

/* ---- entries ---- */

void world_drop_page(unsigned page)
{
    w.entry[page] = (struct entry){0};
}

void world_make_entry(unsigned vcpu, unsigned page, unsigned frame)
{
    uint64_t flags = XM_PTE_P | XM_PTE_RW;
    if (w.map[page] != frame || !w.owned[frame])
        return;
    flags = xm_pv_step_flags(&w.pv, vcpu, MFN(frame), flags, 0);
    w.entry[page] = (struct entry){0};
    if (!(flags & XM_PTE_P))
        return;
    uint8_t bits = (uint8_t)(XM_DO_R | (flags & XM_PTE_RW ? XM_DO_W : 0) |
                             (flags & XM_PTE_NX ? 0 : XM_DO_X));
    w.entry[page] = (struct entry){true, (uint8_t)frame, bits};
}

void world_open(unsigned page, unsigned frame)
{
    w.entry[page] = (struct entry){true, (uint8_t)frame, XM_DO_R | XM_DO_W | XM_DO_X};
}

/* ---- others, in the middle of a vCPU's step ---- */

static void others(void)
{
    if (w.leaf)
        explore_fail(w.e, "the surroundings are called with the leaf lock held");
    while (w.actor >= 0 && w.preempts && !w.dead && !explore_failed(w.e)) {
        int8_t actor = w.actor;
        unsigned n = acts(), which = explore_pick(w.e, n + 1);
        if (!which)
            return;
        w.preempts--;
        explore_say(w.e, "  meanwhile:");
        w.actor = -1;
        act(which - 1);
        w.actor = actor;
    }
}

void world_lock(void)
{
    if (w.locked)
        explore_fail(w.e, "the lock is taken twice");
    w.locked = true;
}

void world_unlock(void)
{
    ref_look();
    w.locked = false;
    others();
}

static void call_lock(void *self)
{
    (void)self;
    world_lock();
}

static void call_unlock(void *self, bool flush)
{
    (void)self;
    (void)flush;
    world_unlock();
}

/* What a decision is made by. Of an item's frames it is not seen which one it is about. */
static void note_decision(struct vcpu *v)
{
    v->alone = !w.listens;
    for (unsigned f = 0; f < FRAMES; f++) {
        if (v->asks != f && v->asks != NO_FRAME)
            continue;
        uint8_t bits = ref_bits(w.rights[f]);
        v->could[f] = v->asks == f ? bits : v->could[f] | bits;
        v->was[f] = w.changes[f];
    }
}

static bool call_listener(void *self)
{
    (void)self;
    if (w.actor >= 0 && w.locked)
        note_decision(&w.vcpu[w.actor]);
    else if (w.actor >= 0)
        w.vcpu[w.actor].alone |= !w.listens;
    return w.listens;
}

static bool call_required(void *self)
{
    (void)self;
    return w.sc->required;
}

static int put(struct event ev)
{
    if (!w.listens)
        return -XM_EOPNOTSUPP;
    if (w.ring_n == (w.sc->slots ? w.sc->slots : SLOTS_MAX))
        return -XM_EAGAIN;
    w.ring[w.ring_n++] = ev;
    w.vcpu[ev.vcpu].stopped = ev.stops;
    w.vcpu[ev.vcpu].told = true;
    w.vcpu[ev.vcpu].events++;
    return ev.stops;
}

static int call_tell(void *self, uint32_t vcpu, const struct xm_pv_ask *ask, unsigned how)
{
    struct event ev = {.vcpu = (uint8_t)vcpu,
                       .frame = (uint8_t)frame_of(ask->mfn),
                       .what = ask->what,
                       .who = ask->who,
                       .offset = (uint16_t)ask->offset,
                       .page = (uint8_t)(ask->va_valid ? ask->va >> 12 : NO_FRAME),
                       .stops = how & XM_PV_TELL_STOP};
    (void)self;
    if (w.locked)
        explore_fail(w.e, "an event is sent with the lock held");
    if (ref_told_again(&w.vcpu[vcpu], &ev))
        explore_fail(w.e, "vCPU %u's access to frame %u is told again", vcpu, ev.frame);
    int rc = put(ev);
    w.vcpu[vcpu].sleeps = rc == -XM_EAGAIN && ask->who != XM_PV_BY_XEN;
    explore_say(w.e, "  vCPU %u: event of %s of frame %u%s", vcpu, bits_name(ev.what), ev.frame,
                rc == -XM_EAGAIN ? ": no slot"
                : rc < 0         ? ": nobody listens"
                                 : "");
    others();
    return rc;
}

static bool call_tell_unimplemented(void *self, uint32_t vcpu)
{
    struct event ev = {
        .vcpu = (uint8_t)vcpu, .frame = w.vcpu[vcpu].asks, .stops = true, .unimplemented = true};
    (void)self;
    if (!w.sc->unimplemented || put(ev) != 1)
        return false;
    explore_say(w.e, "  vCPU %u: event of an instruction that is not emulated", vcpu);
    return true;
}

static void call_crash(void *self, const char *why)
{
    (void)self;
    explore_say(w.e, "  the domain is crashed: %s", why);
    w.dead = true;
    if (!w.sc->required || (w.actor >= 0 && !w.vcpu[w.actor].alone))
        explore_fail(w.e, "the domain is crashed: %s", why);
}

static bool call_hold_others(void *self, uint32_t vcpu)
{
    (void)self;
    if (w.holder >= 0)
        return false;
    explore_say(w.e, "  vCPU %u holds the others", vcpu);
    w.holder = (int8_t)vcpu;
    return true;
}

static void call_release_others(void *self, uint32_t vcpu)
{
    (void)self;
    explore_say(w.e, "  vCPU %u lets the others go", vcpu);
    if (w.holder != (int)vcpu)
        explore_fail(w.e, "vCPU %u lets vCPUs go that it does not hold", vcpu);
    w.holder = -1;
    others();
}

static bool call_trap_flag(void *self, uint32_t vcpu, bool on)
{
    bool before = w.vcpu[vcpu].trap;
    (void)self;
    w.vcpu[vcpu].trap = on;
    return before;
}

static const struct xm_pv_calls calls = {
    .lock = call_lock,
    .unlock = call_unlock,
    .listener = call_listener,
    .required = call_required,
    .tell = call_tell,
    .tell_unimplemented = call_tell_unimplemented,
    .crash = call_crash,
    .hold_others = call_hold_others,
    .release_others = call_release_others,
    .trap_flag = call_trap_flag,
};

/* ---- a run ---- */

void world_begin(struct explore *e, void *ctx)
{
    memset(&w, 0, sizeof(w));
    w.e = e;
    (void)ctx;
    w.sc = world_scenario;
    w.actor = w.setter = w.holder = -1;
    w.preempts = (uint8_t)preempts_allowed;
    w.listens = !w.sc->alone;
    w.normal = XM_ACCESS_RWX;
    xm_pv_init(&w.pv, NULL, &hooks, MFN(0) + MANY);
    w.pv.calls = &calls;
    w.pv.policy = w.sc->policy;
    w.pv.semantics = w.sc->later ? XM_PV_DEFAULT_LATER : XM_PV_DEFAULT_ALL;
    xm_pv_on(&w.pv);
    for (unsigned v = 0; v < VCPUS; v++)
        w.vcpu[v].core.id = v;
    for (unsigned f = 0; f < FRAMES; f++) {
        bool flush;
        uint32_t start = 0;
        uint8_t rights = w.sc->rights[f];
        w.owned[f] = true;
        w.map[f] = (uint8_t)f;
        w.rights[f] = rights;
        if (xm_pv_set(&w.pv, MFN(f), 1, &start, (enum xm_access)rights, &flush))
            abort();
    }
}

enum explore_step world_step(struct explore *e, void *ctx)
{
    unsigned n = w.dead ? 0 : acts();
    (void)ctx;
    if (!n)
        return EXPLORE_END;
    act(explore_pick(e, n));
    ref_look();
    return EXPLORE_MORE;
}

void world_end(struct explore *e, void *ctx, bool whole)
{
    (void)e;
    (void)ctx;
    if (whole && !w.dead)
        ref_judge();
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        h = explore_mix(h, b[i]);
    return h;
}

static uint64_t mix_words(uint64_t h, const uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = explore_mix(h, v[i]);
    return h;
}

#define MIX(h, ...) \
    mix_words(h, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

static bool holds(const struct xm_pv_armed_frame *f)
{
    return f->stamp == w.pv.stamps[f->mfn % XM_PV_STAMPS];
}

static uint64_t hash_armed(uint64_t h, const struct xm_pv_armed *a)
{
    h = MIX(h, a->n, a->n ? a->ip : 0, a->step);
    for (unsigned i = 0; i < a->n; i++)
        h = MIX(h, a->frame[i].mfn, a->frame[i].exact, a->frame[i].what, holds(&a->frame[i]));
    return h;
}

static uint64_t hash_vcpu(uint64_t h, const struct vcpu *v)
{
    const struct xm_pv_ask *t = &v->core.told_ask;
    h = MIX(h, v->at, v->tries, v->events, v->stopped, v->sleeps, v->handler, v->trap);
    h = mix(h, v->made, sizeof(v->made));
    for (unsigned i = 0; i < v->grant_n; i++) {
        const struct grant *g = &v->grant[i];
        bool fresh = g->sets == w.sets;
        h = MIX(h, g->frame, g->page, g->what, g->offset, g->handler, fresh);
    }
    h = hash_armed(h, &v->core.armed);
    if (v->core.told)
        h = MIX(h, t->mfn, t->va_valid ? t->va : t->offset, t->what, t->who, t->ip);
    return explore_mix(h, v->core.told);
}

static uint64_t hash_step(uint64_t h)
{
    const struct xm_pv_step *s = &w.pv.step;
    h = MIX(h, (uint64_t)(w.holder + 1), s->open);
    for (unsigned i = 0; s->open && i < s->n; i++)
        h = MIX(h, s->frame[i].mfn, s->frame[i].bits);
    return h;
}

/* Of each caller's: how far it came. */
static uint64_t hash_many(uint64_t h)
{
    for (unsigned i = 0; i < SETTERS; i++) {
        const struct many *m = &w.many[i];
        h = MIX(h, m->start, m->calls, m->on, m->changed, m->absent);
    }
    for (unsigned i = 0; i < XM_PV_TICKETS; i++) {
        const struct xm_pv_ticket *t = &w.pv.ticket[i];
        if (t->state)
            h = MIX(h, t->caller, t->good, t->done, t->state);
    }
    return h;
}

uint64_t world_hash(struct explore *e, void *ctx)
{
    uint64_t h = mix(0, w.map, sizeof(w.map));
    (void)e;
    (void)ctx;
    for (unsigned f = 0; f < FRAMES; f++)
        h = MIX(h, xm_pv_rights(&w.pv, MFN(f)), w.rights[f], w.owned[f], w.leaving[f]);
    for (unsigned p = 0; p < PAGES; p++)
        h = MIX(h, w.entry[p].there, w.entry[p].frame, w.entry[p].bits);
    for (unsigned i = 0; i < w.ring_n; i++) {
        const struct event *ev = &w.ring[i];
        h = MIX(h, ev->vcpu, ev->frame, ev->what, ev->page, ev->who, ev->offset, ev->stops,
                ev->unimplemented);
    }
    for (unsigned v = 0; v < VCPUS; v++)
        h = hash_vcpu(h, &w.vcpu[v]);
    h = MIX(hash_many(hash_step(h)), w.pv.base, w.pv.default_access, w.normal);
    h = MIX(h, w.dead, w.listens, w.resumed, w.lied, w.preempts);
    return MIX(h, w.tool_at, w.other_at, w.guest_at);
}
