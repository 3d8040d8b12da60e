/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-backend.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int hit(struct fake *f, enum fake_op op)
{
    f->count[op]++;
    if (f->dead && op != FAKE_IDLE && op != FAKE_ACK && op != FAKE_DISABLE)
        return -ESRCH;
    if (!f->fail[op].nth)
        return 0;
    if (f->fail[op].nth > 1) {
        f->fail[op].nth--;
        return 0;
    }
    if (!f->fail[op].all)
        f->fail[op].nth = 0;
    return f->fail[op].rc;
}

void fake_fail(struct fake *f, enum fake_op op, unsigned nth, int rc, bool all)
{
    f->fail[op].nth = nth;
    f->fail[op].rc = rc;
    f->fail[op].all = all;
}

static int f_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
                  struct xmem_error *err)
{
    (void)rest, (void)opts, (void)conn, (void)err;
    return -EOPNOTSUPP;
}

static void f_close(void *conn)
{
    (void)conn;
}

static int f_list(void *conn, struct xmem_domain_info *v, size_t room, size_t *n)
{
    struct fake *f = conn;
    int rc = hit(f, FAKE_LIST);
    for (size_t i = 0; i < 3 && i < room && !rc; i++) {
        v[i] = f->info;
        v[i].domid = (uint32_t)i + 1;
    }
    *n = 3;
    return rc;
}

static int f_dom_open(void *conn, uint32_t domid, void **dom, struct xmem_error *err)
{
    struct fake *f = conn;
    int rc = hit(f, FAKE_DOM_OPEN);
    if (!rc && domid != f->info.domid)
        rc = -ESRCH;
    if (rc)
        return xmi_error_set(err, rc, "no domain %u", domid);
    *dom = f;
    return 0;
}

static void f_dom_close(void *dom)
{
    (void)dom;
}

static int f_info(void *dom, struct xmem_domain_info *out)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_INFO);
    if (rc)
        return rc;
    size_t size = out->size;
    *out = f->info;
    out->size = size;
    if (f->paused)
        out->flags |= XMEM_DOMAIN_PAUSED;
    return 0;
}

static int f_caps(void *dom, struct xmem_caps *out)
{
    struct fake *f = dom;
    size_t size = out->size;
    *out = f->caps;
    out->size = size;
    return hit(f, FAKE_CAPS);
}

static uint32_t f_quirks(void *dom)
{
    return ((struct fake *)dom)->quirks;
}

static int f_pause(void *dom)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_PAUSE);
    f->paused += !rc;
    return rc;
}

static int f_unpause(void *dom)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_UNPAUSE);
    f->paused -= !rc;
    return rc;
}

static int f_hold(void *dom, uint32_t vcpu, bool hold)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_HOLD);
    if (!rc && !hold && !f->held[vcpu])
        return -EINVAL;
    f->held[vcpu] += rc ? 0 : hold ? 1 : -1;
    return rc;
}

static int f_peek(void *dom, uint32_t vcpu, uint64_t *pc)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_PEEK);
    if (f->on_peek)
        f->on_peek(f, vcpu);
    *pc = f->pc[vcpu];
    return rc;
}

static int f_inject(void *dom, uint32_t vcpu, const struct backend_exception *e)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_INJECT);
    if (rc)
        return rc;
    f->injected = *e;
    f->injected_vcpu = vcpu;
    return 0;
}

static int f_waits(void *dom, uint32_t vcpu)
{
    return ((struct fake *)dom)->waits[vcpu];
}

static int f_enable(void *dom, struct backend_ring *ring)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_ENABLE);
    if (!rc && f->ring_on)
        rc = -EBUSY;
    if (rc)
        return rc;
    f->ring_on = true;
    f->req_prod = f->rsp_cons = 0;
    *ring = (struct backend_ring){f->page, f->version, f->arch, false};
    return 0;
}

static int f_disable(void *dom)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_DISABLE);
    if (!rc) {
        f->ring_on = false;
        f->monitors = 0;
    }
    return rc;
}

static bool f_on(void *dom)
{
    return ((struct fake *)dom)->ring_on;
}

static int f_attach(void *dom, struct backend_ring *ring)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_ATTACH);
    if (!rc)
        *ring = (struct backend_ring){f->page, f->version, f->arch, false};
    return rc;
}

static int f_monitor(void *dom, const struct backend_monitor *m)
{
    struct fake *f = dom;
    uint32_t bit = 1u << m->reason;
    int rc = hit(f, FAKE_MONITOR);
    if (rc)
        return rc;
    if (((f->monitors & bit) != 0) == m->on)
        return -EEXIST;
    f->monitors ^= bit;
    f->monitor_sync = m->sync;
    return 0;
}

static int f_required(void *dom, bool required)
{
    struct fake *f = dom;
    f->required = required;
    return hit(f, FAKE_REQUIRED);
}

static int f_fd(void *dom)
{
    return ((struct fake *)dom)->fd[0];
}

static int f_ack(void *dom)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_ACK);
    if (f->on_ack)
        f->on_ack(f);
    return f->dead ? -ESHUTDOWN : rc;
}

static int f_idle(void *dom)
{
    struct fake *f = dom;
    uint32_t before = f->req_prod;
    int rc = hit(f, FAKE_IDLE);
    if (f->on_idle)
        f->on_idle(f);
    if (f->dead)
        return -ESHUTDOWN;
    return rc ? rc : f->req_prod != before;
}

/* What the hypervisor does with an answer, as far as the library can see it. */
static void consume(struct fake *f, const struct ring_head *h)
{
    if (h->flags & RING_FLAG_ALTERNATE_P2M)
        f->vcpu_view[h->vcpu] = h->view;
    if (h->flags & RING_FLAG_VCPU_PAUSED)
        f->waits[h->vcpu] = 0;
}

static int f_notify(void *dom)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_NOTIFY);
    uint32_t prod, size = xmi_ring_event_size(f->version);
    memcpy(&prod, f->page + 8, sizeof(prod));
    for (; !rc && f->rsp_cons != prod; f->rsp_cons++) {
        const uint8_t *slot = f->page + 64 + (f->rsp_cons & 7) * size;
        struct fake_answer *a = &f->answer[f->answers++ % FAKE_ANSWERS];
        memcpy(&a->head, slot, sizeof(a->head));
        memcpy(a->data, slot + RING_DATA_OFFSET, size - RING_DATA_OFFSET);
        consume(f, &a->head);
    }
    return rc;
}

static int f_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_GET);
    if (rc)
        return rc;
    if (!view && !f->ring_on)
        return -ENODEV;
    if (gfn == UINT64_MAX) {
        *rights = f->default_rights;
        return 0;
    }
    if (f->rights[view][gfn] == FAKE_HOLE)
        return -ESRCH;
    *rights = f->rights[view][gfn];
    return 0;
}

static int set_one(struct fake *f, uint16_t view, uint64_t gfn, uint8_t rights)
{
    if (f->refused_rc && gfn == f->refused_gfn)
        return f->refused_rc;
    if (gfn >= FAKE_GFNS)
        return -EINVAL;
    f->rights[view][gfn] = rights;
    for (unsigned v = 1; !view && v < FAKE_VIEWS; v++)
        if ((f->quirks & QUIRK_HOST_SET_OVERWRITES_VIEWS) && f->view_there[v] &&
            f->rights[v][gfn] != FAKE_HOLE)
            f->rights[v][gfn] = rights;
    return 0;
}

static int f_set(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                 uint64_t *done)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_SET);
    *done = 0;
    if (gfn == UINT64_MAX) {
        f->default_rights = rc ? f->default_rights : rights;
        return rc;
    }
    for (; !rc && *done < nr; ++*done) {
        rc = set_one(f, view, gfn + *done, rights);
        if (rc)
            break;
    }
    if (f->done_unknown)
        *done = BACKEND_DONE_UNKNOWN;
    return rc;
}

static int f_many(void *dom, uint16_t view, const uint64_t *gfns, const uint8_t *rights,
                  uint32_t nr, uint64_t *done)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_MANY);
    for (*done = 0; !rc && *done < nr; ++*done) {
        rc = set_one(f, view, gfns[*done], rights[*done]);
        if (rc)
            break;
    }
    if (f->done_unknown)
        *done = BACKEND_DONE_UNKNOWN;
    return rc;
}

static int f_get_state(void *dom, bool *on)
{
    struct fake *f = dom;
    *on = f->views_on;
    return hit(f, FAKE_GET_STATE);
}

static int f_set_state(void *dom, bool on)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_SET_STATE);
    f->views_on = rc ? f->views_on : on;
    return rc;
}

static int f_exists(void *dom, uint16_t view)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_EXISTS);
    return rc ? rc : f->view_there[view];
}

static int f_create(void *dom, uint8_t rights, uint16_t *view)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_CREATE);
    (void)rights;
    for (uint16_t v = 1; v < FAKE_VIEWS && !rc; v++) {
        if (f->view_there[v])
            continue;
        f->view_there[v] = true;
        memset(f->rights[v], FAKE_HOLE, FAKE_GFNS);
        *view = v;
        return 0;
    }
    return rc ? rc : -EINVAL;
}

static int f_destroy(void *dom, uint16_t view)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_DESTROY);
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        if (f->vcpu_view[i] == view)
            rc = rc ? rc : -EBUSY;
    if (!rc)
        f->view_there[view] = false;
    return rc;
}

static int f_switch(void *dom, uint16_t view)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_SWITCH);
    for (unsigned i = 0; i < FAKE_VCPUS && !rc; i++)
        f->vcpu_view[i] = view;
    return rc;
}

static int f_get_vcpu(void *dom, uint32_t vcpu, uint16_t *view)
{
    struct fake *f = dom;
    *view = f->vcpu_view[vcpu];
    return hit(f, FAKE_GET_VCPU);
}

static int f_change(void *dom, uint16_t view, uint64_t gfn, uint64_t to_gfn)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_CHANGE);
    f->remapped_to = rc ? f->remapped_to : to_gfn;
    if (!rc)
        f->rights[view][gfn] = to_gfn == XMEM_GFN_UNDO ? FAKE_HOLE : XMEM_RWX;
    return rc;
}

static int f_visible(void *dom, uint16_t view, bool visible)
{
    struct fake *f = dom;
    f->visible[view] = visible;
    return hit(f, FAKE_VISIBLE);
}

static int f_set_ve(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, bool suppress)
{
    struct fake *f = dom;
    (void)gfn, (void)nr;
    f->suppress[view] = suppress;
    return hit(f, FAKE_SET_VE);
}

static int f_get_ve(void *dom, uint16_t view, uint64_t gfn, bool *suppress)
{
    struct fake *f = dom;
    (void)gfn;
    *suppress = f->suppress[view];
    return hit(f, FAKE_GET_VE);
}

static int f_ve_page(void *dom, uint32_t vcpu, uint64_t gfn)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_VE_PAGE);
    bool on = f->notify_gfn[vcpu] && f->notify_gfn[vcpu] != XMEM_GFN_UNDO;
    if (rc)
        return rc;
    if (on && gfn != XMEM_GFN_UNDO) /* as Xen */
        return -EEXIST;
    f->notify_gfn[vcpu] = gfn;
    return 0;
}

static int f_map(void *dom, uint64_t gfn, void **page)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_MAP);
    if (rc)
        return rc;
    if (gfn - f->frames_at >= 4 || !f->frame[gfn - f->frames_at])
        return -ESRCH;
    *page = f->frame[gfn - f->frames_at];
    return 0;
}

static void f_unmap(void *dom, void *page)
{
    (void)dom, (void)page;
}

static int f_add(void *dom, uint64_t gfn)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_ADD);
    if (rc)
        return rc;
    if (gfn - f->frames_at >= 4)
        return -EINVAL;
    f->frame[gfn - f->frames_at] = malloc(4096);
    memset(f->frame[gfn - f->frames_at], 0xcc, 4096);
    return 0;
}

static int f_remove(void *dom, uint64_t gfn)
{
    struct fake *f = dom;
    int rc = hit(f, FAKE_REMOVE);
    if (rc)
        return rc;
    free(f->frame[gfn - f->frames_at]);
    f->frame[gfn - f->frames_at] = NULL;
    return 0;
}

static uint64_t f_hypercalls(void *dom)
{
    const struct fake *f = dom;
    uint64_t n = 0;
    for (unsigned i = FAKE_PAUSE; i < FAKE_OPS; i++)
        if (i != FAKE_ACK && i != FAKE_IDLE)
            n += f->count[i];
    return n;
}

const struct xmem_backend_ops fake_ops = {
    .scheme = "fake",
    .open = f_open,
    .close = f_close,
    .domain_list = f_list,
    .domain_open = f_dom_open,
    .domain_close = f_dom_close,
    .domain_info = f_info,
    .domain_caps = f_caps,
    .domain_quirks = f_quirks,
    .pause = f_pause,
    .unpause = f_unpause,
    .vcpu_hold = f_hold,
    .vcpu_peek = f_peek,
    .vcpu_waits = f_waits,
    .vcpu_inject = f_inject,
    .monitor_enable = f_enable,
    .monitor_disable = f_disable,
    .ring_is_on = f_on,
    .monitor_attach = f_attach,
    .monitor_set = f_monitor,
    .access_required = f_required,
    .event_fd = f_fd,
    .event_ack = f_ack,
    .event_idle = f_idle,
    .event_notify = f_notify,
    .rights_get = f_get,
    .rights_set = f_set,
    .rights_set_many = f_many,
    .views_get_state = f_get_state,
    .views_set_state = f_set_state,
    .view_exists = f_exists,
    .view_create = f_create,
    .view_destroy = f_destroy,
    .view_switch = f_switch,
    .view_get_vcpu = f_get_vcpu,
    .view_change_gfn = f_change,
    .view_set_visible = f_visible,
    .view_set_suppress_ve = f_set_ve,
    .view_get_suppress_ve = f_get_ve,
    .view_set_notify = f_ve_page,
    .page_map = f_map,
    .page_unmap = f_unmap,
    .page_add = f_add,
    .page_remove = f_remove,
    .hypercalls = f_hypercalls,
};

struct fake *fake_new(void)
{
    struct fake *f = aligned_alloc(4096, (sizeof(*f) + 4095) / 4096 * 4096);
    ck_assert_ptr_nonnull(f);
    memset(f, 0, sizeof(*f));
    memset(f->rights, FAKE_HOLE, sizeof(f->rights));
    memset(f->rights[0], XMEM_RWX, FAKE_GFNS);
    f->view_there[0] = true;
    f->frames_at = 0x10;
    f->version = RING_VERSION_MAX;
    f->arch = XMEM_ARCH_X86;
    f->default_rights = XMEM_RWX;
    f->info = (struct xmem_domain_info){.domid = 1,
                                        .kind = XMEM_KIND_X86_EPT,
                                        .vcpus = FAKE_VCPUS,
                                        .highest_gfn = FAKE_GFNS - 1,
                                        .pages = FAKE_GFNS,
                                        .name = "fake"};
    f->caps = (struct xmem_caps){
        .rights = (XMEM_RIGHTS_BIT(XMEM_R_PW) * 2 - 1) & ~XMEM_RIGHTS_BIT(XMEM_W),
        .max_views = FAKE_VIEWS,
        .step_means = 15, /* a released hypervisor */
        .replies = 31,
        .reply_flags = 63,
        .monitors = 0x1fff6,
        .ring_slots = 8,
        .granule = 4096,
        .flags = XMEM_CAP_MEM_ACCESS | XMEM_CAP_SET_MANY | XMEM_CAP_SUPPRESS_VE |
                 XMEM_CAP_VISIBILITY | XMEM_CAP_SWITCH_VCPU | XMEM_CAP_ADD_PAGE,
        .highest_gfn = FAKE_GFNS - 1,
        .interface_version = RING_VERSION_MAX,
    };
    f->caps.view_rights = f->caps.rights;
    f->quirks = QUIRK_HOST_SET_OVERWRITES_VIEWS | QUIRK_FAST_STEP_NEEDS_MONITOR;
    ck_assert_int_eq(pipe(f->fd), 0);
    return f;
}

void fake_free(struct fake *f)
{
    for (unsigned i = 0; i < 4; i++)
        free(f->frame[i]);
    close(f->fd[0]);
    close(f->fd[1]);
    free(f);
}

struct xmem *fake_connect(struct fake *f)
{
    struct xmem *x;
    ck_assert_int_eq(xmi_connection_new(&fake_ops, f, &x), 0);
    return x;
}

struct xmem *fake_session(struct fake *f, const struct xmem_domain_opts *opts, bool enable,
                          struct xmem_domain **d)
{
    struct xmem *x = fake_connect(f);
    ck_assert_int_eq(xmem_domain_open(x, f->info.domid, opts, d), 0);
    if (enable)
        ck_assert_int_eq(xmem_domain_enable(*d), 0);
    memset(f->count, 0, sizeof(f->count));
    return x;
}

void fake_put(struct fake *f, uint32_t vcpu, uint32_t reason, uint32_t flags, uint16_t view,
              const uint64_t *u)
{
    uint32_t size = xmi_ring_event_size(f->version);
    uint8_t *slot = f->page + 64 + (f->req_prod & 7) * size;
    struct ring_head h = {
        .version = f->version, .flags = flags, .reason = reason, .vcpu = vcpu, .view = view};
    if (u)
        memcpy(&h.u, u, sizeof(h.u));
    memcpy(slot, &h, sizeof(h));
    for (uint32_t i = RING_DATA_OFFSET; i < size; i++)
        slot[i] = (uint8_t)(i + vcpu);
    f->waits[vcpu % FAKE_VCPUS] = flags & RING_FLAG_VCPU_PAUSED;
    f->req_prod++;
    memcpy(f->page, &f->req_prod, sizeof(f->req_prod));
}

void fake_access(struct fake *f, uint32_t vcpu, uint64_t gfn, uint32_t access, uint16_t view)
{
    uint64_t u[4] = {gfn, 0x40, 0, access};
    uint32_t flags = RING_FLAG_VCPU_PAUSED | (view ? RING_FLAG_ALTERNATE_P2M : 0);
    fake_put(f, vcpu, XMEM_EVENT_MEM_ACCESS, flags, view, u);
}

const struct fake_answer *fake_last(const struct fake *f)
{
    ck_assert_uint_ne(f->answers, 0);
    return &f->answer[(f->answers - 1) % FAKE_ANSWERS];
}
