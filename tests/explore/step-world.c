/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The beginning and the end of a run, and what tells its states apart. */
#include "step-world.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "sim-int.h"
#include "events/step.h"

struct world w;
uint64_t holes[HOLES];
unsigned preempts_allowed;

void must(int rc, const char *what)
{
    if (rc)
        explore_fail(w.e, "%s answers %d: %s", what, rc,
                     w.d ? xmem_domain_last_error(w.d) : xmem_last_error(w.x));
}

bool done(int rc, const char *what)
{
    if (!rc || !w.failed)
        must(rc, what);
    else
        explore_say(w.e, "  %s fails: %d", what, rc);
    return !rc;
}

static void make_program(uint32_t vcpu)
{
    struct sim_op op[OPS_MAX];
    unsigned n = op_count(w.sc, vcpu);
    memcpy(op, w.sc->op[vcpu], sizeof(op));
    for (unsigned i = 0; i < n; i++)
        op[i].flags |= w.cfg->flags;
    if (n && xmi_sim_vcpu_script(w.sim, vcpu, op, n, 1))
        abort();
}

static void make_machine(void)
{
    struct sim_machine_cfg mc = {
        .seed = 1, .xen_minor = w.cfg->minor, .max_views = w.cfg->max_views};
    struct sim_domain_cfg dc = {.domid = 1,
                                .kind = w.cfg->kind,
                                .vcpus = VCPUS,
                                .pages = 64,
                                .altp2m = w.cfg->views,
                                .holds = w.cfg->holds,
                                .look = 1,
                                .name = "explored"};
    if (xmi_sim_machine_create(&mc, &w.m) || xmi_sim_domain_create(w.m, &dc, &w.sim) ||
        xmi_open_machine(w.m, &w.x))
        abort();
    xmi_sim_domain_schedule(w.sim, ops_schedule, NULL);
    for (uint32_t v = 0; v < VCPUS; v++)
        make_program(v);
}

/* What is fetched from the guest's own pages is code there. */
static void write_code(const struct sim_op *op)
{
    uint8_t byte[SIM_X86_BYTES];
    uint64_t at = op->code == SIM_OP_EXEC ? op->addr : op->fetch;
    bool fetched = op->code == SIM_OP_EXEC || (op->flags & SIM_OP_F_FETCH);
    size_t n = fetched ? xmi_sim_x86_encode(op, byte) : 0;
    void *page;
    for (size_t i = 0; i < n; i++) {
        if (xmi_sim_map_gfn(w.sim, (at + i) >> 12, &page))
            abort();
        ((uint8_t *)page)[(at + i) & 0xfff] = byte[i];
        ((uint8_t *)w.ref.memory)[at + i - ((uint64_t)GFN << 12)] = byte[i];
    }
}

static void write_codes(void)
{
    bool hvm = w.cfg->kind == SIM_X86_EPT || w.cfg->kind == SIM_X86_NPT;
    for (unsigned v = 0; v < VCPUS && hvm; v++)
        for (unsigned i = 0; i < op_count(w.sc, v); i++)
            write_code(&w.sc->op[v][i]);
}

static void set_rights(unsigned v, unsigned p, uint8_t rights)
{
    must(xmem_domain_set_rights(w.d, v == OWN ? w.own : 0, GFN + p, (enum xmem_rights)rights),
         "xmem_domain_set_rights");
}

static void begin_views(void)
{
    if (w.sc->own_view)
        must(xmem_view_create(w.d, NULL, &w.own), "xmem_view_create");
    for (unsigned v = 0; v < (w.sc->own_view ? VIEWS : 1); v++)
        for (unsigned p = 0; p < PAGES; p++)
            if (w.sc->rights[v][p] || v == OWN)
                set_rights(v, p, w.sc->rights[v][p] ? w.sc->rights[v][p] : XMEM_RWX);
    if (w.sc->start_view)
        must(xmem_view_switch(w.d, w.own), "xmem_view_switch");
}

/* The caller's single steps are told only where it monitors them. */
static void begin_monitors(void)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_SINGLESTEP};
    for (unsigned p = 0; p < PAGES; p++)
        if (w.sc->decide[p] == TOGGLE) {
            must(xmem_domain_set_monitor(w.d, &m, 1), "xmem_domain_set_monitor");
            return;
        }
}

void world_begin(struct explore *e)
{
    const struct scenario *sc = w.sc;
    const struct config *cfg = w.cfg;
    struct xmem_domain_opts opts = {.size = sizeof(opts), .step_means = cfg->means};
    w = (struct world){
        .e = e, .sc = sc, .cfg = cfg, .next_vcpu = SIM_NOBODY, .preempts = preempts_allowed};
    make_machine();
    w.letting_run = false;
    must(xmem_domain_open(w.x, 1, &opts, &w.d), "xmem_domain_open");
    must(xmem_domain_enable(w.d), "xmem_domain_enable");
    begin_views();
    begin_monitors();
    ref_begin();
    write_codes();
    if (sc->copied)
        copies_begin();
    ops_wrap(w.d);
    xmi_sim_inject_by(w.sim, ops_fail, NULL);
    w.failures = sc->failures;
}

/* ---- the end ---- */

static void judge_report(void)
{
    struct sim_report r;
    xmi_sim_report(w.m, NULL, &r);
    if (w.cfg->kind == SIM_ARM_S2 ||
        w.cfg->kind == SIM_ARMV8R_MPU) { /* all of it is forbidden there */
        r.unseen = r.forbidden;
        r.forbidden = 0;
    }
    if (!r.forbidden != !w.passed[HOLE_EMULATED]) /* it counts parts, not pages */
        explore_fail(w.e, "the machine counts %u forbidden accesses", (unsigned)r.forbidden);
    /* An event that closing left without an answer was told all the same. */
    unsigned passed = w.passed[HOLE_OTHER] + w.passed[HOLE_LATER] + w.passed[HOLE_FAILED];
    if (w.sc->copied && (w.cfg->others_pass || w.cfg->later_pass || w.sc->failures))
        r.unseen = passed; /* writes that only the library wants to see, and looks for */
    if (r.unseen > passed || (r.unseen < passed && !w.closed))
        explore_fail(w.e, "the machine counts %u unseen accesses", (unsigned)r.unseen);
    if (r.unanswered || r.double_answers || r.leaked_slots)
        explore_fail(w.e, "after close: unanswered %u, answered twice %u, slots lost %u",
                     (unsigned)r.unanswered, (unsigned)r.double_answers, (unsigned)r.leaked_slots);
    if (r.leftover_rights || r.leftover_views || r.leftover_pauses || r.leftover_monitors)
        explore_fail(w.e, "left after close: rights %u, views %u, pauses %u, monitors %u",
                     (unsigned)r.leftover_rights, (unsigned)r.leftover_views,
                     (unsigned)r.leftover_pauses, (unsigned)r.leftover_monitors);
}

void world_close(void)
{
    struct xmem_domain *d = w.d;
    w.letting_run = true;
    w.held_n = 0;
    w.d = NULL;
    if (done(xmem_domain_close(d), "xmem_domain_close"))
        return;
    must(xmem_domain_open(w.x, 1, NULL, &d), "xmem_domain_open after a close that failed");
    if (!explore_failed(w.e))
        must(xmem_domain_close(d), "the next session's xmem_domain_close");
}

static void judge(void)
{
    unsigned failures = w.failures;
    w.failures = 0;
    if (w.d)
        ref_judge();
    else if (w.sc->copied)
        ref_judge_memory();
    w.failures = failures;
}

void world_end(bool whole)
{
    if (whole)
        judge();
    else
        w.failures = 0;
    w.failed = false;
    w.ref.free |= !whole;
    if (w.d && whole)
        world_close();
    w.letting_run = true;
    if (w.d)
        (void)xmem_domain_close(w.d);
    w.d = NULL;
    w.failures = 0;
    if (whole)
        judge_report();
    xmem_close(w.x);
    xmi_sim_machine_destroy(w.m);
}

/* ---- states ---- */

static uint64_t mix_bytes(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;
    uint64_t v;
    for (; n >= 8; n -= 8, b += 8) {
        memcpy(&v, b, 8);
        h = explore_mix(h, v);
    }
    v = 0;
    memcpy(&v, b, n);
    return explore_mix(h, v);
}

static uint64_t hash_table(uint64_t h, struct xm_p2m *t, unsigned view)
{
    for (unsigned p = 0; p < PAGES; p++) {
        struct xm_p2m_entry e = view == 0 ? xm_p2m_get(&w.sim->core, 0, xm_gfn(GFN + p))
                                          : xm_table_get(&w.sim->core, t, xm_gfn(GFN + p));
        h = explore_mix(h, e.mfn.n << 8 | e.access);
    }
    return h;
}

static uint64_t hash_tables(uint64_t h)
{
    struct xm_domain *c = &w.sim->core;
    h = hash_table(h, NULL, 0);
    for (unsigned i = 1; w.cfg->views && i < c->max_views; i++)
        if (xm_view_find(c, i))
            h = hash_table(explore_mix(h, i), xm_view_table(c, i), i);
    return c->views_active ? hash_table(h, &c->copy, VIEWS) : h;
}

static uint64_t hash_tlb(uint64_t h, const struct sim_vcpu *v)
{
    for (unsigned p = 0; p < PAGES; p++) {
        const struct tlb_entry *e = tlb_at(&v->tlb, GFN + p);
        for (unsigned i = 0; i < w.sim->core.max_views; i++)
            h = explore_mix(h, e->gfn == GFN + p && e->epoch == w.sim->epoch[i] ? e->page & 7 : 9);
    }
    return h;
}

static uint64_t hash_vcpu(uint64_t h, const struct sim_vcpu *v)
{
    const struct xm_vcpu *c = v->core;
    const bool flags[] = {v->waiting,   v->in_op,   v->moved,       v->step_due,
                          c->has_reply, c->blocked, c->single_step, c->fast_step};
    const uint64_t numbers[] = {v->done, v->pauses,    v->holds,
                                c->view, c->fast_view, c->event_pause};
    unsigned bits = 0;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        bits |= flags[i] ? 1u << i : 0u;
    h = explore_mix(h, bits);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        h = explore_mix(h, numbers[i]);
    if (c->has_reply)
        h = explore_mix(h, c->reply.flags);
    return hash_tlb(explore_mix(h, v->pc), v);
}

static uint64_t hash_pv_answers(uint64_t h, const struct xm_pv_vcpu *v)
{
    const struct xm_pv_armed *a = &v->armed;
    h = explore_mix(h, a->ip << 8 | a->n << 2 | (a->step ? 2u : 0u) | (v->told ? 1u : 0u));
    for (uint32_t i = 0; i < a->n; i++) {
        h = explore_mix(h, a->frame[i].exact << 8 | a->frame[i].what);
        h = explore_mix(h, a->frame[i].mfn << 32 | a->frame[i].stamp);
    }
    return v->told ? explore_mix(h, v->told_ask.mfn << 8 | v->told_ask.what) : h;
}

static uint64_t hash_pv_step(uint64_t h, const struct xm_pv_step *s)
{
    if (!s->open)
        return explore_mix(h, VCPUS);
    for (uint32_t i = 0; i < s->n; i++)
        h = explore_mix(h, s->frame[i].mfn << 8 | s->frame[i].bits);
    return explore_mix(h, s->vcpu);
}

static uint64_t hash_mpu_step(uint64_t h, const struct xm_mpu_step *s)
{
    h = explore_mix(h,
                    s->pc << 8 | (uint64_t)s->n << 2 | (s->open ? 2u : 0u) | (s->tried ? 1u : 0u));
    for (unsigned i = 0; i < s->n; i++)
        h = explore_mix(h, s->page[i].gfn << 16 | (uint64_t)s->page[i].told << 8 | s->page[i].free);
    return explore_mix(explore_mix(h, s->asked_pc), s->asked_gfn << 8 | s->asked);
}

/* What the hypervisor knows of answers, and of the step that is under way by them. */
static uint64_t hash_step(uint64_t h)
{
    for (unsigned i = 0; i < VCPUS; i++) {
        const struct sim_vcpu *v = &w.sim->vcpu[i];
        h = v->pv ? hash_pv_answers(h, v->pv) : h;
        h = v->mpu_step ? hash_mpu_step(h, v->mpu_step) : h;
    }
    return w.sim->pv ? hash_pv_step(h, &xm_pv_of(&w.sim->core)->step) : h;
}

/* A loop around an exclusive, as the vCPU has it, and as the library does. */
static uint64_t hash_exclusive(uint64_t h, unsigned vcpu)
{
    const struct sim_arm *a = &w.sim->vcpu[vcpu].arm;
    h = mix_bytes(explore_mix(h, a->monitor ? a->watched + 1 : 0), a->x, 4 * sizeof(a->x[0]));
    if (!w.d || !steps_of(w.d)->arm)
        return h;
    const struct arm_vcpu *v = &steps_of(w.d)->arm->vcpu[vcpu];
    unsigned flags = (v->going ? 1u : 0u) | (v->looping ? 2u : 0u) | (v->wrote ? 4u : 0u);
    h = mix_bytes(explore_mix(h, flags), &v->now, sizeof(v->now));
    h = explore_mix(h, v->monitor.bytes ? v->monitor.value[0] + 1u : 0u);
    return explore_mix(h, (uint64_t)v->gone << 32 | v->told << 16 | v->left_n);
}

/* Requests that were not taken, answers that were not looked at. */
static uint64_t hash_ring(uint64_t h)
{
    const struct xm_ring_page *p = xmi_sim_ring_page(w.sim);
    h = explore_mix(h, (uint64_t)w.sim->core.ring.outstanding << 32 | p->rsp_prod);
    for (uint32_t i = ring_of(w.d)->req_cons; i != p->req_prod; i++) {
        const struct xm_ev *ev = &p->slot[i & (XM_RING_SLOTS - 1)];
        h = explore_mix(h, ev->vcpu_id << 16 | ev->reason << 8 | ev->altp2m_idx);
        h = explore_mix(h, ev->u.mem_access.gfn << 8 | ev->u.mem_access.flags);
    }
    return h;
}

static uint64_t hash_tool(uint64_t h)
{
    for (unsigned i = 0; i < w.held_n; i++)
        h = explore_mix(h, w.held[i]->seq);
    unsigned flags = (w.changed ? 4u : 0u) | (w.unsent ? 2u : 0u) | (w.quiet ? 1u : 0u) |
                     (w.sim->evtchn.pending ? 8u : 0u) | (w.sim->evtchn.soon ? 16u : 0u);
    h = explore_mix(h, w.failures << 1 | w.owed);
    return explore_mix(h, (uint64_t)w.events << 32 | w.change_at << 24 | w.preempts << 16 |
                              w.held_n << 8 | flags);
}

uint64_t world_hash(void)
{
    uint64_t h = mix_bytes(w.chain, &w.ref, sizeof(w.ref));
    h = hash_tables(hash_tool(h));
    for (unsigned v = 0; v < VCPUS; v++) {
        h = hash_vcpu(h, &w.sim->vcpu[v]);
        if (w.sc->exclusives)
            h = hash_exclusive(h, v);
    }
    h = explore_mix(h, w.sim->pauses);
    if (w.cfg->means == XMEM_STEP_HYPERVISOR)
        h = hash_step(h);
    if (w.sc->copied)
        h = copies_hash(h);
    return w.d ? hash_ring(h) : h;
}
