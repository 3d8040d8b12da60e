/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reference: what each vCPU did, and whether it might. */
#include "step-world.h"

#include <string.h>

#include "api/api.h"
#include "sim-int.h"

const char *bits_name(unsigned bits)
{
    static const char *const names[] = {"n", "r", "w", "rw", "x", "rx", "wx", "rwx"};
    return names[bits & 7];
}

unsigned op_count(const struct scenario *sc, unsigned vcpu)
{
    unsigned n = 0;
    while (n < OPS_MAX && sc->op[vcpu][n].code)
        n++;
    return n;
}

static void touch(uint8_t bits[PAGES], uint64_t addr, uint32_t len, uint8_t what)
{
    for (uint64_t p = addr >> 12; p <= (addr + len - 1) >> 12; p++)
        if (p >= GFN && p < GFN + PAGES)
            bits[p - GFN] |= what;
}

static uint32_t bytes_of(const struct sim_op *op)
{
    return op->len ? op->len : 8;
}

void op_touches(const struct sim_op *op, uint8_t bits[PAGES])
{
    static const uint8_t what[] = {
        [SIM_OP_READ] = XMEM_ACCESS_R, [SIM_OP_WRITE] = XMEM_ACCESS_W,
        [SIM_OP_EXEC] = XMEM_ACCESS_X, [SIM_OP_RMW] = XMEM_ACCESS_R | XMEM_ACCESS_W,
        [SIM_OP_COPY] = XMEM_ACCESS_R, [SIM_OP_EXCL] = XMEM_ACCESS_R | XMEM_ACCESS_W,
    };
    memset(bits, 0, PAGES);
    if (op->flags & SIM_OP_F_FETCH)
        touch(bits, op->fetch, 4, XMEM_ACCESS_X);
    touch(bits, op->addr, bytes_of(op), what[op->code]);
    if (op->code == SIM_OP_COPY)
        touch(bits, op->to, 8, XMEM_ACCESS_W);
}

void ref_begin(void)
{
    struct reference *r = &w.ref;
    memset(r, 0, sizeof(*r));
    for (unsigned v = 0; v < VIEWS; v++)
        for (unsigned p = 0; p < PAGES; p++)
            r->want[v][p] = w.sc->rights[v][p] ? w.sc->rights[v][p] & 7 : 7;
    for (unsigned i = 0; i < VCPUS; i++)
        r->view[i] = w.sc->start_view;
}

/* To write is to read as well, where rights are concerned. */
static uint8_t with_read(uint8_t bits)
{
    return bits & XMEM_ACCESS_W ? bits | XMEM_ACCESS_R : bits;
}

static char *byte_of(uint64_t addr)
{
    return (char *)w.ref.memory + (addr - ((uint64_t)GFN << 12));
}

static uint64_t word_of(const struct sim_op *op)
{
    uint64_t word;
    memcpy(&word, byte_of(op->addr), sizeof(word));
    return word;
}

/* The one under way, if it is a loop around an exclusive. */
static const struct sim_op *exclusive_of(unsigned vcpu)
{
    unsigned n = w.ref.done[vcpu];
    const struct sim_op *op = &w.sc->op[vcpu][n];
    return n < op_count(w.sc, vcpu) && op->code == SIM_OP_EXCL ? op : NULL;
}

bool ref_told_again(const struct xmem_event *ev)
{
    const struct sim_op *excl = exclusive_of(ev->vcpu);
    uint8_t bits = ev->u.mem.access & 7;
    if (bits & ~w.ref.grant[ev->vcpu][ev->u.mem.gfn - GFN])
        return false;
    bool loads_anew = excl && bits == XMEM_ACCESS_R && w.ref.seen[ev->vcpu] != word_of(excl);
    return !loads_anew;
}

void ref_granted(const struct xmem_event *ev)
{
    uint64_t p = ev->u.mem.gfn - GFN;
    uint8_t bits = with_read(ev->u.mem.access & 7);
    const struct sim_op *excl = exclusive_of(ev->vcpu);
    if (excl && ev->u.mem.access & XMEM_ACCESS_R) {
        w.ref.loaded[ev->vcpu] = 1;
        w.ref.seen[ev->vcpu] = word_of(excl);
    }
    w.ref.grant[ev->vcpu][p] |= bits;
    w.ref.open[ev->vcpu][p] |= bits;
}

void ref_undo(unsigned vcpu, const struct reference *before)
{
    struct reference *r = &w.ref;
    if (r->done[vcpu] != before->done[vcpu])
        return;
    memcpy(r->grant[vcpu], before->grant[vcpu], PAGES);
    memcpy(r->open[vcpu], before->open[vcpu], PAGES);
    r->view[vcpu] = before->view[vcpu];
    r->skip[vcpu] = before->skip[vcpu];
    r->emulated[vcpu] = before->emulated[vcpu];
    r->loaded[vcpu] = before->loaded[vcpu];
    r->seen[vcpu] = before->seen[vcpu];
    r->user_step[vcpu] = before->user_step[vcpu];
}

/* Open for this step, or was. To read is no secret of a page that is open to be written. */
static uint8_t open_bits(unsigned vcpu, unsigned page)
{
    uint8_t bits = w.ref.open[vcpu][page];
    return bits ? bits | XMEM_ACCESS_R : 0;
}

static bool passes(bool accepted, enum hole hole)
{
    holes[hole] += accepted;
    w.passed[hole] += accepted;
    return accepted;
}

static bool in_step(unsigned vcpu)
{
    unsigned any = 0;
    for (unsigned p = 0; p < PAGES; p++)
        any |= w.ref.grant[vcpu][p];
    return any;
}

/* Is it stepped over for a copy's sake, whatever the rights? */
static bool writes_copied(unsigned vcpu)
{
    uint8_t bits[PAGES];
    op_touches(&w.sc->op[vcpu][w.ref.done[vcpu]], bits);
    return w.sc->copied && (bits[0] & XMEM_ACCESS_W);
}

/* An access that was neither allowed nor told. True: one that this means cannot hold. */
static bool accepted(unsigned vcpu, unsigned page, uint8_t missing)
{
    if (w.closed && w.cfg->means == XMEM_STEP_VIEW && (in_step(vcpu) || writes_copied(vcpu)))
        return passes(true, HOLE_CLOSING);
    if (w.ref.emulated[vcpu])
        return passes(w.cfg->rest_passes && w.sc->failures, HOLE_EMULATED);
    if (w.cfg->rest_passes && !(missing & ~w.ref.answered[vcpu][page]))
        return passes(true, HOLE_EMULATED);
    for (unsigned u = 0; u < VCPUS; u++) {
        bool own = u == vcpu, hole = own ? w.cfg->later_pass : w.cfg->others_pass;
        if (!(missing & ~open_bits(u, page)) &&
            (passes(hole, own ? HOLE_LATER : HOLE_OTHER) || passes(w.owed, HOLE_FAILED)))
            return true;
    }
    return false;
}

static void check_access(unsigned vcpu, unsigned page, uint8_t bits)
{
    struct reference *r = &w.ref;
    uint8_t may = r->want[r->view[vcpu]][page] | r->grant[vcpu][page];
    uint8_t missing = bits & ~may & 7;
    if (!missing || r->free || accepted(vcpu, page, missing))
        return;
    explore_fail(w.e,
                 "vCPU %u did %s to page %u, which has %s in view %u, and %s of it was not "
                 "answered for",
                 vcpu, bits_name(bits), page, bits_name(r->want[r->view[vcpu]][page]),
                 r->view[vcpu], bits_name(missing));
}

static void store(const struct sim_op *op)
{
    if (w.sc->copied)
        copies_wrote(op);
    if (op->code == SIM_OP_COPY)
        memmove(byte_of(op->to), byte_of(op->addr), 8);
    else if (op->code == SIM_OP_WRITE || op->code == SIM_OP_RMW) {
        memset(byte_of(op->addr), 0, bytes_of(op));
        memcpy(byte_of(op->addr), &op->value, 8);
    } else if (op->code == SIM_OP_EXCL) {
        uint64_t word = word_of(op) + 1;
        memcpy(byte_of(op->addr), &word, sizeof(word));
    }
}

static void check_accesses(unsigned vcpu, const struct sim_op *op)
{
    uint8_t bits[PAGES];
    op_touches(op, bits);
    for (unsigned p = 0; p < PAGES; p++)
        if (bits[p])
            check_access(vcpu, p, bits[p]);
}

/* What it stores comes of what its last load saw: was that told? */
static void check_load(unsigned vcpu, const struct sim_op *op)
{
    const struct reference *r = &w.ref;
    bool may = r->want[r->view[vcpu]][(op->addr >> 12) - GFN] & XMEM_ACCESS_R;
    if (may || w.changed || r->free || (r->loaded[vcpu] && r->seen[vcpu] == word_of(op)))
        return;
    explore_fail(w.e, "the load of vCPU %u's exclusive, whose store was done, was not told", vcpu);
}

/* It is over for what it touches, though not for the vCPU. */
static void take_effect(unsigned vcpu, const struct sim_op *op)
{
    if (op->code == SIM_OP_EXCL)
        check_accesses(vcpu, op);
    store(op);
    w.ref.outside[vcpu] = 1;
}

void ref_done_outside(unsigned vcpu)
{
    const struct sim_op *op = &w.sc->op[vcpu][w.ref.done[vcpu]];
    if (op->code == SIM_OP_EXCL)
        check_load(vcpu, op);
    take_effect(vcpu, op);
}

/* By the vCPU itself. */
static void look_for_store(unsigned vcpu)
{
    const struct sim_vcpu *v = &w.sim->vcpu[vcpu];
    const struct sim_op *op = exclusive_of(vcpu);
    if (op && !w.ref.outside[vcpu] && v->in_op && !v->moved && xmi_sim_excl_ends(v, op))
        take_effect(vcpu, op);
}

static void completed(unsigned vcpu)
{
    struct reference *r = &w.ref;
    const struct sim_op *op = &w.sc->op[vcpu][r->done[vcpu]];
    bool checked = op->code == SIM_OP_EXCL && r->outside[vcpu];
    explore_say(w.e, "  vCPU %u %s instruction %u", vcpu, r->skip[vcpu] ? "goes past" : "did",
                r->done[vcpu]);
    if (!r->skip[vcpu] && !checked)
        check_accesses(vcpu, op);
    if (!r->skip[vcpu] && !r->outside[vcpu])
        store(op);
    r->done[vcpu]++;
    r->steps_due[vcpu] = (uint8_t)(r->steps_due[vcpu] + r->user_step[vcpu]);
    r->skip[vcpu] = r->emulated[vcpu] = r->outside[vcpu] = r->loaded[vcpu] = 0;
    memset(r->grant[vcpu], 0, PAGES);
    memset(r->answered[vcpu], 0, PAGES);
}

void ref_follow(void)
{
    struct sim_vcpu_info i;
    for (uint32_t v = 0; v < VCPUS; v++) {
        xmi_sim_vcpu_info(w.sim, v, &i);
        while (w.ref.done[v] < i.done)
            completed(v);
        look_for_store(v);
    }
}

void ref_settle(void)
{
    for (unsigned v = 0; v < VCPUS; v++)
        memcpy(w.ref.open[v], w.ref.grant[v], PAGES);
}

/* ---- the end ---- */

static void judge_vcpu(unsigned v)
{
    struct sim_vcpu_info i;
    xmi_sim_vcpu_info(w.sim, v, &i);
    uint16_t view = w.ref.view[v] == OWN ? w.own : 0;
    if (i.done != op_count(w.sc, v))
        explore_fail(w.e, "vCPU %u stands still at instruction %u", v, (unsigned)i.done);
    else if (i.view != view)
        explore_fail(w.e, "vCPU %u ends in view %u, it belongs in %u", v, i.view, view);
    else if (i.single_step != w.ref.user_step[v])
        explore_fail(w.e, "vCPU %u ends with single step %s", v, i.single_step ? "on" : "off");
    else if (w.ref.steps_told[v] != w.ref.steps_due[v])
        explore_fail(w.e, "the tool sees %u of its %u single steps of vCPU %u", w.ref.steps_told[v],
                     w.ref.steps_due[v], v);
}

static void judge_rights(unsigned v, unsigned p)
{
    uint8_t rights = 0, want = w.ref.want[v][p];
    if (w.sc->copied && p == 0) /* a write is told to the library */
        want &= (uint8_t)~XMEM_ACCESS_W;
    int rc = w.d->ops->rights_get(w.d->dom, v == OWN ? w.own : 0, GFN + p, &rights);
    if (rc || (rights & 7) != want)
        explore_fail(w.e, "page %u has %s in view %u at the end, not %s", p, bits_name(rights), v,
                     bits_name(want));
}

void ref_judge_memory(void)
{
    void *page;
    for (unsigned p = 0; p < PAGES; p++) {
        if (xmi_sim_map_gfn(w.sim, GFN + p, &page) || memcmp(page, w.ref.memory[p], 4096))
            explore_fail(w.e, "page %u does not hold what was written", p);
    }
}

void ref_judge(void)
{
    for (unsigned v = 0; v < VCPUS; v++)
        judge_vcpu(v);
    for (unsigned v = 0; v < (w.sc->own_view ? VIEWS : 1); v++)
        for (unsigned p = 0; p < PAGES; p++)
            judge_rights(v, p);
    ref_judge_memory();
    if (w.sc->copied)
        copies_judge();
}

/* ---- a copied page ---- */

/*
 * The tool's view shows a patched copy of page 0. What the guest writes there is in the original, and
 * in the copy but for the patch, before the vCPU that wrote goes on.
 */

#define PAGE_BYTES 4096u

/* As a policy makes them. */
void copies_begin(void)
{
    static uint8_t original[PAGE_BYTES], contents[PAGE_BYTES], patched[PAGE_BYTES];
    struct session_copy copy = {w.own, GFN, COPY_GFN, original, contents, patched};
    uint64_t patch = PATCH;
    memset(contents, 0, sizeof(contents));
    memcpy(contents + PATCH_AT, &patch, sizeof(patch));
    memset(patched + PATCH_AT, 0xff, sizeof(patch));
    must(xmem_domain_write(w.d, (uint64_t)COPY_GFN << 12, contents, sizeof(contents)),
         "xmem_domain_write");
    must(xmem_view_change_gfn(w.d, w.own, GFN, COPY_GFN), "xmem_view_change_gfn");
    must(xmi_session_keep_copy(w.d, &copy), "session_keep_copy");
}

static const uint64_t *words_of(uint64_t gfn)
{
    unsigned failures = w.failures;
    void *page = NULL;
    w.failures = 0;
    if (xmi_sim_map_gfn(w.sim, gfn, &page))
        explore_fail(w.e, "gfn %#jx cannot be mapped", (uintmax_t)gfn);
    w.failures = failures;
    return page;
}

uint64_t copies_hash(uint64_t h)
{
    const uint64_t gfns[] = {GFN, COPY_GFN};
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t *word = words_of(gfns[i]);
        for (size_t k = 0; word && k < PAGE_BYTES / sizeof(*word); k++)
            if (word[k])
                h = explore_mix(h, word[k] + k);
    }
    return h;
}

void copies_wrote(const struct sim_op *op)
{
    uint64_t at = ((uint64_t)GFN << 12) + PATCH_AT;
    if (op->code == SIM_OP_WRITE && op->addr == at)
        w.ref.patch_hits++;
}

void copies_judge(void)
{
    uint64_t want[PAGE_BYTES / sizeof(uint64_t)], patch = PATCH;
    const uint64_t *copy = words_of(COPY_GFN);
    memcpy(want, w.ref.memory[0], sizeof(want));
    memcpy((char *)want + PATCH_AT, &patch, sizeof(patch));
    if (copy && memcmp(copy, want, sizeof(want)))
        explore_fail(w.e, "the copy is not the page with its patch");
    if (xmi_session_patch_hits(w.d) != w.ref.patch_hits)
        explore_fail(w.e, "%ju writes under the patch are told, not %u",
                     (uintmax_t)xmi_session_patch_hits(w.d), w.ref.patch_hits);
}
