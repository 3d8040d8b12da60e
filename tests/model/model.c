/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random operations on a session and on a flat reference model, compared step by step.
 *   model [SEED [OPERATIONS]]
 */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- operations that change or ask for rights, on the session and on the reference ---- */

static uint32_t mask_of(const struct model *m, uint16_t view)
{
    return view ? m->caps.view_rights : m->caps.rights;
}

static enum xmem_rights pick_rights(struct model *m, uint16_t view)
{
    /* rx2rw and n2rwx change by themselves; accesses in the model know the plain ones */
    for (;;) {
        enum xmem_rights r = (enum xmem_rights)(XMEM_N + model_below(m, 8));
        if (mask_of(m, view) & XMEM_RIGHTS_BIT(r))
            return r;
    }
}

static uint16_t pick_view(struct model *m)
{
    uint16_t v = (uint16_t)model_below(m, MODEL_VIEWS);
    return m->view_there[v] && model_below(m, 2) ? v : 0;
}

static void note_set(struct model *m, uint16_t v, unsigned i, enum xmem_rights r)
{
    m->rights[v][i] = r == XMEM_DEFAULT ? m->default_rights : (uint8_t)r;
    m->sets++;
}

void model_set_one(struct model *m)
{
    uint16_t v = pick_view(m);
    unsigned i = model_below(m, MODEL_GFNS);
    enum xmem_rights r = !v && !model_below(m, 16) ? XMEM_DEFAULT : pick_rights(m, v);
    int rc = xmem_domain_set_rights(m->d, v, MODEL_FIRST + i, r);
    if (rc)
        model_fail(m, "set view %u index %u answered %d", v, i, rc);
    note_set(m, v, i, r);
}

void model_set_range(struct model *m)
{
    uint16_t v = pick_view(m);
    unsigned i = model_below(m, MODEL_GFNS), n = 1 + model_below(m, MODEL_GFNS - i);
    enum xmem_rights r = pick_rights(m, v);
    int rc = xmem_domain_set_rights_range(m->d, v, MODEL_FIRST + i, n, r);
    if (rc)
        model_fail(m, "range view %u index %u+%u answered %d", v, i, n, rc);
    for (unsigned k = i; k < i + n; k++)
        note_set(m, v, k, r);
}

void model_set_many(struct model *m)
{
    uint64_t gfns[64];
    uint8_t rights[64];
    unsigned n = 1 + model_below(m, 64);
    uint16_t v = pick_view(m);
    for (unsigned k = 0; k < n; k++) {
        unsigned i = model_below(m, MODEL_GFNS);
        gfns[k] = MODEL_FIRST + i;
        rights[k] = (uint8_t)pick_rights(m, v);
        note_set(m, v, i, (enum xmem_rights)rights[k]);
    }
    int rc = xmem_domain_set_rights_many(m->d, v, gfns, rights, n);
    if (rc)
        model_fail(m, "many view %u n %u answered %d", v, n, rc);
}

static int fill_batch(struct model *m, struct xmem_batch *b, uint8_t after[][MODEL_GFNS])
{
    unsigned n = 1 + model_below(m, 12);
    int rc = 0;
    for (unsigned k = 0; k < n && !rc; k++) {
        uint16_t v = pick_view(m);
        unsigned i = model_below(m, MODEL_GFNS);
        unsigned len = model_below(m, 3) ? 1 : 1 + model_below(m, MODEL_GFNS - i);
        enum xmem_rights r = pick_rights(m, v);
        rc = xmem_batch_add(b, v, MODEL_FIRST + i, len, r);
        memset(&after[v][i], (int)r, len);
    }
    return rc;
}

static int apply_batch(struct model *m, struct xmem_batch *b, bool *kept)
{
    int rc;
    *kept = true;
    switch (model_below(m, 4)) {
    case 0: /* in portions, to the end */
        while ((rc = xmem_batch_apply_some(b, 1 + model_below(m, 64), NULL)) == 1)
            ;
        return rc;
    case 1: /* in portions, and back */
        *kept = false;
        rc = xmem_batch_apply_some(b, 1 + model_below(m, 64), NULL);
        if (rc == 0)
            *kept = true;
        return rc == 1 ? xmem_batch_revert(b) : rc;
    default: return xmem_batch_apply(b, NULL);
    }
}

void model_batch(struct model *m)
{
    static uint8_t after[MODEL_VIEWS][MODEL_GFNS];
    struct xmem_batch *b = NULL;
    bool kept = false;
    memcpy(after, m->rights, sizeof(after));
    int rc = xmem_batch_new(m->d, &b);
    if (!rc)
        rc = fill_batch(m, b, after);
    if (!rc)
        rc = apply_batch(m, b, &kept);
    if (rc)
        model_fail(m, "batch answered %d", rc);
    if (kept)
        memcpy(m->rights, after, sizeof(after));
    m->sets++;
    xmem_batch_free(b);
}

void model_get(struct model *m)
{
    enum xmem_rights got;
    uint16_t v = pick_view(m);
    unsigned i = model_below(m, MODEL_GFNS);
    if (m->rights[v][i] == MODEL_UNSET)
        return;
    int rc = xmem_domain_get_rights(m->d, v, MODEL_FIRST + i, &got);
    if (rc || got != m->rights[v][i])
        model_fail(m, "get view %u index %u: %d", v, i, rc);
}

/* The n-th hypercall of a change fails: nothing may have changed. */
void model_failing(struct model *m)
{
    uint16_t v = pick_view(m);
    unsigned i = model_below(m, MODEL_GFNS), n = 1 + model_below(m, MODEL_GFNS - i);
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    static uint8_t after[MODEL_VIEWS][MODEL_GFNS];
    memcpy(after, m->rights, sizeof(after));
    int rc = xmem_batch_new(m->d, &b);
    for (unsigned k = i; !rc && k < i + n; k += 1 + model_below(m, 4)) {
        enum xmem_rights r = pick_rights(m, v);
        rc = xmem_batch_add(b, v, MODEL_FIRST + k, 1, r);
        after[v][k] = (uint8_t)r;
    }
    xmi_sim_inject_errno(m->sim, 1 + model_below(m, 6), 0, ENOMEM);
    rc = rc ? rc : xmem_batch_apply(b, &res);
    xmi_sim_inject_errno(m->sim, 0, 0, 0);
    if (rc == 0)
        memcpy(m->rights, after, sizeof(after));
    else if (rc != -ENOMEM && rc != -EIO)
        model_fail(m, "failing batch answered %d", rc);
    model_compare(m);
    xmem_batch_free(b);
}

void model_default(struct model *m)
{
    if (model_below(m, 8))
        return;
    enum xmem_rights r = pick_rights(m, 0);
    int rc = xmem_domain_set_default(m->d, r);
    if (rc)
        model_fail(m, "default answered %d", rc);
    if (m->caps.flags & XMEM_CAP_DEFAULT_ALL)
        memset(m->rights[0], (int)r, MODEL_GFNS);
    m->default_rights = (uint8_t)r;
}

/* ---- the run ---- */

#define DEFAULT_OPERATIONS 120000u
#define CHECK_EVERY 64u

static const struct {
    const char *name;
    enum sim_kind kind;
    uint32_t share; /* of the operations, in eighths */
} kinds[] = {{"x86-ept", SIM_X86_EPT, 6},
             {"arm-s2", SIM_ARM_S2, 2},
             {"x86-pv", SIM_X86_PV, 2},
             {"armv8r-mpu", SIM_ARMV8R_MPU, 2},
             {"x86-npt", SIM_X86_NPT, 2}};

static void act(struct model *m)
{
    static void (*const ops[])(struct model *) = {
        model_set_one, model_set_range, model_set_many, model_batch,      model_get,
        model_access,  model_access,    model_access,   model_view,       model_switch,
        model_default, model_failing,   model_session,  model_host_remap,
    };
    ops[model_below(m, sizeof(ops) / sizeof(*ops))](m);
}

static int run(size_t k, uint64_t seed, uint64_t operations)
{
    struct model m;
    model_open(&m, kinds[k].kind, seed);
    for (m.step = 0; m.step < operations && !m.failed; m.step++) {
        act(&m);
        if (m.step % CHECK_EVERY == 0)
            model_compare(&m);
    }
    model_compare(&m);
    model_close(&m);
    printf(
        "%s: model %s: seed %ju, %ju operations (%ju sets, %ju accesses, %ju events, %ju views)\n",
        m.failed ? "FAIL" : "ok", kinds[k].name, (uintmax_t)seed, (uintmax_t)m.step,
        (uintmax_t)m.sets, (uintmax_t)m.accesses, (uintmax_t)m.events, (uintmax_t)m.views_made);
    return m.failed;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260101;
    uint64_t operations = argc > 2 ? strtoull(argv[2], NULL, 0) : DEFAULT_OPERATIONS;
    int failed = 0;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
        failed |= run(k, seed + k, operations * kinds[k].share / 6);
    return failed;
}
