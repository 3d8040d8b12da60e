/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights of a PV guest's frames: set, asked for, defaulted; frames that come and go. */
#include <xm/pv.h>

/* MEMOP_CMD_MASK: a continuation can only resume at multiples of 64. */
#define CHUNK_MASK 0x3fu

void xm_pv_init(struct xm_pv *pv, struct xm_env_dom *env, const struct xm_pv_hooks *hooks,
                uint64_t end)
{
    memset(pv, 0, sizeof(*pv));
    pv->env = env;
    pv->hooks = hooks;
    pv->end = end < XM_PV_MFN_LIMIT ? end : XM_PV_MFN_LIMIT;
    pv->base = XM_ACCESS_RWX;
    pv->default_access = XM_ACCESS_RWX;
    xm_pv_table_init(&pv->table);
}

void xm_pv_on(struct xm_pv *pv)
{
    pv->on = true;
}

void xm_pv_off(struct xm_pv *pv)
{
    pv->on = false;
    pv->base = XM_ACCESS_RWX;
    pv->default_access = XM_ACCESS_RWX;
    pv->checked.nr = 0;
    xm_pv_table_free(&pv->table);
    pv->hooks->blow(pv->env);
}

bool xm_pv_idle(const struct xm_pv *pv)
{
    return pv->base == XM_ACCESS_RWX && pv->default_access == XM_ACCESS_RWX &&
           pv->table.tracked == 0;
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

enum xm_access xm_pv_rights(struct xm_pv *pv, uint64_t mfn)
{
    uint8_t value = xm_pv_table_get(&pv->table, mfn);

    return (enum xm_access)(value != 0 ? value - 1 : pv->base);
}

/* What the table keeps for these rights: nothing where the frame has them anyway. */
static uint8_t value_of(const struct xm_pv *pv, enum xm_access a)
{
    if (a == XM_ACCESS_DEFAULT)
        a = (enum xm_access)pv->default_access;
    return a == (enum xm_access)pv->base ? 0 : (uint8_t)(a + 1);
}

static int put(struct xm_pv *pv, uint64_t mfn, enum xm_access a)
{
    uint8_t value = value_of(pv, a);
    int rc = value != 0 ? xm_pv_table_reserve(&pv->table, mfn) : 0;

    if (rc == 0)
        xm_pv_table_put(&pv->table, mfn, value);
    return rc;
}

/* Can be done: the domain's own, and with room for it. */
static int prepare(struct xm_pv *pv, uint64_t mfn, enum xm_access a)
{
    if (mfn >= pv->end)
        return -XM_EINVAL;
    if (!pv->hooks->owned(pv->env, xm_mfn(mfn)))
        return -XM_ESRCH;
    return value_of(pv, a) != 0 ? xm_pv_table_reserve(&pv->table, mfn) : 0;
}

/* Entries that allow less than the rights do no harm: the next fault makes them anew. */
static int turn(struct xm_pv *pv, uint64_t mfn, enum xm_access to, bool *flush)
{
    uint8_t before = xm_pv_entry_bits(xm_pv_rights(pv, mfn));
    int rc = put(pv, mfn, to);

    if (rc != 0)
        return rc;
    if ((before & ~xm_pv_entry_bits(xm_pv_rights(pv, mfn))) != 0 &&
        pv->hooks->drop(pv->env, xm_mfn(mfn)))
        *flush = true;
    return 0;
}

static int finish(struct xm_pv *pv, bool may_preempt, bool *flush)
{
    return pv->hooks->settle != NULL ? pv->hooks->settle(pv->env, may_preempt, flush) : 0;
}

int xm_pv_relax(struct xm_pv *pv, uint64_t mfn, enum xm_access to, bool *flush)
{
    bool dropped = false;
    int rc = turn(pv, mfn, to, &dropped);

    /* What others left to be done is not this access's to wait for. */
    if (dropped) {
        *flush = true;
        rc = finish(pv, false, flush);
    }
    return rc;
}

static int change(struct xm_pv *pv, uint64_t mfn, enum xm_access a, bool *flush)
{
    return pv->hooks->owned(pv->env, xm_mfn(mfn)) ? turn(pv, mfn, a, flush) : 0;
}

int xm_pv_get(struct xm_pv *pv, uint64_t mfn, enum xm_access *a)
{
    if (mfn >= pv->end)
        return -XM_EINVAL;
    if (!pv->hooks->owned(pv->env, xm_mfn(mfn)))
        return -XM_ESRCH;
    *a = xm_pv_rights(pv, mfn);
    return 0;
}

void xm_pv_frame_left(struct xm_pv *pv, uint64_t mfn)
{
    xm_pv_table_put(&pv->table, mfn, 0);
}

int xm_pv_frame_came(struct xm_pv *pv, uint64_t mfn)
{
    return pv->on ? put(pv, mfn, XM_ACCESS_DEFAULT) : 0;
}

/* ---- many: checked as a whole, then changed ---- */

struct items {
    uint64_t first; /* of a range */
    enum xm_access a;
    uint64_t gfns, rights; /* handles of a list; 0: a range */
    uint32_t nr, xen_minor;
};

static int item_get(const struct items *it, uint32_t i, uint64_t *mfn, enum xm_access *a)
{
    uint8_t wire;

    *mfn = it->first + i;
    *a = it->a;
    if (it->gfns == 0)
        return 0;
    if (xm_env_copy_in(mfn, it->gfns, (size_t)i * sizeof(*mfn), sizeof(*mfn)) != 0 ||
        xm_env_copy_in(&wire, it->rights, i, sizeof(wire)) != 0)
        return -XM_EFAULT;
    return xm_rights_from_wire(it->xen_minor, wire, a) ? 0 : -XM_EINVAL;
}

/* Room that was made for nothing. */
static void give_up(struct xm_pv *pv, const struct items *it, uint32_t done)
{
    enum xm_access a;
    uint64_t mfn;
    uint32_t i, step = it->gfns == 0 ? XM_PV_LEAF_FRAMES : 1;

    for (i = 0; i < done; i++) {
        if (i % step != 0 && i + 1 != done)
            continue;
        if (item_get(it, i, &mfn, &a) == 0)
            xm_pv_table_prune(&pv->table, mfn);
    }
}

/* XM_CONTINUE: how far it came is kept in pv, for *start must stay 0 until something changes. */
static int check_all(struct xm_pv *pv, const struct items *it)
{
    uint64_t mfn, id = it->gfns != 0 ? it->gfns : it->first;
    enum xm_access a;
    int rc = 0;

    if (pv->checked.nr != it->nr || pv->checked.id != id)
        pv->checked.good = 0;
    pv->checked.nr = it->nr;
    pv->checked.id = id;
    pv->table.keep = true;
    while (pv->checked.good < it->nr) {
        rc = item_get(it, pv->checked.good, &mfn, &a);
        if (rc == 0)
            rc = prepare(pv, mfn, a);
        if (rc != 0) {
            give_up(pv, it, pv->checked.good);
            break;
        }
        pv->checked.good++;
        if ((pv->checked.good & CHUNK_MASK) == 0 && xm_env_preempt())
            return XM_CONTINUE;
    }
    pv->checked.nr = 0;
    return rc;
}

/* A range has done with a leaf: it may be empty now. A list may come back to it. */
static void settle(struct xm_pv *pv, const struct items *it, uint64_t mfn)
{
    if (it->gfns == 0 && (mfn + 1) % XM_PV_LEAF_FRAMES == 0)
        xm_pv_table_prune(&pv->table, mfn);
}

static int change_all(struct xm_pv *pv, const struct items *it, uint32_t *start, bool *flush)
{
    enum xm_access a;
    uint64_t mfn;
    int rc;

    while (*start < it->nr) {
        rc = item_get(it, *start, &mfn, &a);
        if (rc == 0)
            rc = change(pv, mfn, a, flush);
        if (rc != 0)
            return rc;
        settle(pv, it, mfn);
        ++*start;
        if (*start < it->nr && (*start & CHUNK_MASK) == 0 && xm_env_preempt())
            return XM_CONTINUE;
    }
    return 0;
}

/* Where that is continued, the last items are changed once more to what they are. */
static int finish_all(struct xm_pv *pv, const struct items *it, uint32_t *start, bool *flush)
{
    int rc = finish(pv, true, flush);

    if (rc == XM_CONTINUE)
        *start = it->nr == 0 ? 0 : (it->nr - 1) & ~CHUNK_MASK;
    return rc;
}

static int run(struct xm_pv *pv, const struct items *it, uint32_t *start, bool *flush)
{
    int rc = *start == 0 ? check_all(pv, it) : 0;

    if (rc == 0)
        rc = change_all(pv, it, start, flush);
    if (rc == 0)
        rc = finish_all(pv, it, start, flush);
    else if (rc < 0 && *start != 0)
        (void)finish(pv, false, flush);
    if (rc == XM_CONTINUE)
        return rc;
    pv->table.keep = false;
    /* Also what older epochs left behind. */
    if (pv->table.tracked == 0)
        xm_pv_table_free(&pv->table);
    return rc;
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
    return run(pv, &it, start, flush);
}

/* ---- the default ---- */

void xm_pv_set_default(struct xm_pv *pv, enum xm_access a, bool *flush)
{
    enum xm_access before = (enum xm_access)pv->base;
    bool more;

    pv->default_access = (uint8_t)a;
    if (pv->semantics == XM_PV_DEFAULT_LATER)
        return;
    more = pv->table.tracked == 0 && (xm_pv_entry_bits(before) & ~xm_pv_entry_bits(a)) == 0;
    pv->base = (uint8_t)a;
    xm_pv_table_bump(&pv->table);
    if (more)
        return;
    pv->hooks->blow(pv->env);
    *flush = true;
}
