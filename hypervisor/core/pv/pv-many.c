/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rights of many frames: checked as a whole, with room made for all, then changed. It goes in small steps,
 * with a question for preemption between them; a ticket keeps how far it came.
 */
#include <xm/pv.h>

#define CHUNK 64u /* MEMOP_CMD_MASK: a continuation can only resume at multiples of it */
#define LEAF XM_PV_LEAF_FRAMES
#define RELEASE_AT_ONCE 16u
/* A stretch: so many frames whose entries go, or the first frame behind so many entries. */
#define DROPS_AT_ONCE 64u
#define LOOKS_AT_ONCE 256u
/* Calls of others after which a ticket is taken for one that nobody continues. */
#define AGE_MAX 256u

enum state { FREE = 0, CHECK, CHANGE, SETTLE, CLEAN };

struct items {
    uint64_t first; /* of a range */
    enum xm_access a;
    uint64_t gfns, rights; /* handles of a list; 0: a range */
    uint32_t nr, xen_minor;
};

static bool is_list(const struct items *it)
{
    return it->gfns != 0;
}

static int item_get(const struct items *it, uint32_t i, uint64_t *mfn, enum xm_access *a)
{
    uint8_t wire;

    *mfn = it->first + i;
    *a = it->a;
    if (!is_list(it))
        return 0;
    if (xm_env_copy_in(mfn, it->gfns, (size_t)i * sizeof(*mfn), sizeof(*mfn)) != 0 ||
        xm_env_copy_in(&wire, it->rights, i, sizeof(wire)) != 0)
        return -XM_EFAULT;
    return xm_rights_from_wire(it->xen_minor, wire, a) ? 0 : -XM_EINVAL;
}

/* A whole leaf of a range, from item i on. */
static bool whole_leaf(const struct items *it, uint32_t i)
{
    return !is_list(it) && it->nr - i >= LEAF && (it->first + i) % LEAF == 0;
}

/* ---- tickets: under the caller's lock ---- */

static uint64_t frames_of(const struct items *it)
{
    return is_list(it) ? it->gfns : it->first;
}

static uint64_t rights_of(const struct items *it)
{
    return is_list(it) ? it->rights : (uint64_t)it->a;
}

static uint32_t resume_at(const struct xm_pv_ticket *t)
{
    return t->done & ~(CHUNK - 1);
}

static bool is_for(const struct xm_pv_ticket *t, uint64_t caller, const struct items *it,
                   uint32_t start)
{
    return t->state != FREE && t->caller == caller && t->frames == frames_of(it) &&
           t->rights == rights_of(it) && t->nr == it->nr && resume_at(t) == start;
}

/* Counts on what it reserved. */
static bool active(const struct xm_pv *pv, const struct xm_pv_ticket *t)
{
    return (t->state == CHECK || t->state == CHANGE) && pv->turns - t->used < AGE_MAX;
}

static void check_again(struct xm_pv_ticket *t)
{
    if (t->state == CHANGE)
        t->state = CHECK;
    t->good = t->done;
}

/* Which of two is rather given up: one that is over, one that has changed nothing yet, the older one. */
static bool rather(const struct xm_pv *pv, const struct xm_pv_ticket *a,
                   const struct xm_pv_ticket *b)
{
    if (active(pv, a) != active(pv, b))
        return !active(pv, a);
    if ((a->state == CHANGE) != (b->state == CHANGE))
        return a->state != CHANGE;
    return a->used < b->used;
}

static struct xm_pv_ticket *known(struct xm_pv *pv, uint64_t caller, const struct items *it,
                                  uint32_t start)
{
    unsigned i;

    for (i = 0; i < XM_PV_TICKETS; i++) {
        if (is_for(&pv->ticket[i], caller, it, start))
            return &pv->ticket[i];
    }
    return NULL;
}

static struct xm_pv_ticket *place(struct xm_pv *pv)
{
    struct xm_pv_ticket *t = &pv->ticket[0];
    unsigned i;

    for (i = 1; i < XM_PV_TICKETS; i++) {
        if (rather(pv, &pv->ticket[i], t))
            t = &pv->ticket[i];
    }
    return t;
}

/* The one that is continued, or a new one: from start on, of which nothing is known. */
static struct xm_pv_ticket *ticket_for(struct xm_pv *pv, const struct items *it, uint32_t start)
{
    uint64_t caller = xm_env_caller();
    struct xm_pv_ticket *t = known(pv, caller, it, start);

    if (t == NULL) {
        t = place(pv);
        *t = (struct xm_pv_ticket){.caller = caller,
                                   .frames = frames_of(it),
                                   .rights = rights_of(it),
                                   .nr = it->nr,
                                   .good = start,
                                   .done = start,
                                   .state = CHECK};
    } else if (!active(pv, t)) {
        check_again(t);
    }
    t->used = ++pv->turns;
    return t;
}

static bool alone(const struct xm_pv *pv, const struct xm_pv_ticket *but)
{
    unsigned i;

    for (i = 0; i < XM_PV_TICKETS; i++) {
        if (&pv->ticket[i] != but && active(pv, &pv->ticket[i]))
            return false;
    }
    return true;
}

void xm_pv_tickets_again(struct xm_pv *pv)
{
    unsigned i;

    for (i = 0; i < XM_PV_TICKETS; i++)
        check_again(&pv->ticket[i]);
}

/* ---- checking: the domain's own, and room for it ---- */

/* What the default is can be another one by the time of the change. */
static bool needs_room(const struct xm_pv *pv, enum xm_access a)
{
    return a == XM_ACCESS_DEFAULT || xm_pv_value_of(pv, a) != 0;
}

static int check_one(struct xm_pv *pv, uint64_t mfn, enum xm_access a)
{
    int rc = 0;

    if (mfn >= pv->end)
        return -XM_EINVAL;
    xm_env_lock(&pv->lock);
    if (!xm_pv_owned(pv, mfn))
        rc = -XM_ESRCH;
    else if (needs_room(pv, a) || xm_pv_table_touched(&pv->table, mfn))
        rc = xm_pv_table_reserve(&pv->table, mfn);
    xm_env_unlock(&pv->lock);
    return rc;
}

static int check_leaf(struct xm_pv *pv, uint64_t mfn, enum xm_access a)
{
    int rc = 0;
    unsigned i;

    xm_env_lock(&pv->lock);
    for (i = 0; i < LEAF && rc == 0; i++)
        rc = xm_pv_owned(pv, mfn + i) ? 0 : -XM_ESRCH;
    if (rc == 0 && needs_room(pv, a))
        rc = xm_pv_table_reserve_leaf(&pv->table, mfn);
    xm_env_unlock(&pv->lock);
    return rc;
}

static int check_step(struct xm_pv *pv, const struct items *it, struct xm_pv_ticket *t)
{
    uint32_t end = it->nr - t->good < CHUNK ? it->nr : t->good + CHUNK;
    enum xm_access a;
    uint64_t mfn;
    int rc = 0;

    while (rc == 0 && t->good < end) {
        bool whole = whole_leaf(it, t->good);

        rc = item_get(it, t->good, &mfn, &a);
        if (rc == 0)
            rc = whole ? check_leaf(pv, mfn, a) : check_one(pv, mfn, a);
        if (rc == 0)
            t->good += whole ? LEAF : 1;
        if (whole)
            break;
    }
    if (rc != 0 || t->good >= it->nr)
        t->state = rc != 0 ? CLEAN : CHANGE;
    return rc;
}

/* ---- changing ---- */

/* What was the domain's when it was checked may have left. */
static int change_one(struct xm_pv *pv, uint64_t mfn, enum xm_access a, bool *flush)
{
    return mfn < pv->end ? xm_pv_change(pv, mfn, a, flush) : -XM_EINVAL;
}

static uint64_t looks(const struct xm_pv *pv)
{
    return pv->hooks->looks != NULL ? pv->hooks->looks(pv->env) : 0;
}

/* Entries of a leaf that was changed. True: there was something to do. */
static bool take_some(struct xm_pv *pv, bool *flush)
{
    struct xm_pv_going *g = &pv->going;
    uint64_t before = looks(pv);
    uint32_t n, i;

    if (g->left == 0)
        return false;
    for (n = 0; g->left > 0 && n < DROPS_AT_ONCE && looks(pv) - before < LOOKS_AT_ONCE; n++) {
        i = LEAF - g->left--;
        if ((g->lost[i / 64] >> (i % 64) & 1) != 0 &&
            pv->hooks->drop(pv->env, xm_mfn(g->first + i)))
            *flush = true;
    }
    return true;
}

static int fill(struct xm_pv *pv, uint64_t mfn, enum xm_access a, uint64_t lost[LEAF / 64])
{
    uint8_t value = xm_pv_value_of(pv, a), has;
    uint8_t had = xm_pv_entry_bits(xm_pv_rights_locked(pv, mfn));
    bool holes = false, own, same = xm_pv_table_uniform(&pv->table, mfn);
    unsigned i;

    has = xm_pv_entry_bits((enum xm_access)(value != 0 ? value - 1 : pv->base));
    for (i = 0; i < LEAF; i++) {
        own = xm_pv_owned(pv, mfn + i);
        holes = holes || !own;
        if (!same)
            had = xm_pv_entry_bits(xm_pv_rights_locked(pv, mfn + i));
        if (own && (had & ~has) != 0)
            lost[i / 64] |= UINT64_C(1) << (i % 64);
    }
    return xm_pv_table_fill(&pv->table, mfn, value, holes);
}

/* The entries go in the steps that follow. */
static int change_leaf(struct xm_pv *pv, uint64_t mfn, enum xm_access a)
{
    struct xm_pv_going *g = &pv->going;
    int rc = 0;

    memset(g, 0, sizeof(*g));
    g->first = mfn;
    xm_env_lock(&pv->lock);
    if (pv->on) {
        rc = fill(pv, mfn, a, g->lost);
        xm_pv_stamp_some(pv, mfn, LEAF);
        g->left = rc == 0 ? LEAF : 0;
    }
    xm_env_unlock(&pv->lock);
    return rc;
}

static int change_step(struct xm_pv *pv, const struct items *it, struct xm_pv_ticket *t,
                       bool *flush)
{
    uint32_t end = it->nr - t->done < CHUNK ? it->nr : t->done + CHUNK;
    uint64_t mfn, before = looks(pv);
    enum xm_access a;
    int rc = 0;

    if (take_some(pv, flush))
        return 0;
    while (rc == 0 && t->done < end && looks(pv) - before < LOOKS_AT_ONCE) {
        bool whole = whole_leaf(it, t->done);

        rc = item_get(it, t->done, &mfn, &a);
        if (rc == 0)
            rc = whole ? change_leaf(pv, mfn, a) : change_one(pv, mfn, a, flush);
        if (rc == 0)
            t->done += whole ? LEAF : 1;
        if (whole)
            break;
    }
    if (rc != 0 || t->done >= it->nr)
        t->state = SETTLE;
    return rc;
}

/* Entries that the changes, also another's that nobody continues, only noted: once, for all of them. */
static void settle_step(struct xm_pv *pv, struct xm_pv_ticket *t, bool *flush)
{
    if (!take_some(pv, flush) && xm_pv_settle(pv, true, flush) != XM_CONTINUE)
        t->state = CLEAN;
}

/* ---- cleaning up: who is the last one gives back what was reserved and not used ---- */

static void clean_step(struct xm_pv *pv, struct xm_pv_ticket *t)
{
    bool more = true;
    unsigned i;

    xm_env_lock(&pv->lock);
    for (i = 0; more && i < RELEASE_AT_ONCE; i++)
        more = (alone(pv, t) && xm_pv_table_release(&pv->table)) || xm_pv_table_reap(&pv->table);
    xm_env_unlock(&pv->lock);
    if (more)
        return;
    t->state = FREE;
    t->used = 0;
}

/* ---- all of it ---- */

static void step(struct xm_pv *pv, const struct items *it, struct xm_pv_ticket *t, bool *flush)
{
    if (t->state == CHECK)
        t->rc = check_step(pv, it, t);
    else if (t->state == CHANGE)
        t->rc = change_step(pv, it, t, flush);
    else if (t->state == CLEAN)
        clean_step(pv, t);
    if (t->state == SETTLE)
        settle_step(pv, t, flush);
}

/* A short operation is not worth a question, unless it cleans up after others. */
static int run(struct xm_pv *pv, const struct items *it, uint32_t *start, bool *flush)
{
    struct xm_pv_ticket *t = ticket_for(pv, it, *start);
    bool cleaning;

    do {
        cleaning = t->state == SETTLE || t->state == CLEAN || pv->going.left != 0;
        step(pv, it, t, flush);
        if (t->state == FREE)
            return t->rc;
    } while ((it->nr < CHUNK && !cleaning) || !xm_env_preempt());
    *start = resume_at(t);
    return XM_CONTINUE;
}

int xm_pv_set(struct xm_pv *pv, uint64_t first, uint32_t nr, uint32_t *start, enum xm_access a,
              bool *flush)
{
    const struct items it = {.first = first, .a = a, .nr = nr};

    if (nr == 0 || nr < *start || first >= pv->end || nr > pv->end - first)
        return -XM_EINVAL;
    return run(pv, &it, start, flush);
}

int xm_pv_set_list(struct xm_pv *pv, uint64_t gfns, uint64_t rights, uint32_t nr, uint32_t *start,
                   uint32_t xen_minor, bool *flush)
{
    const struct items it = {.gfns = gfns, .rights = rights, .nr = nr, .xen_minor = xen_minor};

    if (nr != 0 && gfns == 0)
        return -XM_EFAULT;
    if (nr < *start)
        return -XM_EINVAL;
    return run(pv, &it, start, flush);
}
