/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions of one core: start, look-up, one more, and the two ends of a full switch. */
#include <xm/mpu.h>

bool xm_mpu_region_ok(const struct xm_mpu_region *r)
{
    return (r->base & (XM_MPU_GRANULE - 1)) == 0 && ((r->last + 1) & (XM_MPU_GRANULE - 1)) == 0 &&
           r->base < r->last && r->ap <= XM_MPU_ALL_RO && r->xn <= 1 && r->sh <= 3 && r->attr <= 7;
}

/* ---- register writes; the shadow first, so that it is never behind ---- */

void xm_mpu_write_base(struct xm_mpu *m, unsigned i, xm_mpu_reg v)
{
    m->slot[i].base = v;
    m->stats.registers++;
    m->ops->base(m->hw, i, v);
}

void xm_mpu_write_limit(struct xm_mpu *m, unsigned i, xm_mpu_reg v)
{
    m->slot[i].limit = v;
    if (i < XM_MPU_ENABLE_BITS)
        m->enabled = (m->enabled & ~(UINT32_C(1) << i)) | (uint32_t)(v & XM_MPU_EN) << i;
    m->stats.registers++;
    m->ops->limit(m->hw, i, v);
}

void xm_mpu_write_enable(struct xm_mpu *m, uint32_t v)
{
    m->enabled = v;
    m->stats.registers++;
    m->ops->enable(m->hw, v);
}

void xm_mpu_sync(struct xm_mpu *m)
{
    m->stats.syncs++;
    m->ops->sync(m->hw);
}

/* ---- start ---- */

static void hw_start(const struct xm_mpu *m)
{
    if (m->ops->start != NULL)
        m->ops->start(m->hw);
}

static bool overlap(const struct xm_mpu_region *a, const struct xm_mpu_region *b)
{
    return a->base <= b->last && b->base <= a->last;
}

static bool el2_only(const struct xm_mpu_region *r)
{
    return r->ap == XM_MPU_EL2_RW || r->ap == XM_MPU_EL2_RO;
}

/* All good, and apart from each other and from the first n of `other`. */
static bool regions_ok(const struct xm_mpu_region *r, unsigned n, const struct xm_mpu_region *other,
                       unsigned others)
{
    unsigned i, k;

    for (i = 0; i < n; i++) {
        if (!xm_mpu_region_ok(&r[i]) || !el2_only(&r[i]))
            return false;
        for (k = 0; k < i; k++) {
            if (overlap(&r[i], &r[k]))
                return false;
        }
        for (k = 0; k < others; k++) {
            if (overlap(&r[i], &other[k]))
                return false;
        }
    }
    return true;
}

static int places(const struct xm_mpu_cfg *cfg, unsigned *resident)
{
    unsigned fixed = 1 + cfg->owns, with = fixed + cfg->xens;

    if (fixed + XM_MPU_FLOOR > cfg->nr || fixed > XM_MPU_ENABLE_BITS)
        return -XM_ENOSPC;
    if (cfg->resident && with + XM_MPU_FLOOR <= cfg->nr && with <= XM_MPU_ENABLE_BITS) {
        *resident = cfg->xens;
        return 0;
    }
    *resident = 0;
    return with <= cfg->nr ? 0 : -XM_ENOSPC;
}

static int cfg_check(const struct xm_mpu_cfg *cfg, unsigned *resident)
{
    if (cfg->ops == NULL || cfg->slots == NULL || cfg->scratch == NULL ||
        cfg->nr > XM_MPU_REGIONS_MAX || cfg->owns >= XM_MPU_REGIONS_MAX ||
        cfg->xens >= XM_MPU_REGIONS_MAX || cfg->slice_shift >= 8 * sizeof(xm_mpu_reg))
        return -XM_EINVAL;
    if (!regions_ok(cfg->own, cfg->owns, NULL, 0) ||
        !regions_ok(cfg->xen, cfg->xens, cfg->own, cfg->owns))
        return -XM_EINVAL;
    return places(cfg, resident);
}

static uint32_t own_bits(const struct xm_mpu *m)
{
    return (UINT32_C(2) << m->own) - 2u;
}

/* Others off first: what was there before may overlap what comes. */
static void start(struct xm_mpu *m, const struct xm_mpu_cfg *cfg)
{
    for (unsigned i = 0; i < m->nr; i++) {
        if (i == XM_MPU_WINDOW || i > m->own)
            xm_mpu_write_limit(m, i, 0);
    }
    xm_mpu_sync(m);
    for (unsigned i = 0; i < cfg->owns; i++) {
        struct xm_mpu_slot s = xm_mpu_encode(m->ops, &cfg->own[i]);

        xm_mpu_write_base(m, 1 + i, s.base);
        xm_mpu_write_limit(m, 1 + i, s.limit);
    }
    for (unsigned i = 0; i < m->resident; i++) {
        struct xm_mpu_slot s = xm_mpu_encode(m->ops, &cfg->xen[i]);

        xm_mpu_write_base(m, 1u + m->own + i, s.base);
        xm_mpu_write_limit(m, 1u + m->own + i, s.limit & ~XM_MPU_EN);
    }
    xm_mpu_sync(m);
}

int xm_mpu_init(struct xm_mpu *m, const struct xm_mpu_cfg *cfg)
{
    unsigned resident;
    int rc = cfg_check(cfg, &resident);

    if (rc != 0)
        return rc;
    memset(m, 0, sizeof(*m));
    memset(cfg->slots, 0, 2 * cfg->nr * sizeof(*cfg->slots));
    m->ops = cfg->ops;
    m->hw = cfg->hw;
    m->slot = cfg->slots;
    m->scratch = cfg->scratch;
    m->backup = cfg->slots + cfg->nr;
    m->nr = (uint16_t)cfg->nr;
    m->own = (uint16_t)cfg->owns;
    m->resident = (uint16_t)resident;
    m->first_guest = (uint16_t)(1 + cfg->owns + resident);
    m->flipped = (UINT32_C(2) << (cfg->owns + resident)) - 2u;
    m->oldest = m->first_guest;
    m->xen = cfg->xen;
    m->xens = (uint16_t)cfg->xens;
    m->stamp = 1;
    m->slice_shift = cfg->slice_shift != 0 ? (uint8_t)cfg->slice_shift : XM_MPU_SLICE_SHIFT;
    xm_mpu_settle(m);
    hw_start(m);
    start(m, cfg);
    return 0;
}

/* ---- looking ---- */

void xm_mpu_settle(struct xm_mpu *m)
{
    m->slices = 0;
    for (unsigned i = 0; i < m->live; i++) {
        const struct xm_mpu_slot *s = &m->slot[m->order[i]];

        m->slices |= xm_mpu_slices(m, xm_mpu_first(s), xm_mpu_last(s));
    }
    m->flips = m->resident != 0 && m->high == 0;
    m->stamp++;
}

unsigned xm_mpu_find(const struct xm_mpu *m, xm_mpu_reg addr)
{
    unsigned low = 0, high = m->live;

    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (xm_mpu_last(&m->slot[m->order[mid]]) < addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void xm_mpu_guest_region(const struct xm_mpu *m, unsigned i, struct xm_mpu_region *out)
{
    const struct xm_mpu_slot *s = &m->slot[m->order[i]];

    out->base = xm_mpu_first(s);
    out->last = xm_mpu_last(s);
    out->ap = (uint8_t)(s->base >> m->ops->ap_shift & 3);
    out->xn = (uint8_t)(s->base >> m->ops->xn_shift & 1);
    out->sh = (uint8_t)(s->base >> m->ops->sh_shift & 3);
    out->attr = (uint8_t)(s->limit >> 1 & 7);
}

uint8_t xm_mpu_guest_bits(const struct xm_mpu *m, xm_mpu_reg addr)
{
    unsigned i = xm_mpu_find(m, addr);
    struct xm_mpu_region r;
    uint8_t bits = 0;

    if (i == m->live)
        return 0;
    xm_mpu_guest_region(m, i, &r);
    if (addr < r.base || el2_only(&r))
        return 0;
    bits = XM_DO_R;
    if (r.ap == XM_MPU_ALL_RW)
        bits |= XM_DO_W;
    if (r.xn == 0)
        bits |= XM_DO_X;
    return bits;
}

/* ---- abandoning ---- */

/*
 * A write may have been cut off on its way, so that nothing is known of the registers of regions
 * that change; those of Xen's own and of its resident view never do.
 */
void xm_mpu_recover(struct xm_mpu *m)
{
    hw_start(m);
    xm_mpu_write_enable(m, own_bits(m));
    xm_mpu_sync(m);
    for (unsigned i = 0; i < m->nr; i++) {
        if (i != XM_MPU_WINDOW && i < m->first_guest)
            continue;
        xm_mpu_write_limit(m, i, 0);
        m->slot[i].base = ~(xm_mpu_reg)0; /* like nothing that could be wanted */
    }
    xm_mpu_sync(m);
    m->live = m->high = 0;
    m->remote = XM_MPU_NONE;
    m->changing = false;
    m->view = NULL;
    xm_mpu_settle(m);
}

/* ---- full switch ---- */

/* Guest regions that the enable register does not reach, one by one. */
static void high_enable(struct xm_mpu *m, xm_mpu_reg en)
{
    for (unsigned i = 0; m->high != 0 && i < m->live; i++) {
        unsigned slot = m->order[i];

        if (slot >= XM_MPU_ENABLE_BITS)
            xm_mpu_write_limit(m, slot, (m->slot[slot].limit & ~XM_MPU_EN) | en);
    }
}

/*
 * Xen's view has regions of its own: it is turned on, not loaded. The guest's regions without a bit
 * go before it comes, and come after it went: no two are ever over one address.
 */
static void resident_in(struct xm_mpu *m)
{
    m->restore = m->enabled;
    if (m->high != 0) {
        high_enable(m, 0);
        xm_mpu_sync(m);
    }
    xm_mpu_write_enable(m, m->flipped);
    xm_mpu_sync(m);
}

static void resident_out(struct xm_mpu *m)
{
    xm_mpu_write_enable(m, m->restore);
    xm_mpu_sync(m);
    if (m->high != 0) {
        high_enable(m, XM_MPU_EN);
        xm_mpu_sync(m);
    }
}

/* Only what Xen's view takes the place of is kept. */
static void load_xen(struct xm_mpu *m)
{
    unsigned i, slot = m->first_guest;

    m->restore = m->enabled;
    xm_mpu_write_enable(m, own_bits(m));
    high_enable(m, 0);
    xm_mpu_sync(m);
    for (i = 0; i < m->xens; i++, slot++) {
        struct xm_mpu_slot s = xm_mpu_encode(m->ops, &m->xen[i]);

        m->backup[i] = m->slot[slot];
        xm_mpu_write_base(m, slot, s.base);
        xm_mpu_write_limit(m, slot, s.limit);
    }
    xm_mpu_sync(m);
}

/* What was off comes back off. Those with a bit are turned on together, at the end. */
static void load_guest(struct xm_mpu *m)
{
    unsigned i, slot = m->first_guest;

    xm_mpu_write_enable(m, own_bits(m));
    for (i = 0; i < m->xens; i++) {
        if (slot + i >= XM_MPU_ENABLE_BITS)
            xm_mpu_write_limit(m, slot + i, 0);
    }
    xm_mpu_sync(m);
    for (i = 0; i < m->xens; i++, slot++) {
        xm_mpu_write_base(m, slot, m->backup[i].base);
        xm_mpu_write_limit(m, slot, m->backup[i].limit & ~XM_MPU_EN);
    }
    high_enable(m, XM_MPU_EN);
    xm_mpu_write_enable(m, m->restore);
    xm_mpu_sync(m);
}

void xm_mpu_switch_to_xen(struct xm_mpu *m)
{
    if (m->resident != 0)
        resident_in(m);
    else
        load_xen(m);
}

void xm_mpu_switch_back(struct xm_mpu *m)
{
    if (m->resident != 0)
        resident_out(m);
    else
        load_guest(m);
}
