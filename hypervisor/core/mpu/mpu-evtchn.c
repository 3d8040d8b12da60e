/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a pointer is switched while others send: the sender writes, then looks at the
 * pointer again and, if it has moved, writes once more in the new place; the registrar moves the
 * pointer, then looks at the old place again. Of the two second looks at least one finds it.
 */
#include <xm/mpu-remote.h>

#define WORD_BITS 64u
#define AT UINT64_C(1)
#define CHANGED 2 /* the pointer moved while a sender wrote */

static uint64_t all_words(const struct xm_mpu_evtchn *e)
{
    return e->words == WORD_BITS ? ~UINT64_C(0) : (UINT64_C(1) << e->words) - 1;
}

int xm_mpu_evtchn_init(struct xm_mpu_evtchn *e, const struct xm_evtchn_ops *ops, void *ctx,
                       uint64_t *dummy, uint32_t words, struct xm_mpu_evtchn_vcpu *vcpu,
                       uint32_t vcpus)
{
    if (ops == NULL || dummy == NULL || vcpu == NULL || words == 0 || words > XM_EVTCHN_WORDS ||
        vcpus == 0)
        return -XM_EINVAL;
    memset(e, 0, sizeof(*e));
    memset(dummy, 0, words * sizeof(*dummy));
    memset(vcpu, 0, vcpus * sizeof(*vcpu));
    e->ops = ops;
    e->ctx = ctx;
    e->dummy = dummy;
    e->words = words;
    e->vcpu = vcpu;
    e->vcpus = vcpus;
    return 0;
}

/* ---- vcpu_info ---- */

/* The selector, then upcall_pending. Answers the latter's old value, CHANGED, or -XM_EFAULT. */
static int raise_at(struct xm_mpu_evtchn *e, struct xm_mpu_evtchn_vcpu *v, uint64_t at,
                    uint64_t selector)
{
    uint64_t *p = v->dummy;
    uint64_t before;

    if (at != 0)
        p = e->ops->open(e->ctx, at & ~AT, XM_VCPU_INFO_BYTES);
    if (p == NULL)
        return -XM_EFAULT;
    (void)e->ops->fetch_or(e->ctx, &p[XM_VCPU_PENDING_SEL / 8], selector);
    before = e->ops->fetch_or(e->ctx, &p[XM_VCPU_UPCALL_PENDING / 8], 1);
    if (at != 0)
        e->ops->close(e->ctx);
    if (e->ops->load(e->ctx, &v->at) != at)
        return CHANGED;
    return (before & 0xff) != 0;
}

/* force: the vCPU may have looked in vain before, whatever its page says. */
static int raise(struct xm_mpu_evtchn *e, uint32_t vcpu, uint64_t selector, bool force)
{
    struct xm_mpu_evtchn_vcpu *v = &e->vcpu[vcpu];
    int rc;

    /* At most twice more. What was first in the old place may be copied by now: then each who
     * finds it takes another for the one who tells the vCPU. */
    while ((rc = raise_at(e, v, e->ops->load(e->ctx, &v->at), selector)) == CHANGED)
        force = true;
    if (rc == 0 || (rc == 1 && force))
        e->ops->kick(e->ctx, vcpu);
    return rc < 0 ? rc : 0;
}

/* What the old place held; the selector and upcall_pending of a dummy. */
static int info_read(struct xm_mpu_evtchn *e, struct xm_mpu_evtchn_vcpu *v,
                     uint64_t word[XM_VCPU_INFO_BYTES / 8])
{
    uint64_t at = e->ops->load(e->ctx, &v->at);
    uint64_t *p = v->dummy;
    unsigned i, n = at != 0 ? XM_VCPU_INFO_BYTES / 8 : 2;

    memset(word, 0, XM_VCPU_INFO_BYTES);
    if (at != 0)
        p = e->ops->open(e->ctx, at & ~AT, XM_VCPU_INFO_BYTES);
    if (p == NULL)
        return -XM_EFAULT;
    for (i = 0; i < n; i++)
        word[i] = e->ops->load(e->ctx, &p[i]);
    if (at != 0)
        e->ops->close(e->ctx);
    return 0;
}

static int info_move(struct xm_mpu_evtchn *e, struct xm_mpu_evtchn_vcpu *v, uint64_t addr)
{
    uint64_t word[XM_VCPU_INFO_BYTES / 8];
    uint64_t *p;

    if (info_read(e, v, word) != 0)
        return -XM_EFAULT;
    p = e->ops->open(e->ctx, addr, XM_VCPU_INFO_BYTES);
    if (p == NULL)
        return -XM_EFAULT;
    for (unsigned i = 0; i < XM_VCPU_INFO_BYTES / 8; i++)
        e->ops->store(e->ctx, &p[i], word[i]);
    e->ops->close(e->ctx);
    e->ops->store(e->ctx, &v->at, addr | AT);
    return 0;
}

int xm_mpu_evtchn_vcpu_info(struct xm_mpu_evtchn *e, uint32_t vcpu, uint64_t addr)
{
    struct xm_mpu_evtchn_vcpu *v;
    int rc;

    if (vcpu >= e->vcpus)
        return -XM_ENOENT;
    if (addr == 0 || addr % 8 != 0 ||
        (addr & (XM_PAGE_SIZE - 1)) > XM_PAGE_SIZE - XM_VCPU_INFO_BYTES)
        return -XM_EINVAL;
    v = &e->vcpu[vcpu];
    if (!e->ops->claim(e->ctx, &v->claim, 1))
        return -XM_EBUSY;
    rc = info_move(e, v, addr);
    if (rc != 0) {
        e->ops->store(e->ctx, &v->claim, 0);
        return rc;
    }
    /* What was sent to the old place since it was read, or with a shared_info that is not there
     * yet: everything counts as sent (map_vcpu_info in Xen does so, too). */
    (void)raise(e, vcpu, all_words(e), true);
    return 0;
}

/* ---- shared_info ---- */

/* Within one opening, so that nothing can fail half way. */
static int shared_move(struct xm_mpu_evtchn *e, uint64_t addr)
{
    const struct xm_evtchn_ops *o = e->ops;
    uint64_t *p = o->open(e->ctx, addr, XM_SHARED_INFO_BYTES);
    uint64_t *pending;

    if (p == NULL)
        return -XM_EFAULT;
    pending = &p[XM_SHARED_PENDING / 8];
    for (uint32_t i = 0; i < XM_EVTCHN_WORDS; i++)
        o->store(e->ctx, &pending[i], i < e->words ? o->load(e->ctx, &e->dummy[i]) : 0);
    o->store(e->ctx, &e->at, addr | AT);
    for (uint32_t i = 0; i < e->words; i++) {
        uint64_t late = o->load(e->ctx, &e->dummy[i]);

        if (late != 0)
            (void)o->fetch_or(e->ctx, &pending[i], late);
    }
    o->close(e->ctx);
    return 0;
}

int xm_mpu_evtchn_shared_info(struct xm_mpu_evtchn *e, uint64_t addr)
{
    int rc;

    if (addr == 0 || (addr & (XM_PAGE_SIZE - 1)) != 0)
        return -XM_EINVAL;
    if (!e->ops->claim(e->ctx, &e->claim, 1))
        return -XM_EBUSY;
    rc = shared_move(e, addr);
    if (rc != 0) {
        e->ops->store(e->ctx, &e->claim, 0);
        return rc;
    }
    (void)e->ops->claim(e->ctx, &e->vcpu[0].at, (addr + XM_SHARED_VCPU_INFO) | AT);
    /* A vCPU that was told of an event before looked for it in vain. One whose own
     * page is out of reach is told when it registers another. */
    for (uint32_t i = 0; i < e->vcpus; i++)
        (void)raise(e, i, all_words(e), true);
    return 0;
}

/* ---- sending ---- */

/* 1: was pending, or is masked; 0: the vCPU is to be told; CHANGED; -XM_EFAULT. */
static int pend_at(struct xm_mpu_evtchn *e, uint64_t at, uint32_t word, uint64_t bit)
{
    uint64_t *p = NULL;
    uint64_t before, masked = 0;

    if (at == 0) {
        before = e->ops->fetch_or(e->ctx, &e->dummy[word], bit);
    } else {
        p = e->ops->open(e->ctx, at & ~AT, XM_SHARED_INFO_BYTES);
        if (p == NULL)
            return -XM_EFAULT;
        before = e->ops->fetch_or(e->ctx, &p[XM_SHARED_PENDING / 8 + word], bit);
        masked = e->ops->load(e->ctx, &p[XM_SHARED_MASK / 8 + word]);
        e->ops->close(e->ctx);
    }
    if (e->ops->load(e->ctx, &e->at) != at)
        return CHANGED;
    return ((before | masked) & bit) != 0;
}

int xm_mpu_evtchn_send(struct xm_mpu_evtchn *e, uint32_t vcpu, uint32_t port)
{
    uint32_t word = port / WORD_BITS;
    bool moved = false;
    int rc;

    if (vcpu >= e->vcpus || word >= e->words)
        return -XM_EINVAL;
    while ((rc = pend_at(e, e->ops->load(e->ctx, &e->at), word, UINT64_C(1) << port % WORD_BITS)) ==
           CHANGED)
        moved = true;
    /* After a move the bit may be there because it was copied: of that nobody was told. */
    if (rc < 0 || (rc == 1 && !moved))
        return rc;
    return raise(e, vcpu, UINT64_C(1) << word, false);
}
