/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alternate views. */
#include <errno.h>

#include <xm/rights.h>

#include "law.h"

static bool begin(struct world *w)
{
    if (world_open(w, NULL))
        return false;
    WHOLE(w, xmem_domain_enable(w->d));
    return !w->rc;
}

static uint16_t make(struct world *w, uint32_t rights)
{
    struct xmem_view_opts o = XMEM_INIT(o);
    uint16_t view = 0;
    o.default_rights = rights;
    WHOLE(w, xmem_view_create(w->d, &o, &view));
    return w->rc ? 0 : view;
}

static void views(struct world *w)
{
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST, 10, XMEM_RX));
    uint16_t a = make(w, XMEM_DEFAULT), b = make(w, XMEM_RX);
    if (!a || !b)
        return;
    WHOLE(w, xmem_domain_set_rights_range(w->d, a, FIRST + 4, 12, XMEM_R));
    WHOLE(w, xmem_domain_set_rights(w->d, b, FIRST + 4, XMEM_RW));
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST + 2, 10, XMEM_RW));
    WHOLE(w, xmem_view_destroy(w->d, b));
    b = make(w, XMEM_R);
    if (b)
        WHOLE(w, xmem_domain_set_rights_range(w->d, b, FIRST, 6, XMEM_RX));
}
const struct scenario scenario_views = {"views", views, ON(SIM_X86_EPT)};

static void remap(struct world *w)
{
    uint64_t page = 0;
    if (!begin(w))
        return;
    uint16_t a = make(w, XMEM_DEFAULT);
    WHOLE(w, xmem_domain_add_page(w->d, &page));
    if (!a || w->rc)
        return;
    WHOLE(w, xmem_view_change_gfn(w->d, a, FIRST + 20, page));
    WHOLE(w, xmem_view_change_gfn(w->d, a, FIRST + 21, FIRST + 20));
    WHOLE(w, xmem_domain_set_rights(w->d, a, FIRST + 20, XMEM_X));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST + 20, XMEM_RX));
    WHOLE(w, xmem_view_change_gfn(w->d, a, FIRST + 20, FIRST + 30));
    WHOLE(w, xmem_view_change_gfn(w->d, a, FIRST + 20, XMEM_GFN_UNDO));
    WHOLE(w, xmem_domain_set_rights(w->d, a, FIRST + 21, XMEM_R));
}
const struct scenario scenario_remap = {"remap", remap, ON(SIM_X86_EPT)};

static void visible(struct world *w)
{
    if (!begin(w))
        return;
    uint16_t a = make(w, XMEM_DEFAULT);
    if (!a)
        return;
    WHOLE(w, xmem_view_set_visible(w->d, a, 0));
    WHOLE(w, xmem_view_set_suppress_ve(w->d, a, FIRST, 6, 0));
    WHOLE(w, xmem_view_set_notify_page(w->d, 0, FIRST + 60));
    WHOLE(w, xmem_view_set_notify_page(w->d, 1, FIRST + 61));
}
static void hidden_host(struct world *w)
{
    if (!begin(w))
        return;
    uint16_t a = make(w, XMEM_DEFAULT);
    if (!a)
        return;
    WHOLE(w, xmem_view_set_visible(w->d, 0, 0));
    WHOLE(w, xmem_view_switch(w->d, a));
}
const struct scenario scenario_hidden_host = {"hidden-host", hidden_host, ON(SIM_X86_EPT)};

static void suppress(struct world *w)
{
    if (!begin(w))
        return;
    uint16_t a = make(w, XMEM_DEFAULT);
    if (!a)
        return;
    WHOLE(w, xmem_view_set_suppress_ve(w->d, 0, FIRST + 2, 3, 0));
    WHOLE(w, xmem_view_set_suppress_ve(w->d, 0, FIRST + 3, 1, 1));
}
const struct scenario scenario_suppress = {"suppress-ve", suppress, ON(SIM_X86_EPT)};

const struct scenario scenario_visible = {"visible", visible, ON(SIM_X86_EPT)};

static void switches(struct world *w)
{
    uint16_t got;
    if (!begin(w))
        return;
    uint16_t a = make(w, XMEM_DEFAULT), b = make(w, XMEM_R);
    if (!a || !b)
        return;
    WHOLE(w, xmem_view_switch(w->d, a));
    WHOLE(w, xmem_view_get_vcpu(w->d, 1, &got));
    WHOLE(w, xmem_domain_set_rights(w->d, a, FIRST + 3, XMEM_RX));
    WHOLE(w, xmem_view_set_visible(w->d, b, 0));
    WHOLE(w, xmem_view_switch(w->d, b));
    WHOLE(w, xmem_view_switch(w->d, 0));
    WHOLE(w, xmem_view_switch(w->d, a));
}
const struct scenario scenario_switch = {"switch", switches, ON(SIM_X86_EPT)};

static void view_default(struct world *w)
{
    if (!begin(w))
        return;
    uint16_t a = make(w, XMEM_RX);
    if (!a)
        return;
    WHOLE(w, xmem_domain_set_default(w->d, XMEM_R));
    WHOLE(w, xmem_domain_set_rights_range(w->d, a, FIRST, 6, XMEM_DEFAULT));
    CALL(w, LAW_END, xmem_domain_disable(w->d));
    WHOLE(w, xmem_domain_enable(w->d));
    a = make(w, XMEM_RX);
}
const struct scenario scenario_view_default = {"view-default", view_default, ON(SIM_X86_EPT)};

static int hypercall(struct world *w, uint32_t cmd, struct xm_altp2m_op *op)
{
    op->version = XM_ALTP2M_INTERFACE_VERSION;
    op->cmd = cmd;
    op->domain = 1;
    return xmi_sim_hc_altp2m(w->m, op);
}

/* Another tool's views are on, and its vCPUs in one of them. */
static void others(struct world *w)
{
    struct xm_altp2m_op op = {.u.domain_state.state = 1};
    uint8_t wire;
    (void)hypercall(w, XM_ALTP2M_SET_DOMAIN_STATE, &op);
    (void)xm_rights_to_wire(w->kind->minor, XM_ACCESS_RWX, &wire);
    op = (struct xm_altp2m_op){.u.view.hvmmem_default_access = wire};
    (void)hypercall(w, XM_ALTP2M_CREATE_P2M, &op);
    op = (struct xm_altp2m_op){.u.view.view = 1};
    (void)hypercall(w, XM_ALTP2M_SWITCH_P2M, &op);
    world_found(w);
}

static void found_views(struct world *w)
{
    others(w);
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST, 4, XMEM_R));
    uint16_t a = make(w, XMEM_DEFAULT);
    if (!a)
        return;
    WHOLE(w, xmem_view_switch(w->d, a));
    WHOLE(w, xmem_view_switch(w->d, 0));
}
const struct scenario scenario_found_views = {"found-views", found_views, ON(SIM_X86_EPT)};
