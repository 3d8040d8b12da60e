/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger from outside: a process that changes a domain and is killed after each of its hypercalls in
 * turn, and another one that reads what it had changed.
 */
#include "unit.h"

#include <doc/doc.h>
#include <session/session.h>
#include <errno.h>
#include <ledger/ledger.h>
#include <sim-int.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../faults/ledger-check.h"

#define GFNS 96u
#define KILLS 80u /* of each kind at most */

/* What the process that ends leaves beside its ledger. */
static struct left {
    struct shot found, now;
    uint32_t calls; /* so far; */
    uint32_t last;  /* and after which it ends, 0: at its own end */
} * left;

static struct {
    struct sim_machine *m;
    struct sim_domain *g;
    struct xmem *x;
    struct xmem_domain *d;
    int fd;
    bool counts;
} own;

static void setup(void)
{
    left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(left, MAP_FAILED);
}

static void teardown(void)
{
    munmap(left, sizeof(*left));
}

static void after_call(void *ctx)
{
    (void)ctx;
    if (!own.counts || ++left->calls != left->last)
        return;
    shot_take(own.g, &left->now);
    kill(getpid(), SIGKILL);
}

static void begin(enum sim_kind kind)
{
    struct sim_machine_cfg mc = {.seed = 3, .xen_minor = 20};
    struct sim_domain_cfg dc = {.domid = 1,
                                .kind = kind,
                                .vcpus = 2,
                                .pages = GFNS,
                                .first_gfn = 0x10,
                                .altp2m = kind == SIM_X86_EPT,
                                .superpages = true,
                                .regions = kind == SIM_ARMV8R_MPU ? 64 : 0,
                                .name = "guest"};
    ck_ok(xmi_sim_machine_create(&mc, &own.m));
    ck_ok(xmi_sim_domain_create(own.m, &dc, &own.g));
    xmi_sim_enter(own.g);
    shot_take(own.g, &left->found);
    xmi_sim_leave(own.g);
    xmi_sim_watch_by(own.g, after_call, NULL);
    ck_ok(xmi_open_machine(own.m, &own.x));
    own.x->ledger_fd = own.fd;
    own.counts = true;
    ck_ok(xmem_domain_open(own.x, 1, NULL, &own.d));
    ck_ok(xmem_domain_enable(own.d));
}

static void end(void)
{
    ck_ok(xmem_domain_close(own.d));
    own.counts = false;
    xmem_close(own.x);
    xmi_sim_machine_destroy(own.m);
}

static void views(void)
{
    struct xmem_monitor m = XMEM_INIT(m);
    uint64_t page;
    uint16_t a;
    m.reason = XMEM_EVENT_CTRLREG;
    m.index = XMEM_CTRLREG_CR3;
    ck_ok(xmem_view_create(own.d, NULL, &a));
    ck_ok(xmem_domain_set_rights_range(own.d, a, 0x14, 20, XMEM_R));
    ck_ok(xmem_domain_add_page(own.d, &page));
    ck_ok(xmem_view_change_gfn(own.d, a, 0x20, page));
    ck_ok(xmem_view_set_visible(own.d, a, 0));
    ck_ok(xmem_view_switch(own.d, a));
    ck_ok(xmem_domain_set_monitor(own.d, &m, 1));
    ck_ok(xmem_view_set_suppress_ve(own.d, 0, 0x18, 4, 0));
    ck_ok(xmem_domain_set_monitor(own.d, &m, 0));
}

/* Steps over what the guest does meanwhile. */
static void events(void)
{
    struct sim_op op = {.code = SIM_OP_WRITE, .addr = 0x15000};
    const struct xmem_event *ev;
    ck_ok(xmi_sim_vcpu_script(own.g, 0, &op, 1, 0));
    for (unsigned n = 0; n < 3;) {
        int rc = xmem_event_next(own.d, &ev);
        if (!rc) {
            ck_ok(xmem_event_step_over(own.d, ev));
            n++;
        } else {
            ck_assert_int_eq(rc, -EAGAIN);
        }
    }
}

static void changes(enum sim_kind kind)
{
    static const uint64_t gfns[] = {0x11, 0x20, 0x22, 0x40};
    static const uint8_t rights[] = {XMEM_R, XMEM_RX, XMEM_R, XMEM_RW};
    begin(kind);
    ck_ok(xmem_domain_set_rights_range(own.d, 0, 0x12, 30, XMEM_RX));
    ck_ok(xmem_domain_set_rights_many(own.d, 0, gfns, rights, 4));
    ck_ok(xmem_domain_pause(own.d));
    ck_ok(xmem_domain_set_rights(own.d, 0, 0x13, XMEM_RW));
    ck_ok(xmem_domain_unpause(own.d));
    if (kind == SIM_X86_EPT)
        views();
    events();
    ck_ok(xmem_domain_set_rights_range(own.d, 0, 0x10, 60, XMEM_RWX));
    ck_ok(xmem_domain_disable(own.d));
    end();
}

static void in_child(enum sim_kind kind, uint32_t last)
{
    left->last = last;
    left->calls = 0;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        changes(kind);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (last)
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    else
        ck_assert(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* After its last-th hypercall nobody but this process knows what it did. */
static void killed(enum sim_kind kind, uint32_t last)
{
    struct ledger_image m;
    own.fd = memfd_create("ledger", MFD_CLOEXEC);
    ck_assert_int_ge(own.fd, 0);
    in_child(kind, last);
    int rc = xmi_ledger_image_map(own.fd, &m);
    close(own.fd);
    if (rc == -EAGAIN) { /* nothing was begun */
        ck_assert(!memcmp(&left->found, &left->now, sizeof(left->now)));
        return;
    }
    ck_ok(rc);
    const char *why = last ? shot_unnamed(&left->found, &left->now, &m) : NULL;
    ck_assert_uint_eq(m.head.state, last ? LEDGER_LIVE : LEDGER_OVER);
    ck_assert_msg(!why, "kind %d, killed after call %u: %s is not named", kind, last, why);
    xmi_ledger_image_unmap(&m);
}

static void killed_everywhere(enum sim_kind kind)
{
    killed(kind, 0);
    uint32_t calls = left->calls;
    ck_assert_uint_gt(calls, 20);
    for (uint32_t i = 1; i <= calls; i += 1 + calls / KILLS)
        killed(kind, i);
}

START_TEST(killed_ept)
{
    killed_everywhere(SIM_X86_EPT);
}
END_TEST

START_TEST(killed_arm)
{
    killed_everywhere(SIM_ARM_S2);
}
END_TEST

START_TEST(killed_pv)
{
    killed_everywhere(SIM_X86_PV);
}
END_TEST

/* A ledger of many pages, read while it grows. */
START_TEST(grows)
{
    struct xmem_domain d = {.vcpu_n = 1};
    struct view *v = calloc(1, sizeof(*v));
    struct ledger_image m;
    struct ledger_view seen;
    int fd = memfd_create("ledger", MFD_CLOEXEC);
    ck_ok(xmi_ledger_open(&d, fd, NULL));
    ck_ok(xmi_ledger_vcpus(&d));
    ck_ok(xmi_ledger_view_add(&d, v));
    ck_assert_int_eq(xmi_ledger_image_map(fd, &m), -EAGAIN);
    xmi_ledger_live(&d);
    for (uint64_t i = 0; i < 40000; i++) {
        ck_ok(xmi_known_put(&v->known, i * 300, 1, 0xff, 0xfd));
        ck_ok(xmi_list_room(&v->remaps));
        xmi_list_push(&v->remaps, &(struct remap){i, i + 1});
        if (i % 2500)
            continue;
        ck_ok(xmi_ledger_image_map(fd, &m));
        ck_assert(xmi_ledger_image_view(&m, 0, &seen) && !xmi_ledger_image_view(&m, 1, &seen));
        for (uint64_t k = 0; k <= i; k += 7) {
            struct remap r;
            ck_assert(xmi_ledger_image_names(&m, &seen, k * 300));
            ck_assert(!xmi_ledger_image_names(&m, &seen, k * 300 + 1));
            ck_assert(xmi_ledger_image_entry(&m, &seen.remaps, (uint32_t)k, &r) || k > i);
        }
        ck_assert(!xmi_ledger_image_moved(&m));
        xmi_ledger_image_unmap(&m);
    }
    ck_ok(xmi_ledger_image_map(fd, &m));
    xmi_ledger_view_gone(v);
    ck_assert(xmi_ledger_image_moved(&m));
    ck_assert(!xmi_ledger_image_view(&m, 1, &seen));
    xmi_ledger_image_unmap(&m);
    free(v);
    xmi_ledger_free(&d);
    close(fd);
}
END_TEST

/* It may be anything: whatever leads out of it is not followed. */
START_TEST(garbage)
{
    static uint8_t page[2 * ARENA_PAGE];
    struct ledger_head *h = (void *)page;
    struct ledger_image m = {.bytes = page, .size = sizeof(page)};
    struct ledger_view v;
    uint8_t entry[LIST_ENTRY];
    uint64_t state = 88172645463325252u;
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof(page) / 8; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            uint64_t word = round & 1 ? state : state % 64 * 2;
            memcpy(page + i * 8, &word, 8);
        }
        m.head = *h;
        for (uint32_t i = 0; i < 40 && xmi_ledger_image_view(&m, i, &v); i++) {
            (void)xmi_ledger_image_names(&m, &v, state >> 40);
            (void)xmi_ledger_image_byte(&m, v.ve, state >> 60);
            (void)xmi_ledger_image_entry(&m, &v.remaps, (uint32_t)(state % 1000), entry);
        }
        struct arena_list_top list = {(uint32_t)state % 40, UINT32_MAX};
        (void)xmi_ledger_image_entry(&m, &list, UINT32_MAX - 1, entry);
    }
}
END_TEST

/* What is no ledger, or of another version. */
START_TEST(refused)
{
    struct ledger_image m;
    struct ledger_head h = {.magic = LEDGER_MAGIC,
                            .version = LEDGER_VERSION + 1,
                            .head_size = sizeof(h),
                            .state = LEDGER_LIVE};
    int fd = memfd_create("ledger", MFD_CLOEXEC);
    ck_assert_int_eq(xmi_ledger_image_map(-1, &m), -EINVAL);
    ck_assert_int_eq(xmi_ledger_image_map(fd, &m), -EAGAIN);
    ck_ok(ftruncate(fd, 100));
    ck_assert_int_eq(xmi_ledger_image_map(fd, &m), -EINVAL);
    ck_ok(ftruncate(fd, ARENA_PAGE));
    ck_assert_int_eq(xmi_ledger_image_map(fd, &m), -EAGAIN);
    ck_assert_int_eq(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
    ck_assert_int_eq(xmi_ledger_image_map(fd, &m), -EINVAL);
    h.version = LEDGER_VERSION;
    ck_assert_int_eq(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
    ck_ok(xmi_ledger_image_map(fd, &m));
    xmi_ledger_image_unmap(&m);
    close(fd);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {killed_ept, killed_arm, killed_pv, grows, garbage, refused, NULL};
    return unit_main("ledger", setup, teardown, tests);
}
