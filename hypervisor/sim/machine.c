/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "sim-int.h"

#define XEN_MINOR_DEFAULT 17u

uint32_t xmi_sim_machine_xen_minor(const struct sim_machine *m)
{
    return m->cfg.xen_minor != 0 ? m->cfg.xen_minor : XEN_MINOR_DEFAULT;
}

int xmi_sim_machine_create(const struct sim_machine_cfg *cfg, struct sim_machine **out)
{
    struct sim_machine *m;
    int rc;

    if (cfg == NULL || out == NULL || cfg->max_views > XM_VIEWS_MAX)
        return -XM_EINVAL;
    if (cfg->xen_minor != 0 && (cfg->xen_minor < 11 || cfg->xen_minor > 99))
        return -XM_EINVAL;
    m = calloc(1, sizeof(*m));
    if (m == NULL)
        return -XM_ENOMEM;
    m->cfg = *cfg;
    m->next_domid = 1;
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->pv_lock, NULL);
    rc = xmi_sim_pcpus_init(m);
    if (rc != 0) {
        xmi_sim_machine_destroy(m);
        return rc;
    }
    *out = m;
    return 0;
}

void xmi_sim_machine_destroy(struct sim_machine *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->domains; i++)
        xmi_sim_domain_free(m->domain[i]);
    free(m->domain);
    xmi_sim_pv_frames_destroy(m);
    xmi_sim_pcpus_destroy(m);
    pthread_mutex_destroy(&m->pv_lock);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static struct sim_domain *find_locked(const struct sim_machine *m, uint32_t domid)
{
    for (size_t i = 0; i < m->domains; i++) {
        if (m->domain[i]->cfg.domid == domid)
            return m->domain[i];
    }
    return NULL;
}

struct sim_domain *xmi_sim_domain_find(struct sim_machine *m, uint32_t domid)
{
    pthread_mutex_lock(&m->lock);
    struct sim_domain *d = find_locked(m, domid);
    pthread_mutex_unlock(&m->lock);
    return d;
}

struct sim_domain *xmi_sim_domain_at(struct sim_machine *m, size_t i)
{
    pthread_mutex_lock(&m->lock);
    struct sim_domain *d = i < m->domains ? m->domain[i] : NULL;
    pthread_mutex_unlock(&m->lock);
    return d;
}

static int add_locked(struct sim_machine *m, struct sim_domain *d)
{
    while (d->cfg.domid == 0) {
        if (m->next_domid > SIM_MAX_DOMID)
            return -XM_ENOSPC;
        if (find_locked(m, m->next_domid) == NULL)
            d->cfg.domid = m->next_domid;
        m->next_domid++;
    }
    if (find_locked(m, d->cfg.domid) != NULL)
        return -XM_EEXIST;
    if (m->domains == m->room) {
        size_t room = m->room ? m->room * 2 : 4;
        struct sim_domain **p = realloc(m->domain, room * sizeof(*p));

        if (p == NULL)
            return -XM_ENOMEM;
        m->domain = p;
        m->room = room;
    }
    m->domain[m->domains++] = d;
    return 0;
}

int xmi_sim_machine_add(struct sim_machine *m, struct sim_domain *d)
{
    pthread_mutex_lock(&m->lock);
    int rc = add_locked(m, d);
    pthread_mutex_unlock(&m->lock);
    return rc;
}
