/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One function of Xen's libraries fails while a session undoes what it changed, once or until the fault is
 * gone. An answer of 0 means that the domain is as it was found; after another one the same call again,
 * with the fault gone, ends it.
 *   faults MACHINE [TEXT]    MACHINE as for conformance; TEXT: only statements that contain it
 */
#include "between.h"
#include "real.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenctrl.h>

#include <conf.h>

#define FOUND_GFNS 16u /* from the first one for statements on */
#define FOUND_VCPUS 16u
#define FOUND_VIEW 1u /* somebody else's, if views are on */

struct found {
    int rights[FOUND_GFNS], view_rights[FOUND_GFNS], usual; /* below 0: Xen answered that */
    uint16_t view_of[FOUND_VCPUS];
    uint64_t shows[2]; /* what vCPU 0 reads in FOUND_VIEW in the first two gfns */
    bool views, view_shown, paused, shut_down;
    uint64_t pages;
};

#define PAGE 4096u

static int rights_of(xc_interface *xc, const struct conf *c, uint64_t gfn)
{
    xenmem_access_t access = XENMEM_access_n;
    int rc = xc_get_mem_access(xc, c->domid, gfn, &access);
    return rc ? -errno : (int)access;
}

static void read_rights(xc_interface *xc, const struct conf *c, struct found *f)
{
    f->usual = rights_of(xc, c, UINT64_MAX);
    for (unsigned i = 0; i < FOUND_GFNS; i++)
        f->rights[i] = rights_of(xc, c, conf_gfn(c, i));
}

/* A view has entries of its own only for what the guest touched, or what was set; the others are rwx. */
static int rights_in_view(xc_interface *xc, const struct conf *c, uint64_t gfn)
{
    xenmem_access_t access = XENMEM_access_rwx;
    int rc = xc_altp2m_get_mem_access(xc, c->domid, FOUND_VIEW, gfn, &access);
    return rc && errno != ESRCH ? -errno : (int)access;
}

static uint64_t read_gfn(struct conf *c, uint64_t gfn)
{
    if (c->ops->start(c, 0, ACT_READ, gfn, 0, 0))
        return 0;
    for (unsigned i = 0; i < CONF_PATIENCE_MS && !c->ops->done(c, 0); i++)
        c->ops->run(c);
    return c->ops->done(c, 0) ? c->ops->result(c, 0) : 0;
}

/* Xen switches to visible views only. */
static void look_from_inside(xc_interface *xc, struct conf *c, struct found *f)
{
    f->view_shown = !xc_altp2m_switch_to_view(xc, c->domid, FOUND_VIEW);
    for (unsigned i = 0; f->view_shown && i < 2; i++)
        f->shows[i] = read_gfn(c, conf_gfn(c, i));
    if (f->view_shown)
        xc_altp2m_switch_to_view(xc, c->domid, f->view_of[0]);
}

/* On Arm Xen refuses all of them. */
static void read_views(xc_interface *xc, struct conf *c, struct found *f)
{
    if (xc_altp2m_get_domain_state(xc, c->domid, &f->views))
        f->views = false;
    if (!f->views)
        return;
    for (unsigned i = 0; i < FOUND_GFNS; i++)
        f->view_rights[i] = rights_in_view(xc, c, conf_gfn(c, i));
    for (uint32_t v = 0; v < c->vcpus && v < FOUND_VCPUS; v++)
        xc_altp2m_get_vcpu_p2m_idx(xc, c->domid, v, &f->view_of[v]);
    look_from_inside(xc, c, f);
}

static int found_read(struct conf *c, struct found *f)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    xc_domaininfo_t info = {0};
    memset(f, 0, sizeof(*f));
    if (!xc)
        return -errno;
    int rc = xc_domain_getinfolist(xc, c->domid, 1, &info) == 1 && info.domain == c->domid ? 0
                                                                                           : -ESRCH;
    f->pages = info.tot_pages;
    f->paused = info.flags & XEN_DOMINF_paused;
    f->shut_down = info.flags & XEN_DOMINF_shutdown;
    read_rights(xc, c, f);
    read_views(xc, c, f);
    xc_interface_close(xc);
    return rc;
}

/* Prints one difference; true: there is none. */
static bool same(const char *what, unsigned i, int64_t was, int64_t is)
{
    if (was != is)
        printf("# left behind: %s %u: %jd, and was %jd\n", what, i, (intmax_t)is, (intmax_t)was);
    return was == is;
}

/* Says what differs. `over`: the session is, so that its pages and pauses count as well. */
static bool found_same(const struct found *was, const struct found *is, bool over)
{
    bool all = same("default", 0, was->usual, is->usual);
    all = same("views on", 0, was->views, is->views) && all;
    all = same("visibility of view", FOUND_VIEW, was->view_shown, is->view_shown) && all;
    for (unsigned i = 0; i < FOUND_GFNS; i++) {
        all = same("rights of gfn", i, was->rights[i], is->rights[i]) && all;
        all = same("rights in the view of gfn", i, was->view_rights[i], is->view_rights[i]) && all;
    }
    for (unsigned i = 0; i < 2; i++)
        all = same("what the view shows at gfn", i, (int64_t)was->shows[i],
                   (int64_t)is->shows[i]) &&
              all;
    for (unsigned v = 0; v < FOUND_VCPUS; v++)
        all = same("view of vCPU", v, was->view_of[v], is->view_of[v]) && all;
    all = same("shut down", 0, was->shut_down, is->shut_down) && all;
    if (over) {
        all = same("paused", 0, was->paused, is->paused) && all;
        all = same("pages", 0, (int64_t)was->pages, (int64_t)is->pages) && all;
    }
    return all;
}

/* And the ring gone again: they can be set with one only. */
static int set_rights(const struct conf *c, uint64_t gfn, xenmem_access_t rights)
{
    uint32_t port = 0;
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    if (!xc)
        return -errno;
    void *ring = xc_monitor_enable(xc, c->domid, &port);
    int rc = ring ? 0 : -errno;
    if (!rc && xc_set_mem_access(xc, c->domid, rights, gfn, 1))
        rc = -errno;
    if (ring && xc_monitor_disable(xc, c->domid))
        rc = -errno;
    if (ring)
        munmap(ring, PAGE);
    xc_interface_close(xc);
    return rc;
}

static bool found_is_pv(void)
{
    const char *arch = getenv("XMEM_LAB_ARCH");
    return arch && !strcmp(arch, "x86-pv");
}

/* A PV guest has a ring in its shadow mode only, which must be off. */
static int stop_writes(const struct conf *c, uint64_t gfn)
{
    int rc = set_rights(c, gfn, XENMEM_access_rx);
    return !found_is_pv() ? rc : rc == -EINVAL ? 0 : -EEXIST;
}

/* Nobody listens: Xen gives a ring, and lets an access through that nobody is asked about. PV: no ring. */
static bool found_unwatched(struct conf *c)
{
    uint64_t gfn = conf_gfn(c, FOUND_GFNS);
    int rc = stop_writes(c, gfn);
    if (!rc)
        rc = c->ops->start(c, 0, ACT_WRITE, gfn, 0, 1);
    for (unsigned ms = 0; !rc && ms < CONF_PATIENCE_MS && !c->ops->done(c, 0); ms++)
        c->ops->run(c);
    bool through = !rc && c->ops->done(c, 0);
    if (!through)
        printf("# left behind: an access that nobody is asked about is not let through (%d)\n", rc);
    /* While views are on Xen lifts the rights in the copy that view 0 is then. */
    return through && (found_is_pv() || !set_rights(c, gfn, XENMEM_access_rwx));
}

static int with_view(const struct conf *c, bool on)
{
    uint16_t id = 0;
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    int rc = !xc || xc_altp2m_set_domain_state(xc, c->domid, on);
    if (!rc && on)
        rc = xc_altp2m_create_view(xc, c->domid, XENMEM_access_rwx, &id) || id != FOUND_VIEW;
    rc = rc ? -(errno ? errno : EIO) : 0;
    if (xc)
        xc_interface_close(xc);
    return rc;
}

/* Another tool's: turns views on and makes FOUND_VIEW, or turns them off. */
static int found_make_view(const struct conf *c)
{
    return with_view(c, true);
}

static int found_drop_view(const struct conf *c)
{
    return with_view(c, false);
}

/* ---- statements ---- */

#define MARK 0x1000u
#define RUN 8u
#define MANY 400u

static uint64_t page_added;

static int change_rights(struct conf *c)
{
    int rc = xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), RUN, XMEM_RX);
    return rc ? rc : xmem_domain_set_rights(c->d, 0, conf_gfn(c, RUN + 1), XMEM_R);
}

/* More runs than one hypercall takes. */
static int change_many(struct conf *c)
{
    uint64_t gfns[MANY];
    uint8_t rights[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        gfns[i] = conf_gfn(c, 2 * i);
        rights[i] = XMEM_RX;
    }
    return xmem_domain_set_rights_many(c->d, 0, gfns, rights, MANY);
}

static int change_default(struct conf *c)
{
    return xmem_domain_set_default(c->d, XMEM_RX);
}

static int require_access(struct conf *c)
{
    return xmem_domain_set_access_required(c->d, 1);
}

static int monitor_requests(struct conf *c)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_GUEST_REQUEST};
    return xmem_domain_set_monitor(c->d, &m, 1);
}

static int use_view(struct conf *c)
{
    uint16_t view = 0;
    int rc = xmem_view_create(c->d, NULL, &view);
    if (!rc)
        rc = xmem_domain_set_rights(c->d, view, conf_gfn(c, 0), XMEM_RX);
    return rc ? rc : xmem_view_switch(c->d, view);
}

static int remap(struct conf *c)
{
    int rc = xmem_domain_set_rights(c->d, FOUND_VIEW, conf_gfn(c, 2), XMEM_RX);
    return rc ? rc : xmem_view_change_gfn(c->d, FOUND_VIEW, conf_gfn(c, 0), conf_gfn(c, 1));
}

static int hide(struct conf *c)
{
    return xmem_view_set_visible(c->d, FOUND_VIEW, 0);
}

static int add_page(struct conf *c)
{
    return xmem_domain_add_page(c->d, &page_added);
}

static int pause_it(struct conf *c)
{
    return xmem_domain_pause(c->d);
}

/* A vCPU waits for an answer. */
static int take_event(struct conf *c)
{
    const struct xmem_event *ev;
    int rc = change_rights(c);
    return rc ? rc : conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &ev);
}

#define VIEWS 1u   /* with views */
#define FOREIGN 2u /* in a view that was there before */
#define AT_END 4u  /* is undone when the session ends */
#define PV 16u     /* of PV guests */
#define BY_RUNS 8u /* where rights are set run by run: on Arm */

#define RIGHTS .function = "xencall2", .other = "xc_set_mem_access_multi"
#define OFF .arg = 3, .value = 0 /* of calls that turn something off or on */
#define POINT(what, change, flags, ...) \
    { \
        "undone when it fails: " what, {__VA_ARGS__}, change, flags \
    }

static const struct point {
    const char *text;
    struct between fault;
    int (*change)(struct conf *c);
    unsigned flags;
} points[] = {
    POINT("the rights of runs", change_rights, 0, RIGHTS, .error = ENOMEM),
    POINT("the rights of later runs", change_many, BY_RUNS, .function = "xencall2", .error = EFAULT,
          .nth = 2),
    POINT("the default", change_default, 0, .function = "xencall2", .error = ENOMEM),
    POINT("access_required", require_access, 0, .function = "xc_domain_set_access_required",
          .error = EPERM, OFF),
    POINT("a monitor", monitor_requests, 0, .function = "xc_monitor_guest_request", .error = EINVAL,
          OFF),
    POINT("the ring", take_event, 0, .function = "xc_monitor_disable", .error = ENOMEM),
    POINT("the pause while it is undone", take_event, 0, .function = "xc_domain_pause",
          .error = EPERM),
    POINT("that pause's end", take_event, 0, .function = "xc_domain_unpause", .error = EPERM),
    POINT("the tool's own pause", pause_it, AT_END, .function = "xc_domain_unpause",
          .error = EPERM),
    POINT("an answer's notification", take_event, 0, .function = "xenevtchn_notify", .error = EIO),
    POINT("shadow mode", change_rights, PV, .function = "xencall1", .error = ENOMEM),
    POINT("a page that was added", add_page, VIEWS | AT_END,
          .function = "xc_domain_decrease_reservation_exact", .error = ENOMEM),
    POINT("a view", use_view, VIEWS, .function = "xc_altp2m_destroy_view", .error = EINVAL),
    POINT("the view of the vCPUs", use_view, VIEWS, .function = "xc_altp2m_switch_to_view",
          .error = EINVAL),
    POINT("views that are on", use_view, VIEWS, .function = "xc_altp2m_set_domain_state",
          .error = ENOMEM, OFF),
    POINT("a gfn that shows another frame", remap, VIEWS | FOREIGN,
          .function = "xc_altp2m_change_gfn", .error = ENOMEM),
    POINT("a view that was hidden", hide, VIEWS | FOREIGN, .function = "xc_altp2m_set_visibility",
          .error = ENOMEM, .arg = 4, .value = 1),
};

struct way {
    const char *text;
    unsigned times;
    bool close;
};
static const struct way ways[] = {
    {"disable, once", 1, false},
    {"disable, each time", 1000, false},
    {"close, once", 1, true},
    {"close, each time", 1000, true},
};

/* ---- one point ---- */

static const char *text_of(const struct conf *c)
{
    return c->d ? xmem_domain_last_error(c->d) : xmem_last_error(c->x);
}

/* Undoes it with the fault, and once more without it where the answer says so. */
static void undo(struct conf *c, const struct point *p, const struct way *w)
{
    struct between fault = p->fault;
    fault.nth += !fault.nth;
    fault.times = w->times;
    EXPECT(c, !between_arm(&fault));
    int rc = w->close ? conf_close(c) : xmem_domain_disable(c->d);
    unsigned failed = between_failed();
    between_arm(NULL);
    printf("# faults | %s | %s | %u failed | answered %d%s%s\n", p->text, w->text, failed, rc,
           rc ? " " : "", rc ? text_of(c) : "");
    EXPECT(c, failed > 0);
    EXPECT(c, rc <= 0 && (!rc || *text_of(c)));
    if (rc && w->close)
        EXPECT_RC(c, xmem_domain_open(c->x, c->domid, NULL, &c->d), 0);
    if (rc)
        EXPECT_RC(c, w->close ? conf_close(c) : xmem_domain_disable(c->d), 0);
}

static void one_way(struct conf *c, const struct point *p, const struct way *w)
{
    struct found was, is;
    EXPECT_RC(c, found_read(c, &was), 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, p->change(c), 0);
    undo(c, p, w);
    if (c->failed)
        return;
    EXPECT_RC(c, found_read(c, &is), 0);
    EXPECT(c, found_same(&was, &is, w->close));
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, found_read(c, &is), 0);
    EXPECT(c, found_same(&was, &is, true));
    EXPECT(c, found_unwatched(c));
}

/* So that a view shows which frame it is. */
static int write_both(struct conf *c)
{
    int rc = xmem_domain_open(c->x, c->domid, NULL, &c->d);
    for (uint64_t i = 0; i < 2 && !rc; i++)
        rc = xmem_domain_write(c->d, conf_gfn(c, (unsigned)i) * PAGE, &(uint64_t){MARK + i},
                               sizeof(i));
    int rc2 = conf_close(c);
    return rc ? rc : rc2;
}

static void at_point(struct conf *c)
{
    const struct point *p = points;
    while (p->text != c->statement)
        p++;
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, conf_close(c), 0);
    NEED(c, !(p->flags & VIEWS) || c->caps.max_views > 1, "no views here");
    NEED(c, !(p->flags & PV) || found_is_pv(), "this is no PV guest");
    NEED(c, !(p->flags & BY_RUNS) || (c->caps.max_views <= 1 && !found_is_pv()),
         "all rights are set by one call here");
    if (p->flags & FOREIGN) {
        EXPECT_RC(c, write_both(c), 0);
        EXPECT_RC(c, found_make_view(c), 0);
    }
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways) && !c->failed; i++)
        if (ways[i].close || !(p->flags & AT_END))
            one_way(c, p, &ways[i]);
    if ((p->flags & FOREIGN) && !c->failed)
        EXPECT_RC(c, found_drop_view(c), 0);
}

/* ---- a tool that is gone ---- */

/* Begins one single step, and dies. */
static void step_and_die(struct conf *c, int ready)
{
    struct conf own = {.ops = c->ops,
                       .domid = c->domid,
                       .first_gfn = c->first_gfn,
                       .gfns = c->gfns,
                       .vcpus = c->vcpus};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = XMEM_STEP_SINGLE};
    const struct xmem_event *ev;
    int rc = xmem_open("xen:", NULL, &own.x);
    if (!rc)
        rc = conf_open(&own, &o);
    if (!rc)
        rc = xmem_domain_set_rights(own.d, 0, conf_gfn(&own, 0), XMEM_RX);
    if (rc || write(ready, "", 1) != 1 || conf_next(&own, &ev) || xmem_event_step_over(own.d, ev))
        _exit(1);
    _exit(xmem_event_flush(own.d) != 0);
}

/* Lets such a tool die while vCPU 0 writes to a page of its. True: it did as it should. */
static bool a_tool_died(struct conf *c)
{
    int ready[2], status = 1;
    char byte;
    if (pipe(ready))
        return false;
    pid_t pid = fork();
    if (!pid)
        step_and_die(c, ready[1]);
    close(ready[1]);
    bool listens = pid > 0 && read(ready[0], &byte, 1) == 1;
    if (listens)
        (void)c->ops->start(c, 0, ACT_WRITE, conf_gfn(c, 0), 0, 1);
    close(ready[0]);
    return pid > 0 && waitpid(pid, &status, 0) == pid && listens && !status;
}

static void single_step(struct conf *c)
{
    const struct between fault = {
        .function = "xc_domain_debug_control", .error = EPERM, .nth = 1, .times = 1000};
    struct found was, is;
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, conf_close(c), 0);
    NEED(c, c->caps.step_means & XMEM_STEP_SINGLE, "no single step here");
    EXPECT_RC(c, found_read(c, &was), 0);
    EXPECT(c, a_tool_died(c));
    EXPECT(c, !between_arm(&fault));
    int rc = xmem_domain_recover(c->x, c->domid, NULL);
    unsigned failed = between_failed();
    between_arm(NULL);
    printf("# faults | single step | recover, each time | %u failed | answered %d %s\n", failed, rc,
           text_of(c));
    EXPECT(c, failed > 0 && rc < 0);
    EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, NULL), 0);
    for (unsigned i = 0; i < CONF_PATIENCE_MS && !c->ops->done(c, 0); i++)
        c->ops->run(c);
    EXPECT(c, c->ops->done(c, 0));
    EXPECT_RC(c, found_read(c, &is), 0);
    EXPECT(c, found_same(&was, &is, true));
    EXPECT(c, found_unwatched(c));
}

int main(int argc, char **argv)
{
    struct statement statements[sizeof(points) / sizeof(*points) + 2] = {{NULL, NULL, false}};
    if (argc < 2 || strncmp(argv[1], "xen/", 4)) {
        fprintf(stderr, "usage: faults xen/NAME [TEXT]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
        statements[i] = (struct statement){points[i].text, at_point, true};
    statements[sizeof(points) / sizeof(*points)] = (struct statement){
        "undone when it fails: the single step of a tool that is gone", single_step, true};
    statements_run(argv[1], statements, argc > 2 ? argv[2] : NULL);
    return statements_end();
}
