/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which gfns have a page, asked of the Xen backend against made-up libraries. */
#include "unit.h"

#include <backend/xen/backend-xen.h>
#include <stdio.h>

#define FIRST 0x100u
#define NR 200u
#define TYPE_HOLE 0xf0000000ul
#define TYPE_L1 0x10000000ul

static struct {
    size_t most;           /* pages that can be mapped at once */
    unsigned maps, mapped; /* mapped: not unmapped again */
    int types_error, map_error;
    bool hole[NR];
} xen;
static struct xen_conn conn;
static struct xen_api api;
static struct xen_dom dom;
static char memory[4096];

static void *fake_map(void *fmem, uint32_t domid, int prot, size_t pages, const xen_gfn_arg *gfns,
                      int *bad)
{
    (void)fmem, (void)prot;
    ck_assert_uint_eq(domid, 7);
    xen.maps++;
    errno = xen.map_error ? xen.map_error : ENOMEM;
    if (pages > xen.most)
        return NULL;
    for (size_t i = 0; i < pages; i++)
        bad[i] = xen.hole[gfns[i] - FIRST] ? -EINVAL : 0;
    xen.mapped++;
    return memory;
}

static int fake_unmap(void *fmem, void *addr, size_t pages)
{
    (void)fmem, (void)pages;
    ck_assert_ptr_eq(addr, memory);
    xen.mapped--;
    return 0;
}

static int fake_types(void *xch, uint32_t domid, unsigned nr, xen_gfn_arg *types)
{
    (void)xch;
    ck_assert_uint_eq(domid, 7);
    for (unsigned i = 0; i < nr; i++)
        types[i] = xen.hole[types[i] - FIRST] ? TYPE_HOLE : i % 3 ? TYPE_L1 : 0;
    errno = xen.types_error;
    return xen.types_error ? -1 : 0;
}

static void setup(void)
{
    memset(&xen, 0, sizeof(xen));
    xen.most = NR;
    xen.hole[0] = xen.hole[77] = xen.hole[64] = xen.hole[NR - 1] = true;
    api = (struct xen_api){
        .foreign_map = fake_map, .foreign_unmap = fake_unmap, .pfn_types = fake_types};
    conn = (struct xen_conn){.arm = true};
    dom = (struct xen_dom){.conn = &conn, .api = &api, .domid = 7};
}

static void ask(int want)
{
    bool there[NR];

    ck_assert_int_eq(xmi_xen_pages_there(&dom, FIRST, NR, there), want);
    for (unsigned i = 0; i < NR && !want; i++)
        ck_assert_int_eq(there[i], !xen.hole[i]);
    ck_assert_uint_eq(xen.mapped, 0);
}

START_TEST(by_mapping)
{
    ask(0);
    ck_assert_uint_eq(xen.maps, (NR + 63) / 64);
}
END_TEST

/* dom0 has no room for many: one by one. */
START_TEST(one_by_one)
{
    xen.most = 1;
    ask(0);
    xen.most = 0;
    ask(-ENOMEM);
    xen.map_error = EPERM;
    ask(-EPERM);
}
END_TEST

START_TEST(by_type)
{
    conn.arm = false;
    ask(0);
    ck_assert_uint_eq(xen.maps, 0);
    xen.types_error = EPERM;
    ask(0);
    ck_assert_uint_gt(xen.maps, 0);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {by_mapping, one_by_one, by_type, NULL};

    return unit_main("xen-page", setup, NULL, tests);
}
