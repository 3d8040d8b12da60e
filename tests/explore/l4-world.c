/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the core stands on here; who does what next; what must hold. */
#include "l4-world.h"

#include <stdlib.h>
#include <string.h>

struct l4_world lw;
const struct l4_scenario *l4_scenario;
unsigned l4_runs;

/* ---- memory, as each party sees it ---- */

uint64_t xm_env_pte_read(const uint64_t *p)
{
    const struct l4_party *me = &lw.party[l4_runs];
    for (unsigned i = me->waiting; i-- > 0;)
        if (me->buffer[i].at == p)
            return me->buffer[i].value;
    return *p;
}

/* Nobody but its pCPU looks at a shadow. */
static bool is_shadow(const uint64_t *p)
{
    for (unsigned i = 0; i < CPUS; i++)
        if (p >= lw.cpu[i].shadow[0] && p < lw.cpu[i].shadow[SHADOWS - 1] + SLOTS)
            return true;
    return false;
}

void xm_env_pte_write(uint64_t *p, uint64_t v)
{
    struct l4_party *me = &lw.party[l4_runs];
    if (is_shadow(p)) {
        *p = v;
        return;
    }
    if (me->waiting == BUFFER)
        abort();
    me->buffer[me->waiting++] = (struct l4_store){p, v};
}

bool l4_drain(struct explore *e, unsigned party)
{
    struct l4_party *me = &lw.party[party];
    if (!me->waiting)
        return false;
    *me->buffer[0].at = me->buffer[0].value;
    memmove(me->buffer, me->buffer + 1, sizeof(me->buffer) - sizeof(me->buffer[0]));
    me->waiting--;
    me->buffer[me->waiting] = (struct l4_store){0};
    if (e)
        explore_say(e, "a store of %s %u becomes visible", party < CPUS ? "pCPU" : "writer",
                    party < CPUS ? party : party - CPUS);
    return true;
}

void xm_env_barrier_rw(void)
{
    while (l4_drain(NULL, l4_runs))
        ;
}

/* Taking and giving it back is one step here: nothing else is done inside. */
void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    l->rank = (uint32_t)rank;
}

void xm_env_lock(struct xm_lock *l)
{
    (void)l;
    xm_env_barrier_rw();
}

void xm_env_unlock(struct xm_lock *l)
{
    (void)l;
}

void *xm_env_alloc(size_t bytes)
{
    (void)bytes;
    return &lw.record[lw.records++];
}

void xm_env_free(void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}

/* ---- tables ---- */

bool l4_is_valid(unsigned table)
{
    for (unsigned i = 0; i < lw.records; i++)
        if (lw.record[i].mfn == L4_MFN(table))
            return true;
    return false;
}

/* Tables end here behind the slots that anybody knows; the core looks at all of a new one. */
void l4_validate(unsigned table)
{
    uint64_t whole[XM_L4_SLOTS] = {0};
    for (unsigned i = 0; i < SLOTS; i++) {
        if (i < USED)
            lw.guest[table][i] = i < USED - 1 ? ++lw.stamp << 8 : 0;
        lw.committed[table][i] = (struct l4_value){lw.guest[table][i], 0};
        lw.stored[table][i] = 0;
    }
    memcpy(whole, lw.guest[table], sizeof(lw.guest[table]));
    if (xm_l4_validated(&lw.host, L4_MFN(table), whole))
        abort();
}

static void cpu_init(struct l4_cpu *c)
{
    static uint64_t whole[XM_L4_SLOTS];
    const xm_mfn_t frame[SHADOWS] = {xm_mfn(0x2000), xm_mfn(0x2001)};
    uint64_t *const shadow[SHADOWS] = {whole, whole};
    if (xm_l4_cpu_init(&c->core, SHADOWS, frame, shadow))
        abort();
    for (unsigned i = 0; i < SHADOWS; i++)
        c->core.frame[i].shadow = c->shadow[i];
}

void l4_begin(struct explore *e, void *ctx)
{
    static const struct xm_l4_layout layout = {
        .first = USED, .end = SLOTS, .self = XM_L4_NO_SLOT, .own = {OWN}, .own_n = 1};
    (void)e;
    (void)ctx;
    memset(&lw, 0, sizeof(lw));
    l4_runs = CPUS;
    xm_l4_host_init(&lw.host, &layout);
    lw.host.ring = l4_scenario->ring;
    for (unsigned i = 0; i < TABLES; i++) {
        lw.guest[i][OWN] = 0x10 + i;
        lw.guest[i][OWN + 1] = 0x20;
        l4_validate(i);
    }
    for (unsigned i = 0; i < CPUS; i++)
        cpu_init(&lw.cpu[i]);
}

/* ---- what must hold ---- */

/* A write that has not returned may be seen, unless one behind it has. */
static bool in_flight(unsigned table, unsigned slot, uint64_t v)
{
    for (unsigned i = 0; i < WRITERS; i++) {
        const struct l4_writer *w = &lw.writer[i];
        if (w->busy && w->table == table && w->slot == slot && w->value == v &&
            w->order > lw.committed[table][slot].order)
            return true;
    }
    return false;
}

static void check_cpu(struct explore *e, unsigned cpu)
{
    const struct l4_cpu *c = &lw.cpu[cpu];
    unsigned table;
    /* The seed's only frame is written over while it is loaded; no guest runs then. */
    if (!c->hw || (l4_scenario->seed && lw.party[cpu].at))
        return;
    table = (unsigned)(c->hw->mfn - L4_MFN(0));
    for (unsigned i = 0; i < SLOTS; i++) {
        uint64_t v = c->hw->shadow[i];
        if (v != lw.committed[table][i].value && !in_flight(table, i, v))
            explore_fail(e, "slot %u of %c on pCPU %u is stale: %llx", i, 'A' + table, cpu,
                         (unsigned long long)v);
    }
}

/* Counters, and when a frame was used, are not what the future depends on: but which was used before. */
static void forget_counts(struct xm_l4_cpu *c)
{
    bool second = c->frame[1].used > c->frame[0].used;
    memset(&c->counts, 0, sizeof(c->counts));
    c->frame[0].used = second ? 1 : 2;
    c->frame[1].used = second ? 2 : 1;
    c->clock = 2;
}

/* What can happen next: a pCPU, its handler, a writer, a store buffer. */
static unsigned list(uint8_t *can)
{
    unsigned n = 0;
    for (unsigned i = 0; i < CPUS; i++)
        if (l4_cpu_can(i))
            can[n++] = (uint8_t)i;
    for (unsigned i = 0; i < CPUS; i++)
        if (l4_irq_can(i))
            can[n++] = (uint8_t)(CPUS + i);
    for (unsigned i = 0; i < WRITERS; i++)
        if (l4_writer_can(i))
            can[n++] = (uint8_t)(2 * CPUS + i);
    for (unsigned i = 0; i < PARTIES; i++)
        if (lw.party[i].waiting)
            can[n++] = (uint8_t)(2 * CPUS + WRITERS + i);
    return n;
}

static void act(struct explore *e, unsigned who)
{
    if (who < CPUS)
        l4_cpu_step(e, who);
    else if (who < 2 * CPUS)
        l4_irq_step(e, who - CPUS);
    else if (who < 2 * CPUS + WRITERS)
        l4_writer_step(e, who - 2 * CPUS);
    else
        l4_drain(e, who - 2 * CPUS - WRITERS);
}

static void check_ends(struct explore *e)
{
    for (unsigned i = 0; i < PARTIES; i++) {
        const char *script = i < CPUS ? l4_scenario->cpu[i] : l4_scenario->writer[i - CPUS];
        char next = script[lw.party[i].pos];
        if (lw.party[i].at || (next && next != 'F'))
            explore_fail(e, "%s %u gets nowhere", i < CPUS ? "pCPU" : "writer",
                         i < CPUS ? i : i - CPUS);
    }
}

enum explore_step l4_step(struct explore *e, void *ctx)
{
    uint8_t can[2 * CPUS + WRITERS + PARTIES];
    unsigned n = list(can);
    (void)ctx;
    if (!n) {
        check_ends(e);
        return EXPLORE_END;
    }
    act(e, can[explore_pick(e, n)]);
    for (unsigned i = 0; i < CPUS; i++) {
        check_cpu(e, i);
        forget_counts(&lw.cpu[i].core);
    }
    return EXPLORE_MORE;
}

void l4_end(struct explore *e, void *ctx, bool whole)
{
    (void)whole;
    (void)ctx;
    (void)e;
}

/* ---- states ---- */

static uint64_t mix_bytes(uint64_t h, const void *p, size_t n)
{
    const uint64_t *v = p;
    for (size_t i = 0; i < n / sizeof(*v); i++)
        h = explore_mix(h, v[i]);
    return h;
}

static uint64_t mix_cpu(uint64_t h, const struct l4_cpu *c)
{
    h = mix_bytes(h, &c->core, sizeof(c->core));
    h = mix_bytes(h, c->shadow, sizeof(c->shadow));
    h = mix_bytes(h, &c->sw.sync, sizeof(c->sw.sync));
    h = explore_mix(h, c->sw.phase);
    h = explore_mix(h, (uint64_t)(uintptr_t)c->sw.f);
    h = mix_bytes(h, &c->irq, sizeof(c->irq));
    h = explore_mix(h, (uint64_t)(uintptr_t)c->hw);
    return explore_mix(h, c->going | (uint64_t)c->was << 8 | (uint64_t)c->off << 16 |
                              (uint64_t)c->pending << 24 | (uint64_t)c->handling << 32);
}

static uint64_t mix_writer(uint64_t h, const struct l4_writer *w)
{
    h = explore_mix(h, w->table | (uint64_t)w->slot << 8 | (uint64_t)w->look << 16 |
                           (uint64_t)w->present << 24 | (uint64_t)w->busy << 32);
    return explore_mix(explore_mix(h, w->value), w->order);
}

uint64_t l4_hash(struct explore *e, void *ctx)
{
    uint64_t h = 1;
    (void)e;
    (void)ctx;
    h = mix_bytes(h, lw.record, sizeof(lw.record));
    h = explore_mix(h, lw.host.ids << 8 | lw.records);
    h = explore_mix(h, (uint64_t)(uintptr_t)lw.host.unused);
    for (unsigned i = 0; i < PARTIES; i++) {
        const struct l4_party *p = &lw.party[i];
        h = mix_bytes(h, p->buffer, sizeof(p->buffer));
        h = explore_mix(h, p->waiting | (uint64_t)p->pos << 8 | (uint64_t)p->at << 16);
    }
    for (unsigned i = 0; i < CPUS; i++)
        h = mix_cpu(h, &lw.cpu[i]);
    for (unsigned i = 0; i < WRITERS; i++)
        h = mix_writer(h, &lw.writer[i]);
    for (unsigned i = 0; i < TABLES; i++) {
        h = mix_bytes(h, lw.guest[i], sizeof(lw.guest[i]));
        h = mix_bytes(h, lw.committed[i], sizeof(lw.committed[i]));
        h = mix_bytes(h, lw.stored[i], sizeof(lw.stored[i]));
        h = explore_mix(h, lw.locked[i]);
    }
    return explore_mix(h, lw.stamp);
}
