/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * figures small MIB | figures linux: what mem_access for PV guests costs, in the emulated machine's
 * time. With counted time (run --clock counted) an instruction takes 2 ns and waiting nothing.
 */
#include "check/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 1000u
#define TOUCH 4096u
#define SET 8000u  /* frames of a list, every second one of the test pages: those are mapped */
#define ALONE 200u /* of them one by one */
#define CALLS 400u
#define L1_PAGES 512u /* that one L1 table maps */

/* Linux' text, as linked: read and executed, never written while it runs (init/main.c frees none of it). */
#define TEXT_PFN 0x1000u
#define TEXT_PFNS 6300u

#define SHADOW_TEST 1u /* XEN_DOMCTL_SHADOW_OP_ENABLE_TEST */

void check_fail(struct check *c, const char *file, int line, const char *what, long got)
{
    printf("# %s:%d: %s (%ld)\n", file, line, what, got);
    c->failed = true;
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void line(const char *what, double us, const char *unit)
{
    printf("%-62s %10.2f %s\n", what, us, unit);
    fflush(stdout);
}

/* ---- the small guest ---- */

/* Reads a word of each of so many pages. */
static double touch(struct check *c, uint64_t pages)
{
    struct lab_mailbox command = {
        .op = LAB_OP_READ, .addr = check_page(c, 0), .count = pages, .stride = PAGE};
    double from = now_us();

    if (lab_guest_run(c->guest, 0, &command, 60000))
        c->failed = true;
    return now_us() - from;
}

static void sets(struct check *c)
{
    double from;
    unsigned int i;

    touch(c, TOUCH);
    from = now_us();
    for (i = 0; i < ROUNDS; i++)
        IS(c, check_set(c, c->first + i, 1, XENMEM_access_r), 0);
    line("set one frame that is mapped (its L1 entry goes)", (now_us() - from) / ROUNDS, "us");
    from = now_us();
    for (i = 0; i < ROUNDS; i++)
        IS(c, check_set(c, c->first + 8192 + i, 1, XENMEM_access_r), 0);
    line("set one frame that is not mapped in the shadows", (now_us() - from) / ROUNDS, "us");
    from = now_us();
    IS(c, check_set(c, c->first, 8192, XENMEM_access_rx), 0);
    line("set a range of 8192 frames, a frame", (now_us() - from) / 8192, "us");
    IS(c, check_set(c, c->first, 12288, XENMEM_access_rwx), 0);
}

static void blow(struct check *c)
{
    double from, first, again;

    touch(c, TOUCH);
    again = touch(c, TOUCH);
    from = now_us();
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rx), 0);
    line("set the default (all shadows go)", now_us() - from, "us");
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rwx), 0);
    first = touch(c, TOUCH);
    line("guest reads 4096 pages, shadows there", again / 1000, "ms");
    line("guest reads 4096 pages after all shadows went", first / 1000, "ms");
    IS(c, check_set(c, c->first, 1, XENMEM_access_r), 0);
    line("guest reads 4096 pages after one frame was set", touch(c, TOUCH) / 1000, "ms");
    IS(c, check_set(c, c->first, 1, XENMEM_access_rwx), 0);
}

static void round_trip(struct check *c)
{
    struct lab_mailbox command = {.op = LAB_OP_WRITE, .addr = check_page(c, 1), .count = ROUNDS};
    vm_event_request_t event;
    double from;
    unsigned int i;

    IS(c, check_set(c, c->first + 1, 1, XENMEM_access_r), 0);
    from = now_us();
    IS(c, lab_guest_start(c->guest, 0, &command), 0);
    for (i = 0; i < ROUNDS; i++) {
        IS(c, check_event(c, LAB_PATIENCE_MS, &event), 0);
        check_reply(c, &event, VM_EVENT_FLAG_EMULATE);
    }
    OK(c, check_done(c, 0, LAB_PATIENCE_MS));
    line("one event, answered with \"emulate\"", (now_us() - from) / ROUNDS, "us");
    IS(c, check_set(c, c->first + 1, 1, XENMEM_access_rwx), 0);
}

/* ---- where entries are found ---- */

/* Reads a word of so many pages, `stride` pages apart. */
static void touch_apart(struct check *c, uint64_t pages, uint64_t stride)
{
    struct lab_mailbox command = {
        .op = LAB_OP_READ, .addr = check_page(c, 0), .count = pages, .stride = stride * PAGE};

    if (lab_guest_run(c->guest, 0, &command, 60000))
        c->failed = true;
}

static void set_scattered(struct check *c, uint64_t from, xenmem_access_t access)
{
    static uint64_t gfns[SET];
    static uint8_t rights[SET];
    uint64_t stride = c->count / SET;
    unsigned int i;

    for (i = 0; i < SET; i++)
        gfns[i] = c->first + (from + i * stride) % c->count;
    memset(rights, access, sizeof(rights));
    if (xc_set_mem_access_multi(c->xc, c->domid, rights, gfns, SET))
        c->failed = true;
}

static void scattered(struct check *c, unsigned int mib)
{
    double from, us;
    unsigned int i;
    char text[80];

    touch(c, c->count);
    from = now_us();
    set_scattered(c, 0, XENMEM_access_n);
    snprintf(text, sizeof(text), "set %u scattered frames of %u MiB, in one list", SET, mib);
    line(text, (now_us() - from) / 1000, "ms");
    from = now_us();
    set_scattered(c, 1, XENMEM_access_n);
    line("the same once more, others", (now_us() - from) / 1000, "ms");
    from = now_us();
    set_scattered(c, 1, XENMEM_access_n);
    us = (now_us() - from) / 1000;
    line("the same, to what they are (no entry goes)", us, "ms");
    /* They were read before. */
    for (i = 0; i < 2 * SET; i += SET / 7) {
        uint64_t frame = i % 2 + i / 2 * (c->count / SET);

        IS(c,
           check_caught(c, 0, LAB_OP_READ, check_page(c, (unsigned int)frame), c->first + frame,
                        MEM_ACCESS_R),
           0);
    }
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rwx), 0);
    touch(c, c->count);
    from = now_us();
    for (i = 0; i < ALONE; i++)
        IS(c, check_set(c, c->first + 2 + i * (c->count / SET), 1, XENMEM_access_r), 0);
    line("one of them, each by itself", (now_us() - from) / ALONE, "us");
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rwx), 0);
}

/* xen_version(extraversion), which Xen copies into the guest's frame. */
static double call_us(struct check *c, uint64_t va)
{
    struct lab_mailbox command = {
        .op = LAB_PV_HYPERCALL, .value = HC_XEN_VERSION, .addr = 1, .stride = va, .extra = CALLS};
    double from = now_us();

    if (lab_guest_run(c->guest, 0, &command, 60000))
        c->failed = true;
    return (now_us() - from) / CALLS;
}

static void own_access(struct check *c)
{
    static const unsigned int tables[] = {1, 8, 32};
    uint64_t va = check_virtual(c, check_page(c, 0));
    unsigned int i;
    char text[80];

    for (i = 0; i < 3; i++) {
        double allowed;

        /* All shadows go. */
        IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rx), 0);
        IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rwx), 0);
        touch_apart(c, tables[i], L1_PAGES);
        allowed = call_us(c, va);
        IS(c, check_set(c, c->first, 1, XENMEM_access_r), 0);
        snprintf(text, sizeof(text), "a hypercall that writes a frame with r; %u L1 tables in use",
                 tables[i]);
        line(text, call_us(c, va), "us");
        line("  with rwx", allowed, "us");
        IS(c, check_set(c, c->first, 1, XENMEM_access_rwx), 0);
    }
}

/* All frames that the domain has get rights of their own, then a default for all. */
static void whole(struct check *c, unsigned int mib)
{
    double from = now_us();
    char text[80];

    IS(c, check_set(c, c->first, (uint32_t)c->count, XENMEM_access_rx), 0);
    IS(c, check_set(c, c->first, (uint32_t)c->count, XENMEM_access_rwx), 0);
    touch(c, c->count);
    from = now_us();
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_r), 0);
    snprintf(text, sizeof(text), "set the default of a domain with %u MiB", mib);
    line(text, now_us() - from, "us");
    IS(c, check_set(c, ~UINT64_C(0), 0, XENMEM_access_rwx), 0);
}

static int small(unsigned int mib)
{
    struct check c;
    int rc = check_make_sized(&c, 1, mib);

    if (!rc)
        rc = check_listen(&c, 0);
    if (!rc) {
        sets(&c);
        blow(&c);
        round_trip(&c);
        scattered(&c, mib);
        own_access(&c);
        whole(&c, mib);
    }
    printf("# %s\n", rc ? strerror(-rc) : c.failed ? "failed" : "done");
    rc |= c.failed;
    check_destroy(&c);
    return rc;
}

/* ---- Linux ---- */

/* The fastest of the guest's next rounds, which it measures itself; in us. */
static double guest_round(struct check *c, unsigned int rounds)
{
    char command[96], text[256];
    double best = 0, us;
    FILE *f;

    snprintf(command, sizeof(command), "labdom console %" PRIu32 " 600 'LAB-LINUX bench'",
             c->domid);
    while (rounds--) {
        f = popen(command, "r");
        while (f && fgets(text, sizeof(text), f)) {
            const char *at = strstr(text, "LAB-LINUX bench ");

            if (at && sscanf(at, "LAB-LINUX bench %lf", &us) == 1 && (best == 0 || us < best))
                best = us;
        }
        if (!f || pclose(f))
            c->failed = true;
    }
    return best;
}

static int boot_linux(struct check *c)
{
    char text[32] = "";
    FILE *f = popen("labdom linux 256 1 bench", "r");

    if (!f || !fgets(text, sizeof(text), f) || pclose(f))
        return -ECHILD;
    c->domid = (uint32_t)strtoul(text, NULL, 10);
    return 0;
}

static void restrict_text(struct check *c, unsigned int pages)
{
    char path[32];
    uint64_t mfn;
    unsigned int i;
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/labdom.%" PRIu32 ".p2m", c->domid);
    f = fopen(path, "r");
    if (!f || fseek(f, TEXT_PFN * 8, SEEK_SET))
        c->failed = true;
    for (i = 0; i < pages && !c->failed; i++)
        if (fread(&mfn, sizeof(mfn), 1, f) != 1 || check_set(c, mfn, 1, XENMEM_access_rx))
            c->failed = true;
    if (f)
        fclose(f);
}

static void linux_lines(struct check *c)
{
    double none, shadow, on, one, ten;

    none = guest_round(c, 4);
    line("Linux: a round of fork, mmap, mprotect without shadow mode", none / 1000, "ms");
    IS(c, xc_shadow_control(c->xc, c->domid, SHADOW_TEST, NULL, 0), 0);
    shadow = guest_round(c, 6);
    line("shadow mode alone", shadow / none, "times that");
    IS(c, xc_shadow_control(c->xc, c->domid, XEN_DOMCTL_SHADOW_OP_OFF, NULL, 0), 0);
    IS(c, check_listen(c, 0), 0);
    on = guest_round(c, 6);
    line("mem_access, nothing restricted", on / shadow * 100 - 100, "% over shadow alone");
    restrict_text(c, TEXT_PFNS / 10);
    one = guest_round(c, 6);
    line("mem_access, 1 % of the frames restricted, not hit", one / shadow * 100 - 100,
         "% over shadow alone");
    restrict_text(c, TEXT_PFNS);
    ten = guest_round(c, 6);
    line("mem_access, 10 % of the frames restricted, not hit", ten / shadow * 100 - 100,
         "% over shadow alone");
    OK(c, check_quiet(c));
}

static int with_linux(void)
{
    struct check c;
    int rc = check_open(&c);

    if (!rc)
        rc = boot_linux(&c);
    if (!rc)
        linux_lines(&c);
    printf("# %s\n", rc ? strerror(-rc) : c.failed ? "failed" : "done");
    rc |= c.failed;
    check_destroy(&c);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "small"))
        return small((unsigned int)strtoul(argv[2], NULL, 0)) ? 1 : 0;
    if (argc == 2 && !strcmp(argv[1], "linux"))
        return with_linux() ? 1 : 0;
    fprintf(stderr, "usage: figures small MIB | figures linux\n");
    return 2;
}
