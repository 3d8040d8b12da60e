/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights and views of the simulated machine, as the hypercalls that Xen's would be. */
#include "backend/sim/backend-sim-int.h"

#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xm/abi.h>
#include <xm/base.h>
#include <xm/rights.h>

/* xm_hc_mem_access takes a 32-bit count. */
#define FEW 64u /* gfns that need no memory to be set */
#define RANGE_MAX UINT32_C(0x80000000)

/* Every right of ours and the core's for it. */
static const struct {
    uint8_t ours;
    enum xm_access core;
} rights_map[] = {
    {XMEM_N, XM_ACCESS_N},         {XMEM_R, XM_ACCESS_R},       {XMEM_W, XM_ACCESS_W},
    {XMEM_RW, XM_ACCESS_RW},       {XMEM_X, XM_ACCESS_X},       {XMEM_RX, XM_ACCESS_RX},
    {XMEM_WX, XM_ACCESS_WX},       {XMEM_RWX, XM_ACCESS_RWX},   {XMEM_RX2RW, XM_ACCESS_RX2RW},
    {XMEM_N2RWX, XM_ACCESS_N2RWX}, {XMEM_R_PW, XM_ACCESS_R_PW}, {XMEM_DEFAULT, XM_ACCESS_DEFAULT},
};
#define RIGHTS (sizeof(rights_map) / sizeof(rights_map[0]))

/* "default" as a number of the release: what is set there stays tied to the default (x86-pv). */
static int default_to_wire(const struct sim_dom *d, uint8_t *wire)
{
    enum xm_access a = XM_ACCESS_N;
    *wire = 0;
    while (xm_rights_from_wire(d->xen_minor, *wire, &a) && a != XM_ACCESS_DEFAULT)
        ++*wire;
    return a == XM_ACCESS_DEFAULT ? 0 : -EINVAL;
}

static int to_wire(const struct sim_dom *d, uint8_t rights, uint8_t *wire)
{
    if (rights == XMEM_DEFAULT)
        return default_to_wire(d, wire);
    for (size_t i = 0; i < RIGHTS; i++)
        if (rights_map[i].ours == rights)
            return xm_rights_to_wire(d->xen_minor, rights_map[i].core, wire);
    return -EINVAL;
}

static int from_wire(const struct sim_dom *d, uint32_t wire, uint8_t *rights)
{
    enum xm_access a;
    if (!xm_rights_from_wire(d->xen_minor, wire, &a))
        return -EIO;
    for (size_t i = 0; i < RIGHTS; i++) {
        if (rights_map[i].core == a) {
            *rights = rights_map[i].ours;
            return 0;
        }
    }
    return -EIO;
}

uint32_t xmi_backend_sim_rights(const struct sim_dom *d)
{
    static const enum xm_kind kinds[] = {[SIM_X86_EPT] = XM_KIND_X86_EPT,
                                         [SIM_ARM_S2] = XM_KIND_ARM_S2,
                                         [SIM_X86_PV] = XM_KIND_X86_PV,
                                         [SIM_ARMV8R_MPU] = XM_KIND_ARM_MPU,
                                         [SIM_X86_NPT] = XM_KIND_X86_NPT};
    enum xm_kind kind = kinds[d->kind];
    uint32_t bits = XMEM_RIGHTS_BIT(XMEM_DEFAULT);
    uint8_t wire;
    for (size_t i = 0; i < RIGHTS; i++)
        if (xm_rights_expressible(kind, rights_map[i].core) &&
            !xm_rights_to_wire(d->xen_minor, rights_map[i].core, &wire))
            bits |= XMEM_RIGHTS_BIT(rights_map[i].ours);
    return bits;
}

/* ---- rights ---- */

static int altp2m(struct sim_dom *d, struct xm_altp2m_op *op, uint32_t cmd)
{
    op->version = XM_ALTP2M_INTERFACE_VERSION;
    op->cmd = cmd;
    op->domain = d->domid;
    return xmi_sim_hc_altp2m(d->m, op);
}

int xmi_backend_sim_rights_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights)
{
    struct sim_dom *d = dom;
    if (view) {
        struct xm_altp2m_op op = {.u.mem_access = {.view = view, .gfn = gfn}};
        int rc = altp2m(d, &op, XM_ALTP2M_GET_MEM_ACCESS);
        return rc ? rc : from_wire(d, op.u.mem_access.access, rights);
    }
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_GET, .domid = d->domid, .pfn = gfn};
    int rc = xmi_sim_hc_mem_access(d->m, &op);
    return rc ? rc : from_wire(d, op.access, rights);
}

static int set_host_range(struct sim_dom *d, uint64_t gfn, uint64_t nr, uint8_t wire)
{
    do {
        uint64_t n = nr < RANGE_MAX ? nr : RANGE_MAX;
        struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET,
                                      .access = wire,
                                      .domid = d->domid,
                                      .nr = (uint32_t)n,
                                      .pfn = gfn};
        int rc = xmi_sim_hc_mem_access(d->m, &op);
        if (rc)
            return rc;
        gfn += n;
        nr -= n;
    } while (nr);
    return 0;
}

bool xmi_backend_sim_copies(const struct sim_dom *d)
{
    return d->altp2m && d->xen_minor >= 19;
}

static int make_entry(void *dom, uint64_t gfn)
{
    int rc = xmi_backend_sim_view_change_gfn(dom, 0, gfn, gfn);
    return rc == -ESRCH ? 0 : rc; /* a hole: nothing to be seen through it */
}

static int note_host_change(struct sim_dom *d, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    if (!xmi_backend_sim_copies(d) || rights == XMEM_RWX || gfn == UINT64_MAX)
        return 0;
    return xmi_host_copy_note(&d->host, gfn, nr, d->views_on ? make_entry : NULL, d);
}

int xmi_backend_sim_rights_set(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                               uint64_t *done)
{
    struct sim_dom *d = dom;
    uint8_t wire;
    *done = 0;
    int rc = to_wire(d, rights, &wire);
    if (rc)
        return rc;
    if (!view) {
        *done = BACKEND_DONE_UNKNOWN;
        rc = set_host_range(d, gfn, nr, wire);
        if (rc)
            return rc;
        *done = nr;
        return note_host_change(d, gfn, nr, rights);
    }
    for (; *done < nr; ++*done) {
        struct xm_altp2m_op op = {
            .u.mem_access = {.view = view, .access = wire, .gfn = gfn + *done}};
        rc = altp2m(d, &op, XM_ALTP2M_SET_MEM_ACCESS);
        if (rc)
            return rc;
    }
    return 0;
}

int xmi_backend_sim_rights_set_many(void *dom, uint16_t view, const uint64_t *gfns,
                                    const uint8_t *rights, uint32_t nr, uint64_t *done)
{
    struct sim_dom *d = dom;
    uint8_t few[FEW], *wire = nr <= FEW ? few : malloc(nr);
    int rc = wire ? 0 : -ENOMEM;
    *done = BACKEND_DONE_UNKNOWN;
    for (uint32_t i = 0; i < nr && !rc; i++)
        rc = to_wire(d, rights[i], &wire[i]);
    if (rc)
        goto out;
    if (view) {
        struct xm_altp2m_op op = {.u.set_multi = {.view = view,
                                                  .nr = nr,
                                                  .pfn_list = (uintptr_t)gfns,
                                                  .access_list = (uintptr_t)wire}};
        rc = altp2m(d, &op, XM_ALTP2M_SET_MEM_ACCESS_MULTI);
    } else {
        struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET_MULTI,
                                      .domid = d->domid,
                                      .nr = nr,
                                      .pfn_list = (uintptr_t)gfns,
                                      .access_list = (uintptr_t)wire};
        rc = xmi_sim_hc_mem_access(d->m, &op);
    }
    if (!rc)
        *done = nr;
    for (uint32_t i = 0; !view && !rc && i < nr; i++)
        rc = note_host_change(d, gfns[i], 1, rights[i]);
out:
    if (wire != few)
        free(wire);
    return rc;
}

/* ---- what the machine's check of itself must know of a step ---- */

int xmi_backend_sim_step_note(void *dom, uint16_t view, uint64_t gfn, uint32_t vcpu, uint8_t rights,
                              bool open)
{
    struct sim_dom *d = dom;
    for (size_t i = 0; i < RIGHTS; i++)
        if (rights_map[i].ours == rights)
            return xmi_sim_step_note(d->d, view, gfn, vcpu, (uint8_t)rights_map[i].core, open);
    return -EINVAL;
}

int xmi_backend_sim_step_told(void *dom, uint32_t vcpu, uint64_t gfn, uint32_t access)
{
    return xmi_sim_step_told(((struct sim_dom *)dom)->d, vcpu, gfn, (uint8_t)access);
}

int xmi_backend_sim_view_internal(void *dom, uint16_t view, uint16_t from_view)
{
    return xmi_sim_view_internal(((struct sim_dom *)dom)->d, view, from_view);
}

/* ---- many in one hypercall ---- */

int xmi_backend_sim_rights_get_many(void *dom, const uint64_t *gfns, uint32_t nr, uint8_t *rights)
{
    struct sim_dom *d = dom;
    struct sim_multicall v[BACKEND_RUNS_MAX];
    for (uint32_t i = 0; i < nr; i++)
        v[i].op = (struct xm_mem_access_op){
            .op = XM_MEM_ACCESS_GET, .domid = d->domid, .pfn = gfns[i]};
    int rc = xmi_sim_hc_multicall(d->m, v, nr);
    for (uint32_t i = 0; i < nr && !rc; i++)
        if (v[i].result || from_wire(d, v[i].op.access, &rights[i]))
            rights[i] = BACKEND_NO_RIGHTS;
    return rc;
}

int xmi_backend_sim_rights_set_runs(void *dom, struct backend_run *runs, uint32_t n)
{
    struct sim_dom *d = dom;
    struct sim_multicall v[BACKEND_RUNS_MAX];
    uint8_t wire;
    for (uint32_t i = 0; i < n; i++) {
        if (to_wire(d, runs[i].rights, &wire))
            return -EOPNOTSUPP;
        v[i].op = (struct xm_mem_access_op){.op = XM_MEM_ACCESS_SET,
                                            .access = wire,
                                            .domid = d->domid,
                                            .nr = runs[i].nr,
                                            .pfn = runs[i].gfn};
    }
    int rc = xmi_sim_hc_multicall(d->m, v, n);
    for (uint32_t i = 0; i < n && !rc; i++)
        runs[i].rc = v[i].result;
    return rc;
}

/* As altp2m's calls take it, view 0 is the host view, and no ring is needed. */
static int ask_host(struct sim_dom *d, uint64_t gfn, uint8_t *rights)
{
    struct xm_altp2m_op op = {.u.mem_access = {.gfn = gfn}};
    int rc = altp2m(d, &op, XM_ALTP2M_GET_MEM_ACCESS);
    *rights = BACKEND_NO_RIGHTS;
    if (rc)
        return rc == -ESRCH ? 0 : rc;
    return from_wire(d, op.u.mem_access.access, rights);
}

static int ask_host_many(struct sim_dom *d, const uint64_t *gfns, uint8_t *rights, uint32_t n)
{
    int rc = 0;
    memset(rights, BACKEND_NO_RIGHTS, n);
    for (uint32_t i = 0; n > 1 && i < n && !rc; i += BACKEND_RUNS_MAX)
        rc = xmi_backend_sim_rights_get_many(
            d, gfns + i, n - i < BACKEND_RUNS_MAX ? n - i : BACKEND_RUNS_MAX, rights + i);
    for (uint32_t i = 0; i < n && !rc; i++)
        if (rights[i] == BACKEND_NO_RIGHTS)
            rc = ask_host(d, gfns[i], &rights[i]);
    return rc;
}

int xmi_backend_sim_host_split(void *dom, const uint64_t *gfns, uint8_t *rights, uint32_t n)
{
    struct sim_dom *d = dom;
    uint64_t there[BACKEND_RUNS_MAX];
    uint8_t wire[BACKEND_RUNS_MAX];
    uint32_t k = 0;
    int rc = n <= BACKEND_RUNS_MAX ? ask_host_many(d, gfns, rights, n) : -EINVAL;
    for (uint32_t i = 0; i < n && !rc; i++)
        if (rights[i] != BACKEND_NO_RIGHTS && !to_wire(d, rights[i], &wire[k]))
            there[k++] = gfns[i];
    if (!rc && k) {
        struct xm_altp2m_op op = {
            .u.set_multi = {.nr = k, .pfn_list = (uintptr_t)there, .access_list = (uintptr_t)wire}};
        rc = altp2m(d, &op, XM_ALTP2M_SET_MEM_ACCESS_MULTI);
    }
    return rc;
}

/* ---- views ---- */

int xmi_backend_sim_views_get_state(void *dom, bool *on)
{
    struct sim_dom *d = dom;
    struct xm_altp2m_op op = {0};
    if (!d->altp2m) {
        *on = false;
        return 0;
    }
    int rc = altp2m(d, &op, XM_ALTP2M_GET_DOMAIN_STATE);
    if (!rc)
        *on = op.u.domain_state.state;
    return rc;
}

static int set_state(struct sim_dom *d, bool on)
{
    struct xm_altp2m_op op = {.u.domain_state = {.state = on}};
    int rc = altp2m(d, &op, XM_ALTP2M_SET_DOMAIN_STATE);
    if (!rc)
        d->views_on = on;
    return rc;
}

/* The copy's default is what the host's is at this moment; without a ring that is rwx. */
static int turn_on(struct sim_dom *d)
{
    uint64_t done;
    uint8_t before = XMEM_RWX;
    int rc = xmi_backend_sim_rights_get(d, 0, UINT64_MAX, &before);
    if (rc && rc != -ENODEV)
        return rc;
    rc = before == XMEM_RWX ? 0 : xmi_backend_sim_rights_set(d, 0, UINT64_MAX, 0, XMEM_RWX, &done);
    if (!rc)
        rc = set_state(d, true);
    int rc2 = before == XMEM_RWX ? 0
                                 : xmi_backend_sim_rights_set(d, 0, UINT64_MAX, 0, before, &done);
    return rc ? rc : rc2;
}

int xmi_backend_sim_views_set_state(void *dom, bool on)
{
    struct sim_dom *d = dom;
    if (!on || !xmi_backend_sim_copies(d))
        return set_state(d, on);
    int rc = turn_on(d);
    if (!rc)
        rc = xmi_host_copy_each(&d->host, make_entry, d);
    if (rc && d->views_on)
        (void)set_state(d, false);
    return rc;
}

/* Asking for the rights of a gfn tells a view that has none (-ESRCH) from no view (-EINVAL). */
int xmi_backend_sim_view_exists(void *dom, uint16_t view)
{
    uint8_t rights;
    int rc = xmi_backend_sim_rights_get(dom, view, 0, &rights);
    if (rc == -EINVAL)
        return 0;
    return rc && rc != -ESRCH ? rc : 1;
}

int xmi_backend_sim_view_create(void *dom, uint8_t default_rights, uint16_t *view)
{
    struct sim_dom *d = dom;
    uint8_t wire;
    int rc = to_wire(d, default_rights, &wire);
    if (rc)
        return rc;
    struct xm_altp2m_op op = {.u.view = {.hvmmem_default_access = wire}};
    rc = altp2m(d, &op, XM_ALTP2M_CREATE_P2M);
    if (!rc)
        *view = op.u.view.view;
    return rc;
}

int xmi_backend_sim_view_destroy(void *dom, uint16_t view)
{
    struct xm_altp2m_op op = {.u.view = {.view = view}};
    return altp2m(dom, &op, XM_ALTP2M_DESTROY_P2M);
}

int xmi_backend_sim_view_switch(void *dom, uint16_t view)
{
    struct xm_altp2m_op op = {.u.view = {.view = view}};
    return altp2m(dom, &op, XM_ALTP2M_SWITCH_P2M);
}

int xmi_backend_sim_view_get_vcpu(void *dom, uint32_t vcpu, uint16_t *view)
{
    struct xm_altp2m_op op = {.u.p2m_idx = {.vcpu_id = vcpu}};
    int rc = altp2m(dom, &op, XM_ALTP2M_GET_P2M_IDX);
    if (!rc)
        *view = op.u.p2m_idx.altp2m_idx;
    return rc;
}

int xmi_backend_sim_view_change_gfn(void *dom, uint16_t view, uint64_t gfn, uint64_t to_gfn)
{
    struct xm_altp2m_op op = {.u.change_gfn = {.view = view, .old_gfn = gfn, .new_gfn = to_gfn}};
    return altp2m(dom, &op, XM_ALTP2M_CHANGE_GFN);
}

int xmi_backend_sim_view_set_visible(void *dom, uint16_t view, bool visible)
{
    struct xm_altp2m_op op = {.u.visibility = {.altp2m_idx = view, .visible = visible}};
    return altp2m(dom, &op, XM_ALTP2M_SET_VISIBILITY);
}

int xmi_backend_sim_view_set_suppress_ve(void *dom, uint16_t view, uint64_t gfn, uint64_t nr,
                                         bool suppress)
{
    struct xm_altp2m_op op = {0};
    if (nr == 1) {
        op.u.suppress_ve = (struct xm_altp2m_suppress_ve){
            .view = view, .suppress_ve = suppress, .gfn = gfn};
        return altp2m(dom, &op, XM_ALTP2M_SET_SUPPRESS_VE);
    }
    op.u.suppress_ve_multi = (struct xm_altp2m_suppress_ve_multi){
        .view = view, .suppress_ve = suppress, .first_gfn = gfn, .last_gfn = gfn + nr - 1};
    int rc = altp2m(dom, &op, XM_ALTP2M_SET_SUPPRESS_VE_MULTI);
    return rc ? rc : op.u.suppress_ve_multi.first_error;
}

int xmi_backend_sim_view_get_suppress_ve(void *dom, uint16_t view, uint64_t gfn, bool *suppress)
{
    struct xm_altp2m_op op = {.u.suppress_ve = {.view = view, .gfn = gfn}};
    int rc = altp2m(dom, &op, XM_ALTP2M_GET_SUPPRESS_VE);
    if (!rc)
        *suppress = op.u.suppress_ve.suppress_ve;
    return rc;
}

int xmi_backend_sim_view_set_notify(void *dom, uint32_t vcpu, uint64_t gfn)
{
    struct xm_altp2m_op op = {0};
    if (gfn == XMEM_GFN_UNDO) {
        op.u.disable_notify.vcpu_id = vcpu;
        return altp2m(dom, &op, XM_ALTP2M_VCPU_DISABLE_NOTIFY);
    }
    op.u.enable_notify = (struct xm_altp2m_enable_notify){.vcpu_id = vcpu, .gfn = gfn};
    return altp2m(dom, &op, XM_ALTP2M_VCPU_ENABLE_NOTIFY);
}
