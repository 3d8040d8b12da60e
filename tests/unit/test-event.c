/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events taken, held, answered; the fd; garbage; death. */
#include "fake-backend.h"
#include "unit.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static void setup(void)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .default_reply = XMEM_DEFAULT_RESUME};
    f = fake_new();
    x = fake_session(f, &o, true, &d);
}

static void teardown(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    ck_assert_int_eq(f->paused, 0);
    ck_assert(f->dead || !f->ring_on);
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        ck_assert(f->dead || (!f->waits[i] && !f->held[i]));
    fake_free(f);
}

START_TEST(take_and_answer)
{
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    fake_access(f, 2, 0x55, XMEM_ACCESS_W, 0);
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->seq, 1);
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
    ck_assert_uint_eq(ev->vcpu, 2);
    ck_assert_uint_eq(ev->u.mem.gfn, 0x55);
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_assert_uint_eq(f->answers, 0); /* not sent yet */
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(f->answers, 1);
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED);
    ck_assert_uint_eq(fake_last(f)->head.vcpu, 2);
}
END_TEST

START_TEST(a_vcpu_that_gets_nowhere)
{
    struct xmem_stats s = XMEM_INIT(s);
    for (unsigned i = 0; i < 1002; i++) {
        fake_access(f, 2, 0x55, XMEM_ACCESS_W, 0);
        ck_ok(xmem_event_next(d, &ev));
        ck_assert_int_eq(!(ev->flags & XMEM_EVENT_STUCK), i < 1000);
        ck_ok(xmem_event_reply(d, ev, NULL));
        ck_ok(xmem_event_flush(d));
    }
    ck_ok(xmem_domain_get_stats(d, &s));
    ck_assert_uint_eq(s.stuck, 2);
    fake_access(f, 1, 0x55, XMEM_ACCESS_W, 0); /* another one */
    ck_ok(xmem_event_next(d, &ev));
    ck_assert(!(ev->flags & XMEM_EVENT_STUCK));
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

START_TEST(a_vcpu_that_is_emulated_gets_on)
{
    struct xmem_reply r = {.size = sizeof(r), .action = XMEM_REPLY_EMULATE_NOWRITE};
    for (unsigned i = 0; i < 1100; i++) {
        fake_access(f, 2, 0x55, XMEM_ACCESS_W, 0);
        ck_ok(xmem_event_next(d, &ev));
        ck_assert(!(ev->flags & XMEM_EVENT_STUCK));
        ck_ok(xmem_event_reply(d, ev, &r));
        ck_ok(xmem_event_flush(d));
    }
}
END_TEST

START_TEST(a_vcpu_that_is_stepped_gets_on)
{
    ck_ok(xmem_domain_set_rights(d, 0, 0x55, XMEM_R));
    for (unsigned i = 0; i < 1100; i++) {
        fake_access(f, 2, 0x55, XMEM_ACCESS_W, 0);
        ck_ok(xmem_event_next(d, &ev));
        ck_assert(!(ev->flags & XMEM_EVENT_STUCK));
        ck_ok(xmem_event_step_over(d, ev));
        ck_ok(xmem_event_flush(d));
        f->vcpu_view[2] = 0;
    }
}
END_TEST

START_TEST(one_notification_for_many)
{
    struct xmem_stats s = XMEM_INIT(s);
    for (uint32_t i = 0; i < 4; i++)
        fake_access(f, i, i, XMEM_ACCESS_R, 0);
    while (!xmem_event_next(d, &ev))
        ck_ok(xmem_event_reply(d, ev, NULL));
    ck_assert_uint_eq(f->count[FAKE_NOTIFY], 1);
    ck_assert_uint_eq(f->answers, 4);
    ck_ok(xmem_domain_get_stats(d, &s));
    ck_assert(s.events == 4 && s.answers == 4 && s.notifies == 1);
    fake_access(f, 0, 1, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_ok(xmem_event_flush(d));
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(f->answers, 5);
}
END_TEST

/* Held over many rounds of others' answers: order, echo and registers stay right. */
START_TEST(any_order)
{
    const struct xmem_event *held[4];
    struct xmem_regs a = XMEM_INIT(a), b = XMEM_INIT(b);
    fake_access(f, 3, 0x33, XMEM_ACCESS_W, 2);
    ck_ok(xmem_event_next(d, &held[3]));
    ck_ok(xmem_event_get_regs(d, held[3], &a));
    fake_access(f, 2, 0x22, XMEM_ACCESS_W, 0);
    ck_ok(xmem_event_next(d, &held[2]));
    for (unsigned i = 0; i < 40; i++) {
        fake_access(f, i % 2, i, XMEM_ACCESS_R, 0);
        ck_ok(xmem_event_next(d, &ev));
        ck_ok(xmem_event_reply(d, ev, NULL));
        ck_ok(xmem_event_flush(d));
        ck_assert_uint_eq(fake_last(f)->head.vcpu, i % 2);
        ck_assert_uint_eq(fake_last(f)->head.u.word[0], i);
    }
    ck_ok(xmem_event_get_regs(d, held[3], &b));
    ck_assert_mem_eq(&a, &b, sizeof(a));
    ck_ok(xmem_event_reply(d, held[3], NULL));
    ck_ok(xmem_event_reply(d, held[2], NULL));
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(f->answer[40].head.vcpu, 3);
    ck_assert_uint_eq(f->answer[40].head.u.word[0], 0x33);
    ck_assert_uint_eq(f->answer[41].head.vcpu, 2);
    ck_assert_uint_eq(f->answer[41].head.u.word[0], 0x22);
}
END_TEST

START_TEST(all_slots_held_and_answered_backwards)
{
    const struct xmem_event *held[8];
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 8; i++)
            fake_access(f, i % 4, 100 * round + i, XMEM_ACCESS_R, 0);
        for (unsigned i = 0; i < 8; i++)
            ck_ok(xmem_event_next(d, &held[i]));
        ck_rc(xmem_event_next(d, &ev), -EAGAIN);
        for (unsigned i = 8; i--;)
            ck_ok(xmem_event_reply(d, held[i], NULL));
        ck_ok(xmem_event_flush(d));
        for (unsigned i = 0; i < 8; i++)
            ck_assert_uint_eq(f->answer[8 * round + i].head.u.word[0], 100 * round + 7 - i);
    }
}
END_TEST

START_TEST(second_answers)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    struct xmem_event copy;
    fake_access(f, 0, 1, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_next(d, &ev));
    memcpy(&copy, ev, sizeof(copy));
    ck_rc(xmem_event_reply(d, &copy, NULL), -EINVAL);
    ck_rc(xmem_event_reply(d, (const void *)((const char *)ev + 8), NULL), -EINVAL);
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_rc(xmem_event_reply(d, ev, NULL), -EALREADY);
    ck_rc(xmem_event_step_over(d, ev), -EALREADY);
    ck_rc(xmem_event_drop(d, ev), -EALREADY);
    ck_rc(xmem_event_get_regs(d, ev, &regs), -EALREADY);
    ck_rc(xmem_event_get_regs(d, NULL, &regs), -EINVAL);
    ck_rc(xmem_event_drop(d, NULL), -EINVAL);
    ck_rc(xmem_event_drop(NULL, ev), -EINVAL);
    fake_access(f, 0, 1, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_next(d, &ev));
    regs.size = 3;
    ck_rc(xmem_event_get_regs(d, ev, &regs), -EINVAL);
}
END_TEST

START_TEST(without_monitoring)
{
    ck_ok(xmem_domain_disable(d));
    ck_rc(xmem_event_next(d, &ev), -ENODEV);
    ck_rc(xmem_event_wait(d, 0), -ENODEV);
    ck_rc(xmem_event_flush(d), -ENODEV);
    ck_rc(xmem_event_next(NULL, &ev), -EINVAL);
    ck_rc(xmem_event_next(d, NULL), -EINVAL);
    ck_rc(xmem_event_wait(NULL, 0), -EINVAL);
    ck_rc(xmem_event_flush(NULL), -EINVAL);
    ck_assert_int_eq(xmem_domain_get_fd(d), f->fd[0]);
}
END_TEST

static void on_alarm(int sig)
{
    (void)sig;
}

START_TEST(waiting)
{
    struct sigaction sa = {.sa_handler = on_alarm};
    /* Again and again: the first may come before the waiting begins. */
    struct itimerval soon = {.it_value = {.tv_usec = 20000}, .it_interval = {.tv_usec = 20000}};
    const struct itimerval never = {0};
    ck_rc(xmem_event_wait(d, 1), -ETIMEDOUT);
    ck_assert_int_eq(write(f->fd[1], "x", 1), 1);
    ck_ok(xmem_event_wait(d, 1000));
    ck_assert_int_eq(read(f->fd[0], &(char){0}, 1), 1);
    fake_access(f, 0, 1, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_wait(d, -1)); /* it is in the ring already */
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_reply(d, ev, NULL));
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    ck_rc(xmem_event_wait(d, 60000), -EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    ck_assert_uint_eq(f->answers, 1); /* answers go before the waiting */
    f->fd[0] = -f->fd[0] - 1000;      /* poll ignores a negative fd */
    ck_rc(xmem_event_wait(d, 1), -ETIMEDOUT);
    f->fd[0] = -f->fd[0] - 1000;
}
END_TEST

static void idle_put(struct fake *g)
{
    if (g->count[FAKE_IDLE] == 1)
        fake_access(g, 1, 0x77, XMEM_ACCESS_X, 0);
}

START_TEST(a_machine_that_runs_in_this_thread)
{
    f->on_idle = idle_put;
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->u.mem.gfn, 0x77);
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

static void ack_put(struct fake *g)
{
    if (g->count[FAKE_ACK] == 1)
        fake_access(g, 1, 0x77, XMEM_ACCESS_X, 0);
}

/* Its notification is taken away with the others': nobody would come to look for it. */
START_TEST(a_request_beside_the_acknowledging_is_not_lost)
{
    f->on_ack = ack_put;
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->u.mem.gfn, 0x77);
    ck_assert_uint_eq(f->count[FAKE_IDLE], 0); /* it is found before the machine is left to run */
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

/* Never quiet: every look finds a request that is the library's own. */
static void idle_step(struct fake *g)
{
    fake_put(g, 0, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
}

START_TEST(a_guest_that_never_stops_keeps_nobody)
{
    f->on_idle = idle_step;
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    f->on_idle = NULL;
}
END_TEST

START_TEST(garbage_ends_the_ring_not_the_session)
{
    fake_access(f, 0, 1, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_next(d, &ev));
    fake_access(f, 9, 1, XMEM_ACCESS_R, 0); /* no such vCPU */
    ck_rc(xmem_event_next(d, &ev), -EPROTO);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "garbage"));
    ck_rc(xmem_event_next(d, &ev), -EPROTO);
    ck_ok(xmem_event_wait(d, 0)); /* something is there to be told */
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_ge(f->answers, 1 + FAKE_VCPUS); /* the held one, and one for every vCPU */
    ck_ok(xmem_domain_enable(d));
    fake_access(f, 1, 2, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_next(d, &ev));
}
END_TEST

/* Whatever the page says afterwards: there is something to tell, and nothing to wait for. */
START_TEST(a_broken_ring_is_not_waited_for)
{
    const uint32_t none = 0;
    fake_access(f, 9, 1, XMEM_ACCESS_R, 0);
    ck_rc(xmem_event_next(d, &ev), -EPROTO);
    memcpy(f->page, &none, sizeof(none)); /* req_prod: as if there had been no request */
    ck_ok(xmem_event_wait(d, 50));
    ck_rc(xmem_event_next(d, &ev), -EPROTO);
    ck_ok(xmem_domain_disable(d));
    ck_ok(xmem_domain_enable(d));
}
END_TEST

START_TEST(death_is_told_once)
{
    fake_access(f, 0, 1, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_next(d, &ev));
    const struct xmem_event *held = ev;
    fake_access(f, 1, 1, XMEM_ACCESS_R, 0);
    f->dead = true;
    ck_ok(xmem_event_next(d, &ev)); /* what was in the ring first */
    ck_assert_uint_eq(ev->vcpu, 1);
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_DOMAIN_DIED);
    ck_assert_uint_eq(ev->seq, 3);
    ck_rc(xmem_event_reply(d, ev, NULL), 0); /* needs none */
    ck_rc(xmem_event_drop(d, ev), 0);
    ck_rc(xmem_event_step_over(d, ev), 0);
    ck_rc(xmem_event_next(d, &ev), -ESHUTDOWN);
    ck_rc(xmem_event_reply(d, held, NULL), -ESHUTDOWN);
    ck_rc(xmem_event_reply(d, held, NULL), -EALREADY);
    ck_rc(xmem_event_wait(d, 10), -ESHUTDOWN);
    ck_rc(xmem_event_flush(d), -ESHUTDOWN);
    ck_rc(xmem_domain_set_rights(d, 0, 1, XMEM_R), -ESHUTDOWN);
    ck_rc(xmem_domain_disable(d), -ESHUTDOWN);
    ck_assert_int_ge(xmem_domain_get_fd(d), 0);
}
END_TEST

START_TEST(death_found_by_another_call)
{
    f->dead = true;
    ck_rc(xmem_domain_set_rights(d, 0, 1, XMEM_R), -ESHUTDOWN);
    ck_ok(xmem_event_wait(d, -1));
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_DOMAIN_DIED);
    ck_rc(xmem_event_next(d, &ev), -ESHUTDOWN);
}
END_TEST

START_TEST(death_when_answers_are_sent)
{
    fake_access(f, 0, 1, XMEM_ACCESS_R, 0);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_reply(d, ev, NULL));
    f->dead = true;
    ck_ok(xmem_event_wait(d, -1));
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_DOMAIN_DIED);
}
END_TEST

START_TEST(a_channel_that_fails)
{
    fake_fail(f, FAKE_ACK, 1, -EBADF, false);
    ck_rc(xmem_event_next(d, &ev), -EIO);
    fake_fail(f, FAKE_IDLE, 1, -EBADF, false);
    ck_rc(xmem_event_next(d, &ev), -EIO);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {take_and_answer,
                               a_vcpu_that_gets_nowhere,
                               a_vcpu_that_is_emulated_gets_on,
                               a_vcpu_that_is_stepped_gets_on,
                               one_notification_for_many,
                               any_order,
                               all_slots_held_and_answered_backwards,
                               second_answers,
                               without_monitoring,
                               waiting,
                               a_machine_that_runs_in_this_thread,
                               a_request_beside_the_acknowledging_is_not_lost,
                               a_guest_that_never_stops_keeps_nobody,
                               a_broken_ring_is_not_waited_for,
                               garbage_ends_the_ring_not_the_session,
                               death_is_told_once,
                               death_found_by_another_call,
                               death_when_answers_are_sent,
                               a_channel_that_fails,
                               NULL};
    return unit_main("event", setup, teardown, tests);
}
