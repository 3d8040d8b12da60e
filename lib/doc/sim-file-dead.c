/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A listener that died, for practising xmem_domain_recover(): it does what a tool does, through
 * the seam, and is forgotten without undoing anything. Requests stay in its ring, and vCPUs wait.
 */
#include <errno.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "backend/sim/backend-sim.h"
#include "ring/ring.h"
#include "doc/sim-file.h"

#define OPS (&xmi_backend_sim)
#define RUNS 64u /* of the guest, until it waits, or never does */

struct dead {
    void *dom;
    struct ring ring;
    enum xmem_rights rights;
    uint64_t first_gfn, gfns;
    bool view, single_step;
};

static int make_ring(struct dead *dead, uint32_t vcpus)
{
    struct backend_ring b;
    int rc = OPS->monitor_enable(dead->dom, &b);

    return rc ? rc : xmi_ring_init(&dead->ring, b.page, b.interface_version, b.arch, vcpus);
}

static int make_view(const struct dead *dead, uint16_t *view)
{
    int rc = OPS->views_set_state(dead->dom, true);

    if (!rc)
        rc = OPS->view_create(dead->dom, XMEM_RWX, view);
    return rc ? rc : OPS->view_switch(dead->dom, *view);
}

static void run(const struct dead *dead)
{
    for (unsigned i = 0; i < RUNS; i++)
        (void)OPS->event_idle(dead->dom);
}

/* The page is open, and the vCPU that met it goes on step by step: the next event finds nobody. */
static int begin_step(struct dead *dead)
{
    struct backend_monitor m = {.reason = XMEM_EVENT_SINGLESTEP, .on = true, .sync = true};
    struct xmem_event ev = {0};
    struct ring_request q;
    struct ring_head head;
    uint64_t done;
    int rc = OPS->monitor_set(dead->dom, &m);

    if (rc || ring_take(&dead->ring, &q, NULL) <= 0)
        return rc;
    ring_decode(&dead->ring, &q, &ev);
    rc = OPS->rights_set(dead->dom, ev.view, ev.u.mem.gfn, 1, XMEM_RWX, &done);
    xmi_ring_copy(&dead->ring, &q, &head);
    head.flags = (head.flags & RING_FLAG_VCPU_PAUSED) | RING_FLAG_TOGGLE_SINGLESTEP;
    xmi_ring_answer(&dead->ring, &head, NULL, 0);
    if (!rc && xmi_ring_publish(&dead->ring))
        rc = OPS->event_notify(dead->dom);
    return rc;
}

static int live_and_die(struct dead *dead, const struct sim_domain_cfg *cfg)
{
    uint16_t view = 0;
    uint64_t done;
    int rc = make_ring(dead, cfg->vcpus);

    if (!rc && dead->view)
        rc = make_view(dead, &view);
    if (!rc)
        rc = OPS->rights_set(dead->dom, 0, dead->first_gfn, dead->gfns, (uint8_t)dead->rights,
                             &done);
    if (!rc && view)
        rc = OPS->rights_set(dead->dom, view, dead->first_gfn, dead->gfns, (uint8_t)dead->rights,
                             &done);
    if (!rc)
        run(dead);
    if (!rc && dead->single_step)
        rc = begin_step(dead);
    if (!rc)
        run(dead);
    return rc;
}

static void get_rights(struct json_doc *doc, const struct json_value *v, struct dead *dead)
{
    const char *text;

    if (xmi_json_get_text(doc, v, 15, &text) && xmem_rights_parse(text, &dead->rights))
        xmi_json_error(doc, v, XM_MSG_WORD, "\"%s\" is none of the rights, such as \"rx\"", text);
}

static bool has_rights(struct sim_file_domain *fd, const struct json_value *v,
                       const struct dead *dead)
{
    bool has = (xmi_backend_sim_rights(dead->dom) & XMEM_RIGHTS_BIT(dead->rights)) != 0;

    if (!has)
        xmi_json_error(fd->doc, v, XM_MSG_KIND_OPTION, "a domain of this kind has no rights %s",
                       xmem_rights_name(dead->rights));
    return has;
}

static bool parse(struct sim_file_domain *fd, const struct json_value *v, struct dead *dead)
{
    static const char *const keys[] = {"rights", "first_gfn", "gfns", "view", "single_step", NULL};
    const struct json_value *m;
    uint64_t end = fd->cfg.first_gfn + fd->cfg.pages;

    if (!xmi_json_want(fd->doc, v, JSON_OBJECT) || !xmi_json_want_keys(fd->doc, v, keys))
        return false;
    if ((m = xmi_json_find(fd->doc, v, "rights")))
        get_rights(fd->doc, m, dead);
    if ((m = xmi_json_find(fd->doc, v, "first_gfn")))
        xmi_json_get_u64(fd->doc, m, fd->cfg.first_gfn, end - 1, &dead->first_gfn);
    dead->gfns = end - dead->first_gfn;
    if ((m = xmi_json_find(fd->doc, v, "gfns")))
        xmi_json_get_u64(fd->doc, m, 1, dead->gfns, &dead->gfns);
    if ((m = xmi_json_find(fd->doc, v, "view")))
        xmi_json_get_bool(fd->doc, m, &dead->view);
    if ((m = xmi_json_find(fd->doc, v, "single_step")))
        xmi_json_get_bool(fd->doc, m, &dead->single_step);
    if ((dead->view && !fd->cfg.altp2m) || (dead->single_step && fd->cfg.kind != SIM_X86_EPT))
        xmi_json_error(fd->doc, v, XM_MSG_KIND_OPTION,
                       "a domain of this kind, or without altp2m, has no %s",
                       dead->view && !fd->cfg.altp2m ? "views" : "single step");
    return xmi_json_doc_errors(fd->doc) == 0;
}

void xmi_sim_file_dead_listener(struct sim_file_domain *fd, const struct json_value *v)
{
    struct dead dead = {.rights = XMEM_N, .first_gfn = fd->cfg.first_gfn};
    struct sim_conn conn = {.m = fd->m};
    struct sim_domain_info info;
    struct xmem_error err;
    int rc;

    if (!parse(fd, v, &dead) || !fd->dom)
        return;
    xmi_sim_domain_info(fd->dom, &info);
    rc = OPS->domain_open(&conn, info.domid, &dead.dom, &err);
    if (!rc) {
        rc = has_rights(fd, v, &dead) ? live_and_die(&dead, &fd->cfg) : 0;
        OPS->domain_close(dead.dom);
    }
    if (rc)
        sim_file_refuse(fd->doc, v, rc);
}
