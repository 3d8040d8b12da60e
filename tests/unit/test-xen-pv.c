/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV domains of the Xen backend against made-up libraries: which calls are made, which never. */
#include "unit.h"

#include <backend/xen/backend-xen.h>

#define RING 0x786du
#define MODE 0x100u
#define IF_IDLE 0x1000u
#define DOMCTL_SHADOW 10u
#define DOMCTL_VM_EVENT 56u

static char xcall_handle, resource_handle, page[4096];
static struct {
    bool extension; /* the hypervisor has it */
    int map_error, monitor_error;
    unsigned domctls, disables, binds, mapped, unmapped, resumes;
    uint32_t mode, mb;
    bool mode_on, monitor_on, restricted;
} xen;
static struct xen_api api;
static struct xen_conn conn;
static struct xen_dom dom;
static struct xen_release release = {
    .domctl_version = 0x15, .interface_version = 7, .access_default = 10, .access_r_pw = -1};

static void *fake_open(void *logger, unsigned flags)
{
    (void)logger;
    (void)flags;
    return &xcall_handle;
}

static int fake_close(void *h)
{
    (void)h;
    return 0;
}

static void *fake_alloc(void *h, size_t bytes)
{
    (void)h;
    return calloc(1, bytes);
}

static void fake_free(void *h, void *buffer)
{
    (void)h;
    free(buffer);
}

static int answer(int error)
{
    errno = error;
    return error ? -1 : 0;
}

static int shadow_op(uint32_t *arg)
{
    if (arg[0] == 30)
        arg[2] = xen.mb;
    else if (arg[0] == 31)
        xen.mb = arg[2];
    else if (arg[0] == 0 && xen.restricted)
        return answer(arg[1] & IF_IDLE ? EBUSY : 0);
    else
        xen.mode_on = arg[0] == 32;
    xen.mode = arg[1];
    return 0;
}

static int fake_call1(void *h, unsigned op, uint64_t a)
{
    uint32_t *d = (uint32_t *)(uintptr_t)a, *arg = d + 4;
    (void)h;
    ck_assert_uint_eq(op, 36);
    ck_assert_uint_eq(d[1], 0x15);
    ck_assert_uint_eq(d[2] & 0xffff, 7);
    xen.domctls++;
    if (d[0] == DOMCTL_SHADOW)
        return shadow_op(arg);
    ck_assert_uint_eq(d[0], DOMCTL_VM_EVENT);
    ck_assert((arg[0] == 0 || arg[0] == 2) && arg[1] == 2);
    if (arg[0] == 2) {
        xen.resumes++;
        return 0;
    }
    if (xen.monitor_error)
        return answer(xen.monitor_error);
    xen.monitor_on = true;
    arg[2] = 33;
    return 0;
}

static int acquire(uint64_t a)
{
    uint16_t *head = (uint16_t *)(uintptr_t)a;
    uint32_t *frames = (uint32_t *)(uintptr_t)(a + 8);
    ck_assert(head[0] == 7 && head[1] == RING);
    ck_assert_uint_eq(*(uint64_t *)(uintptr_t)(a + 24), 0);
    if (!xen.extension)
        return answer(EINVAL);
    *frames = 1;
    return 0;
}

static int fake_call2(void *h, unsigned op, uint64_t a, uint64_t b)
{
    (void)h;
    ck_assert_uint_eq(op, 12);
    if (a == 28)
        return acquire(b);
    if (a == 2)
        return 0x5ffff;
    ck_assert_uint_eq(a, 21); /* XENMEM_access_op */
    return answer(!xen.mode_on ? EOPNOTSUPP : !xen.monitor_on ? ENODEV : 0);
}

static void *fake_map(void *fmem, uint32_t domid, unsigned type, unsigned id, unsigned long frame,
                      unsigned long frames, void **addr, int prot, int flags)
{
    (void)fmem;
    (void)prot;
    ck_assert(domid == 7 && type == RING && !id && !frame && frames == 1 && !flags);
    if (xen.map_error) {
        errno = xen.map_error;
        return NULL;
    }
    xen.mapped++;
    *addr = page;
    return &resource_handle;
}

static int fake_unmap(void *fmem, void *resource)
{
    (void)fmem;
    ck_assert_ptr_eq(resource, &resource_handle);
    xen.unmapped++;
    return 0;
}

static int fake_infolist(void *xch, uint32_t first, unsigned max, void *info)
{
    struct xen_domain_info *i = info;
    (void)xch;
    (void)max;
    i->domid = (uint16_t)first;
    i->tot_pages = 64u * 256u;
    i->max_vcpu_id = 3;
    return 1;
}

static int fake_bind(void *xce, uint32_t domid, uint32_t remote)
{
    (void)xce;
    ck_assert(domid == 7 && remote == 33);
    xen.binds++;
    return 5;
}

static int fake_unbind(void *xce, uint32_t port)
{
    (void)xce;
    ck_assert_uint_eq(port, 5);
    return 0;
}

static int fake_disable(void *xch, uint32_t domid)
{
    (void)xch;
    (void)domid;
    xen.disables++;
    xen.monitor_on = false;
    return 0;
}

static void *never_enable(void *xch, uint32_t domid, uint32_t *port)
{
    (void)xch;
    (void)domid;
    (void)port;
    ck_abort_msg("xc_monitor_enable on a PV domain");
    return NULL;
}

static void setup(void)
{
    memset(&xen, 0, sizeof(xen));
    xen.extension = true;
    api = (struct xen_api){.call_open = fake_open,
                           .call_close = fake_close,
                           .call_alloc = fake_alloc,
                           .call_free = fake_free,
                           .call1 = fake_call1,
                           .call2 = fake_call2,
                           .getinfolist = fake_infolist,
                           .evtchn_bind = fake_bind,
                           .evtchn_unbind = fake_unbind,
                           .monitor_enable = never_enable,
                           .monitor_disable = fake_disable,
                           .foreign_map_resource = fake_map,
                           .foreign_unmap_resource = fake_unmap};
    conn = (struct xen_conn){.release = &release};
    dom = (struct xen_dom){.conn = &conn,
                           .api = &api,
                           .release = &release,
                           .domid = 7,
                           .kind = XMEM_KIND_X86_PV,
                           .port = -1};
}

static void teardown(void)
{
    xmi_xen_calls_close(&dom);
}

START_TEST(stock)
{
    struct backend_ring ring = {0};
    xen.extension = false;
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), -EOPNOTSUPP);
    ck_assert_int_eq(xmi_xen_monitor_disable(&dom), -EOPNOTSUPP);
    ck_assert_int_eq(xmi_xen_ring_active(&dom), -EOPNOTSUPP);
    ck_assert(!xen.domctls && !xen.disables && !xen.mapped);
    /* A library that cannot map resources serves no better. */
    xen.extension = true;
    api.foreign_map_resource = NULL;
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), -EOPNOTSUPP);
    ck_assert_uint_eq(xen.domctls, 0);
}
END_TEST

START_TEST(enable_and_disable)
{
    struct backend_ring ring = {0};
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), 0);
    ck_assert_ptr_eq(ring.page, page);
    ck_assert(xen.mode_on && xen.mode == MODE && xen.monitor_on && xen.binds == 1);
    ck_assert_uint_eq(xen.mb, 5); /* 4 vCPUs, 64 MiB */
    ck_assert_int_eq(xmi_xen_ring_active(&dom), 1);
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), -EBUSY);
    ck_assert_int_eq(xmi_xen_monitor_disable(&dom), 0);
    ck_assert(!xen.mode_on && xen.disables == 1 && xen.mapped == 1 && xen.unmapped == 1);
    ck_assert(dom.ring == NULL && dom.port == -1);
    ck_assert_uint_eq(xmi_xen_pv_highest(&dom), 0x5fffe);
}
END_TEST

/* What stays restricted needs the mode. */
START_TEST(rights_outlive_the_ring)
{
    struct backend_ring ring = {0};
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), 0);
    xen.restricted = true;
    ck_assert_int_eq(xmi_xen_monitor_disable(&dom), 0);
    ck_assert(xen.mode_on && !xen.monitor_on && xen.unmapped == 1);
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), 0);
    ck_assert(xen.mapped == 2);
}
END_TEST

START_TEST(a_dead_listeners_ring)
{
    struct backend_ring ring = {0};
    xen.mode_on = xen.monitor_on = true;
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), -EBUSY);
    ck_assert_int_eq(xmi_xen_event_notify(&dom), -ENODEV);
    ck_assert_int_eq(xmi_xen_monitor_attach(&dom, &ring), 0);
    ck_assert_ptr_eq(ring.page, page);
    ck_assert_int_eq(xmi_xen_event_notify(&dom), 0);
    ck_assert_uint_eq(xen.resumes, 1);
    ck_assert_int_eq(xmi_xen_monitor_disable(&dom), 0);
    ck_assert(xen.mapped == 1 && xen.unmapped == 1 && !xen.mode_on);
    dom.kind = XMEM_KIND_X86_EPT;
    ck_assert_int_eq(xmi_xen_monitor_attach(&dom, &ring), -EOPNOTSUPP);
}
END_TEST

static uint32_t monitors;

static int fake_capabilities(void *xch, uint32_t domid, uint32_t *bits)
{
    (void)xch;
    (void)domid;
    *bits = monitors;
    return 0;
}

/* Where the emulator does not tell what it leaves, an access would be reported for ever. */
START_TEST(emulation_is_a_means_where_it_tells)
{
    struct xmem_caps caps = {.size = sizeof(caps)};
    api.monitor_capabilities = fake_capabilities;
    monitors = 1u << 4; /* guest requests */
    ck_assert_int_eq(xmi_xen_domain_caps(&dom, &caps), 0);
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_RELAX);
    ck_assert(caps.replies & 1u << XMEM_REPLY_EMULATE);
    monitors |= 1u << 10;
    ck_assert_int_eq(xmi_xen_domain_caps(&dom, &caps), 0);
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_RELAX | XMEM_STEP_EMULATE);
    ck_assert(caps.monitors & 1u << XMEM_EVENT_EMUL_UNIMPLEMENTED);
}
END_TEST

START_TEST(failures_leave_nothing)
{
    struct backend_ring ring = {0};
    xen.map_error = ENOMEM;
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), -ENOMEM);
    ck_assert(!xen.mode_on && !xen.mapped);
    xen.map_error = 0;
    xen.monitor_error = EPERM;
    ck_assert_int_eq(xmi_xen_monitor_enable(&dom, &ring), -EPERM);
    ck_assert(!xen.mode_on && xen.mapped == 1 && xen.unmapped == 1 && !xen.binds);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {stock,
                               enable_and_disable,
                               rights_outlive_the_ring,
                               a_dead_listeners_ring,
                               emulation_is_a_means_where_it_tells,
                               failures_leave_nothing,
                               NULL};
    return unit_main("xen-pv", setup, teardown, tests);
}
