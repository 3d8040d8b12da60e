/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frames of a pCPU: which one shadows an L4, and how it is brought up to date. */
#include <xm/l4.h>

int xm_l4_cpu_init(struct xm_l4_cpu *c, uint32_t frames, const xm_mfn_t *frame,
                   uint64_t *const *shadow)
{
    if (frames < 2 || frames > XM_L4_FRAMES)
        return -XM_EINVAL;
    memset(c, 0, sizeof(*c));
    c->live[0] = c->live[1] = XM_GFN_NONE;
    c->frames = frames;
    for (uint32_t i = 0; i < frames; i++) {
        c->frame[i].frame = frame[i];
        c->frame[i].shadow = shadow[i];
        c->frame[i].gen = XM_L4_NEVER;
        memset(shadow[i], 0, XM_L4_SLOTS * sizeof(uint64_t));
    }
    return 0;
}

/* ---- which frame ---- */

/* The record may be another L4's by now, or that of the same frame validated again. */
static bool shadows(const struct xm_l4_frame *f, uint64_t mfn)
{
    return f->l4 && f->mfn == mfn && xm_env_pte_read(&f->l4->mfn) == mfn &&
           xm_env_pte_read(&f->l4->id) == f->id;
}

/* Never the one that is loaded. */
static struct xm_l4_frame *oldest(struct xm_l4_cpu *c)
{
    struct xm_l4_frame *found = NULL;

    for (uint32_t i = 0; i < c->frames; i++) {
        struct xm_l4_frame *f = &c->frame[i];

        if (f != c->loaded && (!found || f->used < found->used))
            found = f;
    }
    return found;
}

static struct xm_l4_frame *pick(struct xm_l4_host *h, struct xm_l4_cpu *c, uint64_t mfn)
{
    struct xm_l4_frame *f = NULL;
    struct xm_l4 *l4;

    for (uint32_t i = 0; i < c->frames && !f; i++)
        if (shadows(&c->frame[i], mfn))
            f = &c->frame[i];
    if (!f) {
        l4 = xm_l4_find(h, mfn);
        if (!l4)
            return NULL;
        f = oldest(c);
        f->l4 = l4;
        f->mfn = mfn;
        f->id = l4->id;
        f->gen = XM_L4_NEVER;
    }
    f->used = ++c->clock;
    return f;
}

/* ---- bringing it up to date ---- */

static void next_of_map(struct xm_l4_sync *s)
{
    for (unsigned w = 0; w < XM_L4_WORDS; w++) {
        if (s->todo[w] != 0) {
            s->slot = (uint16_t)(w * 64 + (unsigned)__builtin_ctzll(s->todo[w]));
            s->todo[w] &= s->todo[w] - 1;
            s->at = XM_L4_LOAD;
            return;
        }
    }
    s->at = XM_L4_CHECK;
}

static void want(struct xm_l4_sync *s, unsigned slot)
{
    s->todo[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* Of the hypervisor's, all the first time, then what differs. */
static void want_own(const struct xm_l4_layout *l, const struct xm_l4_frame *f,
                     struct xm_l4_sync *s)
{
    if (!f->filled)
        for (unsigned i = l->first; i < l->end; i++)
            want(s, i);
    for (unsigned i = 0; i < l->own_n; i++)
        want(s, l->own[i]);
}

static void map_read(const struct xm_l4_host *h, const struct xm_l4_frame *f, struct xm_l4_sync *s)
{
    s->map[s->next] = xm_env_pte_read(&f->l4->present[s->next]);
    if (++s->next < XM_L4_WORDS)
        return;
    for (unsigned w = 0; w < XM_L4_WORDS; w++)
        s->todo[w] = s->map[w] | f->has[w];
    if (h->layout.first < h->layout.end)
        want_own(&h->layout, f, s);
    next_of_map(s);
}

/* The newest entry of a full ring may be one that is just being written. */
static bool in_ring(const struct xm_l4_host *h, uint64_t from, uint64_t to)
{
    return from != XM_L4_NEVER && to - from <= h->ring - 1;
}

static bool look(const struct xm_l4_host *h, const struct xm_l4_frame *f, struct xm_l4_sync *s)
{
    s->gen = xm_env_pte_read(&f->l4->gen);
    if (s->gen == f->gen)
        return false;
    s->by_map = !in_ring(h, f->gen, s->gen);
    s->next = s->by_map ? 0 : f->gen;
    s->at = s->by_map ? XM_L4_MAP : XM_L4_SLOT;
    return true;
}

static void store(const struct xm_l4_host *h, struct xm_l4_cpu *c, struct xm_l4_frame *f,
                  struct xm_l4_sync *s)
{
    bool self = s->slot == h->layout.self;
    uint64_t *had = s->by_map ? s->map : f->has;

    xm_env_pte_write(&f->shadow[s->slot],
                     self ? (s->value & ~XM_L4_ADDRESS) | f->frame.n << XM_PAGE_SHIFT : s->value);
    c->counts.words++;
    /* Also where the map had no such slot: it was set since. */
    if (s->value != 0 && xm_l4_is_guests(&h->layout, s->slot))
        had[s->slot / 64] |= UINT64_C(1) << s->slot % 64;
    if (s->by_map) {
        next_of_map(s);
        return;
    }
    s->at = ++s->next == s->gen ? XM_L4_CHECK : XM_L4_SLOT;
}

/* Entries of the ring may have been written over while they were read. */
static void check(const struct xm_l4_host *h, struct xm_l4_cpu *c, struct xm_l4_frame *f,
                  struct xm_l4_sync *s)
{
    if (s->by_map) {
        memcpy(f->has, s->map, sizeof(f->has));
        f->filled = true;
        f->gen = s->gen;
        c->counts.full++;
    } else {
        f->gen = in_ring(h, f->gen, xm_env_pte_read(&f->l4->gen)) ? s->gen : XM_L4_NEVER;
        c->counts.slots++;
    }
    s->at = XM_L4_LOOK;
}

bool xm_l4_sync_step(const struct xm_l4_host *h, struct xm_l4_cpu *c, struct xm_l4_frame *f,
                     const uint64_t *guest, struct xm_l4_sync *s)
{
    switch (s->at) {
    case XM_L4_LOOK: return look(h, f, s);
    case XM_L4_MAP: map_read(h, f, s); return true;
    case XM_L4_SLOT:
        s->slot = (uint16_t)xm_env_pte_read(&f->l4->ring[s->next & (h->ring - 1)]);
        s->at = XM_L4_LOAD;
        return true;
    case XM_L4_LOAD:
        s->value = xm_env_pte_read(&guest[s->slot]);
        s->at = XM_L4_STORE;
        return true;
    case XM_L4_STORE: store(h, c, f, s); return true;
    default: check(h, c, f, s); return true;
    }
}

/* ---- switching ---- */

bool xm_l4_begin(struct xm_l4_host *h, struct xm_l4_cpu *c, uint64_t mfn, struct xm_l4_switch *w)
{
    w->f = pick(h, c, mfn);
    w->phase = XM_L4_FILL;
    w->sync.at = XM_L4_LOOK;
    return w->f != NULL;
}

/* The frame that is loaded is the handler's to bring up to date. */
static bool copy(const struct xm_l4_host *h, struct xm_l4_cpu *c, const uint64_t *guest,
                 struct xm_l4_switch *w)
{
    return w->f != c->loaded && xm_l4_sync_step(h, c, w->f, guest, &w->sync);
}

static void say(struct xm_l4_cpu *c, const struct xm_l4_frame *f)
{
    xm_env_pte_write(&c->live[1], f->mfn);
    xm_env_barrier_rw();
}

void xm_l4_switch_step(const struct xm_l4_host *h, struct xm_l4_cpu *c, const uint64_t *guest,
                       struct xm_l4_switch *w)
{
    switch (w->phase) {
    case XM_L4_FILL:
        if (!copy(h, c, guest, w))
            w->phase = XM_L4_SAY;
        break;
    case XM_L4_SAY:
        say(c, w->f);
        w->sync.at = XM_L4_LOOK;
        w->phase = XM_L4_FINISH;
        break;
    case XM_L4_FINISH:
        if (!copy(h, c, guest, w))
            w->phase = XM_L4_READY;
        break;
    default: break;
    }
}

bool xm_l4_prepare(struct xm_l4_host *h, struct xm_l4_cpu *c, uint64_t mfn, const uint64_t *guest,
                   struct xm_l4_switch *w)
{
    uint64_t words = c->counts.words;

    if (!xm_l4_begin(h, c, mfn, w))
        return false;
    while (w->phase == XM_L4_FILL)
        xm_l4_switch_step(h, c, guest, w);
    c->counts.none += c->counts.words == words;
    return true;
}

/* It ends: a writer that comes meanwhile interrupts this pCPU, and waits for it after its first write. */
void xm_l4_enter(const struct xm_l4_host *h, struct xm_l4_cpu *c, const uint64_t *guest,
                 struct xm_l4_switch *w)
{
    while (w->phase != XM_L4_READY)
        xm_l4_switch_step(h, c, guest, w);
}

void xm_l4_loaded(struct xm_l4_cpu *c, struct xm_l4_frame *f)
{
    c->loaded = f;
    xm_env_pte_write(&c->live[0], f ? f->mfn : XM_GFN_NONE);
    xm_env_pte_write(&c->live[1], XM_GFN_NONE);
}

void xm_l4_handle(const struct xm_l4_host *h, struct xm_l4_cpu *c, const uint64_t *guest)
{
    struct xm_l4_sync s;

    s.at = XM_L4_LOOK;
    while (c->loaded && xm_l4_sync_step(h, c, c->loaded, guest, &s))
        ;
}

/* ---- for writers, on any pCPU ---- */

/* About to be loaded first: a switch that is over meanwhile has said before that it is loaded. */
bool xm_l4_half_live(const struct xm_l4_cpu *c, uint64_t mfn, unsigned half)
{
    return xm_env_pte_read(&c->live[1 - half]) == mfn;
}

bool xm_l4_is_live(const struct xm_l4_cpu *c, uint64_t mfn)
{
    return xm_l4_half_live(c, mfn, 0) || xm_l4_half_live(c, mfn, 1);
}
