/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "events/step.h"

#include "base/base.h"
#include "x86/x86.h"
#include "rights/rights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS_RWX (XMEM_ACCESS_R | XMEM_ACCESS_W | XMEM_ACCESS_X)
#define SEGMENT_PRESENT 0x80u
#define SEGMENT_LONG 0x200u
#define SEGMENT_BIG 0x400u
#define SEGMENT_LEVEL(attributes) ((attributes) >> 5 & 3u)
#define FLAG_DF 0x400u
#define FLAG_VM 0x20000u
#define NOT_SURE 2
#define FAULTS 3 /* in the guest: of the instruction nothing more happens */

_Static_assert(X86_READ == XMEM_ACCESS_R && X86_WRITE == XMEM_ACCESS_W &&
                   X86_FETCH == XMEM_ACCESS_X,
               "the same bits");

/* One look. */
struct look {
    struct xmem_domain *d;
    struct event *ev;
    struct step_ahead *kept;
    struct xmem_regs_x86 tables; /* what a walk needs */
    struct x86_state state;
    bool user; /* its level, where pages know two */
    const struct x86_insn *in;
    bool unsure; /* there is something that cannot be known */
    bool met;    /* what the event is about is among what the instruction touches */
    bool turns;  /* n2rwx: it is told once */
    bool denies; /* the event's access is not to be done, the rest by the rights */
    bool reads;  /* ... and is a write that reads what may not be read */
    struct xmem_event_mem further; /* the first page that is to be told: access is not 0 */
};

/* ---- the session's part ---- */

void xmi_step_ahead_free(struct xmem_domain *d)
{
    if (steps_of(d)->ahead)
        xmi_page_cache_drop_all(&steps_of(d)->ahead->pages, d->ops, d->dom);
    free(steps_of(d)->ahead);
    steps_of(d)->ahead = NULL;
}

void xmi_step_ahead_changed(struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    if (!steps_of(d)->ahead)
        return;
    xmi_page_cache_drop(&steps_of(d)->ahead->pages, d->ops, d->dom, gfn, nr);
    for (unsigned i = 0; i < AHEAD_RIGHTS; i++)
        if (steps_of(d)->ahead->rights[i].gfn - gfn < nr)
            steps_of(d)->ahead->rights[i].at = 0;
}

static unsigned hash(uint64_t v)
{
    return (unsigned)(v * UINT64_C(0x9e3779b97f4a7c15) >> AHEAD_SHIFT);
}

/* ---- the instruction ---- */

/*
 * What cannot be read is told apart from an entry of the guest's that says "not there". Want of memory
 * passes: the step is refused for it, and can be tried again.
 */
static int read_page(void *arg, uint64_t gpa, void *buf, size_t n)
{
    struct xmem_domain *d = arg;
    struct step_ahead *k = steps_of(d)->ahead;
    uint8_t *page;
    int rc = page_cache_get(&k->pages, d->ops, d->dom, gpa / PAGE_BYTES, PAGE_RECENT, &page);
    if (rc) {
        k->failed = k->failed || rc == -ENOMEM;
        return -EIO;
    }
    memcpy(buf, page + gpa % PAGE_BYTES, n);
    return 0;
}

/* False: how long its code's operands are is not known. */
static bool read_state(struct look *l)
{
    const uint8_t *data = xmi_event_data(l->d, l->ev);
    struct ring_addressing a;
    if (!xmi_ring_regs_addressing(ring_of(l->d), data, &a) || !(a.cs & SEGMENT_PRESENT))
        return false;
    bool is_long = (a.efer & X86_EFER_LMA) && (a.cs & SEGMENT_LONG);
    l->tables.cr0 = a.cr0;
    l->tables.cr3 = a.cr3;
    l->tables.cr4 = a.cr4;
    l->tables.msr_efer = a.efer;
    l->tables.rflags = a.rflags;
    l->user = SEGMENT_LEVEL(a.ss) == 3 || (a.rflags & FLAG_VM);
    l->state = (struct x86_state){
        .reg = (const uint64_t *)(const void *)data, /* aligned, in the event */
        .rip = is_long ? a.rip : a.rip & UINT32_MAX,
        .rflags = a.rflags,
        .base = {a.es_base, a.cs_base, a.ss_base, a.ds_base, a.fs_base, a.gs_base},
        .code = is_long              ? 64
                : a.cs & SEGMENT_BIG ? 32
                                     : 16,
        .stack = is_long              ? 64
                 : a.ss & SEGMENT_BIG ? 32
                                      : 16,
    };
    return true;
}

static uint64_t code_at(const struct look *l)
{
    const struct x86_state *s = &l->state;
    return s->code == 64 ? s->rip : (s->rip + s->base[X86_CS]) & UINT32_MAX;
}

/* Read each time, since the guest may change it; decoded once. */
static bool decode(struct look *l)
{
    const struct x86_memory memory = {.read = read_page, .arg = l->d};
    uint8_t bytes[X86_INSN_MAX + 1] = {0};
    uint64_t first;
    size_t n = xmi_x86_read(&memory, &l->tables, code_at(l), bytes, X86_INSN_MAX);
    memcpy(&first, bytes, sizeof(first));
    struct ahead_insn *k = &l->kept->insn[hash(first)];
    l->in = &k->in;
    if (k->in.length && k->in.length <= n && k->in.code == l->state.code &&
        !memcmp(bytes, k->bytes, k->in.length))
        return true;
    memcpy(k->bytes, bytes, sizeof(bytes));
    if (xmi_x86_decode(bytes, n, l->state.code, &k->in))
        return true;
    k->in.length = 0;
    return false;
}

/* ---- its pages ---- */

/* Nothing that the session knows says it: what the hypervisor said a moment ago, or says now. */
static int ask_rights(struct look *l, struct view *v, uint64_t gfn, uint8_t *rights)
{
    struct page_cache *time = &l->kept->pages;
    struct ahead_rights *k = &l->kept->rights[hash(gfn ^ (uint64_t)v->id << 48)];
    *rights = k->rights;
    if (k->at && k->gfn == gfn && k->view == v->id && time->now - k->at <= PAGE_CACHE_KEEP_NS)
        return 0;
    int rc = xmi_domain_check_gfns(l->d, gfn, 1);
    if (!rc)
        rc = xmi_domain_ask_rights(l->d, v, gfn, rights);
    if (rc == -ESRCH || rc == -ERANGE) { /* no page of the guest's */
        *rights = XMEM_RWX;
        rc = 0;
    }
    if (!rc && !rights_turn(*rights))
        *k = (struct ahead_rights){.gfn = gfn, .at = time->now, .view = v->id, .rights = *rights};
    return rc;
}

static int rights_of(struct look *l, struct view *v, uint64_t gfn, uint8_t *rights)
{
    uint8_t known = known_set_of(xmi_known_get(&v->known, gfn));
    if (known == KNOWN_NOTHING)
        known = view_default(v);
    if (known == KNOWN_NOTHING || rights_turn(known) || v->unsure)
        return ask_rights(l, v, gfn, rights);
    *rights = guards_narrow(l->d, v, gfn, known);
    return 0;
}

/* A write is told as a read as well, as the processor tells it. */
static uint32_t as_told(uint32_t access)
{
    return access & XMEM_ACCESS_W ? access | XMEM_ACCESS_R : access;
}

/* By a fault it would turn; the emulator makes none. False: no room. */
static bool note_turn(struct step_ahead *k, uint64_t gfn)
{
    for (uint32_t i = 0; i < k->turn_n; i++)
        if (k->turn[i] == gfn)
            return true;
    if (k->turn_n == STEP_PAGES)
        return false;
    k->turn[k->turn_n++] = gfn;
    return true;
}

static void set_further(struct look *l, uint64_t gfn, uint64_t gla, uint32_t need, uint8_t rights)
{
    l->turns = rights == XMEM_N2RWX;
    l->further = (struct xmem_event_mem){
        .gfn = gfn, .offset = gla % PAGE_BYTES, .gla = gla, .access = need};
}

/* What is denied is given zeros if it reads, and is left out if it writes, but what a write reads is read. */
static bool is_denied(struct look *l, uint64_t gfn, uint32_t access, uint8_t rights)
{
    uint32_t told = l->ev->pub.u.mem.access;
    if (!l->denies || gfn != l->ev->pub.u.mem.gfn || (access & ~told))
        return false;
    if ((told & XMEM_ACCESS_W) && (access & XMEM_ACCESS_R & ~rights_allow(rights)))
        l->reads = true;
    return true;
}

static int look_at_gfn(struct look *l, uint64_t gfn, uint64_t gla, uint32_t access)
{
    const struct xmem_event_mem *m = &l->ev->pub.u.mem;
    const struct step *s = &vcpu_of(l->d, l->ev)->step;
    struct view *v = domain_view(l->d, l->ev->home);
    uint32_t need = as_told(access);
    uint8_t rights;
    l->met = l->met || (gfn == m->gfn && (need & m->access));
    if (l->further.access || xmi_step_pages_have(&s->pages, gfn, need))
        return 0;
    int rc = rights_of(l, v, gfn, &rights);
    if (rc || is_denied(l, gfn, access, rights))
        return rc;
    bool turned = l->denies && rights == XMEM_RX2RW && (access & XMEM_ACCESS_W);
    if ((access & ~rights_allow(rights)) || turned)
        set_further(l, gfn, gla, need, rights);
    else if (rights == XMEM_RX2RW && (access & XMEM_ACCESS_W) && !note_turn(l->kept, gfn))
        return NOT_SURE;
    return 0;
}

/* One that the guest's tables do not have, or not for this, makes a fault, and is not touched. */
static int look_at_page(struct look *l, uint64_t gla, uint32_t access)
{
    const struct x86_memory memory = {.read = read_page, .arg = l->d};
    struct x86_place p;
    int rc = xmi_x86_translate(&memory, &l->tables, gla, &p);
    if (rc)
        return rc == -EFAULT ? FAULTS : NOT_SURE;
    if (!xmi_x86_may(&l->tables, &p, access, l->user))
        return FAULTS;
    return look_at_gfn(l, p.gpa / PAGE_BYTES, gla, access);
}

/*
 * A fault ends the instruction, but for repetitions: those before it are done, and reach what they
 * touch elsewhere. There are some where it is not in the page of the first one.
 */
static bool ends(const struct look *l, const struct x86_touch *t, uint64_t at, uint64_t next)
{
    bool many = l->in->rep && (l->in->op == X86_MOVS || l->in->op == X86_STOS);
    bool first = l->state.rflags & FLAG_DF ? next >= t->bytes : !at;
    return !many || first || (t->access & X86_FETCH);
}

/* What is kept of the guest's tables shows by the event's own address whether it still holds. */
static bool leads_there(const struct look *l)
{
    const struct x86_memory memory = {.read = read_page, .arg = l->d};
    const struct xmem_event_mem *m = &l->ev->pub.u.mem;
    struct x86_place p;
    if (!(m->access & XMEM_ACCESS_GLA_VALID) || (m->access & XMEM_ACCESS_IN_GPT))
        return true;
    return !xmi_x86_translate(&memory, &l->tables, m->gla, &p) && p.gpa / PAGE_BYTES == m->gfn;
}

static bool check_tables(struct look *l)
{
    if (leads_there(l))
        return true;
    xmi_page_cache_drop_all(&l->kept->pages, l->d->ops, l->d->dom);
    memset(l->kept->rights, 0, sizeof(l->kept->rights));
    return leads_there(l);
}

/* Past what is not sure, since what is found behind it is told all the same. */
static int look_at_touch(struct look *l, const struct x86_touch *t)
{
    uint64_t mask = l->state.code == 64 ? UINT64_MAX : UINT32_MAX;
    for (uint64_t at = 0; at < t->bytes;) {
        uint64_t gla = (t->at + at) & mask;
        int rc = look_at_page(l, gla, t->access);
        uint64_t next = at + PAGE_BYTES - gla % PAGE_BYTES;
        if (rc < 0 || (rc == FAULTS && ends(l, t, at, next)))
            return rc;
        l->unsure = l->unsure || rc == NOT_SURE;
        at = next;
    }
    return 0;
}

/* 0, NOT_SURE, or a failure. */
static int look(struct look *l)
{
    struct x86_touch touch[X86_TOUCHES];
    const struct xmem_event_mem *m = &l->ev->pub.u.mem;
    if (!domain_view(l->d, l->ev->home) || !read_state(l))
        return NOT_SURE;
    l->unsure = !check_tables(l);
    if (!decode(l))
        return NOT_SURE;
    unsigned n = xmi_x86_touches(l->in, &l->state, touch);
    int rc = 0;
    for (unsigned i = 0; i < n && !rc; i++)
        rc = look_at_touch(l, &touch[i]);
    bool walked = m->access & XMEM_ACCESS_IN_GPT;
    if (rc < 0)
        return rc;
    return l->unsure || (!l->met && !walked) ? NOT_SURE : 0;
}

/* ---- telling ---- */

static int tell_further(struct look *l)
{
    struct xmem_domain *d = l->d;
    uint32_t vcpu = l->ev->pub.vcpu, access = l->further.access;
    struct view *v = domain_view(d, l->ev->home);
    int rc = l->turns ? xmi_step_turn(d, v, l->further.gfn, XMEM_RWX) : 0;
    if (rc)
        return rc;
    l->further.access |= XMEM_ACCESS_GLA_VALID | XMEM_ACCESS_WITH_GLA;
    xmi_step_set_phase(d, vcpu, STEP_STOPPED);
    vcpu_at(d, vcpu)->attention = true; /* any answer but stepping over it ends the step */
    if (d->ops->step_told)
        (void)d->ops->step_told(d->dom, vcpu, l->further.gfn, access);
    (void)xmi_event_own(d, l->ev, &l->further, 0);
    return 1;
}

/* As look(), with what is kept at hand. */
static int look_now(struct look *l)
{
    struct xmem_domain *d = l->d;
    if (!steps_of(d)->ahead)
        steps_of(d)->ahead = calloc(1, sizeof(*steps_of(d)->ahead));
    if (!steps_of(d)->ahead)
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    l->kept = steps_of(d)->ahead;
    l->kept->turn_n = 0;
    l->kept->failed = false;
    xmi_page_cache_begin(&steps_of(d)->ahead->pages, d->ops, d->dom);
    int rc = look(l);
    if (rc > 0 && l->kept->failed)
        rc = xmi_domain_refuse(d, -ENOMEM,
                               "out of memory: code or tables of the guest's are not mapped");
    return rc;
}

static bool can_look(struct xmem_domain *d)
{
    uint32_t code = d->quirks & (QUIRK_CODE_ELSEWHERE | QUIRK_CODE_SHOWN);
    return ring_of(d)->arch == XMEM_ARCH_X86 && code != QUIRK_CODE_ELSEWHERE && d->ops->page_map;
}

int xmi_step_look_ahead(struct xmem_domain *d, struct event *ev)
{
    struct look l = {.d = d, .ev = ev};
    struct step *s = &vcpu_of(d, ev)->step;
    s->sure = false;
    if (!can_look(d))
        return 0;
    int rc = look_now(&l);
    if (rc < 0)
        return rc;
    s->doubt = s->doubt || (rc && l.further.access);
    s->sure = !rc && !s->doubt;
    return l.further.access ? tell_further(&l) : 0;
}

int xmi_step_ahead_denied(struct xmem_domain *d, struct event *ev, uint32_t *past)
{
    struct look l = {.d = d, .ev = ev, .denies = true};
    *past = 0;
    if (!can_look(d) || (d->quirks & QUIRK_EMULATES_BY_RIGHTS))
        return 0;
    int rc = look_now(&l);
    if (rc < 0)
        return rc;
    bool walked = ev->pub.u.mem.access & XMEM_ACCESS_IN_GPT;
    if (l.in && l.in->length && (l.further.access || l.reads || walked))
        *past = l.in->length;
    return 0;
}

int xmi_step_ahead_turn(struct xmem_domain *d, struct event *ev)
{
    struct step_ahead *k = steps_of(d)->ahead;
    int rc = 0;
    for (uint32_t i = 0; k && i < k->turn_n && !rc; i++)
        rc = xmi_step_turn(d, domain_view(d, ev->home), k->turn[i], XMEM_RW);
    return rc;
}
