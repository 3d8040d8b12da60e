/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses to memory: through the TLB and the core's check, emulated, or Xen's own. */
#include <string.h>

#include "sim-int.h"

#define MAX_RETRIES 64u /* each relaxes or copies something: a handful is the most there can be */

static uint8_t what_of(const struct sim_op *op)
{
    switch (op->code) {
    case SIM_OP_READ:
        return XM_DO_R;
    case SIM_OP_WRITE:
        return XM_DO_W;
    case SIM_OP_EXEC:
        return XM_DO_X;
    default:
        return XM_DO_R | XM_DO_W;
    }
}

static unsigned split(const struct sim_op *op, struct part p[2])
{
    uint32_t len = op->len != 0 ? op->len : 8;
    uint32_t offset = (uint32_t)(op->addr & (XM_PAGE_SIZE - 1));
    uint32_t first = len < XM_PAGE_SIZE - offset ? len : XM_PAGE_SIZE - offset;

    p[0] = (struct part){.gfn = op->addr >> XM_PAGE_SHIFT, .offset = offset, .len = first};
    p[1] = (struct part){.gfn = p[0].gfn + 1, .offset = 0, .len = len - first};
    return p[1].len != 0 ? 2 : 1;
}

/* The guest's #VE handler of few words: it takes note, and does without the access. */
static void take_ve(struct sim_vcpu *v)
{
    v->traps++;
    if (xm_mfn_valid(v->core->notify_mfn)) {
        struct xm_ve_info *info = frame_at(v->core->notify_mfn);

        info->busy = 0;
    }
}

static enum translation ask(struct sim_domain *d, struct sim_vcpu *v,
                            const struct xm_access_req *req, struct part *p)
{
    struct xm_access_res res;

    for (unsigned i = 0; i < MAX_RETRIES; i++) {
        switch (xm_access_check(&d->core, req, &res)) {
        case XM_V_OK:
            sim_tlb_fill(d, v, p->gfn, &res);
            p->host = (char *)frame_at(res.mfn) + p->offset;
            return TR_OK;
        case XM_V_EMULATE:
            p->host = (char *)frame_at(res.mfn) + p->offset;
            return TR_OK;
        case XM_V_UNMAPPED:
            p->host = NULL;
            return TR_OK;
        case XM_V_VE:
            take_ve(v);
            return TR_TRAP;
        case XM_V_RETRY_NOW:
            break;
        case XM_V_STOPPED:
        case XM_V_CRASH:
        default:
            return TR_BLOCKED;
        }
    }
    xm_env_panic("an access is retried without end");
}

static enum translation translate(struct sim_domain *d, struct sim_vcpu *v,
                                  const struct sim_op *op, struct part *p)
{
    bool walk = (op->flags & SIM_OP_F_WALK) != 0;
    uint64_t gla = (p->gfn << XM_PAGE_SHIFT) | p->offset; /* guests here map memory 1:1 */
    const struct xm_access_req req = {
        .vcpu = v->id,
        .gfn = {p->gfn},
        .offset = p->offset,
        .gla_valid = true,
        .gla = gla,
        .what = what_of(op),
        .kind = walk ? XM_ACC_IN_GPT : XM_ACC_WITH_GLA,
    };
    struct tlb_entry *e = tlb_at(&v->tlb, p->gfn);

    if (tlb_hit(e, p->gfn, d->epoch[v->core->view], req.what)) {
        if (e->change != d->change)
            sim_tlb_verify(d, v, e, req.what);
        p->host = tlb_page(e) + p->offset;
        return TR_OK;
    }
    if (d->pv != NULL)
        return sim_pv_translate(d, v, op, p);
    return d->mpu != NULL ? sim_mpu_translate(d, v, &req, p) : ask(d, v, &req, p);
}

/* Unmapped: reads give ones, writes are lost, as from a bus with nobody on it. */
static void load(struct sim_vcpu *v, const struct part *p, unsigned n,
                 const struct xm_ev_read_data *given)
{
    unsigned char buf[256];
    uint64_t value = 0;
    uint32_t at = 0;

    memset(buf, 0xff, sizeof(buf));
    for (unsigned i = 0; i < n; at += p[i].len, i++) {
        if (p[i].host != NULL)
            memcpy(buf + at, p[i].host, p[i].len);
    }
    if (given != NULL) {
        uint32_t size = given->size < sizeof(given->data) ? given->size : sizeof(given->data);

        memset(buf, 0, at);
        memcpy(buf, given->data, size < at ? size : at);
    }
    memcpy(&value, buf, at < sizeof(value) ? at : sizeof(value));
    sim_vcpu_set_result(v, value);
}

static void store(const struct sim_op *op, const struct part *p, unsigned n)
{
    unsigned char buf[256] = {0};
    uint32_t at = 0;

    memcpy(buf, &op->value, sizeof(op->value));
    for (unsigned i = 0; i < n; at += p[i].len, i++) {
        if (p[i].host != NULL)
            memcpy(p[i].host, buf + at, p[i].len);
    }
}

static void perform(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                    const struct part *p, unsigned n, const struct xm_reply *reply)
{
    uint32_t flags = reply != NULL ? reply->flags : 0;
    uint8_t what = what_of(op);

    if ((what & XM_DO_R) != 0)
        load(v, p, n, (flags & XM_EV_FLAG_SET_EMUL_READ_DATA) != 0 ? &reply->data.read : NULL);
    if ((what & XM_DO_W) != 0 && (flags & XM_EV_FLAG_EMULATE_NOWRITE) == 0)
        store(op, p, n);
    d->accesses++;
}

/*
 * Xen's emulator reaches the guest's memory through the host view, whatever view the vCPU
 * is in and whatever its rights (check_get_page_from_gfn in xen/arch/x86/hvm).
 */
static void host_parts(struct sim_domain *d, struct part *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct xm_p2m_entry e = xm_p2m_get(&d->core, 0, xm_gfn(p[i].gfn));

        p[i].host = xm_mfn_valid(e.mfn) ? sim_page_of(d, e.mfn) + p[i].offset : NULL;
    }
}

static enum op_end emulate(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                           const struct xm_reply *reply)
{
    struct part p[2];
    unsigned n = split(op, p);

    if ((op->flags & SIM_OP_F_NO_EMUL) != 0) {
        enum xm_go go = xm_event_emul_unimplemented(&d->core, v->id);

        if (go != XM_GO_ON)
            return OP_BLOCKED;
        v->traps++; /* #UD */
        return OP_DONE;
    }
    host_parts(d, p, n);
    perform(d, v, op, p, n, reply);
    return OP_DONE;
}

enum op_end sim_op_access(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                      const struct xm_reply *reply)
{
    struct part p[2];
    unsigned n = split(op, p);

    if (reply != NULL && reply->flags != 0)
        return emulate(d, v, op, reply);
    for (unsigned i = 0; i < n; i++) {
        enum translation t = translate(d, v, op, &p[i]);

        if (t != TR_OK)
            return t == TR_TRAP ? OP_DONE : OP_BLOCKED;
    }
    perform(d, v, op, p, n, NULL);
    return OP_DONE;
}

/* Reads its argument there and leaves its result there. mem_access binds Xen itself only for a
 * PV guest, and if its policy says so. */
enum op_end sim_op_hypercall_buf(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct part p[2];
    unsigned n = split(op, p);
    int rc = 0;

    if (d->pv != NULL)
        rc = sim_pv_buffer(d, v, p, n);
    else
        host_parts(d, p, n);
    if (d->mpu != NULL)
        sim_mpu_own_access(d, v, p, n);
    if (rc > 0)
        return OP_BLOCKED;
    if (rc < 0) {
        sim_vcpu_set_result(v, (uint64_t)(int64_t)rc);
        return OP_DONE;
    }
    load(v, p, n, NULL);
    store(op, p, n);
    return OP_DONE;
}
