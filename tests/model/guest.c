/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest accesses and views, on the session and on the reference. */
#include "model.h"

#include <errno.h>
#include <string.h>

static const struct {
    uint8_t op;
    uint32_t bits;
} kinds_of_access[] = {{SIM_OP_READ, 1}, {SIM_OP_WRITE, 2}, {SIM_OP_EXEC, 4}, {SIM_OP_RMW, 3}};

/* Runs the guest until the op is done; every event must be on the gfn and is stepped over. */
static unsigned finish(struct model *m, uint32_t vcpu, uint64_t before, uint64_t gfn)
{
    unsigned seen = 0;
    struct sim_vcpu_info info;
    for (unsigned turns = 0; turns < 1000 && !m->failed; turns++) {
        const struct xmem_event *ev;
        int rc = xmem_event_next(m->d, &ev);
        if (rc == 0) {
            seen++;
            m->events++;
            if (ev->reason != XMEM_EVENT_MEM_ACCESS || ev->u.mem.gfn != gfn || ev->vcpu != vcpu)
                model_fail(m, "event of reason %u gfn %#jx vcpu %u", ev->reason,
                           (uintmax_t)ev->u.mem.gfn, ev->vcpu);
            if (xmem_event_step_over(m->d, ev))
                model_fail(m, "step over");
        } else if (rc != -EAGAIN) {
            model_fail(m, "next answered %d", rc);
        }
        xmi_sim_vcpu_info(m->sim, vcpu, &info);
        if (rc == -EAGAIN && info.done != before)
            return seen;
    }
    model_fail(m, "vcpu %u never finished", vcpu);
    return seen;
}

static uint8_t rights_for(const struct model *m, unsigned i)
{
    uint8_t r = m->rights[m->vcpu_view][i];
    return r == MODEL_UNSET ? XMEM_RWX : r;
}

static void check_value(struct model *m, uint32_t vcpu, unsigned k, unsigned shown, uint64_t value)
{
    struct sim_vcpu_info info;
    xmi_sim_vcpu_info(m->sim, vcpu, &info);
    if (kinds_of_access[k].bits & 2)
        m->value[shown] = value;
    else if (kinds_of_access[k].op == SIM_OP_READ && info.result != m->value[shown])
        model_fail(m, "read %#jx, the model has %#jx", (uintmax_t)info.result,
                   (uintmax_t)m->value[shown]);
}

void model_access(struct model *m)
{
    unsigned i = model_below(m, MODEL_GFNS), k = model_below(m, 4);
    uint32_t vcpu = model_below(m, MODEL_VCPUS);
    uint64_t gfn = MODEL_FIRST + i, value = m->step * 3 + 1;
    struct sim_op op = {.code = kinds_of_access[k].op, .addr = gfn << 12, .value = value};
    struct sim_vcpu_info info;
    xmi_sim_vcpu_info(m->sim, vcpu, &info);
    if (m->rights[m->vcpu_view][i] == MODEL_UNSET)
        return;
    if (xmi_sim_vcpu_script(m->sim, vcpu, &op, 1, 1)) {
        model_fail(m, "script");
        return;
    }
    unsigned seen = finish(m, vcpu, info.done, gfn);
    /* Of a read-modify-write a page fault tells the write alone. */
    uint32_t bits = m->kind == SIM_X86_PV && kinds_of_access[k].bits == 3 ? 2
                                                                          : kinds_of_access[k].bits;
    bool allowed = (bits & ~(uint32_t)rights_for(m, i) & 7u) == 0;
    if (allowed != (seen == 0))
        model_fail(m, "access %u on %s in view %u: %u events", kinds_of_access[k].bits,
                   xmem_rights_name((enum xmem_rights)rights_for(m, i)), m->vcpu_view, seen);
    check_value(m, vcpu, k, m->remap[m->vcpu_view][i], value);
    m->accesses++;
}

static void destroy_view(struct model *m, uint16_t v)
{
    int rc = xmem_view_destroy(m->d, v), want = m->vcpu_view == v ? -EBUSY : 0;
    if (rc != want)
        model_fail(m, "destroy %u answered %d", v, rc);
    if (!rc)
        m->view_there[v] = false;
}

static void create_view(struct model *m)
{
    uint16_t v = 0;
    int rc = xmem_view_create(m->d, NULL, &v);
    if (rc == -ENOSPC)
        return; /* the library may keep one for itself */
    if (rc || v == 0 || v >= MODEL_VIEWS || m->view_there[v]) {
        model_fail(m, "create answered %d, view %u", rc, v);
        return;
    }
    m->view_there[v] = true;
    m->views_made++;
    /* until it is told, a view follows the host in a way that differs by release */
    memset(m->rights[v], MODEL_UNSET, MODEL_GFNS);
    for (unsigned i = 0; i < MODEL_GFNS; i++)
        m->remap[v][i] = (uint16_t)i;
}

void model_view(struct model *m)
{
    if (m->caps.max_views == 1 || model_below(m, 4))
        return;
    uint16_t v = (uint16_t)(1 + model_below(m, MODEL_VIEWS - 1));
    if (m->view_there[v])
        destroy_view(m, v);
    else
        create_view(m);
}

void model_switch(struct model *m)
{
    uint16_t v = (uint16_t)model_below(m, MODEL_VIEWS);
    if (m->caps.max_views == 1)
        return;
    int rc = xmem_view_switch(m->d, v);
    if (m->view_there[v] ? rc != 0 : rc != -ENOENT)
        model_fail(m, "switch to %u answered %d", v, rc);
    if (!rc)
        m->vcpu_view = v;
}

static bool leads_back(const struct model *m, uint16_t v, unsigned i, unsigned to)
{
    if (to == i)
        return false;
    while (to != i && m->remap[v][to] != to)
        to = m->remap[v][to];
    return to == i;
}

/* A gfn shows another's frame in a view; setting rights in the view afterwards keeps it so. */
void model_host_remap(struct model *m)
{
    uint16_t v = (uint16_t)(1 + model_below(m, MODEL_VIEWS - 1));
    if (m->caps.max_views == 1 || !m->view_there[v])
        return;
    unsigned i = model_below(m, MODEL_GFNS), to = model_below(m, MODEL_GFNS);
    bool undo = model_below(m, 2);
    int rc = xmem_view_change_gfn(m->d, v, MODEL_FIRST + i,
                                  undo ? XMEM_GFN_UNDO : MODEL_FIRST + to);
    if (!undo && leads_back(m, v, i, to) && rc == -EINVAL)
        return;
    if (rc)
        model_fail(m, "change_gfn view %u answered %d", v, rc);
    m->remap[v][i] = (uint16_t)(undo ? i : to);
    rc = xmem_domain_set_rights(m->d, v, MODEL_FIRST + i, XMEM_R);
    if (rc)
        model_fail(m, "set after change_gfn answered %d", rc);
    m->rights[v][i] = XMEM_R;
}
