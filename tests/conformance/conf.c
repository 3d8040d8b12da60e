/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the statements share: opening, waiting, acting. */
#include "conf.h"

#include <errno.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int conf_open(struct conf *c, const struct xmem_domain_opts *opts)
{
    int rc = xmem_domain_open(c->x, c->domid, opts, &c->d);
    if (rc)
        return rc;
    rc = xmem_domain_enable(c->d);
    if (rc)
        return rc;
    c->caps = (struct xmem_caps)XMEM_INIT(c->caps);
    return xmem_domain_get_caps(c->d, &c->caps);
}

int conf_close(struct conf *c)
{
    struct xmem_domain *d = c->d;
    c->d = NULL;
    return d ? xmem_domain_close(d) : 0;
}

int conf_next(struct conf *c, const struct xmem_event **ev)
{
    int64_t end = now_ms() + CONF_PATIENCE_MS;
    for (;;) {
        int rc = xmem_event_next(c->d, ev);
        if (rc != -EAGAIN)
            return rc;
        if (now_ms() > end)
            return -ETIMEDOUT;
        c->ops->run(c);
    }
}

int conf_finish(struct conf *c, uint32_t vcpu, const struct xmem_event **ev)
{
    int64_t end = now_ms() + CONF_PATIENCE_MS;
    for (;;) {
        const struct xmem_event *got;
        int rc = xmem_event_next(c->d, &got);
        if (!rc) {
            *ev = got;
            return -EEXIST;
        }
        if (rc != -EAGAIN)
            return rc;
        if (c->ops->done(c, vcpu))
            return 0;
        if (now_ms() > end)
            return -ETIMEDOUT;
        c->ops->run(c);
    }
}

int conf_do(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn)
{
    const struct xmem_event *ev;
    int rc = c->ops->start(c, vcpu, act, gfn, 0x40, 0);
    if (rc)
        return rc;
    rc = conf_finish(c, vcpu, &ev);
    if (rc == -EEXIST)
        xmem_event_drop(c->d, ev);
    return rc;
}

int conf_do_event(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn,
                  const struct xmem_event **ev)
{
    int rc = c->ops->start(c, vcpu, act, gfn, 0x40, 0);
    return rc ? rc : conf_next(c, ev);
}

static uint32_t insn_length(const struct xmem_event *ev)
{
    return ev->reason == XMEM_EVENT_CPUID ? ev->u.cpuid.insn_length : ev->u.debug.insn_length;
}

int conf_answer_past(struct conf *c, const struct xmem_event *ev)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_REGS, .regs = &regs};
    int rc = xmem_event_get_regs(c->d, ev, &regs);
    if (rc)
        return rc;
    if (regs.arch == XMEM_ARCH_ARM)
        regs.u.arm.pc += 4;
    else
        regs.u.x86.rip += insn_length(ev);
    return xmem_event_reply(c->d, ev, &r);
}

uint64_t conf_gfn(const struct conf *c, unsigned i)
{
    return c->first_gfn + i;
}

uint32_t conf_allowed(enum xmem_rights r)
{
    return (uint32_t)r & 7u;
}
