/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stepping over an access on Arm by doing its instruction for the vCPU that waits. Xen takes a pc
 * with an answer and nothing else, so whatever changes a register is put back whole, before the
 * answer: in one call, so that a tool which dies there has done it once, or not at all.
 */
#include "base/base.h"
#include "events/step.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Instructions of a loop, and further events that they make: then the vCPU goes on by itself, as it
 * may have to take an interrupt; between a load- and a store-exclusive after twice as many.
 */
#define LOOP_MOST 64u
#define LOOP_TOLD 8u
#define LOOP_STALLS 16u /* times in a row without getting on, after which something else is tried */
#define LOOP_RARE 4096u /* at most, of a load that was in no such loop */
#define LOOP_RELAX 2u   /* its load and its store, each an event */
#define LOOP_BYTES 256u /* of code */
#define MODE_BITS 0x1fu
#define HASH_SHIFT 24u /* to ARM_DECODED of them */

/* Where the hypervisor has no emulator to be asked. */
bool xmi_step_arm_can(const struct xmem_domain *d)
{
    return !(d->caps.replies & 1u << XMEM_REPLY_EMULATE) && d->ops->vcpu_get && d->ops->vcpu_set;
}

/* ---- the session's part ---- */

static int make_ready(struct xmem_domain *d)
{
    if (!steps_of(d)->arm)
        steps_of(d)->arm = calloc(1, sizeof(*steps_of(d)->arm) +
                                         d->vcpu_n * sizeof(steps_of(d)->arm->vcpu[0]));
    d->watched = true;
    return steps_of(d)->arm ? 0 : xmi_domain_refuse(d, -ENOMEM, "out of memory");
}

void xmi_step_arm_free(struct xmem_domain *d)
{
    if (steps_of(d)->arm)
        xmi_page_cache_drop_all(&steps_of(d)->arm->pages, d->ops, d->dom);
    free(steps_of(d)->arm);
    steps_of(d)->arm = NULL;
}

void xmi_step_arm_pages_changed(struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    if (steps_of(d)->arm)
        xmi_page_cache_drop(&steps_of(d)->arm->pages, d->ops, d->dom, gfn, nr);
}

static bool is_exclusive(const struct arm_insn *in)
{
    return in->kind == ARM_LOAD_EX || in->kind == ARM_STORE_EX;
}

/* An instruction depends on its word alone. */
static enum arm_why decode(void *ctx, enum arm_set set, uint32_t word, const struct arm_insn **out)
{
    struct arm_reach *w = ctx;
    struct arm_decoded *k = &steps_of(w->d)->arm->decoded[word * 0x9e3779b1u >> HASH_SHIFT];
    enum arm_why why = ARM_OK;
    if (!k->used || k->in.word != word || k->in.set != (uint8_t)set) {
        k->used = false;
        why = xmi_arm_decode(set, word, &k->in);
        k->used = !why && k->in.word == word;
    }
    *out = &k->in;
    w->kind = k->in.kind;
    w->v->exclusive = w->v->exclusive || (!why && is_exclusive(&k->in));
    return why;
}

/* ---- registers ---- */

/* Of the vCPU as it waits: another tool may have written them. */
static enum arm_why read_registers(struct arm_reach *w)
{
    struct xmem_domain *d = w->d;
    struct arm_vcpu *v = w->v;
    struct xmem_regs regs = XMEM_INIT(regs);
    int rc = d->ops->vcpu_get(d->dom, w->ev->pub.vcpu, &v->read);
    v->now = v->read.u.arm;
    v->monitor = (struct arm_monitor){0};
    v->looping = v->wrote = v->not_put = v->exclusive = false;
    v->gone = v->since = v->told = 0;
    v->fetched = !(w->ev->pub.u.mem.access & XMEM_ACCESS_X);
    if (rc) {
        w->rc = xmi_domain_fail(d, rc, 0, "the registers of vCPU %" PRIu32 " cannot be read",
                                w->ev->pub.vcpu);
        return ARM_NO_PLACE;
    }
    xmi_ring_regs_decode(ring_of(d), xmi_event_data(d, w->ev), &regs);
    return regs.u.arm.pc == v->now.pc ? ARM_OK : ARM_ODD;
}

static uint32_t modes_of(const struct arm_regs *r)
{
    return (uint32_t)(r->cpsr & MODE_BITS) << 8 | (uint32_t)(r->spsr_el1 & MODE_BITS);
}

/* 0, -EINVAL: such registers are not taken back (arch_set_info_guest()), or a failure with a text. */
static int put_registers(struct arm_reach *w, const struct arm_regs *r)
{
    struct xmem_domain *d = w->d;
    struct backend_vcpu context = w->v->read;
    context.u.arm = *r;
    int rc = d->ops->vcpu_set(d->dom, w->ev->pub.vcpu, &context);
    if (!rc) {
        w->v->set_taken = true;
        w->v->modes = modes_of(r);
        w->v->read = context;
    }
    return !rc || rc == -EINVAL
               ? rc
               : xmi_domain_fail(d, rc, 0, "the registers of vCPU %" PRIu32 " cannot be set",
                                 w->ev->pub.vcpu);
}

/* Before memory is changed that must not be changed twice: will its registers be taken? */
static enum arm_why will_be_taken(struct arm_reach *w)
{
    struct arm_vcpu *v = w->v;
    if (v->set_taken && v->modes == modes_of(&v->now))
        return ARM_OK;
    int rc = put_registers(w, &v->read.u.arm);
    if (rc && rc != -EINVAL)
        w->rc = rc;
    return rc ? ARM_REFUSED : ARM_OK;
}

static bool same_but_pc(const struct arm_regs *a, const struct arm_regs *b)
{
    struct arm_regs x = *a;
    x.pc = b->pc;
    return !memcmp(&x, b, sizeof(x));
}

/* ---- doing ---- */

/* A branch leads here; whether it may is not known, unless an event says that it was fetched. */
static bool is_target(const struct arm_regs *r)
{
    return arm_set_of(r) == ARM_A64 && (r->cpsr & ARM_CPSR_BTYPE);
}

/* The event is about what the instruction touches, or it is another one than was thought. */
static enum arm_why check_event(struct arm_reach *w, const struct arm_touch *touch)
{
    const struct xmem_event_mem *m = &w->ev->pub.u.mem;
    struct arm_translation t;
    if (m->access & XMEM_ACCESS_X) /* it was to be fetched from there: BTYPE is not checked yet */
        return is_target(&w->v->now) ? ARM_UNSURE : ARM_OK;
    if (!(m->access & XMEM_ACCESS_GLA_VALID) || m->gla - touch->va >= touch->bytes ||
        !(touch->access & m->access & (XMEM_ACCESS_R | XMEM_ACCESS_W)))
        return ARM_ODD;
    enum arm_why why = xmi_arm_reach_gfn(w, &w->v->now, m->gla, ARM_WALKED_DATA, touch->user, &t);
    return why ? why : t.ipa / PAGE_BYTES == m->gfn ? ARM_OK : ARM_ODD;
}

/* Up to so many since the event, but one at least: it was answered for. */
static enum arm_why loop_to(struct arm_reach *w, unsigned most)
{
    const struct arm_world world = {.ctx = w,
                                    .fetch = xmi_arm_reach_fetch,
                                    .place = xmi_arm_reach_place,
                                    .decode = decode,
                                    .past = xmi_arm_reach_past};
    struct arm_vcpu *v = w->v;
    unsigned done;
    return xmi_arm_loop(&world, &v->now, &v->monitor, most > v->gone ? most - v->gone : 1, &done);
}

static enum arm_why do_loop(struct arm_reach *w)
{
    struct arm_vcpu *v = w->v;
    v->looping = true;
    enum arm_why why = loop_to(w, LOOP_MOST);
    if (why == ARM_TOO_LONG && v->monitor.bytes && !is_target(&v->now))
        why = loop_to(w, 2 * LOOP_MOST);
    v->wrote = v->wrote || v->monitor.stored;
    return why;
}

/*
 * A load that comes back to its page each time: between a load- and a store-exclusive elsewhere it
 * would do so for ever, as its event takes the monitor away. It is gone on from, through that loop.
 */
static bool comes_back(const struct arm_reach *w, const struct arm_insn *in)
{
    struct arm_vcpu *v = w->v;
    const struct xmem_event_mem *m = &w->ev->pub.u.mem;
    bool same = v->load_pc == v->now.pc && v->load_gla == m->gla;
    if (in->kind != ARM_LOAD || v->going == w->ev || (m->access & XMEM_ACCESS_X))
        return false;
    v->load_pc = v->now.pc;
    v->load_gla = m->gla;
    v->load_n = same ? v->load_n + 1 : 0;
    if (!same)
        v->load_most = LOOP_STALLS;
    return v->load_n >= v->load_most;
}

/* Gone on from without an exclusive, for which there is none to be seen: seldom again. */
static void look_seldom(struct arm_vcpu *v)
{
    if (!v->looping || v->exclusive)
        return;
    v->load_n = 0;
    if (v->load_most < LOOP_RARE)
        v->load_most *= 2;
}

/* In such a loop, natively: each of its events but the last takes the monitor away. */
static bool leave_to_others(const struct arm_reach *w)
{
    struct arm_vcpu *v = w->v;
    bool near = v->left_pc - v->now.pc + LOOP_BYTES <= 2 * LOOP_BYTES;
    if (!v->relax || !near || vcpu_of(w->d, w->ev)->step.strict)
        return false;
    v->relax--;
    return true;
}

static enum arm_why do_once(struct arm_reach *w, const struct arm_insn *in,
                            const struct arm_touch *touch)
{
    struct arm_vcpu *v = w->v;
    struct arm_place at = {{NULL, NULL}, 0};
    enum arm_why why = ARM_OK;
    if (touch->bytes)
        why = xmi_arm_reach_place(w, &v->now, touch, &at);
    if (!why)
        why = xmi_arm_do(in, touch, &at, &v->now, &v->monitor);
    v->wrote = !why && in->kind == ARM_ATOMIC;
    return why;
}

static enum arm_why do_one(struct arm_reach *w, const struct arm_insn *in)
{
    struct arm_touch touch;
    enum arm_why why = xmi_arm_touches(in, &w->v->now, &touch);
    if (!why)
        why = check_event(w, &touch);
    bool loops = is_exclusive(in) || comes_back(w, in);
    if (!why && is_exclusive(in) && leave_to_others(w))
        why = ARM_EXCLUSIVE;
    if (!why && (in->kind == ARM_ATOMIC || loops))
        why = will_be_taken(w);
    if (why)
        return why;
    return loops ? do_loop(w) : do_once(w, in, &touch);
}

static enum arm_why do_instruction(struct arm_reach *w)
{
    const struct arm_insn *in;
    uint32_t word;
    enum arm_why why = xmi_arm_reach_fetch(w, &w->v->now, &word);
    if (!why)
        why = decode(w, arm_set_of(&w->v->now), word, &in);
    return why ? why : do_one(w, in);
}

/* ---- answering ---- */

/* Stops between a load- and a store-exclusive, which natively can only fail. */
static bool in_the_middle(const struct arm_reach *w)
{
    return w->v->looping && !w->v->wrote && w->v->monitor.bytes && w->kind != ARM_LOAD_EX;
}

/* What was done takes effect. -EINVAL: it cannot, and nothing was done that counts. */
static int commit(struct arm_reach *w)
{
    struct xmem_domain *d = w->d;
    struct arm_vcpu *v = w->v;
    uint32_t vcpu = w->ev->pub.vcpu;
    bool only_pc = same_but_pc(&v->now, &v->read.u.arm);
    int rc = only_pc ? 0 : put_registers(w, &v->now);
    if (rc) {
        v->not_put = rc != -EINVAL || v->wrote;
        v->going = v->not_put ? w->ev
                              : NULL; /* to be put back by the next answer, not done again */
        vcpu_at(d, vcpu)->attention = true;
        return rc;
    }
    v->going = NULL;
    d->stats.emulated++;
    xmi_step_reset(d, vcpu);
    if (!in_the_middle(w))
        vcpu_at(d, vcpu)->repeats = 0;
    if (v->wrote)
        v->left_n = 0;
    look_seldom(v);
    if (only_pc)
        xmi_event_answer_at(d, w->ev, v->now.pc);
    else
        xmi_event_answer(d, w->ev, 0);
    return 0;
}

/* A further page, or another kind of access: an event of its own, with its own answer. */
static int tell_further(struct arm_reach *w)
{
    struct xmem_event_mem m = {
        .gfn = w->ask_gfn, .offset = w->ask_gla & (PAGE_BYTES - 1), .gla = w->ask_gla};
    m.access = w->ask_access | XMEM_ACCESS_GLA_VALID | XMEM_ACCESS_WITH_GLA;
    xmi_step_set_phase(w->d, w->ev->pub.vcpu, STEP_STOPPED);
    vcpu_of(w->d, w->ev)->attention = true;
    if (w->d->ops->step_told)
        (void)w->d->ops->step_told(w->d->dom, w->ev->pub.vcpu, m.gfn, w->ask_access);
    w->v->going = xmi_event_own(w->d, w->ev, &m, w->v->now.pc);
    w->v->told++;
    return 0;
}

/* Or the vCPU itself meets it, when it has gone on. */
static bool may_tell(const struct arm_reach *w)
{
    const struct arm_vcpu *v = w->v;
    return in_the_middle(w) ? v->gone < 2 * LOOP_MOST : !v->gone || v->told < LOOP_TOLD;
}

static bool got_on(const struct arm_vcpu *v)
{
    return v->wrote || v->gone || memcmp(&v->now, &v->read.u.arm, sizeof(v->now));
}

/*
 * Left again and again before its store, by an instruction that is not known: done natively from there
 * it fails for ever, since each event takes the monitor away. Strictly there is nothing else.
 */
static bool note_stall(const struct arm_reach *w, enum arm_why why)
{
    struct arm_vcpu *v = w->v;
    bool waits = (why == ARM_TOO_LONG || w->ask) && v->since < LOOP_MOST;
    if (!in_the_middle(w) || waits)
        return false;
    v->left_n = v->left_pc == v->now.pc ? v->left_n + 1 : 1;
    v->left_pc = v->now.pc;
    if (v->left_n <= LOOP_STALLS || vcpu_of(w->d, w->ev)->step.strict)
        return false;
    v->left_n = LOOP_STALLS;
    v->relax = LOOP_RELAX - !v->told;
    return !v->told; /* else from the vCPU's own next event on: this one is none of its */
}

/* Of the steps that were not done here. */
static uint64_t *counter(struct xmem_stats *s, enum arm_why why)
{
    switch (why) {
    case ARM_TABLES: return &s->not_walk;
    case ARM_FETCH: return &s->not_fetch;
    case ARM_UNKNOWN:
    case ARM_VECTOR: return &s->not_decoded;
    case ARM_NO_PLACE: return &s->not_mapped;
    case ARM_EXCLUSIVE:
    case ARM_TOO_LONG: return &s->not_ended;
    case ARM_ODD: return &s->not_same;
    case ARM_REFUSED: return &s->not_taken;
    default: return &s->not_sure;
    }
}

static int fall_back(struct arm_reach *w, enum arm_why why)
{
    w->v->going = NULL;
    if (w->rc)
        return w->rc;
    ++*counter(&w->d->stats, w->ev->pub.u.mem.access & XMEM_ACCESS_X ? ARM_FETCH : why);
    return -EOPNOTSUPP;
}

bool xmi_step_arm_exclusive(struct xmem_domain *d, struct event *ev)
{
    const struct arm_insn *in;
    uint32_t word;
    if (!xmi_step_arm_can(d) || !(ev->pub.u.mem.access & XMEM_ACCESS_W) || make_ready(d))
        return false;
    struct arm_reach w = {.d = d, .ev = ev, .v = &steps_of(d)->arm->vcpu[ev->pub.vcpu]};
    xmi_page_cache_begin(&steps_of(d)->arm->pages, d->ops, d->dom);
    return read_registers(&w) == ARM_OK && xmi_arm_reach_fetch(&w, &w.v->now, &word) == ARM_OK &&
           decode(&w, arm_set_of(&w.v->now), word, &in) == ARM_OK && in->kind == ARM_STORE_EX;
}

int xmi_step_arm_length(struct xmem_domain *d, struct event *ev, uint64_t cpsr, uint32_t *bytes)
{
    const struct arm_regs state = {.cpsr = cpsr};
    uint32_t word;
    *bytes = ARM_WORD;
    if (arm_set_of(&state) != ARM_T32)
        return 0;
    if (cpsr & ARM_CPSR_IT || !xmi_step_arm_can(d) || make_ready(d))
        return -EOPNOTSUPP;
    struct arm_reach w = {.d = d, .ev = ev, .v = &steps_of(d)->arm->vcpu[ev->pub.vcpu]};
    xmi_page_cache_begin(&steps_of(d)->arm->pages, d->ops, d->dom);
    if ((w.v->going != ev && read_registers(&w)) || xmi_arm_reach_fetch(&w, &w.v->now, &word))
        return -EOPNOTSUPP;
    *bytes = word >> HALFWORD_BITS < ARM_T32_WIDE ? ARM_WORD / 2 : ARM_WORD;
    return 0;
}

static enum arm_why go_on(struct arm_reach *w)
{
    if (w->v->going != w->ev)
        return read_registers(w) == ARM_OK ? do_instruction(w) : ARM_ODD;
    if (w->v->not_put)
        return ARM_OK;
    if (!w->v->looping)
        return do_instruction(w);
    return (w->ev->pub.u.mem.access & XMEM_ACCESS_X) && is_target(&w->v->now) ? ARM_UNSURE
                                                                              : do_loop(w);
}

int xmi_step_by_arm(struct xmem_domain *d, struct event *ev)
{
    int rc = make_ready(d);
    if (rc)
        return rc;
    struct arm_reach w = {.d = d, .ev = ev, .v = &steps_of(d)->arm->vcpu[ev->pub.vcpu]};
    if (ev->pub.u.mem.access & XMEM_ACCESS_IN_GPT)
        return fall_back(&w, ARM_TABLES);
    xmi_page_cache_begin(&steps_of(d)->arm->pages, d->ops, d->dom);
    enum arm_why why = go_on(&w);
    if (w.ask && may_tell(&w))
        return tell_further(&w);
    if (why && (!got_on(w.v) || note_stall(&w, why)))
        return fall_back(&w, why);
    rc = commit(&w);
    if (rc != -EINVAL)
        return rc;
    return w.v->wrote
               ? xmi_domain_fail(d, -EIO, 0, "the registers of vCPU %" PRIu32 " are not taken",
                                 ev->pub.vcpu)
               : fall_back(&w, ARM_REFUSED);
}

/*
 * Answered by something else in the middle: the vCPU is to be where the event said. Where its
 * registers cannot be put back it stays where it was, and meets its page again.
 */
void xmi_step_arm_leave(struct xmem_domain *d, struct event *ev, struct answer *a)
{
    struct arm_reach w = {
        .d = d, .ev = ev, .v = steps_of(d)->arm ? &steps_of(d)->arm->vcpu[ev->pub.vcpu] : NULL};
    if (!w.v || w.v->going != ev)
        return;
    w.v->going = NULL;
    if (got_on(w.v) && put_registers(&w, &w.v->now))
        a->flags &= ~RING_FLAG_SET_REGISTERS;
}
