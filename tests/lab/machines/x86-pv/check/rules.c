/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines 1 to 5 and 11 to 13 of the checklist: who may do what, and what is left. */
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/sched.h>

#define SCRATCH_PFN(i) (LAB_PV_SCRATCH_PFN + (i))
#define TRIES 256u

void check_fail(struct check *c, const char *file, int line, const char *what, long got)
{
    printf("# %s:%d: %s (%ld: %s)\n", file, line, what, got, got < 0 ? strerror((int)-got) : "");
    c->failed = true;
}

/* ---- 1 ---- */

/* Every way of mapping the ring's frame is refused, and the entry stays what it was. */
static void ring_out_of_reach(struct check *c, uint64_t va, uint64_t pte)
{
    uint64_t buffer = check_page(c, 20), was = check_peek(c, pte);
    uint64_t entry = c->ring_mfn * PAGE | PTE_RW;

    OK(c, check_update_va(c, va, entry) < 0);
    OK(c, check_update_va(c, va, c->ring_mfn * PAGE | PTE_RO) < 0);
    IS(c, check_poke(c, buffer, pte), 0);
    IS(c, check_poke(c, buffer + 8, entry), 0);
    OK(c,
       check_hypercall(c, HC_MMU_UPDATE, (uint64_t[4]){check_virtual(c, buffer), 1, 0, SELF}) < 0);
    OK(c, check_run(c, 0, LAB_OP_WRITE, check_virtual(c, pte), entry) != 0); /* ptwr */
    OK(c, check_peek(c, pte) == was);
}

static void line_1(struct check *c)
{
    uint64_t va, pte;

    IS(c, check_mode(c, 0), 0);
    IS(c, check_ring(c), 0);
    va = check_virtual(c, check_page(c, 21));
    pte = check_pte(c, va);
    OK(c, va && pte && c->ring_mfn);
    ring_out_of_reach(c, va, pte);
    IS(c, check_enable(c), 0);
    ring_out_of_reach(c, va, pte);
    IS(c, check_disable(c), 0);
    ring_out_of_reach(c, va, pte);
    IS(c, check_enable(c), 0);
    IS(c, check_set(c, c->first + 21, 1, XENMEM_access_r), 0);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, check_page(c, 21), c->first + 21, MEM_ACCESS_W), 0);
}

/* ---- 2 ---- */

static void line_2(struct check *c)
{
    uint64_t page = check_page(c, 1), gfn = c->first + 1;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_log_dirty(c, true), 0);
    IS(c, check_log_dirty(c, false), 0);
    IS(c, check_get(c, gfn), XENMEM_access_r);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page, gfn, MEM_ACCESS_W), 0);
    IS(c, check_log_dirty(c, true), 0);
    IS(c, check_disable(c), 0);
    IS(c, check_mode_off(c), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, page, 2), 0);
    IS(c, check_dirty(c, SCRATCH_PFN(1)), 1);
    IS(c, check_dirty(c, SCRATCH_PFN(300)), 0);
    IS(c, check_log_dirty(c, false), 0);
}

/* ---- 3 ---- */

static void line_3(struct check *c)
{
    unsigned long last = 0;

    OK(c, check_enable(c) < 0);
    IS(c, check_mode(c, 0), 0);
    IS(c, check_enable(c), -ENODEV);
    IS(c, check_set(c, c->first, 1, XENMEM_access_r), -ENODEV);
    IS(c, check_ring(c), 0);
    IS(c, check_set(c, c->first, 1, XENMEM_access_r), -ENODEV);
    IS(c, check_enable(c), 0);
    IS(c, xc_maximum_ram_page(c->xc, &last), 0);
    IS(c, check_set(c, UINT64_MAX - 1, 4, XENMEM_access_r), -EINVAL);
    OK(c, check_set(c, last + 0x100000, 1, XENMEM_access_r) < 0);
    IS(c, check_set(c, c->first, 0, XENMEM_access_r), -EINVAL);
    IS(c, check_set(c, c->first, 1, (xenmem_access_t)77), -EINVAL);
    IS(c, check_get(c, c->first), XENMEM_access_rwx);
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rx), 0); /* the default */
    IS(c, check_get(c, ~UINT64_C(0)), XENMEM_access_rx);
    IS(c, check_set(c, ~UINT64_C(0), 12345, XENMEM_access_rwx), 0); /* nr is ignored */
    IS(c, check_get(c, ~UINT64_C(0)), XENMEM_access_rwx);
}

/* ---- 4 ---- */

static void line_4(struct check *c)
{
    uint64_t page = check_page(c, 1), gfn = c->first + 1;
    unsigned int i;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_disable(c), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, page, 5), 0); /* nobody listens: relaxed */
    IS(c, check_enable(c), 0);
    IS(c, check_get(c, gfn), XENMEM_access_rwx);
    IS(c, xc_domain_set_access_required(c->xc, c->domid, 1), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page, gfn, MEM_ACCESS_W), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_disable(c), 0);
    IS(c, check_shutdown(c), -1);
    IS(c, check_start(c, 0, LAB_OP_WRITE, page, 6), 0);
    OK(c, !check_done(c, 0, 300));
    for (i = 0; i < 20 && check_shutdown(c) < 0; i++)
        check_done(c, 0, 50);
    IS(c, check_shutdown(c), SHUTDOWN_crash);
}

/* ---- 5 ---- */

static int by_value(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* The last frame of a run: the next one is somebody else's. */
static uint64_t edge_of(const struct check *c)
{
    uint64_t *frames = calloc(c->pages, sizeof(*frames)), found = 0;
    char path[32];
    size_t i, n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/labdom.%" PRIu32 ".p2m", c->domid);
    f = fopen(path, "r");
    if (f && frames)
        n = fread(frames, sizeof(*frames), c->pages, f);
    if (f)
        fclose(f);
    if (n)
        qsort(frames, n, sizeof(*frames), by_value);
    for (i = 0; i + 1 < n && !found; i++)
        if (frames[i] + 1 != frames[i + 1])
            found = frames[i];
    if (n && !found)
        found = frames[n - 1];
    free(frames);
    return found;
}

static void line_5(struct check *c)
{
    uint64_t edge = edge_of(c), list[3] = {c->first, edge + 1, c->first + 1};
    uint8_t rights[3] = {XENMEM_access_r, XENMEM_access_r, XENMEM_access_r};

    OK(c, edge != 0);
    IS(c, check_listen(c, 0), 0);
    OK(c, check_set(c, edge + 1, 1, XENMEM_access_r) < 0);
    OK(c, check_get(c, edge + 1) < 0);
    OK(c, check_set(c, edge, 2, XENMEM_access_r) < 0);
    IS(c, check_get(c, edge), XENMEM_access_rwx);
    OK(c, xc_set_mem_access_multi(c->xc, c->domid, rights, list, 3) < 0);
    IS(c, check_get(c, c->first), XENMEM_access_rwx);
    IS(c, check_get(c, c->first + 1), XENMEM_access_rwx);
    OK(c, check_set(c, c->ring_mfn, 1, XENMEM_access_r) < 0);
    list[1] = c->first + 2;
    IS(c, xc_set_mem_access_multi(c->xc, c->domid, rights, list, 3), 0);
    IS(c, check_get(c, c->first + 2), XENMEM_access_r);
}

/* ---- 11 ---- */

/* XENVER_extraversion: Xen writes 16 bytes into the guest's page. */
static int64_t ask_version(struct check *c, uint64_t machine)
{
    return check_hypercall(c, HC_XEN_VERSION, (uint64_t[4]){1, check_virtual(c, machine), 0, 0});
}

/*
 * More events than the ring holds: Xen keeps a vCPU that has filled it from running on
 * (vm_event_put_request), behind the hypercall, until slots are free.
 */
static void fill_ring(struct check *c, uint64_t page)
{
    uint64_t va = check_virtual(c, page);
    vm_event_request_t event;
    unsigned int i, tries;

    for (i = 0; i < 20; i++) {
        IS(c, check_start_hypercall(c, HC_XEN_VERSION, (uint64_t[4]){1, va, 0, 0}), 0);
        for (tries = LAB_PATIENCE_MS / 100; tries && !check_done(c, 0, 100); tries--)
            while (!check_event(c, 0, &event))
                check_reply(c, &event, 0);
        IS(c, lab_guest_box(c->guest, 0)->result, 0);
        OK(c, check_done(c, 0, 0));
    }
    while (!check_event(c, 20, &event))
        check_reply(c, &event, 0);
}

static void line_11(struct check *c)
{
    uint64_t page = check_page(c, 1), gfn = c->first + 1;
    vm_event_request_t event;
    unsigned int i;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, page, 0), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_n), 0);
    IS(c, ask_version(c, page), 0); /* go on */
    OK(c, check_peek(c, page) != 0 && check_quiet(c));
    IS(c, check_mode(c, MODE_OWN_NOTIFY), 0);
    for (i = 0; i < 3; i++) {
        IS(c, ask_version(c, page), 0);
        IS(c, check_event(c, LAB_PATIENCE_MS, &event), 0);
        OK(c, event.u.mem_access.gfn == gfn && !(event.flags & VM_EVENT_FLAG_VCPU_PAUSED));
        check_reply(c, &event, 0);
        while (!check_event(c, 20, &event)) /* Xen may touch it more than once */
            check_reply(c, &event, 0);
    }
    fill_ring(c, page);
    IS(c, check_get(c, gfn), XENMEM_access_n);
    IS(c, check_mode(c, MODE_OWN_DENY), 0);
    IS(c, check_poke(c, page, 0), 0);
    IS(c, ask_version(c, page), -EFAULT);
    OK(c, check_peek(c, page) == 0 && check_quiet(c));
    IS(c, ask_version(c, check_page(c, 2)), 0);
    /* What was opened for Xen is closed for the guest. */
    IS(c, check_caught(c, 0, LAB_OP_READ, page, gfn, MEM_ACCESS_R), 0);
}

/* ---- 12 ---- */

static void line_12(struct check *c)
{
    uint64_t gfn = c->first + 30;
    xen_pfn_t frame = gfn;
    unsigned int i, bits = 12;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_n), 0);
    IS(c, check_update_va(c, check_virtual(c, check_page(c, 30)), 0), 0);
    IS(c, xc_domain_decrease_reservation_exact(c->xc, c->domid, 1, 0, &frame), 0);
    OK(c, check_get(c, gfn) < 0);
    while (gfn * PAGE >> bits) /* Xen looks among frames with as many bits first */
        bits++;
    for (i = 0; i < TRIES; i++) {
        frame = 0;
        IS(c,
           xc_domain_increase_reservation_exact(c->xc, c->domid, 1, 0, XENMEMF_address_bits(bits),
                                                &frame),
           0);
        if (frame == gfn)
            break;
    }
    OK(c, frame == gfn); /* else it is not shown */
    IS(c, check_get(c, gfn), XENMEM_access_rwx);
}

/* ---- 13 ---- */

static uint64_t free_pages(struct check *c)
{
    xc_physinfo_t info;

    memset(&info, 0, sizeof(info));
    return xc_physinfo(c->xc, &info) ? 0 : info.free_pages;
}

static void restrict_and_end(struct check *c)
{
    uint64_t page = check_page(c, 0);

    IS(c, check_listen(c, 0), 0);
    /* The default is for all frames: a vCPU's stack is not to be met on the way. */
    IS(c, xc_domain_pause(c->xc, c->domid), 0);
    IS(c, check_set(c, c->first, 4096, XENMEM_access_n), 0);
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rx), 0);
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rwx), 0);
    IS(c, check_set(c, c->first, 2048, XENMEM_access_r), 0);
    IS(c, xc_domain_unpause(c->xc, c->domid), 0);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page, c->first, MEM_ACCESS_W), 0);
    IS(c, check_disable(c), 0);
    check_unmap_ring(c);
    IS(c, check_mode_off(c), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, page + 5 * PAGE, 7), 0);
    IS(c, check_run(c, 0, LAB_OP_READ, page + 9 * PAGE, 0), 0);
    IS(c, check_run(c, 0, LAB_OP_READ, page + 100 * PAGE, 0), 0);
}

static void line_13(struct check *c)
{
    uint64_t before;
    unsigned int i;

    restrict_and_end(c);
    before = free_pages(c);
    for (i = 0; i < 5; i++)
        restrict_and_end(c);
    OK(c, before && free_pages(c) == before);
    IS(c, check_listen(c, 0), 0);
    IS(c, check_get(c, c->first + 5), XENMEM_access_rwx);
    IS(c, check_get(c, ~UINT64_C(0)), XENMEM_access_rwx);
}

const struct check_line check_rules[] = {
    {"1 the guest can neither map nor write the ring's frame at any moment", line_1},
    {"2 mem_access implies shadow; log-dirty and mem_access end without each other", line_2},
    {"3 without a ring -ENODEV; a range that wraps or passes the end is refused, not ~0", line_3},
    {"4 nobody listens: relaxed, or with access_required crashed", line_4},
    {"5 a foreign frame is refused with nothing changed", line_5},
    {"11 Xen's own accesses: let through, told of, or denied", line_11},
    {"12 a frame that changes owner starts at the default", line_12},
    {"13 the end restores every mapping and leaks nothing", line_13},
    {NULL, NULL},
};

/* ---- check [WORD]: all lines, or those whose text has WORD in it. Prints TAP ---- */

#define SECONDS 240u

static unsigned int number, failures;

static void run_line(const struct check_line *line)
{
    struct check c;
    int rc;

    alarm(SECONDS); /* a machine that stands still is no pass */
    rc = check_make(&c, 2);
    if (rc)
        check_fail(&c, __FILE__, __LINE__, "the guest does not start", rc);
    else
        line->fn(&c);
    printf("%sok %u - checklist: %s\n", c.failed ? "not " : "", ++number, line->text);
    fflush(stdout);
    failures += c.failed;
    check_destroy(&c);
}

static void run_lines(const struct check_line *line, const char *word)
{
    for (; line->text; line++)
        if (!word || strstr(line->text, word))
            run_line(line);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    run_lines(check_rules, word);
    run_lines(check_paths, word);
    run_lines(check_escapes, word);
    printf("1..%u\n", number);
    return failures || !number;
}
