/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adding 1 by load- and store-exclusive, instruction by instruction: a listener may meet it at any,
 * and may leave it at any. An event takes the monitor away, as each return from an exception does.
 */
#include "sim-int.h"

enum { AT_LOAD, AT_ADD, AT_STORE, AT_BRANCH };

static unsigned where(const struct sim_vcpu *v)
{
    return (unsigned)((v->pc - v->arm.begin) / A64_BYTES);
}

bool sim_excl_ends(const struct sim_vcpu *v)
{
    return where(v) == AT_BRANCH && (uint32_t)v->arm.x[A64_MORE] == 0;
}

/* False: an event is told. */
static bool reach(struct sim_domain *d, struct sim_vcpu *v, struct sim_access *a, uint8_t what,
                  const struct sim_op *op)
{
    sim_access_make(a, what, op->addr, op->len);
    if (sim_access_find(d, v, a) != TR_OK) {
        v->arm.monitor = false;
        return false;
    }
    if (unlikely(d->watched))
        sim_check_access(d, v, a, false);
    return true;
}

static bool load(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct sim_access a;

    if (!reach(d, v, &a, XM_DO_R, op))
        return false;
    v->arm.watched = v->arm.x[A64_OLD] = v->result = sim_access_load(&a);
    v->arm.monitor = true;
    return true;
}

/* Without its monitor it fails, and touches nothing. */
static bool store(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    const struct sim_op write = {
        .code = SIM_OP_WRITE, .len = op->len, .value = v->arm.x[A64_NEW]};
    struct sim_insn in = {.n = 1};

    if (v->arm.monitor && !reach(d, v, &in.a[0], XM_DO_W, op))
        return false;
    if (v->arm.monitor)
        v->arm.monitor = sim_access_load(&in.a[0]) == v->arm.watched;
    v->arm.x[A64_MORE] = v->arm.monitor ? 0 : 1;
    if (v->arm.monitor)
        sim_insn_do(v, &write, &in, NULL);
    v->arm.monitor = false;
    return true;
}

bool sim_excl_step(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    bool done = true;

    sim_arm_show(v);
    switch (where(v)) {
    case AT_LOAD:
        done = load(d, v, op);
        break;
    case AT_ADD:
        v->arm.x[A64_NEW] = v->arm.x[A64_OLD] + 1;
        break;
    case AT_STORE:
        done = store(d, v, op);
        break;
    default:
        v->pc = v->arm.begin;
        return true;
    }
    if (done)
        v->pc += A64_BYTES;
    return done;
}
