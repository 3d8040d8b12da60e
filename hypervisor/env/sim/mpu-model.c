/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "mpu-model.h"

static bool is_on(const struct xm_mpu_slot *s)
{
    return (s->limit & XM_MPU_EN) != 0;
}

/* ---- every instant ---- */

static void judge(struct mpu_model *m)
{
    for (unsigned i = 0; i < m->nr; i++) {
        const struct xm_mpu_slot *a = &m->r[i];

        if (!is_on(a))
            continue;
        m->inside_out += xm_mpu_last(a) < xm_mpu_first(a);
        for (unsigned k = 0; k < i; k++) {
            const struct xm_mpu_slot *b = &m->r[k];

            m->overlaps += is_on(b) && xm_mpu_first(a) <= xm_mpu_last(b) &&
                           xm_mpu_first(b) <= xm_mpu_last(a);
        }
    }
}

static void before(struct mpu_model *m)
{
    if (m->hook != NULL)
        m->hook(m, m->hook_ctx, false);
}

static void after(struct mpu_model *m)
{
    m->unsynced = true;
    m->changes++;
    judge(m);
    if (m->hook != NULL)
        m->hook(m, m->hook_ctx, true);
}

/* ---- registers ---- */

static void start(void *hw)
{
    struct mpu_model *m = hw;

    m->selected = true;
}

static void write_base(void *hw, unsigned region, xm_mpu_reg v)
{
    struct mpu_model *m = hw;

    before(m);
    m->unselected += !m->selected;
    if (region >= m->nr) {
        m->bad_number++;
        return;
    }
    m->live_base += is_on(&m->r[region]) && ((m->r[region].base ^ v) & ~(xm_mpu_reg)63) != 0;
    m->r[region].base = v;
    m->writes.base++;
    after(m);
}

static void write_limit(void *hw, unsigned region, xm_mpu_reg v)
{
    struct mpu_model *m = hw;

    before(m);
    m->unselected += !m->selected;
    if (region >= m->nr) {
        m->bad_number++;
        return;
    }
    m->r[region].limit = v;
    m->writes.limit++;
    after(m);
}

/* Bits of regions that there are not are ignored; regions from 32 on have none. */
static void write_enable(void *hw, uint32_t v)
{
    struct mpu_model *m = hw;

    before(m);
    for (unsigned i = 0; i < m->nr && i < XM_MPU_ENABLE_BITS; i++)
        m->r[i].limit = (m->r[i].limit & ~XM_MPU_EN) | (v >> i & 1);
    m->writes.enable++;
    after(m);
}

static void sync(void *hw)
{
    struct mpu_model *m = hw;

    m->unsynced = false;
    m->writes.sync++;
}

void xmi_mpu_model_init(struct mpu_model *m, unsigned nr, bool wide)
{
    memset(m, 0, sizeof(*m));
    m->ops = (struct xm_mpu_ops){.start = start,
                                 .base = write_base,
                                 .limit = write_limit,
                                 .enable = write_enable,
                                 .sync = sync,
                                 .ap_shift = wide ? 2 : 1,
                                 .xn_shift = wide ? 1 : 0,
                                 .sh_shift = wide ? 4 : 3};
    m->nr = nr;
    /* Reset leaves the registers unknown but for EN; the selector, too. */
    for (unsigned i = 0; i < nr; i++)
        m->r[i] = (struct xm_mpu_slot){.base = (xm_mpu_reg)0x5a5a5a40 + i, .limit = 0x2c2c2c0e};
}

/* ---- accesses ---- */

static unsigned bits_of(const struct mpu_model *m, const struct xm_mpu_slot *s, unsigned el)
{
    unsigned ap = (unsigned)(s->base >> m->ops.ap_shift) & 3u;
    unsigned bits = XM_DO_R;

    if (el == 1 && (ap & XM_MPU_ALL_RW) == 0)
        return 0;
    if ((ap & XM_MPU_EL2_RO) == 0)
        bits |= XM_DO_W;
    if ((s->base >> m->ops.xn_shift & 1) == 0)
        bits |= XM_DO_X;
    return bits;
}

static unsigned look_up(const struct mpu_model *m, xm_mpu_reg addr, unsigned what, unsigned el)
{
    const struct xm_mpu_slot *hit = NULL;
    unsigned hits = 0, code;

    for (unsigned i = 0; i < m->nr; i++) {
        if (is_on(&m->r[i]) && xm_mpu_first(&m->r[i]) <= addr && addr <= xm_mpu_last(&m->r[i])) {
            hit = &m->r[i];
            hits++;
        }
    }
    if (hits == 1 && (what & ~bits_of(m, hit, el)) == 0)
        return 0;
    code = hits == 1 ? MPU_FSC_PERMISSION : MPU_FSC_TRANSLATION;
    return m->codes == MPU_CODES_QEMU ? MPU_FSC_PERMISSION : code;
}

unsigned xmi_mpu_model_access(struct mpu_model *m, xm_mpu_reg addr, unsigned what, unsigned el)
{
    m->early += m->unsynced;
    return look_up(m, addr, what, el);
}

bool xmi_mpu_model_allows(const struct mpu_model *m, xm_mpu_reg addr, unsigned what, unsigned el)
{
    return look_up(m, addr, what, el) == 0;
}

uint64_t xmi_mpu_model_defects(const struct mpu_model *m)
{
    return m->overlaps + m->live_base + m->inside_out + m->bad_number + m->early + m->unselected;
}
