/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views of the Xen backend against made-up libraries, and what the table says of releases. */
#include "unit.h"

#include <backend/xen/backend-xen.h>

#define GFNS 16u
#define HOLE (-1)

static struct {
    int host[GFNS]; /* Xen's numbers */
    unsigned gets, sets, multis;
    uint32_t listed;
    int error;
    uint32_t domctl_version; /* that it takes */
    unsigned domctls, done;
} xen;
static struct xen_api api;
static struct xen_dom dom;

static int answer(int error)
{
    errno = error;
    return error ? -1 : 0;
}

static int fake_get(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn, int *access)
{
    (void)xch, (void)domid;
    ck_assert_uint_eq(view, 0);
    xen.gets++;
    *access = xen.host[gfn];
    return answer(*access == HOLE ? ESRCH : 0);
}

static int fake_set(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn, int access)
{
    (void)xch, (void)domid;
    ck_assert_uint_eq(view, 0);
    ck_assert_int_eq(access, xen.host[gfn]);
    xen.sets++;
    return answer(xen.error);
}

static int fake_multi(void *xch, uint32_t domid, uint16_t view, uint8_t *access, uint64_t *gfns,
                      uint32_t nr)
{
    (void)xch, (void)domid;
    ck_assert_uint_eq(view, 0);
    for (uint32_t i = 0; i < nr; i++)
        ck_assert_int_eq(access[i], xen.host[gfns[i]]);
    xen.listed = nr;
    xen.multis++;
    return answer(xen.error);
}

static char xcall_handle;

static void *fake_open(void *logger, unsigned flags)
{
    (void)logger, (void)flags;
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

/* A question (getdomaininfo) or the op that is wanted. */
static int fake_call1(void *h, unsigned op, uint64_t a)
{
    uint32_t *d = (uint32_t *)(uintptr_t)a;
    (void)h;
    ck_assert_uint_eq(op, 36);
    xen.domctls++;
    if (d[1] != xen.domctl_version)
        return answer(EACCES);
    if (d[0] == 5)
        memset(d + 4, 0xee, 112);
    else
        xen.done += d[0] == 77 && d[4] == 4 && d[5] == 0;
    return 0;
}

static void setup(void)
{
    memset(&xen, 0, sizeof(xen));
    for (unsigned i = 0; i < GFNS; i++)
        xen.host[i] = 7;
    xen.host[3] = HOLE;
    xen.host[4] = 8; /* rx2rw */
    api = (struct xen_api){.altp2m_get = fake_get,
                           .altp2m_set = fake_set,
                           .altp2m_set_multi = fake_multi,
                           .call_open = fake_open,
                           .call_close = fake_close,
                           .call_alloc = fake_alloc,
                           .call_free = fake_free,
                           .call1 = fake_call1};
    dom = (struct xen_dom){.api = &api, .release = xmi_xen_release_find(4, 20), .no_calls = true};
}

START_TEST(a_split_sets_what_is_there)
{
    uint64_t gfns[] = {2, 3, 4};
    uint8_t rights[3] = {0};
    ck_ok(xmi_xen_host_split(&dom, gfns, rights, 1));
    ck_assert(xen.gets == 1 && xen.sets == 1 && xen.multis == 0);
    ck_assert_uint_eq(rights[0], XMEM_RWX);
    ck_ok(xmi_xen_host_split(&dom, gfns, rights, 3));
    ck_assert(xen.multis == 1 && xen.listed == 2);
    ck_assert_uint_eq(rights[1], BACKEND_NO_RIGHTS);
    ck_assert_uint_eq(rights[2], XMEM_RX2RW);
    ck_ok(xmi_xen_host_split(&dom, gfns + 1, rights, 1));
    ck_assert(xen.sets == 1 && xen.multis == 1);
    xen.error = ENOMEM;
    ck_rc(xmi_xen_host_split(&dom, gfns, rights, 1), -ENOMEM);
    ck_rc(xmi_xen_host_split(&dom, gfns, rights, 3), -ENOMEM);
}
END_TEST

/* The table says 0x17 of 4.20. */
START_TEST(domctls_carry_the_hypervisors_version)
{
    uint32_t arg[2] = {4, 0};
    xen.domctl_version = 0x17;
    ck_ok(xmi_xen_domctl(&dom, 77, arg, sizeof(arg)));
    ck_assert(xen.domctls == 1 && xen.done == 1);
    xen.domctl_version = 0x1a;
    ck_ok(xmi_xen_domctl(&dom, 77, arg, sizeof(arg)));
    ck_assert_uint_eq(xen.done, 2);
    ck_assert_uint_eq(arg[0], 4);
    xen.domctls = 0;
    ck_ok(xmi_xen_domctl(&dom, 77, arg, sizeof(arg))); /* asked for once */
    ck_assert(xen.domctls == 1 && xen.done == 3);
    dom.domctl_version = 0;
    xen.domctl_version = 0x99;
    ck_rc(xmi_xen_domctl(&dom, 77, arg, sizeof(arg)), -EACCES);
    ck_assert_uint_eq(xen.done, 3);
}
END_TEST

START_TEST(quirks_by_release)
{
    for (uint32_t minor = 11; minor < 25; minor++) {
        uint32_t q = xmi_xen_release_find(4, minor)->quirks;
        ck_assert(q & QUIRK_VIEW_SET_COVERS_LEAF);
        ck_assert(!(q & QUIRK_CODE_ELSEWHERE)); /* the simulated machine's alone */
        ck_assert_int_eq((q & QUIRK_VIEW_COPIES_HOST_RIGHTS) != 0, minor < 19);
        ck_assert_int_eq((q & QUIRK_LEAF_TAKES_HOST_RIGHTS) != 0, minor >= 19 && minor < 22);
    }
}
END_TEST

int main(void)
{
    const unit_test tests[] = {a_split_sets_what_is_there, domctls_carry_the_hypervisors_version,
                               quirks_by_release, NULL};
    return unit_main("xen-view", setup, NULL, tests);
}
