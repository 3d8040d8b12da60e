/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sim-int.h"

#define BYTES 256u /* op.len has 8 bits */

static inline void make(struct sim_access *a, uint8_t what, uint64_t addr, uint32_t len)
{
    uint32_t offset = (uint32_t)(addr & (XM_PAGE_SIZE - 1));
    uint64_t gfn = addr >> XM_PAGE_SHIFT;
    uint32_t room = XM_PAGE_SIZE - offset;

    a->what = what;
    a->walk = a->rmw = a->no_emul = false;
    a->len = len = len != 0 ? len : 8;
    a->n = 1;
    a->p[0] = (struct part){
        .gfn = gfn, .frame = gfn, .offset = offset, .len = len < room ? len : room};
    if (likely(len <= room)) /* this is on the way of each access: no more than it needs */
        return;
    a->n = 2;
    a->p[1] = (struct part){.gfn = gfn + 1, .frame = gfn + 1, .len = len - room};
}

void xmi_sim_access_make(struct sim_access *a, uint8_t what, uint64_t addr, uint32_t len)
{
    make(a, what, addr, len);
}

static inline void add(struct sim_insn *in, const struct sim_op *op, uint8_t what, uint64_t addr)
{
    struct sim_access *a = &in->a[in->n++];

    make(a, what, addr, op->len);
    a->walk = (op->flags & SIM_OP_F_WALK) != 0;
    a->value = op->value;
}

/* EPT meets it as one access, Arm as two; a page fault knows the write alone. */
static void add_rmw(struct sim_insn *in, const struct sim_domain *d, const struct sim_op *op)
{
    if (d->pv != NULL) {
        add(in, op, XM_DO_W, op->addr);
        in->a[in->n - 1].rmw = true;
    } else if (sim_is_arm(d)) {
        add(in, op, XM_DO_R, op->addr);
        add(in, op, XM_DO_W, op->addr);
    } else {
        add(in, op, XM_DO_R | XM_DO_W, op->addr);
    }
}

void xmi_sim_insn_make(const struct sim_domain *d, const struct sim_op *op, struct sim_insn *in)
{
    in->n = 0;
    if ((op->flags & SIM_OP_F_FETCH) != 0)
        xmi_sim_access_make(&in->a[in->n++], XM_DO_X, op->fetch, INSN_FETCH_BYTES);
    switch (op->code) {
    case SIM_OP_READ: add(in, op, XM_DO_R, op->addr); break;
    case SIM_OP_WRITE: add(in, op, XM_DO_W, op->addr); break;
    case SIM_OP_EXEC: add(in, op, XM_DO_X, op->addr); break;
    case SIM_OP_COPY:
        add(in, op, XM_DO_R, op->addr);
        add(in, op, XM_DO_W, op->to);
        break;
    default: add_rmw(in, d, op); break;
    }
    for (unsigned i = 0; d->pv != NULL && i < in->n; i++)
        in->a[i].no_emul = (op->flags & (SIM_OP_F_NO_EMUL | SIM_OP_F_UNHANDLEABLE)) != 0;
}

/* ---- the bytes ---- */

/* Unmapped: reads give ones, writes are lost, as from a bus with nobody on it. */
static void gather(const struct sim_access *a, unsigned char *buf)
{
    uint32_t at = 0;

    for (unsigned i = 0; i < a->n; at += a->p[i].len, i++) {
        if (a->p[i].host != NULL)
            memcpy(buf + at, a->p[i].host, a->p[i].len);
        else
            memset(buf + at, 0xff, a->p[i].len);
    }
}

static void scatter(const struct sim_access *a, const unsigned char *buf)
{
    uint32_t at = 0;

    for (unsigned i = 0; i < a->n; at += a->p[i].len, i++) {
        if (a->p[i].host != NULL)
            memcpy(a->p[i].host, buf + at, a->p[i].len);
    }
}

static uint64_t value_of(const unsigned char *buf, uint32_t len)
{
    uint64_t value = 0;

    memcpy(&value, buf, len < sizeof(value) ? len : sizeof(value));
    return value;
}

uint64_t xmi_sim_access_load(const struct sim_access *a)
{
    unsigned char buf[BYTES];

    gather(a, buf);
    return value_of(buf, a->len);
}

static void read(const struct sim_access *a, const struct xm_reply *reply, unsigned char *buf)
{
    uint32_t size;

    gather(a, buf);
    if (reply == NULL || (reply->flags & XM_EV_FLAG_SET_EMUL_READ_DATA) == 0)
        return;
    const struct xm_ev_read_data *given = &reply->data.read;
    size = given->size < sizeof(given->data) ? given->size : sizeof(given->data);
    memset(buf, 0, a->len);
    memcpy(buf, given->data, size < a->len ? size : a->len);
}

/* The usual one, in one page: false: it is not. */
static bool simple(struct sim_vcpu *v, const struct sim_op *op, const struct sim_insn *in)
{
    const struct sim_access *a = &in->a[0];
    uint64_t value = 0;

    if (in->n != 1 || a->n != 1 || a->len > sizeof(value) || a->p[0].host == NULL)
        return false;
    if (op->code != SIM_OP_WRITE) {
        memcpy(&value, a->p[0].host, a->len);
        xmi_sim_vcpu_set_result(v, value);
    }
    if (op->code != SIM_OP_READ)
        memcpy(a->p[0].host, &op->value, a->len);
    return true;
}

void xmi_sim_insn_do(struct sim_vcpu *v, const struct sim_op *op, const struct sim_insn *in,
                     const struct xm_reply *reply)
{
    const struct sim_access *first = &in->a[(op->flags & SIM_OP_F_FETCH) != 0 ? 1 : 0];
    const struct sim_access *last = &in->a[in->n - 1];
    unsigned char buf[BYTES];

    if (op->code == SIM_OP_EXEC || (reply == NULL && simple(v, op, in)))
        return;
    if (op->code != SIM_OP_WRITE) {
        read(first, reply, buf);
        xmi_sim_vcpu_set_result(v, value_of(buf, first->len));
    }
    if (op->code == SIM_OP_READ ||
        (reply != NULL && (reply->flags & XM_EV_FLAG_EMULATE_NOWRITE) != 0))
        return;
    if (op->code != SIM_OP_COPY) {
        memset(buf, 0, last->len);
        memcpy(buf, &op->value, sizeof(op->value));
    }
    scatter(last, buf);
}
