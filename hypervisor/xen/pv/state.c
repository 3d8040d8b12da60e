/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of mem_access on a PV domain: the ring's frame, the mode, the table of rights. */
#include "priv.h"

#include <asm/shadow.h>

#define RING_ID 0

/* ---- the core's environment ---- */

void *xm_env_alloc(size_t bytes)
{
    return xzalloc_bytes(bytes);
}

void xm_env_free(void *p, size_t bytes)
{
    xfree(p);
}

bool xm_env_preempt(void)
{
    return hypercall_preempt_check();
}

int xm_env_copy_in(void *dst, uint64_t handle, size_t offset, size_t bytes)
{
    return raw_copy_from_guest(dst, (void *)(unsigned long)(handle + offset), bytes) ? -XM_EFAULT
                                                                                     : 0;
}

/* The address space, not the vCPU: a kernel may move the continued task to another vCPU, or run another task here. */
uint64_t xm_env_caller(void)
{
    const struct vcpu *v = current;
    unsigned long root = is_pv_vcpu(v) ? pagetable_get_pfn(v->arch.guest_table)
                                       : v->arch.hvm.guest_cr[3] >> PAGE_SHIFT;

    return (uint64_t)v->domain->domain_id << 48 | root;
}

static bool cf_check hook_owned(struct xm_env_dom *e, xm_mfn_t mfn)
{
    return xmem_owned(from_env(e), mfn.n);
}

void xmem_lock(struct domain *d)
{
    xmem_assert_order(d);
    paging_lock(d);
}

void xmem_unlock(struct domain *d)
{
    xm_pv_note(&d->arch.pv.xmem->pv, &d->arch.pv.xmem_restricts);
    paging_unlock(d);
}

static void cf_check hook_blow(struct xm_env_dom *e)
{
    xmem_shadow_blow(from_env(e));
}

static const struct xm_pv_hooks hooks = {
    .owned = hook_owned,
    .drop = xmem_drop,
    .blow = hook_blow,
    .settle = xmem_settle,
    .looks = xmem_looks,
};

/* ---- allocation, at first use ---- */

int xmem_state(struct domain *d, struct xmem_pv **out)
{
    struct xmem_pv *x = d->arch.pv.xmem;
    unsigned int i;

    if (x) {
        *out = x;
        return 0;
    }
    if (!d->vcpu || !d->max_vcpus)
        return -EINVAL;
    for (i = 0; i < d->max_vcpus; i++)
        if (!d->vcpu[i])
            return -EINVAL; /* the domain is still being built */
    x = xzalloc_flex_struct(struct xmem_pv, vcpu, d->max_vcpus);
    if (!x)
        return -ENOMEM;
    x->vcpus = d->max_vcpus;
    for (i = 0; i < x->vcpus; i++)
        x->vcpu[i].pv.id = i;
    xm_pv_where_init(&x->where, to_env(d), &xmem_where_hooks);
    xm_pv_init(&x->pv, to_env(d), &hooks, max_page);
    x->pv.calls = &xmem_calls;
    x->pv.self = d;
    /* Two tools may get here at once: the first one's is kept. */
    if (cmpxchg(&d->arch.pv.xmem, NULL, x) != NULL)
        xfree(x);
    *out = d->arch.pv.xmem;
    return 0;
}

/* A 32-bit guest has other page tables; without NX there is no execute right. */
static bool possible(const struct domain *d)
{
    return is_pv_domain(d) && !is_pv_32bit_domain(d) && !is_hardware_domain(d) && cpu_has_nx;
}

/* ---- the ring ---- */

unsigned int xmem_pv_ring_frames(const struct domain *d, unsigned int id)
{
    return possible(d) && id == RING_ID ? 1 : 0;
}

static void ring_free(struct page_info *page)
{
    /* put_page_alloc_ref() must not drop the last reference. */
    if (get_page(page, dom_xen)) {
        put_page_alloc_ref(page);
        put_page(page);
    }
}

/*
 * dom_xen owns the frame: a PV guest can map any frame that it owns itself, and must never map its
 * ring (XSA-99).
 */
static int ring_make(struct xmem_pv *x)
{
    struct page_info *page;

    if (ACCESS_ONCE(x->ring))
        return 0;
    page = alloc_domheap_page(dom_xen, MEMF_no_refcount);
    if (!page)
        return -ENOMEM;
    clear_domain_page(page_to_mfn(page));
    if (cmpxchg(&x->ring, NULL, page) != NULL)
        ring_free(page);
    return 0;
}

int xmem_pv_ring_acquire(struct domain *d, unsigned int id, unsigned int frame,
                         unsigned int nr_frames, xen_pfn_t mfn_list[])
{
    struct xmem_pv *x;
    int rc;

    if (!possible(d))
        return -EOPNOTSUPP;
    if (id != RING_ID || frame != 0 || nr_frames != 1)
        return -EINVAL;
    rc = xmem_state(d, &x);
    if (rc == 0)
        rc = ring_make(x);
    if (rc != 0)
        return rc;
    /* The frame is freed with the domain, so its number is valid while the caller holds the domain. */
    mfn_list[0] = mfn_x(page_to_mfn(x->ring));
    return 1;
}

/* True for a domain that may map this domain's frames and maps its ring. The domain itself never may. */
bool xmem_pv_ring_foreign(const struct page_info *page, const struct domain *l1e_owner,
                          const struct domain *pg_owner)
{
    return pg_owner != l1e_owner && is_pv_domain(pg_owner) && pg_owner->arch.pv.xmem &&
           pg_owner->arch.pv.xmem->ring == page;
}

int xmem_pv_ring_prepare(struct domain *d, struct page_info **out, void **va)
{
    struct xmem_pv *x = d->arch.pv.xmem;
    struct page_info *page;

    if (!xmem_pv_active(d))
        return -EOPNOTSUPP;
    page = x->ring;
    if (!page)
        return -ENODEV;
    if (!get_page_and_type(page, dom_xen, PGT_writable_page))
        return -EINVAL;
    *va = __map_domain_page_global(page);
    if (!*va) {
        put_page_and_type(page);
        return -ENOMEM;
    }
    *out = page;
    return 0;
}

/* ---- the mode ---- */

static int mode_on(struct domain *d, struct xmem_pv *x, uint32_t mode)
{
    int rc = 0;

    xmem_lock(d);
    if (!(d->arch.paging.mode & PG_XMEM))
        rc = xmem_shadow_mode(d, true);
    if (rc == 0)
        xm_pv_turn_on(&x->pv,
                      mode & XMEM_SHADOW_OWN_DENY     ? XM_PV_OWN_DENY
                      : mode & XMEM_SHADOW_OWN_NOTIFY ? XM_PV_OWN_NOTIFY
                                                      : XM_PV_OWN_IGNORE,
                      mode & XMEM_SHADOW_DEFAULT_LATER ? XM_PV_DEFAULT_LATER : XM_PV_DEFAULT_ALL);
    xmem_unlock(d);
    return rc;
}

static int mode_off(struct domain *d, struct xmem_pv *x, uint32_t mode)
{
    unsigned int i;
    int rc;

    xmem_lock(d);
    rc = xm_pv_turn_off(&x->pv, mode & XMEM_SHADOW_IF_IDLE,
                        vm_event_check_ring(d->vm_event_monitor));
    if (rc == 0 && (d->arch.paging.mode & PG_XMEM))
        rc = xmem_shadow_mode(d, false);
    for (i = 0; i < x->vcpus && rc == 0; i++)
        xm_pv_emulated(&x->vcpu[i].pv);
    xmem_unlock(d);
    if (rc == 0)
        xmem_where_free(d);
    /* Xen's own counters begin at 0 for the next listener, which therefore needs a zeroed ring. */
    if (rc == 0 && x->ring)
        clear_domain_page(page_to_mfn(x->ring));
    return rc == 0 ? xm_pv_reap(&x->pv) : rc;
}

/* Continues as a log-dirty operation does: it excludes all other paging operations on the domain meanwhile. */
static int continued(struct domain *d, const struct xen_domctl_shadow_op *sc, int rc)
{
    d->arch.paging.preempt.dom = rc == XM_CONTINUE ? current->domain : NULL;
    d->arch.paging.preempt.op = sc->op;
    return rc == XM_CONTINUE ? -ERESTART : rc;
}

bool xmem_pv_shadow_op(struct domain *d, const struct xen_domctl_shadow_op *sc, int *rc)
{
    bool on = sc->op == XEN_DOMCTL_SHADOW_OP_ENABLE;
    struct xmem_pv *x;

    if (!is_pv_domain(d) || !(sc->mode & XMEM_SHADOW_MEM_ACCESS) ||
        (!on && sc->op != XEN_DOMCTL_SHADOW_OP_OFF))
        return false;
    if (sc->mode & ~(XMEM_SHADOW_MEM_ACCESS | XMEM_SHADOW_OWN_NOTIFY | XMEM_SHADOW_OWN_DENY |
                     XMEM_SHADOW_DEFAULT_LATER | (on ? 0 : XMEM_SHADOW_IF_IDLE)))
        *rc = -EINVAL;
    else if (!possible(d))
        *rc = -EOPNOTSUPP;
    else if ((*rc = xmem_state(d, &x)) == 0) {
        domain_pause(d);
        *rc = on ? mode_on(d, x, sc->mode) : continued(d, sc, mode_off(d, x, sc->mode));
        domain_unpause(d);
    }
    return true;
}

/* ---- the end ---- */

/* The domain is dying: none of its vCPUs runs any more. */
int xmem_pv_end(struct domain *d)
{
    struct xmem_pv *x = d->arch.pv.xmem;

    xmem_lock(d);
    xm_pv_end(&x->pv);
    xmem_unlock(d);
    return xm_pv_reap(&x->pv) == XM_CONTINUE ? -ERESTART : 0;
}

void xmem_pv_destroy(struct domain *d)
{
    struct xmem_pv *x = d->arch.pv.xmem;

    if (!x)
        return;
    (void)xm_pv_where_free(&x->where, false);
    /* The table is empty: xmem_pv_end() ran, or the domain never had rights. */
    xm_pv_table_free(&x->pv.table);
    if (x->ring)
        ring_free(x->ring);
    XFREE(d->arch.pv.xmem);
}
