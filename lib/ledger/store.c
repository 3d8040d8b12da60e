/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the ledger lies; what it is made of is in arena/arena.h. */
#include "ledger/ledger-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int xmi_ledger_open(struct xmem_domain *d, int fd, const struct ledger_kind *const *kinds)
{
    d->ledger = calloc(1, sizeof(*d->ledger));
    int rc = d->ledger ? xmi_arena_init(&d->ledger->arena, fd) : -ENOMEM;
    if (rc)
        return rc;
    d->ledger->kinds = kinds;
    struct ledger_head *h = d->led = arena_at(&d->ledger->arena, 0);
    *h = (struct ledger_head){
        .version = LEDGER_VERSION,
        .head_size = sizeof(*h),
        .pages = d->ledger->arena.pages,
        .session = d->number,
        .pid = (uint32_t)getpid(),
        .domid = d->domid,
        .default_found = KNOWN_NOTHING,
        .default_now = KNOWN_NOTHING,
    };
    d->ledger->arena.told = &h->pages;
    d->ledger->arena.freed = &h->freed;
    xmi_list_init(&d->ledger->vcpus, &d->ledger->arena, &h->vcpu);
    __atomic_store_n(&h->magic, LEDGER_MAGIC, __ATOMIC_RELEASE);
    return 0;
}

struct arena *xmi_ledger_arena(const struct xmem_domain *d)
{
    return &d->ledger->arena;
}

struct ledger_vcpu *xmi_ledger_vcpu(const struct xmem_domain *d, uint32_t vcpu)
{
    return list_at(&d->ledger->vcpus, vcpu);
}

int xmi_ledger_vcpus(struct xmem_domain *d)
{
    const struct ledger_vcpu none = {0};
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        int rc = xmi_list_room(&d->ledger->vcpus);
        if (rc)
            return rc;
        xmi_list_push(&d->ledger->vcpus, &none);
    }
    d->led->vcpus = d->vcpu_n;
    d->led->keeps = d->opts.restore == XMEM_RESTORE_KEEP;
    return 0;
}

/* The place of one that went, or a new one. */
static struct ledger_view *view_place(struct xmem_domain *d)
{
    uint32_t *link = &d->led->first_view;
    while (*link) {
        struct ledger_view *v = arena_at(&d->ledger->arena, *link);
        if (!v->used)
            return v;
        link = &v->next;
    }
    uint32_t unit = xmi_arena_take(&d->ledger->arena, 1);
    if (!unit)
        return NULL;
    struct ledger_view *v = memset(arena_at(&d->ledger->arena, unit), 0, ARENA_UNIT);
    __atomic_store_n(link, unit, __ATOMIC_RELEASE);
    return v;
}

int xmi_ledger_view_add(struct xmem_domain *d, struct view *v)
{
    struct ledger_view *led = view_place(d);
    if (!led)
        return -ENOMEM;
    *led = (struct ledger_view){.next = led->next, .id = v->id};
    v->led = led;
    xmi_known_init(&v->known, &d->ledger->arena, &led->known);
    xmi_known_init(&v->ve, &d->ledger->arena, &led->ve);
    xmi_list_init(&v->remaps, &d->ledger->arena, &led->remaps);
    __atomic_store_n(&led->used, 1, __ATOMIC_RELEASE);
    return 0;
}

void xmi_ledger_view_gone(struct view *v)
{
    __atomic_store_n(&v->led->used, 0, __ATOMIC_RELEASE);
    xmi_known_clear(&v->known);
    xmi_known_clear(&v->ve);
    xmi_list_give(&v->remaps);
    xmi_list_end(&v->remaps);
}

void xmi_ledger_live(struct xmem_domain *d)
{
    __atomic_store_n(&d->led->state, LEDGER_LIVE, __ATOMIC_RELEASE);
}

void xmi_ledger_over(struct xmem_domain *d)
{
    __atomic_store_n(&d->led->state, LEDGER_OVER, __ATOMIC_RELEASE);
}

void xmi_ledger_free(struct xmem_domain *d)
{
    if (d->led) {
        xmi_list_end(&d->ledger->vcpus);
        xmi_arena_end(&d->ledger->arena);
    }
    free(d->ledger);
    d->ledger = NULL;
    d->led = NULL;
}
