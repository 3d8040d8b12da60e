/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pCPU of explore-l4: switches as its script says, and handles writers' interrupts. */
#include "l4-world.h"

#include <ctype.h>

enum { IDLE, SWITCH, LOAD, TELL, LEAVE, LEFT };

static const char *next_of(unsigned cpu)
{
    return l4_scenario->cpu[cpu] + lw.party[cpu].pos;
}

static const uint64_t *guest_of(const struct xm_l4_frame *f)
{
    return lw.guest[f->mfn - L4_MFN(0)];
}

bool l4_is_kept(unsigned table)
{
    for (unsigned i = 0; i < CPUS; i++)
        if (lw.cpu[i].going == 1 + table || lw.cpu[i].was == 1 + table)
            return true;
    return false;
}

bool l4_cpu_can(unsigned cpu)
{
    char c = *next_of(cpu);
    if (lw.cpu[cpu].handling)
        return false;
    if (lw.party[cpu].at)
        return true;
    return c && (c == 'I' || l4_is_valid((unsigned)(toupper(c) - 'A')));
}

/* ---- copying ---- */

/*
 * Nobody else sees it: a store into the shadow, the end of a copy by the map; or nobody changes it: words
 * of the map behind the first, slots that are the same in each table. It is no step of its own.
 */
static bool is_quiet(const struct xm_l4_sync *s)
{
    return s->at == XM_L4_STORE || (s->at == XM_L4_CHECK && s->by_map) ||
           (s->at == XM_L4_MAP && s->next > 0) || (s->at == XM_L4_LOAD && s->slot > OWN);
}

static bool irq_copies(struct l4_cpu *c, struct xm_l4_frame *f)
{
    bool more;
    do
        more = xm_l4_sync_step(&lw.host, &c->core, f, guest_of(f), &c->irq);
    while (more && is_quiet(&c->irq));
    return more;
}

/* ---- the switch ---- */

static bool is_copying(const struct xm_l4_switch *w)
{
    return w->phase == XM_L4_FILL || w->phase == XM_L4_FINISH;
}

static void switch_step(struct l4_cpu *c)
{
    if (l4_scenario->seed) {
        l4_seed_switch(&c->core, guest_of(c->sw.f), &c->sw);
        return;
    }
    do
        xm_l4_switch_step(&lw.host, &c->core, guest_of(c->sw.f), &c->sw);
    while (is_copying(&c->sw) && c->sw.f != c->core.loaded && is_quiet(&c->sw.sync));
}

static void choose(struct explore *e, unsigned cpu)
{
    struct l4_cpu *c = &lw.cpu[cpu];
    char ch = *next_of(cpu);
    lw.party[cpu].pos++;
    if (ch == 'I') {
        c->off = true;
        lw.party[cpu].at = LEAVE;
        return;
    }
    unsigned table = (unsigned)(toupper(ch) - 'A');
    c->going = (uint8_t)(1 + table);
    c->off = islower(ch);
    c->sw = (struct xm_l4_switch){0};
    if (l4_scenario->seed)
        l4_seed_begin(&c->core, L4_MFN(table), &c->sw);
    else if (!xm_l4_begin(&lw.host, &c->core, L4_MFN(table), &c->sw))
        explore_fail(e, "%c is no L4", ch);
    lw.party[cpu].at = SWITCH;
    explore_say(e, "pCPU %u goes to %c", cpu, ch);
}

static void go_on(struct explore *e, unsigned cpu)
{
    struct l4_cpu *c = &lw.cpu[cpu];
    explore_say(e, "pCPU %u: phase %u, step %u, slot %u", cpu, c->sw.phase, c->sw.sync.at,
                c->sw.sync.slot);
    switch_step(c);
    if (c->sw.phase >= XM_L4_SAY)
        c->off = true;
    if (c->sw.phase == XM_L4_READY)
        lw.party[cpu].at = LOAD;
}

static void load(struct explore *e, unsigned cpu, struct xm_l4_frame *f, uint8_t then)
{
    lw.cpu[cpu].hw = f;
    lw.party[cpu].at = then;
    explore_say(e, "pCPU %u loads its CR3", cpu);
}

static void tell(struct explore *e, unsigned cpu, struct xm_l4_frame *f)
{
    struct l4_cpu *c = &lw.cpu[cpu];
    xm_l4_loaded(&c->core, f);
    c->was = c->going;
    c->going = 0;
    c->sw = (struct xm_l4_switch){0};
    c->off = false;
    lw.party[cpu].at = IDLE;
    explore_say(e, "pCPU %u is done", cpu);
}

void l4_cpu_step(struct explore *e, unsigned cpu)
{
    l4_runs = cpu;
    switch (lw.party[cpu].at) {
    case IDLE: choose(e, cpu); break;
    case SWITCH: go_on(e, cpu); break;
    case LOAD: load(e, cpu, lw.cpu[cpu].sw.f, TELL); break;
    case TELL: tell(e, cpu, lw.cpu[cpu].sw.f); break;
    case LEAVE: load(e, cpu, NULL, LEFT); break;
    default: tell(e, cpu, NULL); break;
    }
}

/* ---- the handler ---- */

bool l4_irq_can(unsigned cpu)
{
    const struct l4_cpu *c = &lw.cpu[cpu];
    return c->handling || (c->pending && !c->off);
}

static void done(struct explore *e, unsigned cpu)
{
    struct l4_cpu *c = &lw.cpu[cpu];
    c->pending &= (uint8_t)~c->handling;
    c->handling = 0;
    c->irq = (struct xm_l4_sync){.at = XM_L4_LOOK};
    explore_say(e, "pCPU %u has handled its interrupt", cpu);
}

/* The seed's: of one writer at a time, since it names a slot. */
static bool seed_irq(struct l4_cpu *c)
{
    const struct l4_writer *w = &lw.writer[c->handling & 1 ? 0 : 1];
    return l4_seed_irq(&c->core, L4_MFN(w->table), w->slot, lw.guest[w->table], &c->irq);
}

void l4_irq_step(struct explore *e, unsigned cpu)
{
    struct l4_cpu *c = &lw.cpu[cpu];
    struct xm_l4_frame *f = c->core.loaded;
    l4_runs = cpu;
    if (!c->handling) {
        c->handling = l4_scenario->seed && c->pending & 1 ? 1 : c->pending;
        c->irq = (struct xm_l4_sync){.at = XM_L4_LOOK};
    }
    explore_say(e, "the handler of pCPU %u: step %u, slot %u", cpu, c->irq.at, c->irq.slot);
    if (l4_scenario->seed ? seed_irq(c) : f && irq_copies(c, f))
        return;
    done(e, cpu);
}

/* ---- seed ---- */

/*
 * The algorithm that was proposed to Xen in 2018, to be compared with and to be found wrong: one frame a
 * pCPU, copied whole at each switch to another table with interrupts on; a write interrupts all
 * pCPUs of the domain, and each copies that slot.
 */

void l4_seed_begin(struct xm_l4_cpu *c, uint64_t mfn, struct xm_l4_switch *w)
{
    w->f = &c->frame[0];
    w->phase = c->loaded == w->f && w->f->mfn == mfn ? XM_L4_READY : XM_L4_FILL;
    w->f->mfn = mfn;
}

/* A word, loaded and stored. */
void l4_seed_switch(struct xm_l4_cpu *c, const uint64_t *guest, struct xm_l4_switch *w)
{
    (void)c;
    if (w->sync.at != XM_L4_STORE) {
        w->sync.value = xm_env_pte_read(&guest[w->sync.slot]);
        w->sync.at = XM_L4_STORE;
        return;
    }
    w->f->shadow[w->sync.slot++] = w->sync.value;
    w->sync.at = XM_L4_LOAD;
    if (w->sync.slot == SLOTS)
        w->phase = XM_L4_READY;
}

bool l4_seed_irq(struct xm_l4_cpu *c, uint64_t mfn, uint16_t slot, const uint64_t *guest,
                 struct xm_l4_sync *s)
{
    struct xm_l4_frame *f = &c->frame[0];
    if (f->mfn != mfn)
        return false;
    if (s->at == XM_L4_LOOK) {
        s->value = xm_env_pte_read(&guest[slot]);
        s->at = XM_L4_STORE;
        return true;
    }
    f->shadow[slot] = s->value;
    return false;
}
