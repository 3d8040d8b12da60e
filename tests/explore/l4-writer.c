/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who writes slots of L4s, as a hypercall does, and who has one validated anew. */
#include "l4-world.h"

enum { NEXT, ASK, WAIT };

static struct l4_party *party_of(unsigned writer)
{
    return &lw.party[CPUS + writer];
}

static const char *next_of(unsigned writer)
{
    return l4_scenario->writer[writer] + party_of(writer)->pos;
}

static unsigned pending(unsigned writer)
{
    unsigned n = 0;
    for (unsigned i = 0; i < CPUS; i++)
        n += lw.cpu[i].pending >> writer & 1;
    return n;
}

/* A frame that is freed is nobody's root, and nobody writes it. */
static bool can_begin(unsigned writer)
{
    const char *s = next_of(writer);
    unsigned table;
    if (!*s)
        return false;
    table = (unsigned)(s[0] == 'F' ? s[1] - 'A' : s[0] - 'A');
    if (lw.locked[table] || !l4_is_valid(table))
        return false;
    if (s[0] != 'F')
        return true;
    for (unsigned i = 0; i < WRITERS; i++)
        if (lw.writer[i].busy && lw.writer[i].table == table)
            return false;
    return !l4_is_kept(table) && !party_of(writer)->waiting;
}

bool l4_writer_can(unsigned writer)
{
    switch (party_of(writer)->at) {
    case NEXT: return can_begin(writer);
    case ASK: return party_of(writer)->waiting == 0; /* the barrier */
    default: return pending(writer) == 0;
    }
}

static void anew(struct explore *e, unsigned writer)
{
    unsigned table = (unsigned)(next_of(writer)[1] - 'A');
    if (xm_l4_ended(&lw.host, L4_MFN(table)))
        explore_fail(e, "%c was no L4", 'A' + table);
    l4_validate(table);
    xm_env_barrier_rw();
    party_of(writer)->pos += 2;
    explore_say(e, "%c is freed and used again", 'A' + table);
}

static void store(struct explore *e, unsigned writer)
{
    struct l4_writer *w = &lw.writer[writer];
    w->order = ++lw.stored[w->table][w->slot];
    xm_env_pte_write(&lw.guest[w->table][w->slot], w->value);
    explore_say(e, "writer %u stores %llx into %c slot %u", writer, (unsigned long long)w->value,
                'A' + w->table, w->slot);
}

static void note(struct explore *e, unsigned writer)
{
    const struct l4_writer *w = &lw.writer[writer];
    if (!l4_scenario->seed &&
        xm_l4_note(&lw.host, xm_l4_find(&lw.host, L4_MFN(w->table)), w->slot, w->present))
        explore_fail(e, "slot %u is refused", w->slot);
}

/* Under the page lock. What goes into the buffer, nobody sees before it drains: it is one step. */
static void begin(struct explore *e, unsigned writer)
{
    const char *s = next_of(writer);
    struct l4_writer *w = &lw.writer[writer];
    if (*s == 'F') {
        anew(e, writer);
        return;
    }
    *w = (struct l4_writer){.table = (uint8_t)(s[0] - 'A'),
                            .slot = (uint8_t)((s[1] - '0') % 5),
                            .present = s[1] < '5',
                            .busy = true};
    w->value = w->present ? 1 + party_of(writer)->pos * 2u + writer : 0;
    xm_env_barrier_rw();
    lw.locked[w->table] = 1;
    store(e, writer);
    note(e, writer);
    xm_env_pte_write(&lw.locked[w->table], 0);
    party_of(writer)->at = ASK;
}

static void ask(struct explore *e, unsigned writer)
{
    struct l4_writer *w = &lw.writer[writer];
    struct l4_cpu *c = &lw.cpu[w->look / 2];
    bool live = xm_l4_half_live(&c->core, L4_MFN(w->table), w->look % 2);
    if (l4_scenario->seed)
        live = w->look % 2 == 0; /* all that may run the domain */
    if (live) {
        c->pending |= (uint8_t)(1 << writer);
        w->look |= 1; /* the other half is not asked */
        explore_say(e, "writer %u interrupts pCPU %u", writer, w->look / 2);
    }
    if (++w->look == 2 * CPUS)
        party_of(writer)->at = WAIT;
}

static void commit(struct explore *e, unsigned writer)
{
    struct l4_writer *w = &lw.writer[writer];
    if (w->order > lw.committed[w->table][w->slot].order)
        lw.committed[w->table][w->slot] = (struct l4_value){w->value, w->order};
    explore_say(e, "writer %u is done with %c slot %u", writer, 'A' + w->table, w->slot);
    *w = (struct l4_writer){0};
    party_of(writer)->at = NEXT;
    party_of(writer)->pos += 2;
}

void l4_writer_step(struct explore *e, unsigned writer)
{
    l4_runs = CPUS + writer;
    switch (party_of(writer)->at) {
    case NEXT: begin(e, writer); break;
    case ASK: ask(e, writer); break;
    default: commit(e, writer); break;
    }
}
