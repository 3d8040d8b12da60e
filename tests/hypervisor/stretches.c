/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stretches that nothing preempts, each a function stretch_*() that is called once: test-stretches.sh counts
 * its instructions. The shadow is kept as Xen does (shadow_hash_lookup()): L1 shadows in 251 buckets, found
 * by the number of the guest's table, the one found moves to its bucket's front. Each entry goes through it.
 */
#include <stdio.h>
#include <xm/pv.h>

#include "fake-env.h"

#define STRETCH static __attribute__((noinline)) void
#define BUCKETS 251u
#define PARTS (BUCKETS * 4u) /* of a sweep, a shadow each */
#define ENTRIES 512u
#define LEAF XM_PV_LEAF_FRAMES
#define MANY 126u             /* tables that map the first leaf's frames, all of them */
#define TABLES (BUCKETS * 4u) /* four shadows a bucket */
#define FIRST_OF_MANY (TABLES - MANY)
#define FRAMES (TABLES * ENTRIES)  /* frames below are the domain's */
#define TWICE (600u * LEAF)        /* a leaf whose frames have an entry each */
#define PART_OF_LEAF (700u * LEAF) /* one for lists */

struct l1 {
    struct l1 *next;
    uint64_t table;
    uint64_t entry[ENTRIES]; /* frame + 1 */
};

static struct l1 *bucket[BUCKETS];
static struct xm_pv pv;
static struct xm_pv_vcpu vcpu;
static struct xm_pv_where w;
static uint64_t gfns[64];
static uint8_t rights[64];

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "stretches: %s\n", what);
    exit(1);
}

/* ---- the shadow ---- */

static struct l1 *lookup(uint64_t table)
{
    struct l1 **head = &bucket[table % BUCKETS], **at = head, *found;

    while (*at != NULL && (*at)->table != table)
        at = &(*at)->next;
    found = *at;
    if (found == NULL || at == head)
        return found;
    *at = found->next;
    found->next = *head;
    *head = found;
    return found;
}

static bool holds(struct xm_env_dom *d, uint64_t place, uint64_t mfn)
{
    const struct l1 *l = lookup(place / ENTRIES);

    (void)d;
    return l != NULL && l->entry[place % ENTRIES] == mfn + 1;
}

static void take(struct xm_env_dom *d, uint64_t place, uint64_t mfn)
{
    struct l1 *l = lookup(place / ENTRIES);

    (void)d;
    if (l != NULL && l->entry[place % ENTRIES] == mfn + 1)
        l->entry[place % ENTRIES] = 0;
}

static uint32_t parts(struct xm_env_dom *d)
{
    (void)d;
    return PARTS;
}

static void sweep(struct xm_env_dom *d, uint32_t part, uint32_t of)
{
    (void)d;
    (void)of;
    for (struct l1 *l = bucket[part % BUCKETS]; l != NULL; l = l->next) {
        if (l->table / BUCKETS != part / BUCKETS) /* its share of the bucket */
            continue;
        for (uint32_t i = 0; i < ENTRIES; i++) {
            uint64_t mfn = l->entry[i] - 1;

            if (l->entry[i] == 0)
                continue;
            if (xm_pv_entry_flags(&pv, mfn, XM_PTE_P | XM_PTE_RW, 0) != (XM_PTE_P | XM_PTE_RW))
                l->entry[i] = 0;
            else
                xm_pv_where_note(&w, mfn, xm_pv_place(l->table, i));
        }
    }
}

static const struct xm_pv_where_hooks where_hooks = {
    .parts = parts, .holds = holds, .take = take, .sweep = sweep};

static void map(uint64_t table, uint32_t index, uint64_t mfn)
{
    struct l1 *l = lookup(table);

    need(l != NULL, "no such table");
    l->entry[index] = mfn + 1;
    xm_pv_where_note(&w, mfn, xm_pv_place(table, index));
}

/*
 * The last tables map the first leaf, all of them; each other one a leaf of its own. So there is room to keep where all
 * entries of the first leaf are, when they are met.
 */
static void map_all(void)
{
    for (uint64_t t = 0; t < TABLES; t++) {
        struct l1 *l = calloc(1, sizeof(*l));

        need(l != NULL, "memory");
        l->table = t;
        l->next = bucket[t % BUCKETS];
        bucket[t % BUCKETS] = l;
        for (uint32_t i = 0; i < ENTRIES; i++)
            l->entry[i] = (t >= FIRST_OF_MANY ? i : (t + 1) * ENTRIES + i) + 1;
    }
}

static void map_many(uint64_t mfn)
{
    for (uint64_t t = FIRST_OF_MANY; t < TABLES; t++)
        map(t, (uint32_t)mfn, mfn);
}

/* ---- the rest of the surroundings ---- */

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    return mfn.n < FRAMES;
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    xm_pv_where_drop(&w, mfn.n);
    return true;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
}

static int settle(struct xm_env_dom *d, bool may_preempt, bool *flush)
{
    (void)d;
    return xm_pv_where_settle(&w, may_preempt, flush);
}

static uint64_t looks(struct xm_env_dom *d)
{
    (void)d;
    return w.looks;
}

static const struct xm_pv_hooks hooks = {
    .owned = owned, .drop = drop, .blow = blow, .settle = settle, .looks = looks};

static void lock(void *self)
{
    (void)self;
}

static void unlock(void *self, bool flush)
{
    (void)self;
    (void)flush;
}

static bool hold_others(void *self, uint32_t v)
{
    (void)self;
    (void)v;
    return true;
}

static void release_others(void *self, uint32_t v)
{
    (void)self;
    (void)v;
}

static bool trap_flag(void *self, uint32_t v, bool on)
{
    (void)self;
    (void)v;
    return !on;
}

static const struct xm_pv_calls calls = {.lock = lock,
                                         .unlock = unlock,
                                         .hold_others = hold_others,
                                         .release_others = release_others,
                                         .trap_flag = trap_flag};

/* ---- a range and a list, from question to question ---- */

static uint32_t start;

static int range(uint64_t first, enum xm_access a)
{
    bool flush = false;

    return xm_pv_set(&pv, first, LEAF, &start, a, &flush);
}

static int list(void)
{
    bool flush = false;

    return xm_pv_set_list(&pv, (uintptr_t)gfns, (uintptr_t)rights, 64, &start, 17, &flush);
}

/* The first operation: nothing is known of entries yet, and all L1 shadows are swept. */
STRETCH stretch_range_check(void)
{
    need(range(TWICE + LEAF, XM_ACCESS_R) == XM_CONTINUE, "check");
}

STRETCH stretch_range_rights(void)
{
    need(range(TWICE + LEAF, XM_ACCESS_R) == XM_CONTINUE, "rights");
}

STRETCH stretch_sweep_part(void)
{
    bool flush = false;

    need(xm_pv_where_settle(&w, true, &flush) == XM_CONTINUE, "a part of the sweep");
}

static void first_range(void)
{
    int rc;

    stretch_range_check();
    stretch_range_rights();
    for (unsigned i = 0; i < LEAF / 64; i++)
        need(range(TWICE + LEAF, XM_ACCESS_R) == XM_CONTINUE, "first");
    stretch_sweep_part();
    while ((rc = range(TWICE + LEAF, XM_ACCESS_R)) == XM_CONTINUE)
        ;
    need(rc == 0 && w.whole, "the first range");
    start = 0;
}

/* Frames with an entry each. */
STRETCH stretch_drops_one(void)
{
    need(range(TWICE, XM_ACCESS_N) == XM_CONTINUE, "drops");
}

static void drops_one(void)
{
    int rc = range(TWICE, XM_ACCESS_N);

    need(rc == XM_CONTINUE && range(TWICE, XM_ACCESS_N) == rc, "one each");
    stretch_drops_one();
    while ((rc = range(TWICE, XM_ACCESS_N)) == XM_CONTINUE)
        ;
    need(rc == 0, "one each, to its end");
    start = 0;
}

/* Items of a list whose frames have as many entries as a guest can give them. */
STRETCH stretch_list_many(void)
{
    need(list() == XM_CONTINUE, "list");
}

static void list_many(void)
{
    uint64_t before;
    int rc;

    for (unsigned i = 0; i < 64; i++) {
        gfns[i] = i;
        rights[i] = 0; /* n, of release 17 */
    }
    need(list() == XM_CONTINUE, "a list");
    before = w.looks;
    stretch_list_many();
    need(w.looks - before >= 256, "many entries");
    while ((rc = list()) == XM_CONTINUE)
        ;
    need(rc == 0, "a list, to its end");
    start = 0;
}

/* The same of a range. */
STRETCH stretch_drops_many(void)
{
    need(range(0, XM_ACCESS_N) == XM_CONTINUE, "drops");
}

static void drops_many(void)
{
    int rc = range(0, XM_ACCESS_N);

    for (unsigned i = 0; i < 2; i++) /* its rights; 64 frames that have none left */
        need(rc == XM_CONTINUE && range(0, XM_ACCESS_N) == rc, "many");
    stretch_drops_many();
    while ((rc = range(0, XM_ACCESS_N)) == XM_CONTINUE)
        ;
    need(rc == 0, "many, to its end");
    start = 0;
}

/* ---- a guest's access ---- */

STRETCH stretch_turn(uint32_t stamp)
{
    bool flush = false;

    need(xm_pv_turn(&pv, 7, stamp, XM_ACCESS_RW, &flush) == 0 && flush, "turn");
}

static void turn(void)
{
    enum xm_access now;
    bool flush = false;
    uint32_t stamp;

    need(xm_pv_change(&pv, 7, XM_ACCESS_RX2RW, &flush) == 0, "rx2rw");
    map_many(7);
    (void)xm_pv_look(&pv, 7, &now, &stamp);
    stretch_turn(stamp);
}

/* All frames that a step can have open, each with as many entries as it can have. */
STRETCH stretch_step_close(void)
{
    xm_pv_step_close(&pv, &vcpu, true);
}

static void step(void)
{
    pv.calls = &calls;
    xm_pv_step_begin(&pv, &vcpu);
    for (uint64_t m = 32; m < 32 + XM_PV_STEP_FRAMES; m++) {
        const struct xm_pv_ask ask = {.mfn = m, .what = XM_DO_W};

        need(xm_pv_step_open(&pv, &vcpu, &ask), "open");
        map_many(m);
    }
    stretch_step_close();
}

/* ---- frames that come and leave ---- */

STRETCH stretch_come_2_mib(void)
{
    need(xm_pv_frames_came(&pv, FRAMES, LEAF) == 0, "come");
}

STRETCH stretch_come_1_gib(void)
{
    need(xm_pv_frames_came(&pv, FRAMES + 512 * LEAF, 512 * LEAF) == 0, "come");
}

/* What frames that left had is given back by whoever notes an entry next. */
STRETCH stretch_forget(void)
{
    xm_pv_where_note(&w, TWICE + 2 * LEAF, 0);
}

static void leave(void)
{
    for (uint64_t m = 0; m < 8 * 32; m++)
        map_many(m);
    for (uint64_t m = 0; m < 8 * 32; m++) {
        xm_pv_frame_left(&pv, m);
        xm_pv_where_left(&w, m);
    }
    stretch_forget();
}

/* ---- the end ---- */

STRETCH stretch_where_free(void)
{
    need(xm_pv_where_free(&w, true) == XM_CONTINUE, "free");
}

STRETCH stretch_reap(void)
{
    need(xm_pv_reap(&pv) == XM_CONTINUE, "reap");
}

STRETCH stretch_off(void)
{
    xm_pv_off(&pv);
}

static void end(void)
{
    bool flush = false;

    for (uint64_t m = 64; m < 64 * LEAF; m += 8)
        need(xm_pv_change(&pv, m, XM_ACCESS_RX, &flush) == 0, "change");
    for (uint64_t m = 0; m < 64 * 32; m++) {
        for (uint32_t k = 0; k < 3; k++)
            xm_pv_where_note(&w, m, xm_pv_place(k, m % ENTRIES));
    }
    stretch_off();
    stretch_reap();
    stretch_where_free();
    fake.preempt = false;
    need(xm_pv_reap(&pv) == 0 && xm_pv_where_free(&w, false) == 0 && fake.bytes == 0, "leaks");
}

static void pv_guest(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    fake.preempt = true;
    map_all();
    xm_pv_where_init(&w, NULL, &where_hooks);
    xm_pv_init(&pv, NULL, &hooks, XM_PV_MFN_LIMIT);
    pv.semantics = XM_PV_DEFAULT_LATER;
    xm_pv_on(&pv);
    first_range();
    drops_one();
    list_many();
    drops_many();
    turn();
    step();
    leave();
    pv.default_access = XM_ACCESS_RX;
    stretch_come_2_mib();
    stretch_come_1_gib();
    end();
}

/* ---- domains with 1, 32 and 1,024 vCPUs, each on a pCPU of its own ---- */

static struct xm_domain dom;

static uint8_t restricted;

static uint8_t start_domain(uint32_t n)
{
    const struct xm_domain_cfg cfg = {.kind = XM_KIND_X86_NPT, .vcpus = n, .xen_minor = 20};
    struct xm_domctl_vm_event_op on = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR};
    uint8_t r;

    fake_start(&dom, &cfg);
    need(xm_p2m_map(&dom, xm_gfn(3), xm_mfn(FAKE_GUEST_MFN), 0) == 0, "map");
    need(xm_hc_vm_event(&dom, &on) == 0, "ring");
    need(xm_rights_to_wire(20, XM_ACCESS_R, &r) == 0, "rights");
    return r;
}

/* Each vCPU meets the frame: as many events as there are slots, the others wait for one. */
static void meet_all(uint32_t n)
{
    struct xm_ring_page *page = xm_ring_page(&dom);

    for (uint32_t i = 0; i < n; i++)
        need(fake_access(&dom, i, 3, XM_DO_W) == XM_V_STOPPED, "event");
    for (uint32_t i = 0; i < page->req_prod; i++)
        page->slot[i].flags &= XM_EV_FLAG_VCPU_PAUSED;
    page->rsp_prod = page->req_prod;
}

static const struct xm_hap_trap *trap(void)
{
    return &xm_hap_of(&dom.vcpu[0])->trap;
}

static volatile uint32_t now; /* so that no two of them are merged */

#define STRETCH_OF(n, name, call) \
    STRETCH stretch_##name##_##n(void) \
    { \
        now = n; \
        call; \
    }
#define BY_VCPUS(name, call) \
    STRETCH_OF(1, name, call) \
    STRETCH_OF(32, name, call) \
    STRETCH_OF(1024, name, call) \
    static void name(uint32_t n) \
    { \
        (n == 1 ? stretch_##name##_1 : n == 32 ? stretch_##name##_32 : stretch_##name##_1024)(); \
    }

BY_VCPUS(set_rights, need(fake_set(&dom, 3, 1, restricted) == 0, "set"))
BY_VCPUS(hold, need(trap()->calls->hold_others(&dom, 0), "hold"))
BY_VCPUS(release, trap()->calls->release_others(&dom, 0))
BY_VCPUS(full_ring, need(xm_ring_consume(&dom) == 0, "answers"))
BY_VCPUS(ring_ends, xm_ring_kill(&dom))

static void by_vcpus(uint32_t n)
{
    restricted = start_domain(n);
    set_rights(n);
    hold(n);
    release(n);
    meet_all(n);
    full_ring(n);
    ring_ends(n);
    fake_end(&dom);
}

START_TEST(test_stretches)
{
    pv_guest();
    by_vcpus(1);
    by_vcpus(32);
    by_vcpus(1024);
}
END_TEST

/* In one process, which is the one whose instructions are counted. */
int main(void)
{
    Suite *s = suite_create("stretches");
    TCase *c = tcase_create("stretches");

    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_stretches);
    suite_add_tcase(s, c);
    return setenv("CK_FORK", "no", 1) == 0 ? fake_run(s) : EXIT_FAILURE;
}
