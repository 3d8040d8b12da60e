/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Xen backend's fd: what makes it readable, what makes it quiet. */
#include "unit.h"

#include <backend/xen/backend-xen.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define PORT 5

static int channel, handle;
static unsigned unmasked, looks;
static struct xen_api api;
static struct xen_conn conn;
static struct xen_dom dom;

static void *fake_open(void *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return &handle;
}

static int fake_close(void *xce)
{
    (void)xce;
    return 0;
}

static int fake_fd(void *xce)
{
    (void)xce;
    return channel;
}

static int fake_pending(void *xce)
{
    uint64_t count;
    (void)xce;
    return read(channel, &count, sizeof(count)) < 0 ? -1 : PORT;
}

static int fake_unmask(void *xce, uint32_t port)
{
    (void)xce;
    ck_assert_uint_eq(port, PORT);
    unmasked++;
    return 0;
}

static int fake_getinfolist(void *xch, uint32_t first, unsigned max, void *info)
{
    (void)xch, (void)max;
    ((struct xen_domain_info *)info)->domid = (uint16_t)first;
    looks++;
    return 1;
}

static void notification(void)
{
    const uint64_t one = 1;
    ck_assert_int_eq(write(channel, &one, sizeof(one)), sizeof(one));
}

static bool readable(void)
{
    struct pollfd p = {.fd = xmi_xen_event_fd(&dom), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void setup(void)
{
    unmasked = looks = 0;
    channel = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_ge(channel, 0);
    api = (struct xen_api){.evtchn_open = fake_open,
                           .evtchn_close = fake_close,
                           .evtchn_fd = fake_fd,
                           .evtchn_pending = fake_pending,
                           .evtchn_unmask = fake_unmask,
                           .getinfolist = fake_getinfolist};
    dom = (struct xen_dom){.conn = &conn,
                           .api = &api,
                           .domid = 7,
                           .epoll_fd = -1,
                           .timer_fd = -1,
                           .poke_fd = -1,
                           .port = -1};
    ck_ok(xmi_xen_events_open(&dom));
}

static void teardown(void)
{
    xmi_xen_events_close(&dom);
    ck_assert_int_eq(dom.poke_fd, -1);
    close(channel);
}

START_TEST(a_poke_is_one_event_until_it_is_taken)
{
    ck_assert(!readable());
    ck_rc(xmi_xen_event_wait(&dom, 0), 0);
    ck_ok(xmi_xen_event_poke(&dom));
    ck_ok(xmi_xen_event_poke(&dom));
    ck_assert(readable());
    ck_rc(xmi_xen_event_wait(&dom, 0), 1);
    ck_rc(xmi_xen_event_wait(&dom, -1), 1);
    ck_ok(xmi_xen_event_ack(&dom));
    ck_assert(!readable());
    ck_rc(xmi_xen_event_wait(&dom, 0), 0);
    ck_ok(xmi_xen_event_poke(&dom));
    ck_assert(readable());
    ck_ok(xmi_xen_event_ack(&dom));
    ck_assert(!readable() && !unmasked);
}
END_TEST

START_TEST(a_poke_and_a_notification_are_taken_together)
{
    ck_ok(xmi_xen_event_poke(&dom));
    notification();
    ck_ok(xmi_xen_event_ack(&dom));
    ck_assert(!readable() && unmasked == 1);
    notification();
    ck_assert(readable());
    ck_ok(xmi_xen_event_ack(&dom));
    ck_assert(!readable() && unmasked == 2);
}
END_TEST

/* Ordinary events cost nothing more. */
START_TEST(without_a_poke_its_fd_is_not_looked_at)
{
    int fd = dom.poke_fd;
    dom.poke_fd = -1;
    notification();
    ck_ok(xmi_xen_event_ack(&dom));
    ck_assert(!dom.poked && unmasked == 1);
    ck_rc(xmi_xen_event_poke(&dom), -EBADF);
    ck_assert(!dom.poked);
    dom.poke_fd = fd;
}
END_TEST

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool comes_within(int ms)
{
    struct pollfd p = {.fd = xmi_xen_event_fd(&dom), .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

/* However often it is asked for. */
START_TEST(soon_is_once_a_millisecond)
{
    int64_t begin = now_ms();
    unsigned woken = 0;
    ck_ok(xmi_xen_event_soon(&dom));
    int64_t look_at = dom.look_at;
    ck_ok(xmi_xen_event_soon(&dom));
    ck_assert_int_eq(dom.look_at, look_at);
    for (; woken < 20; woken++) {
        ck_assert(comes_within(10000));
        ck_ok(xmi_xen_event_ack(&dom));
        ck_ok(xmi_xen_event_soon(&dom));
        ck_ok(xmi_xen_event_soon(&dom));
    }
    ck_assert_int_ge(now_ms() - begin, woken - 1);
    ck_assert_uint_eq(looks, woken);
    ck_assert(comes_within(10000));
    ck_ok(xmi_xen_event_ack(&dom));
    ck_assert_int_gt(dom.look_at, look_at);
    ck_assert(!unmasked);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {
        a_poke_is_one_event_until_it_is_taken, a_poke_and_a_notification_are_taken_together,
        without_a_poke_its_fd_is_not_looked_at, soon_is_once_a_millisecond, NULL};
    return unit_main("xen-event", setup, teardown, tests);
}
