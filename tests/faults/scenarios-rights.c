/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights of the host view, the default, monitors, pauses, pages. */
#include <errno.h>

#include "law.h"

static bool begin(struct world *w)
{
    if (world_open(w, NULL))
        return false;
    WHOLE(w, xmem_domain_enable(w->d));
    return !w->rc;
}

static void single(struct world *w)
{
    enum xmem_rights r;
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST, XMEM_R));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST + 1, XMEM_RX));
    WHOLE(w, xmem_domain_get_rights(w->d, 0, FIRST, &r));
    WHOLE(w, xmem_domain_get_rights(w->d, 0, FIRST + 7, &r));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST, XMEM_RW));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST + 1, XMEM_RWX));
}
const struct scenario scenario_single = {"single", single, ALL_KINDS};

static void range(struct world *w)
{
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST, 20, XMEM_RX));
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST + 10, 60, XMEM_R));
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST + 5, 20, XMEM_DEFAULT));
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST + 80, 8, XMEM_N));
}
const struct scenario scenario_range = {"range", range, ALL_KINDS};

static void fill(uint64_t *gfns, uint8_t *rights, unsigned n)
{
    static const uint8_t some[] = {XMEM_RX, XMEM_R, XMEM_RW, XMEM_RX};
    for (unsigned i = 0; i < n; i++) {
        gfns[i] = FIRST + i * 7 % 90;
        rights[i] = some[i % 4];
    }
}

static void many(struct world *w)
{
    uint64_t gfns[90];
    uint8_t rights[90];
    if (!begin(w))
        return;
    fill(gfns, rights, 90);
    WHOLE(w, xmem_domain_set_rights_many(w->d, 0, gfns, rights, 12));
    WHOLE(w, xmem_domain_set_rights_many(w->d, 0, gfns, rights, 90));
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST, 80, XMEM_RX));
}
const struct scenario scenario_many = {"many", many, ALL_KINDS};

static void set_default(struct world *w)
{
    enum xmem_rights r;
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST + 4, 4, XMEM_R));
    WHOLE(w, xmem_domain_set_default(w->d, XMEM_RX));
    WHOLE(w, xmem_domain_get_default(w->d, &r));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST + 5, XMEM_RW));
    WHOLE(w, xmem_domain_set_default(w->d, XMEM_RWX));
}
const struct scenario scenario_default = {"default", set_default, ALL_KINDS};

static void portions(struct world *w, struct xmem_batch *b)
{
    struct xmem_batch_result r = XMEM_INIT(r);
    uint64_t gfns[40];
    uint8_t rights[40];
    fill(gfns, rights, 40);
    WHOLE(w, xmem_batch_add(b, 0, FIRST + 5, 60, XMEM_R));
    WHOLE(w, xmem_batch_add_many(b, 0, gfns, rights, 40));
    WHOLE(w, xmem_batch_plan(b, &r));
    CALL(w, LAW_END, xmem_batch_apply_some(b, 30, &r));
    if (w->rc == 1)
        CALL(w, LAW_END, xmem_batch_revert(b));
    WHOLE(w, xmem_batch_apply(b, &r));
}

static void batch(struct world *w)
{
    struct xmem_batch *b = NULL;
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST + 60, 8, XMEM_RX));
    WHOLE(w, xmem_batch_new(w->d, &b));
    if (!w->rc)
        portions(w, b);
    xmem_batch_free(b);
}
const struct scenario scenario_batch = {"batch", batch, ALL_KINDS};

static void enable(struct world *w)
{
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST, 12, XMEM_R));
    CALL(w, LAW_END, xmem_domain_disable(w->d));
    WHOLE(w, xmem_domain_enable(w->d));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST + 3, XMEM_RX));
    CALL(w, LAW_END, xmem_domain_disable(w->d));
}
const struct scenario scenario_enable = {"enable", enable, ALL_KINDS};

static void pauses(struct world *w)
{
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_pause(w->d));
    WHOLE(w, xmem_domain_pause(w->d));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST, XMEM_R));
    WHOLE(w, xmem_domain_unpause(w->d));
}
const struct scenario scenario_pause = {"pause", pauses, ALL_KINDS};

static void required(struct world *w)
{
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_set_access_required(w->d, 1));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST, XMEM_R));
    WHOLE(w, xmem_domain_set_access_required(w->d, 0));
    WHOLE(w, xmem_domain_set_access_required(w->d, 1));
}
const struct scenario scenario_required = {"required", required, ALL_KINDS};

static void one_monitor(struct world *w, uint32_t reason, uint32_t index)
{
    struct xmem_caps caps = XMEM_INIT(caps);
    struct xmem_monitor m = XMEM_INIT(m);
    m.reason = reason;
    m.index = index;
    xmem_domain_get_caps(w->d, &caps);
    if (!(caps.monitors >> reason & 1))
        return;
    WHOLE(w, xmem_domain_set_monitor(w->d, &m, 1));
}

static void monitors(struct world *w)
{
    struct xmem_monitor m = XMEM_INIT(m);
    if (!begin(w))
        return;
    one_monitor(w, XMEM_EVENT_GUEST_REQUEST, 0);
    one_monitor(w, XMEM_EVENT_CTRLREG, XMEM_CTRLREG_CR3);
    one_monitor(w, XMEM_EVENT_CTRLREG, XMEM_CTRLREG_CR4);
    one_monitor(w, XMEM_EVENT_MSR, 0xc0000082);
    one_monitor(w, XMEM_EVENT_BREAKPOINT, 0);
    one_monitor(w, XMEM_EVENT_SINGLESTEP, 0);
    one_monitor(w, XMEM_EVENT_PRIVILEGED_CALL, 0);
    m.reason = XMEM_EVENT_GUEST_REQUEST;
    WHOLE(w, xmem_domain_set_monitor(w->d, &m, 0));
}
const struct scenario scenario_monitors = {"monitors", monitors,
                                           ON(SIM_X86_EPT) | ON(SIM_X86_NPT) | ON(SIM_ARM_S2)};

static void pages(struct world *w)
{
    uint64_t gfn[2] = {0};
    char text[64] = "text";
    if (!begin(w))
        return;
    WHOLE(w, xmem_domain_add_page(w->d, &gfn[0]));
    WHOLE(w, xmem_domain_write(w->d, gfn[0] << 12, text, sizeof(text)));
    WHOLE(w, xmem_domain_read(w->d, (FIRST << 12) + 4090, text, sizeof(text)));
    WHOLE(w, xmem_domain_add_page(w->d, &gfn[1]));
    WHOLE(w, xmem_domain_remove_page(w->d, gfn[0]));
}
const struct scenario scenario_pages = {
    "pages", pages, ON(SIM_X86_EPT) | ON(SIM_X86_NPT) | ON(SIM_ARM_S2) | ON(SIM_X86_PV)};
