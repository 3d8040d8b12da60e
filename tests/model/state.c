/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening, closing and comparing. */
#include "model.h"

#include <doc/doc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_fail(struct model *m, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "operation %ju: ", (uintmax_t)m->step);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (%s)\n", m->d ? xmem_domain_last_error(m->d) : "no session");
    m->failed = 1;
}

/* xorshift64*: the same numbers on every machine. */
uint32_t model_below(struct model *m, size_t n)
{
    m->state ^= m->state >> 12;
    m->state ^= m->state << 25;
    m->state ^= m->state >> 27;
    return (uint32_t)((m->state * UINT64_C(2685821657736338717) >> 33) % n);
}

static void fresh_reference(struct model *m)
{
    memset(m->rights, XMEM_RWX, sizeof(m->rights));
    memset(m->view_there, 0, sizeof(m->view_there));
    for (unsigned v = 0; v < MODEL_VIEWS; v++)
        for (unsigned i = 0; i < MODEL_GFNS; i++)
            m->remap[v][i] = (uint16_t)i;
    m->view_there[0] = true;
    m->vcpu_view = 0;
    m->default_rights = XMEM_RWX;
}

static void open_session(struct model *m)
{
    m->caps = (struct xmem_caps)XMEM_INIT(m->caps);
    if (xmem_domain_open(m->x, 1, NULL, &m->d) || xmem_domain_enable(m->d) ||
        xmem_domain_get_caps(m->d, &m->caps))
        model_fail(m, "no session");
    fresh_reference(m);
}

void model_open(struct model *m, enum sim_kind kind, uint64_t seed)
{
    struct sim_machine_cfg mc = {.seed = seed};
    struct sim_domain_cfg dc = {.domid = 1,
                                .kind = kind,
                                .vcpus = MODEL_VCPUS,
                                .pages = 2048,
                                .first_gfn = 0,
                                .superpages = seed & 1,
                                .altp2m = kind == SIM_X86_EPT,
                                .name = "model"};
    memset(m, 0, sizeof(*m));
    m->kind = kind;
    m->state = seed * 2 + 1;
    if (xmi_sim_machine_create(&mc, &m->machine) ||
        xmi_sim_domain_create(m->machine, &dc, &m->sim) || xmi_open_machine(m->machine, &m->x))
        abort();
    open_session(m);
}

static void check_nothing_left(struct model *m)
{
    struct sim_report r;
    xmi_sim_report(m->machine, NULL, &r);
    if (r.forbidden || r.unanswered || r.double_answers || r.leaked_slots || r.leftover_rights ||
        r.leftover_views || r.leftover_pauses || r.leftover_monitors)
        model_fail(m,
                   "left: forbidden %ju unanswered %ju double %ju leaked %ju rights %ju views %ju "
                   "pauses %ju monitors %ju",
                   (uintmax_t)r.forbidden, (uintmax_t)r.unanswered, (uintmax_t)r.double_answers,
                   (uintmax_t)r.leaked_slots, (uintmax_t)r.leftover_rights,
                   (uintmax_t)r.leftover_views, (uintmax_t)r.leftover_pauses,
                   (uintmax_t)r.leftover_monitors);
}

static void close_session(struct model *m)
{
    struct xmem_domain *d = m->d;
    m->d = NULL;
    int rc = xmem_domain_close(d);
    if (rc)
        model_fail(m, "close answered %d: %s", rc, xmem_last_error(m->x));
    check_nothing_left(m);
}

void model_close(struct model *m)
{
    if (m->d)
        close_session(m);
    xmem_close(m->x);
    xmi_sim_machine_destroy(m->machine);
}

/* Closes and opens again, now and then: what was restored is the fresh reference. */
void model_session(struct model *m)
{
    if (model_below(m, 40))
        return;
    close_session(m);
    open_session(m);
    model_compare(m);
}

static void compare_view(struct model *m, uint16_t v)
{
    enum xmem_rights got;
    for (unsigned i = 0; i < MODEL_GFNS && !m->failed; i++) {
        if (m->rights[v][i] == MODEL_UNSET)
            continue;
        int rc = xmem_domain_get_rights(m->d, v, MODEL_FIRST + i, &got);
        if (rc || got != m->rights[v][i])
            model_fail(m, "view %u gfn %#x: %d, %s, but the model has %s", v, MODEL_FIRST + i, rc,
                       rc ? "?" : xmem_rights_name(got),
                       xmem_rights_name((enum xmem_rights)m->rights[v][i]));
    }
}

void model_compare(struct model *m)
{
    enum xmem_rights got;
    for (uint16_t v = 0; v < MODEL_VIEWS && !m->failed; v++)
        if (m->view_there[v])
            compare_view(m, v);
    if (!m->failed && (xmem_domain_get_default(m->d, &got) || got != m->default_rights))
        model_fail(m, "default is not %s", xmem_rights_name((enum xmem_rights)m->default_rights));
}
