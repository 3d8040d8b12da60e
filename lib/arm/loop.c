/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arm.h"

/* Nothing but loads, exclusives and registers: a plain store cannot be taken back. */
static bool may_go_through(const struct arm_insn *in)
{
    switch (in->kind) {
    case ARM_NOTHING:
    case ARM_LOAD:
    case ARM_LOAD_EX:
    case ARM_STORE_EX:
    case ARM_CLEAR_EX:
    case ARM_PREFETCH: return true;
    default: return false;
    }
}

static enum arm_why may_fetch(const struct arm_regs *r)
{
    return arm_set_of(r) == ARM_A64 && r->pc & 3 ? ARM_FAULTS : ARM_OK;
}

/* A branch came from here: whether it may come to where it did is not known of an access. */
static bool may_follow(const struct arm_insn *in, const struct arm_regs *r, bool first)
{
    return first || arm_set_of(r) != ARM_A64 || in->kind == ARM_NOTHING ||
           !(r->cpsr & ARM_CPSR_BTYPE);
}

static enum arm_why next(const struct arm_world *w, const struct arm_regs *r, struct arm_insn *room,
                         const struct arm_insn **in)
{
    uint32_t word;
    enum arm_why why = may_fetch(r);
    *in = room;
    if (!why)
        why = w->fetch(w->ctx, r, &word);
    if (why)
        return why;
    return w->decode ? w->decode(w->ctx, arm_set_of(r), word, in)
                     : xmi_arm_decode(arm_set_of(r), word, room);
}

static enum arm_why one(const struct arm_world *w, struct arm_regs *r, struct arm_monitor *m,
                        bool first, const struct arm_insn *in)
{
    struct arm_touch touch;
    struct arm_place at = {{NULL, NULL}, 0};
    enum arm_why why = ARM_OK;
    if (!may_go_through(in))
        why = ARM_UNKNOWN;
    if (!why && !may_follow(in, r, first))
        why = ARM_UNSURE;
    if (!why)
        why = xmi_arm_touches(in, r, &touch);
    if (!why && touch.bytes)
        why = w->place(w->ctx, r, &touch, &at);
    return why ? why : xmi_arm_do(in, &touch, &at, r, m);
}

enum arm_why xmi_arm_loop(const struct arm_world *w, struct arm_regs *r, struct arm_monitor *m,
                          unsigned most, unsigned *done)
{
    struct arm_insn room;
    const struct arm_insn *in;
    m->stored = false;
    for (*done = 0; *done < most; ++*done) {
        bool armed = m->bytes;
        enum arm_why why = next(w, r, &room, &in);
        if (!why)
            why = one(w, r, m, !*done, in);
        if (why)
            return why;
        if (m->stored || (in->kind == ARM_CLEAR_EX && armed))
            return ARM_OK;
        if (w->past)
            w->past(w->ctx);
    }
    return ARM_TOO_LONG;
}
