/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * proof [COUNT [SEED]]: for each class a TAP line. With COUNT, so many for each instruction set.
 * proof -w SET WORD...: these encodings alone, with many registers.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ucontext.h>

#include "proof.h"

/*
 * ---- one instruction on this processor: in by a trap whose handler puts the registers in place, out by a
 * trap whose handler takes them ----
 */

static const struct arm_regs *give;
static struct arm_regs *take;
static ucontext_t back;
static bool inside;
static int came;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)info;
    if (!inside && number != SIGTRAP) {
        fprintf(stderr, "signal %d outside of an instruction\n", number);
        _Exit(1);
    }
    inside = !inside;
    if (inside) {
        native_copy(&back, context);
        native_put(context, give);
        return;
    }
    native_get(context, take);
    came = number;
    native_copy(context, &back);
    native_skip_trap(context);
}

static void native_start(void)
{
    static const int caught[] = {SIGTRAP, SIGSEGV, SIGILL, SIGBUS, SIGFPE};
    struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = 1u << 18};
    stack.ss_sp = malloc(stack.ss_size);
    if (!stack.ss_sp || sigaltstack(&stack, NULL))
        abort();
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        if (sigaction(caught[i], &act, NULL))
            abort();
}

/* 0: came to a trap of the slots; else the signal. out is what it left. */
static int native_run(const struct arm_regs *in, struct arm_regs *out)
{
    *out = *in;
    give = in;
    take = out;
    native_trap();
    return came == SIGTRAP ? 0 : came;
}

/* ---- both, compared ---- */

#define ROWS_MAX 160u
#define A32_SETEND_BE 0xf1010200u
#define T32_SETEND_BE 0xb6580000u
#define SHOWN 3u /* of each class's differences */

/* What became of a class's encodings. */
struct count {
    uint64_t tried, done, why[ARM_ODD + 1], elsewhere, differ;
};

struct run {
    struct rng rng;
    const struct row_set *set;
    struct pattern first[ROWS_MAX], second[ROWS_MAX];
    struct count count[ROWS_MAX];
    uint32_t words[AREA_SLOTS][2];
    uint8_t row[AREA_SLOTS], before[AREA_SLOTS];
    unsigned total; /* weights */
    bool all_same;
};

/* One instruction, or the two of an exclusive pair. */
struct one {
    enum arm_set set;
    uint32_t words[2];
    unsigned n;
    uint32_t before; /* bytes of a SETEND in front, which is not emulated */
    struct arm_regs in, native, ours;
    struct arm_touch touch;
};

/* ---- emulated ---- */

static enum arm_why fetch(void *ctx, const struct arm_regs *r, uint32_t *word)
{
    const struct one *o = ctx;
    *word = area_fetch(r->pc, o->set);
    return ARM_OK;
}

static enum arm_why place(void *ctx, const struct arm_regs *r, const struct arm_touch *touch,
                          struct arm_place *out)
{
    struct one *o = ctx;
    (void)r;
    o->touch = *touch;
    return area_place(touch, out) ? ARM_OK : ARM_NO_PLACE;
}

static enum arm_why emulate_pair(struct one *o)
{
    const struct arm_world world = {o, fetch, place, NULL, NULL};
    struct arm_monitor monitor = {0};
    unsigned done;
    enum arm_why why = xmi_arm_loop(&world, &o->ours, &monitor, o->n, &done);
    return done + (why == ARM_OK) == o->n || why == ARM_TOO_LONG ? ARM_OK : why ? why : ARM_UNSURE;
}

static enum arm_why emulate(struct one *o)
{
    struct arm_monitor monitor = {0};
    struct arm_place at = {{NULL, NULL}, 0};
    struct arm_insn in;
    enum arm_why why;
    memset(&o->touch, 0, sizeof(o->touch));
    o->ours = o->in;
    if (o->n > 1)
        return emulate_pair(o);
    why = xmi_arm_decode(o->set, o->words[0], &in);
    if (!why)
        why = xmi_arm_touches(&in, &o->in, &o->touch);
    if (!why && o->touch.bytes && !area_place(&o->touch, &at))
        why = ARM_NO_PLACE;
    return why ? why : xmi_arm_do(&in, &o->touch, &at, &o->ours, &monitor);
}

/* ---- compared ---- */

static uint64_t value_of(const struct arm_regs *r, unsigned i)
{
    switch (i) {
    case 31: return r->sp_el0;
    case 32: return r->pc;
    case 33: return r->cpsr;
    default: return r->x[i];
    }
}

static bool same_state(const struct arm_regs *a, const struct arm_regs *b)
{
    for (unsigned i = 0; i < 34; i++)
        if (value_of(a, i) != value_of(b, i))
            return false;
    return true;
}

static void show(const struct one *o, const char *row, int signal)
{
    static const char *const sets[] = {"a64", "a32", "t32"};
    printf("# %s, %s, word %08" PRIx32 " %08" PRIx32 ", signal %d, touches %u at 0x%" PRIx64 "%s\n",
           row, sets[o->set], o->words[0], o->n > 1 ? o->words[1] : 0, signal, o->touch.bytes,
           o->touch.va, area_same(&o->touch) ? "" : ", memory differs");
    for (unsigned i = 0; i < 34; i++) {
        uint64_t in = value_of(&o->in, i), n = value_of(&o->native, i), e = value_of(&o->ours, i);
        if (n != e)
            printf("#   %s%u 0x%" PRIx64 " natively 0x%" PRIx64 ", emulated 0x%" PRIx64 "\n",
                   i < 31    ? "r"
                   : i == 31 ? "sp"
                   : i == 32 ? "pc"
                             : "cpsr",
                   i, in, n, e);
    }
    for (unsigned i = 0; i < 34; i++)
        printf("%s%" PRIx64 "%s", i ? " " : "#   from ", value_of(&o->in, i), i == 33 ? "\n" : "");
}

/* A jump to where nothing can be run ends there with a signal. */
static bool same(const struct one *o, int signal)
{
    bool jumped = o->ours.pc - o->in.pc > 4u * o->n;
    return (!signal || jumped) && same_state(&o->native, &o->ours) && area_same(&o->touch);
}

static void one(struct one *o, struct count *c, const char *name)
{
    enum arm_why why = emulate(o);
    struct arm_regs from;
    int signal;
    c->tried++;
    c->why[why]++;
    if (why && !same_state(&o->in, &o->ours) && o->n == 1)
        c->differ++,
            printf("# %s: word %08" PRIx32 " refused, but registers changed\n", name, o->words[0]);
    if (why)
        return;
    if (!area_can_run(o->ours.pc, arm_set_of(&o->ours) == o->set)) {
        c->elsewhere++;
        area_sync();
        return;
    }
    from = o->in;
    from.pc -= o->before;
    signal = native_run(&from, &o->native);
    c->done++;
    if (same(o, signal))
        return;
    if (c->differ++ < SHOWN)
        show(o, name, signal);
    area_sync();
}

/* ---- a page of code at a time ---- */

static unsigned some_row(struct run *run)
{
    uint32_t at = rng_below(&run->rng, run->total);
    unsigned i = 0;
    while (at >= run->set->rows[i].weight)
        at -= run->set->rows[i++].weight;
    return i;
}

static void big_endian(struct run *run, unsigned slot)
{
    bool t32 = run->set->set == ARM_T32;
    const uint32_t words[2] = {t32 ? T32_SETEND_BE : A32_SETEND_BE, run->words[slot][0]};
    run->before[slot] = t32 ? 2 : 4;
    area_code(slot, run->set->set, words, 2);
}

static void make_slot(struct run *run, unsigned slot)
{
    unsigned row = some_row(run);
    const struct pattern *p = &run->first[row], *q = &run->second[row];
    uint32_t *w = run->words[slot];
    run->row[slot] = (uint8_t)row;
    w[0] = pattern_random(p, &run->rng);
    w[1] = 0;
    if (run->set->rows[row].second) {
        /* Of another size: a processor may let it succeed or fail. */
        uint32_t same = run->set->set == ARM_A64 ? 0xc0000000u & ~q->mask : 0;
        if (rng_below(&run->rng, 8))
            same |= ((1u << p->base_bits) - 1) << p->base;
        w[1] = (pattern_random(q, &run->rng) & ~same) | (w[0] & same);
    }
    run->before[slot] = 0;
    if (run->set->set != ARM_A64 && !w[1] && !rng_below(&run->rng, 8))
        big_endian(run, slot);
    else
        area_code(slot, run->set->set, w, w[1] ? 2 : 1);
}

static void run_page(struct run *run, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        make_slot(run, i);
    for (unsigned i = 0; i < n; i++) {
        struct one o = {.set = run->set->set, .n = run->words[i][1] ? 2 : 1};
        unsigned row = run->row[i];
        memcpy(o.words, run->words[i], sizeof(o.words));
        state_random(&run->rng, o.set, &run->first[row], o.words[0], &o.in);
        o.before = run->before[i];
        o.in.pc = area_slot(i) + o.before;
        if (o.before)
            o.in.cpsr = (o.in.cpsr & ~(uint64_t)ARM_CPSR_IT) | ARM_CPSR_E;
        one(&o, &run->count[row], run->set->rows[row].name);
    }
    if (!area_same(NULL)) {
        printf("# memory differs where nothing was said to be touched\n");
        run->all_same = false;
        area_sync();
    }
}

static bool report(const struct run *run, unsigned i, unsigned number)
{
    const struct row *row = &run->set->rows[i];
    const struct count *c = &run->count[i];
    uint64_t done = c->done + c->elsewhere;
    bool enough = row->least == NEVER ? !done
                                      : done && done * 100 >= c->tried * (uint64_t)row->least;
    bool ok = enough && !c->differ;
    printf("%s %u - %s %s: %" PRIu64 " of %" PRIu64 " done, %" PRIu64 " differ%s\n",
           ok ? "ok" : "not ok", number, run->set->name, row->name, c->done, c->tried, c->differ,
           enough                ? ""
           : row->least == NEVER ? ", none should be done"
                                 : ", too few are done");
    if (done < c->tried)
        printf("#   not: unknown %" PRIu64 ", vector %" PRIu64 ", faults %" PRIu64
               ", unsure %" PRIu64 ", no place %" PRIu64 ", other %" PRIu64
               "; jumped into code %" PRIu64 "\n",
               c->why[ARM_UNKNOWN], c->why[ARM_VECTOR], c->why[ARM_FAULTS], c->why[ARM_UNSURE],
               c->why[ARM_NO_PLACE], c->why[ARM_EXCLUSIVE] + c->why[ARM_TOO_LONG] + c->why[ARM_ODD],
               c->elsewhere);
    return ok;
}

static bool run_set(struct run *run, const struct row_set *set, uint64_t count, unsigned *number)
{
    uint64_t done = 0;
    bool ok = true;
    memset(run->count, 0, sizeof(run->count));
    run->set = set;
    run->total = 0;
    run->all_same = true;
    for (unsigned i = 0; i < set->n; i++) {
        run->total += set->rows[i].weight;
        pattern_parse(set->rows[i].pattern, &run->first[i]);
        if (set->rows[i].second)
            pattern_parse(set->rows[i].second, &run->second[i]);
    }
    for (uint64_t left = count; left; left -= left < AREA_SLOTS ? left : AREA_SLOTS)
        run_page(run, left < AREA_SLOTS ? (unsigned)left : AREA_SLOTS);
    for (unsigned i = 0; i < set->n; i++) {
        ok = report(run, i, ++*number) && ok;
        done += run->count[i].done;
    }
    printf("%s %u - %s memory elsewhere is the same\n", run->all_same ? "ok" : "not ok", ++*number,
           set->name);
    printf("# %s: %" PRIu64 " encodings, %" PRIu64 " done natively and by emulation\n", set->name,
           count, done);
    return ok && run->all_same;
}

int main(int argc, char **argv)
{
    static struct run run;
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    unsigned number = 0, tests = 0;
    bool ok = true;
    run.rng.state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    area_make(&run.rng);
    native_start();
    for (unsigned i = 0; i < n_row_sets; i++)
        tests += row_sets[i].n + 1;
    printf("1..%u\n", tests);
    for (unsigned i = 0; i < n_row_sets; i++)
        ok = run_set(&run, &row_sets[i], count ? count : row_sets[i].count, &number) && ok;
    return !ok;
}
