/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* armv8r-mpu: an instruction that was answered with STEP, on the core of its vCPU alone. */
#include "sim-int.h"

static enum xm_mpu_insn insn_at(void *ctx, uint64_t pc)
{
    struct sim_vcpu *v = ctx;
    uint32_t word[A64_MOST];
    struct sim_op op;
    uint64_t at = (pc - v->arm.begin) / A64_BYTES;
    unsigned n;

    xmi_sim_program_peek(&v->prog, &op);
    n = xmi_sim_a64_encode(&op, word);
    return xm_mpu_step_insn(XM_MPU_A64, word, at < n ? (unsigned)at + 1 : n);
}

bool xmi_sim_mpu_step_begin(struct sim_domain *d, struct sim_vcpu *v, struct xm_mpu *m)
{
    return xm_mpu_step_enter(&d->core, m, v->id, v->pc, insn_at, v) != XM_MPU_STEP_STOPPED;
}

/* The way back to the guest takes the exclusive monitor away. */
void xmi_sim_mpu_step_end(struct sim_domain *d, struct sim_vcpu *v, struct xm_mpu *m, bool done)
{
    if (!v->mpu_step->open)
        return;
    v->arm.monitor = false;
    xm_mpu_step_leave(&d->core, m, v->id, done);
}

/* The watchpoints that go with an open page. */
bool xmi_sim_mpu_step_watches(const struct sim_domain *d, const struct sim_vcpu *v, uint64_t gfn,
                              unsigned what)
{
    const struct xm_mpu_step *s = v->mpu_step;

    for (unsigned i = 0; s->open && (what & XM_DO_R) != 0 && i < s->n; i++) {
        if (s->page[i].gfn == gfn)
            return xm_mpu_step_watch(s, xm_mpu_of(&d->core), i);
    }
    return false;
}

/* What passes while something is open was allowed, or told: by the machine's own memory of it. */
void xmi_sim_mpu_step_check(struct sim_domain *d, struct sim_vcpu *v,
                            const struct xm_access_req *req, const struct part *p)
{
    const struct sim_access a = {
        .what = req->what, .walk = req->kind == XM_ACC_IN_GPT, .len = p->len, .n = 1, .p = {*p}};

    xmi_sim_check_access(d, v, &a, true);
}
