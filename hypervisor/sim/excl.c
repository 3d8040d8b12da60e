/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adding 1 by load- and store-exclusive, instruction by instruction: a listener may meet it at any,
 * and may leave it at any. An event takes the monitor away, as each return from an exception does.
 */
#include "sim-int.h"

static unsigned where(const struct sim_vcpu *v, const struct sim_op *op)
{
    uint8_t step[A64_MOST];
    uint64_t at = (v->pc - v->arm.begin) / A64_BYTES;

    return at < xmi_sim_a64_excl(op, step) ? step[at] : EXCL_BRANCH;
}

bool xmi_sim_excl_ends(const struct sim_vcpu *v, const struct sim_op *op)
{
    return where(v, op) == EXCL_BRANCH && (uint32_t)v->arm.x[A64_MORE] == 0;
}

/* False: an event is told. */
static bool reach(struct sim_domain *d, struct sim_vcpu *v, struct sim_access *a, uint8_t what,
                  uint64_t addr, uint32_t len)
{
    xmi_sim_access_make(a, what, addr, len);
    if (xmi_sim_access_find(d, v, a) != TR_OK) {
        v->arm.monitor = false;
        return false;
    }
    if (unlikely(d->watched))
        xmi_sim_check_access(d, v, a, false);
    return true;
}

static bool load(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct sim_access a;

    if (!reach(d, v, &a, XM_DO_R, op->addr, op->len))
        return false;
    v->arm.watched = v->arm.x[A64_OLD] = v->result = xmi_sim_access_load(&a);
    v->arm.monitor = true;
    return true;
}

/* Without its monitor it fails, and touches nothing. */
static bool store(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    const struct sim_op write = {.code = SIM_OP_WRITE, .len = op->len, .value = v->arm.x[A64_NEW]};
    struct sim_insn in = {.n = 1};

    if (v->arm.monitor && !reach(d, v, &in.a[0], XM_DO_W, op->addr, op->len))
        return false;
    if (v->arm.monitor)
        v->arm.monitor = xmi_sim_access_load(&in.a[0]) == v->arm.watched;
    v->arm.x[A64_MORE] = v->arm.monitor ? 0 : 1;
    if (v->arm.monitor)
        xmi_sim_insn_do(v, &write, &in, NULL);
    v->arm.monitor = false;
    return true;
}

static bool load_further(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct sim_access a;

    if (!reach(d, v, &a, XM_DO_R, op->to, 8))
        return false;
    v->arm.x[A64_GOT] = xmi_sim_access_load(&a);
    return true;
}

static bool fetch(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct sim_access a;

    return (op->flags & SIM_OP_F_FETCH) == 0 || reach(d, v, &a, XM_DO_X, v->pc, A64_BYTES);
}

bool xmi_sim_excl_end(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    if (!fetch(d, v, op))
        return false;
    d->accesses++;
    return true;
}

/* True: it goes back to the first. */
static bool goes_back(const struct sim_vcpu *v, unsigned at)
{
    return at == EXCL_BRANCH || (at == EXCL_WAIT && v->arm.x[A64_OLD] != 0);
}

static bool do_step(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op, unsigned at)
{
    switch (at) {
    case EXCL_LOAD: return load(d, v, op);
    case EXCL_FURTHER: return load_further(d, v, op);
    case EXCL_ADD: v->arm.x[A64_NEW] = v->arm.x[A64_OLD] + 1; return true;
    case EXCL_STORE: return store(d, v, op);
    default: return true;
    }
}

bool xmi_sim_excl_step(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    unsigned at = where(v, op);

    xmi_sim_arm_show(v);
    if (!fetch(d, v, op) || !do_step(d, v, op, at))
        return false;
    if (goes_back(v, at))
        v->pc = v->arm.begin;
    else
        v->pc += A64_BYTES;
    return true;
}
