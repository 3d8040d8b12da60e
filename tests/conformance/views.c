/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about alternate views; on a kind without them, that it says so. */
#include "conf.h"

#include <errno.h>

#define NEED_VIEWS(c) NEED((c), (c)->caps.max_views > 1, "this kind has no views")

static void without_views_all_refuse(struct conf *c)
{
    uint16_t v = 77;
    NEED(c, c->caps.max_views == 1, "this kind has views");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), -EOPNOTSUPP);
    EXPECT(c, v == 77);
    EXPECT_RC(c, xmem_view_destroy(c->d, 1), -EOPNOTSUPP);
    EXPECT_RC(c, xmem_view_switch(c->d, 1), -EOPNOTSUPP);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, 1, conf_gfn(c, 0), conf_gfn(c, 1)), -EOPNOTSUPP);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 1, conf_gfn(c, 0), XMEM_R), -EOPNOTSUPP);
}

static void list_has_view_0(struct conf *c)
{
    uint16_t v[16] = {9};
    size_t n = 16;
    EXPECT_RC(c, xmem_view_list(c->d, v, &n), 0);
    EXPECT(c, n == 1 && v[0] == 0);
}

static void create_list_destroy(struct conf *c)
{
    uint16_t v = 0, list[16];
    size_t n = 16;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT(c, v != 0);
    EXPECT_RC(c, xmem_view_list(c->d, list, &n), 0);
    EXPECT(c, n == 2 && list[0] == 0 && list[1] == v);
    EXPECT_RC(c, xmem_view_destroy(c->d, v), 0);
    EXPECT_RC(c, xmem_view_destroy(c->d, v), -ENOENT);
    EXPECT_RC(c, xmem_view_destroy(c->d, 0), -EINVAL);
    n = 16;
    EXPECT_RC(c, xmem_view_list(c->d, list, &n), 0);
    EXPECT(c, n == 1);
}

static void views_run_out(struct conf *c)
{
    uint16_t v;
    uint32_t made = 0;
    int rc;
    NEED_VIEWS(c);
    while ((rc = xmem_view_create(c->d, NULL, &v)) == 0)
        EXPECT(c, ++made < 1000);
    EXPECT(c, rc == -ENOSPC);
    /* Where nobody tells how many a domain was created with, there are ten at the least. */
    uint32_t least = c->caps.max_views < 10 ? c->caps.max_views : 10;
    EXPECT(c, made >= least - 2 && made <= c->caps.max_views - 1);
}

static void rights_differ_by_view(struct conf *c)
{
    uint16_t v;
    enum xmem_rights got;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_R), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 0), &got), 0);
    EXPECT(c, got == XMEM_R);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 0), &got), 0);
    EXPECT(c, got == XMEM_RWX);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 0)), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 0)), -EEXIST);
}

static void event_names_its_view(struct conf *c)
{
    uint16_t v, now = 99;
    const struct xmem_event *ev;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_R), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == v);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &ev), 0);
    EXPECT(c, ev->view == v);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == v);
}

static void reply_switches_one_vcpu(struct conf *c)
{
    uint16_t v, now;
    const struct xmem_event *ev;
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_VIEW};
    NEED_VIEWS(c);
    NEED(c, c->vcpus >= 2, "one vCPU only");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_RWX), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_R), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_RWX), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &ev), 0);
    r.view = v;
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == v);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 1, &now), 0);
    EXPECT(c, now == 0);
    EXPECT_RC(c, conf_do(c, 1, ACT_WRITE, conf_gfn(c, 0)), -EEXIST);
}

static void host_change_keeps_view_rights(struct conf *c)
{
    uint16_t v;
    enum xmem_rights got;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_RX), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_R), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 0), &got), 0);
    EXPECT(c, got == XMEM_RX);
}

static void destroy_while_used_is_busy(struct conf *c)
{
    uint16_t v;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, xmem_view_destroy(c->d, v), -EBUSY);
    EXPECT_RC(c, xmem_view_switch(c->d, 0), 0);
    EXPECT_RC(c, xmem_view_destroy(c->d, v), 0);
}

static void remap_and_undo(struct conf *c)
{
    uint16_t v;
    uint64_t a = 1111, b = 2222;
    const struct xmem_event *ev;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_domain_write(c->d, conf_gfn(c, 0) << 12, &a, 8), 0);
    EXPECT_RC(c, xmem_domain_write(c->d, conf_gfn(c, 1) << 12, &b, 8), 0);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 0), conf_gfn(c, 1)), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, 0, conf_gfn(c, 0), conf_gfn(c, 1)), -EINVAL);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 0), 0, 0), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT(c, c->ops->result(c, 0) == a);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 0), 0, 0), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT(c, c->ops->result(c, 0) == b);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 0), XMEM_GFN_UNDO), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 0), 0, 0), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT(c, c->ops->result(c, 0) == a);
}

/* What is shown is the host's frame, in whatever order gfns are remapped and host rights change. */
static void remap_of_a_remapped_gfn(struct conf *c)
{
    uint16_t v;
    const struct xmem_event *ev;
    NEED_VIEWS(c);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t value = 1000 + i;
        EXPECT_RC(c, xmem_domain_write(c->d, conf_gfn(c, i) << 12, &value, 8), 0);
    }
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 1), conf_gfn(c, 2)), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 0), conf_gfn(c, 1)), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 2), conf_gfn(c, 0)), -EINVAL);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_R), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, i), 0, 0), 0);
        EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
        EXPECT(c, c->ops->result(c, 0) == (i == 0 ? 1001u : 1002u));
    }
}

static void hidden_page(struct conf *c)
{
    uint16_t v;
    uint64_t fresh = 0, magic = 4242, out = 0;
    const struct xmem_event *ev;
    NEED_VIEWS(c);
    NEED(c, c->caps.flags & XMEM_CAP_ADD_PAGE, "no pages can be added");
    EXPECT_RC(c, xmem_domain_add_page(c->d, &fresh), 0);
    EXPECT_RC(c, xmem_domain_write(c->d, fresh << 12, &magic, 8), 0);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 2), fresh), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 2), 0, 0), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT(c, c->ops->result(c, 0) == magic);
    EXPECT_RC(c, xmem_view_switch(c->d, 0), 0);
    EXPECT_RC(c, xmem_view_destroy(c->d, v), 0);
    EXPECT_RC(c, xmem_domain_remove_page(c->d, fresh), 0);
    EXPECT_RC(c, xmem_domain_read(c->d, fresh << 12, &out, 8), -ESRCH);
}

/* In views made before and after, whatever their default. */
static void added_page_has_no_rights(struct conf *c)
{
    uint16_t v, w;
    uint64_t fresh = 0, other = 0;
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = XMEM_RX};
    enum xmem_rights got;
    NEED(c, c->caps.flags & XMEM_CAP_ADD_PAGE, "no pages can be added");
    NEED(c, !(c->caps.flags & XMEM_CAP_DEFAULT_ALL), "rights of a page outlive the session here");
    EXPECT_RC(c, xmem_domain_add_page(c->d, &fresh), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, fresh, &got), 0);
    EXPECT(c, got == XMEM_N);
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_create(c->d, &o, &w), 0);
    EXPECT_RC(c, xmem_domain_add_page(c->d, &other), 0);
    for (uint16_t i = 0; i <= w; i++) {
        if (i && i != v && i != w)
            continue;
        EXPECT_RC(c, xmem_domain_get_rights(c->d, i, fresh, &got), 0);
        EXPECT(c, got == XMEM_N);
        EXPECT_RC(c, xmem_domain_get_rights(c->d, i, other, &got), 0);
        EXPECT(c, got == XMEM_N);
    }
    EXPECT_RC(c, xmem_view_change_gfn(c->d, w, conf_gfn(c, 2), fresh), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, w, conf_gfn(c, 2), &got), 0);
    EXPECT(c, got == XMEM_RX);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 2), fresh), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 2)), 0);
}

static void view_default_rights(struct conf *c)
{
    uint16_t v;
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = XMEM_R};
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, &o, &v), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 30)), -EEXIST);
}

/*
 * Does what it is told to; *told: with an event of this gfn. A guest's own pages have the view's
 * default as well, and their events are its own business.
 */
static int do_told(struct conf *c, enum guest_act act, uint64_t gfn, bool *told)
{
    const struct xmem_event *ev;
    int rc = c->ops->start(c, 0, act, gfn, 0x40, 0);
    *told = false;
    for (unsigned n = 0; !rc && n < 1000; n++) {
        rc = conf_finish(c, 0, &ev);
        if (rc != -EEXIST)
            return rc;
        *told = *told || ev->u.mem.gfn == gfn;
        rc = xmem_event_step_over(c->d, ev);
    }
    return rc ? rc : -ELOOP;
}

/* A write to the gfn is told, and goes on after it. */
static bool write_is_told(struct conf *c, uint64_t gfn)
{
    bool told;
    return !do_told(c, ACT_WRITE, gfn, &told) && told;
}

/* Whatever the size of the host's pages: the first is set before anything was touched. */
static void view_default_of_neighbours(struct conf *c)
{
    uint16_t v;
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = XMEM_RX};
    enum xmem_rights got;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, &o, &v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 5), XMEM_R), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 6), &got), 0);
    EXPECT(c, got == XMEM_RX);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    for (unsigned i = 4; i < 64; i += 20)
        EXPECT(c, write_is_told(c, conf_gfn(c, i)));
    bool told;
    EXPECT_RC(c, do_told(c, ACT_READ, conf_gfn(c, 7), &told), 0);
    EXPECT(c, !told);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 5), &got), 0);
    EXPECT(c, got == XMEM_R);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 5), &got), 0);
    EXPECT(c, got == XMEM_RWX);
}

static void view_default_beside_a_remapped_gfn(struct conf *c)
{
    uint16_t v;
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = XMEM_RX};
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, &o, &v), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 5), conf_gfn(c, 50)), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    for (unsigned i = 5; i < 64; i += 15)
        EXPECT(c, write_is_told(c, conf_gfn(c, i)));
}

/* An undone remapping leaves a hole, which is filled alone. */
static void undo_keeps_the_neighbours(struct conf *c)
{
    uint16_t v;
    uint64_t magic = 4242;
    const struct xmem_event *ev;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_domain_write(c->d, conf_gfn(c, 52) << 12, &magic, 8), 0);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 8), XMEM_R), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 5), conf_gfn(c, 50)), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 6), conf_gfn(c, 52)), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 5), XMEM_GFN_UNDO), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 5), XMEM_R), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT(c, write_is_told(c, conf_gfn(c, 8)));
    EXPECT(c, write_is_told(c, conf_gfn(c, 5)));
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 6), 0, 0), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT(c, c->ops->result(c, 0) == magic);
}

static void rights_turn_in_a_view(struct conf *c)
{
    uint16_t v;
    enum xmem_rights got;
    const struct xmem_event *ev;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    NEED(c, c->caps.view_rights & XMEM_RIGHTS_BIT(XMEM_N2RWX), "no n2rwx in views");
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_RX2RW), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 1), XMEM_N2RWX), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 0)), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 0), &got), 0);
    EXPECT(c, got == XMEM_RW);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 1), &ev), 0);
    EXPECT(c, ev->view == v && !(ev->flags & XMEM_EVENT_PAUSED));
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 1), &got), 0);
    EXPECT(c, got == XMEM_RWX);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 1), &got), 0);
    EXPECT(c, got == XMEM_RWX);
}

static void visibility(struct conf *c)
{
    uint16_t v;
    NEED_VIEWS(c);
    NEED(c, c->caps.flags & XMEM_CAP_VISIBILITY, "no visibility here");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_set_visible(c->d, v, 0), 0);
    EXPECT_RC(c, xmem_view_set_visible(c->d, v, 1), 0);
    EXPECT_RC(c, xmem_view_set_visible(c->d, (uint16_t)(v + 1), 0), -ENOENT);
}

/* Xen switches all vCPUs to visible views only, and the session ends in the host view. */
static void host_invisible(struct conf *c)
{
    uint16_t v, now = 99;
    NEED_VIEWS(c);
    NEED(c, c->caps.flags & XMEM_CAP_VISIBILITY, "no visibility here");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, xmem_view_set_visible(c->d, v, 0), 0);
    EXPECT_RC(c, xmem_view_set_visible(c->d, 0, 0), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 0)), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, 0), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 0)), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == v);
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == 0);
}

static void suppress_ve(struct conf *c)
{
    uint16_t v;
    int s = -1;
    NEED_VIEWS(c);
    NEED(c, c->caps.flags & XMEM_CAP_SUPPRESS_VE, "no suppress-#VE here");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_set_suppress_ve(c->d, v, conf_gfn(c, 0), 1, 0), 0);
    EXPECT_RC(c, xmem_view_get_suppress_ve(c->d, v, conf_gfn(c, 0), &s), 0);
    EXPECT(c, s == 0);
    EXPECT_RC(c, xmem_view_set_suppress_ve(c->d, v, conf_gfn(c, 0), 8, 1), 0);
    EXPECT_RC(c, xmem_view_get_suppress_ve(c->d, v, conf_gfn(c, 7), &s), 0);
    EXPECT(c, s == 1);
}

static void batch_over_views(struct conf *c)
{
    uint16_t v;
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    enum xmem_rights got;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    EXPECT_RC(c, xmem_batch_add(b, v, conf_gfn(c, 0), 8, XMEM_R), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 0), 8, XMEM_RX), 0);
    EXPECT_RC(c, xmem_batch_apply(b, &res), 0);
    EXPECT(c, res.gfns == 16);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 3), &got), 0);
    EXPECT(c, got == XMEM_R);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 3), &got), 0);
    EXPECT(c, got == XMEM_RX);
    xmem_batch_free(b);
}

static void close_leaves_no_view(struct conf *c)
{
    uint16_t v, list[16];
    size_t n = 16;
    NEED_VIEWS(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, xmem_view_list(c->d, list, &n), 0);
    EXPECT(c, n == 1);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &v), 0);
    EXPECT(c, v == 0);
}

const struct statement statements_views[] = {
    {"a kind without views refuses them by one code", without_views_all_refuse, false},
    {"the list of views starts with the host view", list_has_view_0, false},
    {"a view is created, listed and destroyed", create_list_destroy, false},
    {"views run out with -ENOSPC", views_run_out, false},
    {"rights differ from view to view", rights_differ_by_view, false},
    {"an event names the view that the vCPU ran in", event_names_its_view, false},
    {"a reply switches one vCPU", reply_switches_one_vcpu, false},
    {"a host change leaves the rights set in views", host_change_keeps_view_rights, false},
    {"a view in use is not destroyed", destroy_while_used_is_busy, false},
    {"a gfn is remapped in a view, and back", remap_and_undo, false},
    {"a remapped gfn shows the host's frame of another remapped one", remap_of_a_remapped_gfn,
     false},
    {"a page of its own hides behind a gfn in a view", hidden_page, false},
    {"a page that was added has no rights at its own gfn", added_page_has_no_rights, false},
    {"a view has default rights of its own", view_default_rights, false},
    {"a view's default holds beside a gfn with rights of its own", view_default_of_neighbours,
     false},
    {"a view's default holds beside a remapped gfn", view_default_beside_a_remapped_gfn, false},
    {"an undone remapping leaves its neighbours alone", undo_keeps_the_neighbours, false},
    {"rx2rw and n2rwx turn in a view", rights_turn_in_a_view, false},
    {"a view is made invisible and visible", visibility, false},
    {"the host view is made invisible, and left and entered all the same", host_invisible, false},
    {"suppress-#VE is set and read", suppress_ve, false},
    {"a batch goes over several views", batch_over_views, false},
    {"closing leaves no view and no vCPU in one", close_leaves_no_view, false},
    {NULL, NULL, false},
};
