/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all means of stepping share: the pages of an instruction, and how far its vCPU is. */
#include "events/step.h"

#include "base/base.h"
#include "events/events-int.h"
#include "rights/rights.h"

#include <string.h>
#include <time.h>

#define ACCESS_RWX (XMEM_ACCESS_R | XMEM_ACCESS_W | XMEM_ACCESS_X)
#define LET_RUN_NS 20000
#define GENERAL_REGISTERS 16u /* rax to r15, first in all interfaces */

/* ---- pages ---- */

static size_t pages_find(const struct step_pages *p, uint64_t gfn)
{
    size_t i = 0;
    while (i < p->n && p->v[i].gfn != gfn)
        i++;
    return i;
}

bool xmi_step_pages_have(const struct step_pages *p, uint64_t gfn, uint32_t need)
{
    size_t i = pages_find(p, gfn);
    return i < p->n && !(need & ~p->v[i].need);
}

/* False: no room. */
bool xmi_step_pages_add(struct step_pages *p, uint64_t gfn, uint32_t need)
{
    size_t i = pages_find(p, gfn);
    if (i == STEP_PAGES)
        return false;
    if (i == p->n)
        p->v[p->n++] = (struct step_page){.gfn = gfn};
    p->v[i].need |= need;
    return true;
}

void xmi_step_pages_remove(struct step_pages *p, uint64_t gfn, uint64_t nr)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->n; i++)
        if (p->v[i].gfn - gfn >= nr)
            p->v[kept++] = p->v[i];
    p->n = kept;
}

/* ---- rights ---- */

int xmi_step_rights_of(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights)
{
    uint8_t known = known_set_of(xmi_known_get(&v->known, gfn));
    if (known == KNOWN_NOTHING)
        known = view_default(v);
    if (known == KNOWN_NOTHING || rights_turn(known) ||
        v->unsure) /* not known, or an access turned them */
        return xmi_domain_ask_rights(d, v, gfn, rights);
    *rights = guards_narrow(d, v, gfn, known);
    return 0;
}

/* What is allowed without turning anything. */
static uint8_t plain(uint8_t rights)
{
    return rights == XMEM_RX2RW ? XMEM_RX : rights == XMEM_N2RWX ? XMEM_N : rights;
}

uint8_t xmi_step_widen(uint32_t can, uint8_t rights, uint32_t need)
{
    uint8_t base = plain(rights);
    uint32_t bits = rights_allow(base) | (need & ACCESS_RWX);
    if (base == XMEM_R_PW && bits == XMEM_ACCESS_R && (can & XMEM_RIGHTS_BIT(XMEM_R_PW)))
        return XMEM_R_PW;
    for (uint32_t more = 0; more <= ACCESS_RWX; more++) { /* rights that cannot be said alone */
        uint32_t r = XMEM_N + (bits | more);
        if (can & XMEM_RIGHTS_BIT(r))
            return (uint8_t)r;
    }
    return XMEM_RWX;
}

int xmi_step_turn(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights)
{
    int rc = xmi_domain_force_rights(d, v, gfn, rights);
    if (!rc)
        (void)xmi_known_put(&v->known, gfn, 1, KNOWN_SET, known_code(rights));
    return rc;
}

/* ---- views ---- */

struct step_view *xmi_step_view_of(const struct xmem_domain *d, uint16_t id)
{
    for (size_t i = 0; i < steps_of(d)->view_n; i++)
        if (steps_of(d)->views[i]->v->id == id)
            return steps_of(d)->views[i];
    return NULL;
}

void xmi_step_view_release(struct step *s)
{
    if (s->in)
        s->in->users--;
    s->in = NULL;
}

/* ---- phases ---- */

void xmi_step_set_phase(struct xmem_domain *d, uint32_t vcpu, enum step_phase phase)
{
    struct step *s = &vcpu_at(d, vcpu)->step;
    if (!s->phase && phase)
        steps_of(d)->n++;
    else if (s->phase && !phase)
        steps_of(d)->n--;
    if (s->phase == STEP_RUNS && phase != STEP_RUNS)
        xmi_step_view_release(s);
    s->next = NULL;
    steps_of(d)->later_n += phase == STEP_LATER;
    steps_of(d)->later_n -= s->phase == STEP_LATER;
    s->phase = (uint8_t)phase;
    d->watched = true;
}

void xmi_step_reset(struct xmem_domain *d, uint32_t vcpu)
{
    struct step *s = &vcpu_at(d, vcpu)->step;
    xmi_step_set_phase(d, vcpu, STEP_NONE);
    s->pages.n = 0;
    s->again = 0;
    s->failed = 0;
    s->unhook = s->exclusive = s->doubt = false;
    s->later = NULL;
}

void xmi_step_let_run(struct xmem_domain *d)
{
    struct timespec t = {.tv_nsec = LET_RUN_NS};
    if (!d->ops->event_idle || !d->ops->event_idle(d->dom))
        nanosleep(&t, NULL);
}

void xmi_step_set_fast(struct xmem_domain *d, uint32_t vcpu, uint16_t view, uint16_t end)
{
    vcpu_at(d, vcpu)->fast_view = view;
    vcpu_at(d, vcpu)->fast_end = end;
    vcpu_at(d, vcpu)->fast_skips = false;
    vcpu_at(d, vcpu)->fast_looks = 0;
    vcpu_at(d, vcpu)->fast = true;
    vcpu_at(d, vcpu)->led->stepped = true;
    d->led->views_switched = true;
}

int xmi_step_set_single(struct xmem_domain *d, uint32_t vcpu)
{
    int rc = vcpu_at(d, vcpu)->fast ? 0 : xmi_monitor_single_step(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "single step cannot be monitored");
    vcpu_at(d, vcpu)->own_step = !vcpu_at(d, vcpu)->fast;
    vcpu_at(d, vcpu)->attention = true;
    return 0;
}

uint64_t xmi_step_sum_registers(struct xmem_domain *d, struct event *ev)
{
    const uint8_t *data = xmi_event_data(d, ev);
    uint64_t sum = 0, word;
    for (size_t i = 0; ring_of(d)->arch != XMEM_ARCH_ARM && i < GENERAL_REGISTERS; i++) {
        memcpy(&word, data + i * sizeof(word), sizeof(word));
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
    }
    return sum;
}
