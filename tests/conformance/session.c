/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about connections and sessions. */
#include "conf.h"

#include <errno.h>
#include <poll.h>

static void list_names_the_domain(struct conf *c)
{
    struct xmem_domain_info v[16] = {{.size = sizeof(v[0])}};
    size_t n = 16;
    EXPECT_RC(c, xmem_domain_list(c->x, v, &n), 0);
    EXPECT(c, n >= 1 && n <= 16);
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found = found || v[i].domid == c->domid;
    EXPECT(c, found);
}

static void list_tells_how_many(struct conf *c)
{
    size_t n = 0;
    EXPECT_RC(c, xmem_domain_list(c->x, NULL, &n), -ENOSPC);
    EXPECT(c, n >= 1);
}

static void info_is_plausible(struct conf *c)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    EXPECT(c, info.domid == c->domid);
    EXPECT(c, info.vcpus == c->vcpus);
    EXPECT(c, info.highest_gfn >= c->first_gfn + 63);
    EXPECT(c, info.kind != XMEM_KIND_UNKNOWN);
    EXPECT(c, !(info.flags & XMEM_DOMAIN_DYING));
}

static void caps_are_plausible(struct conf *c)
{
    EXPECT(c, c->caps.flags & XMEM_CAP_MEM_ACCESS);
    EXPECT(c, c->caps.rights & XMEM_RIGHTS_BIT(XMEM_RWX));
    EXPECT(c, c->caps.rights & XMEM_RIGHTS_BIT(XMEM_N));
    EXPECT(c, c->caps.max_views >= 1);
    EXPECT(c, c->caps.step_means != 0);
    EXPECT(c, c->caps.ring_slots >= 1);
    EXPECT(c, c->caps.replies & (1u << XMEM_REPLY_RESUME));
    EXPECT(c, c->caps.monitors & (1u << XMEM_EVENT_MEM_ACCESS));
    EXPECT(c, (c->caps.max_views > 1) == (c->caps.view_rights != 0));
}

static void second_session_is_busy(struct conf *c)
{
    struct xmem_domain *e = NULL;
    EXPECT_RC(c, xmem_domain_open(c->x, c->domid, NULL, &e), -EBUSY);
    EXPECT(c, e == NULL);
}

static void unknown_domain(struct conf *c)
{
    struct xmem_domain *e = NULL;
    EXPECT_RC(c, xmem_domain_open(c->x, 31999, NULL, &e), -ESRCH);
    EXPECT(c, e == NULL);
}

static void open_changes_nothing(struct conf *c)
{
    EXPECT_RC(c, xmem_domain_open(c->x, c->domid, NULL, &c->d), 0);
    EXPECT_RC(c, conf_close(c), 0);
}

static void enable_twice_is_fine(struct conf *c)
{
    EXPECT_RC(c, xmem_domain_enable(c->d), 0);
    EXPECT_RC(c, xmem_domain_disable(c->d), 0);
    EXPECT_RC(c, xmem_domain_disable(c->d), 0);
    EXPECT_RC(c, xmem_domain_enable(c->d), 0);
}

static void close_restores_rights(struct conf *c)
{
    enum xmem_rights r;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 16, XMEM_N), 0);
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
    for (unsigned i = 0; i < 16; i++) {
        EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, i), &r), 0);
        EXPECT(c, r == XMEM_RWX);
    }
}

static void close_restores_what_it_found(struct conf *c)
{
    struct xmem_domain_opts keep = {.size = sizeof(keep), .restore = XMEM_RESTORE_KEEP};
    struct xmem_domain_opts exact = {.size = sizeof(exact), .restore = XMEM_RESTORE_EXACT};
    enum xmem_rights r;
    EXPECT_RC(c, conf_open(c, &keep), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 1), XMEM_RX), 0);
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, conf_open(c, &exact), 0);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 4, XMEM_N), 0);
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, conf_open(c, &keep), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 1), &r), 0);
    EXPECT(c, r == XMEM_RX);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 0), &r), 0);
    EXPECT(c, r == XMEM_RWX);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 1), XMEM_RWX), 0);
}

static void disable_restores_rights(struct conf *c)
{
    enum xmem_rights r;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_N), 0);
    EXPECT_RC(c, xmem_domain_disable(c->d), 0);
    EXPECT_RC(c, xmem_domain_enable(c->d), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 0), &r), 0);
    EXPECT(c, r == XMEM_RWX);
}

static void close_releases_waiting_vcpus(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &ev), 0);
    EXPECT_RC(c, c->ops->start(c, 1, ACT_READ, conf_gfn(c, 0), 0, 0), 0);
    c->ops->run(c);
    EXPECT_RC(c, conf_close(c), 0);
    for (int i = 0; i < 5000 && !(c->ops->done(c, 0) && c->ops->done(c, 1)); i++)
        c->ops->run(c);
    EXPECT(c, c->ops->done(c, 0));
    EXPECT(c, c->ops->done(c, 1));
}

static void pause_is_counted(struct conf *c)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    EXPECT_RC(c, xmem_domain_unpause(c->d), -EINVAL);
    EXPECT_RC(c, xmem_domain_pause(c->d), 0);
    EXPECT_RC(c, xmem_domain_pause(c->d), 0);
    EXPECT_RC(c, xmem_domain_unpause(c->d), 0);
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    EXPECT(c, info.flags & XMEM_DOMAIN_PAUSED);
    EXPECT_RC(c, conf_close(c), 0); /* makes up for the missing one */
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    EXPECT(c, !(info.flags & XMEM_DOMAIN_PAUSED));
}

static void fd_becomes_readable(struct conf *c)
{
    const struct xmem_event *ev;
    struct pollfd p = {.fd = xmem_domain_get_fd(c->d), .events = POLLIN};
    EXPECT(c, p.fd >= 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_N), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 0), 0, 0), 0);
    EXPECT(c, poll(&p, 1, CONF_PATIENCE_MS) == 1);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void wait_times_out(struct conf *c)
{
    const struct xmem_event *ev;
    while (xmem_event_next(c->d, &ev) == 0)
        xmem_event_drop(c->d, ev);
    int rc = xmem_event_wait(c->d, 20); /* once may be spurious, as on real Xen */
    for (int i = 0; i < 10 && rc == 0; i++) {
        EXPECT_RC(c, xmem_event_next(c->d, &ev), -EAGAIN);
        rc = xmem_event_wait(c->d, 20);
    }
    EXPECT(c, rc == -ETIMEDOUT);
}

static void domain_pauses_while_held(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_pause(c->d), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 0), 0, 0), 0);
    for (int i = 0; i < 20; i++)
        c->ops->run(c);
    EXPECT(c, !c->ops->done(c, 0));
    EXPECT_RC(c, xmem_domain_unpause(c->d), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

const struct statement statements_session[] = {
    {"the list of domains names the domain", list_names_the_domain, true},
    {"a list without room says how many there are", list_tells_how_many, true},
    {"the domain's information is plausible", info_is_plausible, false},
    {"the capabilities are plausible", caps_are_plausible, false},
    {"a second session on a domain is refused", second_session_is_busy, false},
    {"an unknown domain is -ESRCH", unknown_domain, true},
    {"opening and closing changes nothing", open_changes_nothing, true},
    {"enable and disable may be repeated", enable_twice_is_fine, false},
    {"closing restores the rights", close_restores_rights, false},
    {"closing restores what was found, not what is usual", close_restores_what_it_found, true},
    {"disabling restores the rights", disable_restores_rights, false},
    {"closing lets vCPUs go on that wait for an answer", close_releases_waiting_vcpus, false},
    {"pauses are counted and undone at close", pause_is_counted, false},
    {"the fd becomes readable when an event comes", fd_becomes_readable, false},
    {"waiting without events times out", wait_times_out, false},
    {"a paused domain does not run", domain_pauses_while_held, false},
    {NULL, NULL, false},
};
