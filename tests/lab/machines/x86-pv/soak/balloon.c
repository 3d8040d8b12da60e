/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * balloon DOMID MAILBOX SECONDS [SEED]: two vCPUs give frames back to Xen and get them again, while the
 * rights of all frames that they may have are set and cleared. Frames come and go under every call. The
 * guest's own check of what it wrote, asserts and lock checks of Xen are what must find nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xmem.h>

#include "../../../common/guest.h"
#include "../../../guest/arch/x86-pv.h"

#define VCPUS 2u
#define PAGES 64u /* of each vCPU's */
#define LIST_PFN (LAB_PV_SCRATCH_PFN + VCPUS * PAGES)

struct run {
    struct xmem *x;
    struct xmem_domain *d;
    struct lab_guest *guest;
    uint64_t mfn[VCPUS * PAGES]; /* as of the last look */
    uint64_t list;               /* frame in which the guest says what it has */
    uint64_t state, sets, gone, cleared, defaults, events;
    bool failed;
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static uint32_t below(struct run *r, uint64_t n)
{
    r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((r->state >> 33) % n);
}

static void fail(struct run *r, const char *what, int rc)
{
    printf("# %s: %d %s\n", what, rc, r->d ? xmem_domain_last_error(r->d) : "");
    r->failed = true;
}

/* ---- the guest ---- */

/* The domain builder's list of machine frames (dom/note.c). */
static int find_list(struct run *r, uint32_t domid)
{
    char path[32];
    bool good;
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/labdom.%" PRIu32 ".p2m", domid);
    f = fopen(path, "r");
    if (!f)
        return -errno;
    good = !fseek(f, LIST_PFN * (long)sizeof(r->list), SEEK_SET) &&
           fread(&r->list, sizeof(r->list), 1, f) == 1;
    fclose(f);
    return good ? 0 : -EIO;
}

/* They are others by the time that anything is done with them. */
static void look(struct run *r)
{
    int rc = lab_guest_peek(r->guest, r->list * 4096, r->mfn, sizeof(r->mfn));

    if (rc)
        fail(r, "the guest's list cannot be read", rc);
}

static int start_vcpu(struct run *r, unsigned int vcpu)
{
    const struct lab_mailbox on = {.op = LAB_OP_CPU_ON, .value = vcpu};
    const struct lab_mailbox work = {.op = (uint64_t)LAB_PV_BALLOON,
                                     .addr = LAB_PV_SCRATCH_PFN + vcpu * PAGES,
                                     .stride = LIST_PFN,
                                     .count = PAGES,
                                     .value = vcpu << 20,
                                     .extra = vcpu * PAGES};
    int rc = vcpu ? lab_guest_run(r->guest, 0, &on, LAB_PATIENCE_MS) : 0;

    if (!rc)
        rc = lab_guest_alive(r->guest, vcpu, LAB_PATIENCE_MS);
    return rc ? rc : lab_guest_start(r->guest, vcpu, &work);
}

/* The second is started by the first, which is free for that. */
static int start_guest(struct run *r)
{
    int rc = start_vcpu(r, 1);

    return rc ? rc : start_vcpu(r, 0);
}

static bool guest_ended(struct run *r)
{
    return lab_guest_done(r->guest, 0) && lab_guest_done(r->guest, 1);
}

static void report(struct run *r, unsigned int vcpu)
{
    const struct lab_mailbox *box = lab_guest_box(r->guest, vcpu);

    printf("# vcpu %u: %" PRIu64 " frames exchanged, %" PRIu64 " kept, %" PRIu64
           " pages wrong, status %" PRIu64 "\n",
           vcpu, box->progress, box->fault_pc, box->result, box->status);
    r->failed |= box->status != LAB_STATUS_OK || box->result || !box->progress;
}

/* ---- rights ---- */

static enum xmem_rights some_rights(struct run *r)
{
    static const enum xmem_rights rights[] = {XMEM_N,     XMEM_R,      XMEM_W,  XMEM_X,
                                              XMEM_RX,    XMEM_RW,     XMEM_WX, XMEM_RX2RW,
                                              XMEM_N2RWX, XMEM_DEFAULT};

    return rights[below(r, sizeof(rights) / sizeof(rights[0]))];
}

/* A frame may be nobody's at the moment, or Xen's: then nothing of the range was set. */
static void set_some(struct run *r)
{
    uint64_t first;
    uint64_t n = below(r, 3) ? 1 : 2;
    enum xmem_rights rights = below(r, 4) ? some_rights(r) : XMEM_RWX;
    int rc;

    look(r);
    first = r->mfn[below(r, VCPUS * PAGES)];
    if (!first)
        return; /* not written yet */
    rc = xmem_domain_set_rights_range(r->d, 0, first, n, rights);
    if (!rc)
        r->sets++;
    else if (rc == -ESRCH || rc == -EINVAL)
        r->gone++;
    else
        fail(r, "rights are not set", rc);
}

static void clear_all(struct run *r)
{
    look(r);
    for (size_t i = 0; i < VCPUS * PAGES; i++) {
        int rc = xmem_domain_set_rights(r->d, 0, r->mfn[i], XMEM_RWX);

        if (rc && rc != -ESRCH)
            fail(r, "rights are not cleared", rc);
    }
    r->cleared++;
}

static void set_default(struct run *r)
{
    int rc = xmem_domain_set_default(r->d, r->defaults & 1 ? XMEM_RWX : XMEM_N2RWX);

    if (rc)
        fail(r, "the default is not set", rc);
    r->defaults++;
}

static void take_events(struct run *r)
{
    const struct xmem_event *ev;
    int rc;

    while (!r->failed && (rc = xmem_event_next(r->d, &ev)) != -EAGAIN) {
        if (!rc)
            rc = xmem_event_step_over(r->d, ev);
        if (rc)
            fail(r, "an event is not answered", rc);
        r->events++;
    }
}

static void one_turn(struct run *r)
{
    uint32_t what = below(r, 200);

    if (what == 0)
        set_default(r);
    else if (what == 1)
        clear_all(r);
    else
        set_some(r);
    take_events(r);
}

/* Events go on being answered until both have seen the end. */
static void stop_guest(struct run *r)
{
    uint64_t end = now_ms() + LAB_PATIENCE_MS;

    lab_guest_stop(r->guest, 0);
    lab_guest_stop(r->guest, 1);
    while (!guest_ended(r) && now_ms() < end) {
        (void)xmem_event_wait(r->d, 5);
        take_events(r);
    }
    if (!guest_ended(r))
        fail(r, "the guest does not come to an end", -ETIMEDOUT);
}

static int begin(struct run *r, uint32_t domid, uint64_t mailbox)
{
    int rc = lab_guest_open(&r->guest, domid, mailbox);

    if (!rc)
        rc = find_list(r, domid);
    if (!rc)
        rc = xmem_open("xen:", NULL, &r->x);
    if (!rc)
        rc = xmem_domain_open(r->x, domid, NULL, &r->d);
    if (!rc)
        rc = xmem_domain_enable(r->d);
    return rc ? rc : start_guest(r);
}

static void work(struct run *r, unsigned int seconds)
{
    uint64_t end = now_ms() + seconds * UINT64_C(1000);

    while (!r->failed && now_ms() < end && !lab_guest_done(r->guest, 0) &&
           !lab_guest_done(r->guest, 1))
        one_turn(r);
    stop_guest(r);
    report(r, 0);
    report(r, 1);
}

int main(int argc, char **argv)
{
    struct run r = {.state = argc > 4 ? strtoull(argv[4], NULL, 0) : 1};
    unsigned int seconds;
    int rc;

    if (argc < 4)
        return 2;
    seconds = (unsigned int)strtoul(argv[3], NULL, 0);
    rc = begin(&r, (uint32_t)strtoul(argv[1], NULL, 0), strtoull(argv[2], NULL, 0));
    if (rc)
        fail(&r, "cannot begin", rc);
    else
        work(&r, seconds);
    printf("# %u s: %" PRIu64 " sets, %" PRIu64 " refused for frames that were gone, %" PRIu64
           " times all cleared, %" PRIu64 " defaults, %" PRIu64 " events\n",
           seconds, r.sets, r.gone, r.cleared, r.defaults, r.events);
    rc = xmem_domain_close(r.d);
    if (rc)
        printf("# closing: %s\n", strerror(-rc));
    xmem_close(r.x);
    lab_guest_close(r.guest);
    return r.failed || rc || !r.sets || !r.gone || !r.events;
}
