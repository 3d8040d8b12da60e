/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights of a PV guest's frames: of one, by default; on and off; frames that come and go. */
#include <xm/pv.h>

#define REAP_AT_ONCE 16u /* nodes between two questions for preemption */

void xm_pv_init(struct xm_pv *pv, struct xm_env_dom *env, const struct xm_pv_hooks *hooks,
                uint64_t end)
{
    memset(pv, 0, sizeof(*pv));
    pv->env = env;
    pv->hooks = hooks;
    pv->end = end < XM_PV_MFN_LIMIT ? end : XM_PV_MFN_LIMIT;
    pv->base = XM_ACCESS_RWX;
    pv->default_access = XM_ACCESS_RWX;
    xm_env_lock_init(&pv->lock, XM_RANK_RIGHTS);
    xm_pv_table_init(&pv->table);
}

/* ---- what was changed since somebody looked ---- */

static uint32_t *stamp_of(struct xm_pv *pv, uint64_t mfn)
{
    return &pv->stamps[mfn % XM_PV_STAMPS];
}

void xm_pv_stamp_some(struct xm_pv *pv, uint64_t first, uint64_t nr)
{
    uint64_t i;

    for (i = 0; i < nr && i < XM_PV_STAMPS; i++)
        ++*stamp_of(pv, first + i);
}

/* ---- on and off ---- */

void xm_pv_on(struct xm_pv *pv)
{
    xm_env_lock(&pv->lock);
    pv->on = true;
    xm_env_unlock(&pv->lock);
}

void xm_pv_end(struct xm_pv *pv)
{
    xm_env_lock(&pv->lock);
    pv->on = false;
    pv->base = XM_ACCESS_RWX;
    pv->default_access = XM_ACCESS_RWX;
    xm_pv_table_forget(&pv->table);
    xm_pv_stamp_some(pv, 0, XM_PV_STAMPS);
    xm_env_unlock(&pv->lock);
    memset(pv->ticket, 0, sizeof(pv->ticket));
    pv->going.left = 0; /* all shadows go */
}

void xm_pv_off(struct xm_pv *pv)
{
    xm_pv_end(pv);
    pv->hooks->blow(pv->env);
}

int xm_pv_reap(struct xm_pv *pv)
{
    bool more = true;
    unsigned i;

    for (;;) {
        xm_env_lock(&pv->lock);
        for (i = 0; more && i < REAP_AT_ONCE; i++)
            more = xm_pv_table_reap(&pv->table);
        xm_env_unlock(&pv->lock);
        if (!more)
            return 0;
        if (xm_env_preempt())
            return XM_CONTINUE;
    }
}

static bool idle(const struct xm_pv *pv)
{
    return pv->base == XM_ACCESS_RWX && pv->default_access == XM_ACCESS_RWX &&
           pv->table.tracked == 0;
}

bool xm_pv_idle(struct xm_pv *pv)
{
    bool is;

    xm_env_lock(&pv->lock);
    is = idle(pv);
    xm_env_unlock(&pv->lock);
    return is;
}

void xm_pv_note(struct xm_pv *pv, bool *restricts)
{
    xm_env_lock(&pv->lock);
    *(volatile bool *)restricts = !idle(pv);
    xm_env_unlock(&pv->lock);
}

uint32_t xm_pv_mode_with(uint32_t mode, uint32_t bit)
{
    return mode | bit | XM_PV_MODE_SHADOW;
}

uint32_t xm_pv_mode_without(uint32_t mode, uint32_t bit)
{
    mode &= ~bit;
    return mode == XM_PV_MODE_SHADOW ? 0 : mode;
}

/* ---- one frame ---- */

enum xm_access xm_pv_rights_locked(struct xm_pv *pv, uint64_t mfn)
{
    uint8_t value = xm_pv_table_get(&pv->table, mfn);

    return (enum xm_access)(value != 0 ? value - 1 : pv->base);
}

enum xm_access xm_pv_rights(struct xm_pv *pv, uint64_t mfn)
{
    enum xm_access a;

    xm_env_lock(&pv->lock);
    a = xm_pv_rights_locked(pv, mfn);
    xm_env_unlock(&pv->lock);
    return a;
}

uint8_t xm_pv_value_of(const struct xm_pv *pv, enum xm_access a)
{
    if (a == XM_ACCESS_DEFAULT)
        a = (enum xm_access)pv->default_access;
    return a == (enum xm_access)pv->base ? 0 : (uint8_t)(a + 1);
}

bool xm_pv_owned(struct xm_pv *pv, uint64_t mfn)
{
    return mfn < pv->end && pv->hooks->owned(pv->env, xm_mfn(mfn));
}

/* Entries that allow less than the rights do no harm: the next fault makes them anew. */
static int put(struct xm_pv *pv, uint64_t mfn, enum xm_access to, uint8_t *lost)
{
    int rc;

    *lost = xm_pv_entry_bits(xm_pv_rights_locked(pv, mfn));
    rc = xm_pv_table_put(&pv->table, mfn, xm_pv_value_of(pv, to));
    *lost &= (uint8_t)~xm_pv_entry_bits(xm_pv_rights_locked(pv, mfn));
    return rc;
}

int xm_pv_settle(struct xm_pv *pv, bool may_preempt, bool *flush)
{
    return pv->hooks->settle != NULL ? pv->hooks->settle(pv->env, may_preempt, flush) : 0;
}

int xm_pv_change(struct xm_pv *pv, uint64_t mfn, enum xm_access to, bool *flush)
{
    uint8_t lost = 0;
    int rc = 0;

    xm_env_lock(&pv->lock);
    if (pv->on && xm_pv_owned(pv, mfn)) {
        rc = put(pv, mfn, to, &lost);
        xm_pv_stamp_some(pv, mfn, 1);
    }
    xm_env_unlock(&pv->lock);
    if (lost != 0 && pv->hooks->drop(pv->env, xm_mfn(mfn)))
        *flush = true;
    return rc;
}

bool xm_pv_look(struct xm_pv *pv, uint64_t mfn, enum xm_access *a, uint32_t *stamp)
{
    bool in_force;

    xm_env_lock(&pv->lock);
    in_force = pv->on && xm_pv_owned(pv, mfn);
    *a = in_force ? xm_pv_rights_locked(pv, mfn) : XM_ACCESS_RWX;
    *stamp = *stamp_of(pv, mfn);
    xm_env_unlock(&pv->lock);
    return in_force;
}

int xm_pv_turn(struct xm_pv *pv, uint64_t mfn, uint32_t stamp, enum xm_access to, bool *flush)
{
    uint8_t lost = 0;
    int rc = 0;

    xm_env_lock(&pv->lock);
    if (pv->on && *stamp_of(pv, mfn) == stamp && xm_pv_owned(pv, mfn))
        rc = put(pv, mfn, to, &lost);
    xm_env_unlock(&pv->lock);
    /* What others left to be done is not this access's to wait for. */
    if (lost != 0 && pv->hooks->drop(pv->env, xm_mfn(mfn))) {
        *flush = true;
        (void)xm_pv_settle(pv, false, flush);
    }
    return rc;
}

int xm_pv_get(struct xm_pv *pv, uint64_t mfn, enum xm_access *a)
{
    int rc = -XM_ESRCH;

    if (mfn >= pv->end)
        return -XM_EINVAL;
    xm_env_lock(&pv->lock);
    if (xm_pv_owned(pv, mfn)) {
        *a = xm_pv_rights_locked(pv, mfn);
        rc = 0;
    }
    xm_env_unlock(&pv->lock);
    return rc;
}

/* ---- the default ---- */

void xm_pv_set_default(struct xm_pv *pv, enum xm_access a, bool *flush)
{
    bool less = false;

    if (a == XM_ACCESS_DEFAULT)
        return;
    xm_env_lock(&pv->lock);
    pv->default_access = (uint8_t)a;
    xm_pv_stamp_some(pv, 0, XM_PV_STAMPS);
    if (pv->semantics == XM_PV_DEFAULT_ALL) {
        less = pv->table.tracked != 0 ||
               (xm_pv_entry_bits((enum xm_access)pv->base) & ~xm_pv_entry_bits(a)) != 0;
        pv->base = (uint8_t)a;
        xm_pv_table_forget(&pv->table);
        xm_pv_tickets_again(pv);
    }
    xm_env_unlock(&pv->lock);
    if (!less)
        return;
    pv->hooks->blow(pv->env);
    *flush = true;
}

/* ---- frames that come and go ---- */

static bool still(void *who, uint64_t mfn)
{
    return xm_pv_owned(who, mfn);
}

void xm_pv_frame_left(struct xm_pv *pv, uint64_t mfn)
{
    xm_env_lock(&pv->lock);
    xm_pv_table_left(&pv->table, mfn, still, pv);
    xm_pv_stamp_some(pv, mfn, 1);
    xm_env_unlock(&pv->lock);
}

/* How many of the frames are in the first one's leaf. */
static uint64_t in_leaf(uint64_t first, uint64_t nr)
{
    uint64_t room = XM_PV_LEAF_FRAMES - first % XM_PV_LEAF_FRAMES;

    return nr < room ? nr : room;
}

/* What they had when they were the domain's last is not theirs, should it be there. */
static void leave(struct xm_pv *pv, uint64_t first, uint64_t nr)
{
    uint64_t i;

    for (i = 0; i < nr && xm_pv_table_touched(&pv->table, first); i++)
        xm_pv_table_left(&pv->table, first + i, still, pv);
}

/* Of one leaf. */
static int come(struct xm_pv *pv, uint64_t first, uint64_t nr, uint8_t value)
{
    uint64_t i;
    int rc = 0;

    if (value == 0)
        leave(pv, first, nr);
    else if (nr == XM_PV_LEAF_FRAMES)
        rc = xm_pv_table_fill(&pv->table, first, value, false);
    else {
        for (i = 0; i < nr && rc == 0; i++)
            rc = xm_pv_table_put(&pv->table, first + i, value);
    }
    return rc;
}

int xm_pv_frames_came(struct xm_pv *pv, uint64_t first, uint64_t nr)
{
    uint64_t done, n;
    int rc = 0;

    xm_env_lock(&pv->lock);
    xm_pv_stamp_some(pv, first, nr);
    for (done = 0; pv->on && done < nr && rc == 0; done += n) {
        n = in_leaf(first + done, nr - done);
        rc = come(pv, first + done, n, xm_pv_value_of(pv, XM_ACCESS_DEFAULT));
    }
    for (nr = done; rc != 0 && nr > 0; nr--)
        xm_pv_table_left(&pv->table, first + nr - 1, still, pv);
    xm_env_unlock(&pv->lock);
    return rc;
}
