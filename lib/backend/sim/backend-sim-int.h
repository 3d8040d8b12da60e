/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the simulator's backend share; nobody else includes it. */
#ifndef XMEM_BACKEND_SIM_INT_H
#define XMEM_BACKEND_SIM_INT_H

#include "backend/sim/backend-sim.h"
#include "backend/backend.h"
#include "backend/host-copy.h"

#include <sim.h>

struct sim_dom {
    struct sim_machine *m;
    struct sim_domain *d;
    uint16_t domid;
    enum sim_kind kind;
    uint32_t xen_minor, max_views;
    bool altp2m, views_on;
    struct host_copy host; /* gfns that were restricted in the host view */
    bool attached;
    bool shadow_only;
    /* of PV: the ring is off, and shadow mode could not be yet */ /* to the ring of a listener that is gone */
};

/* access.c */
int xmi_backend_sim_rights_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights);
int xmi_backend_sim_rights_set(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                               uint64_t *done);
int xmi_backend_sim_rights_set_many(void *dom, uint16_t view, const uint64_t *gfns,
                                    const uint8_t *rights, uint32_t nr, uint64_t *done);
int xmi_backend_sim_rights_get_many(void *dom, const uint64_t *gfns, uint32_t nr, uint8_t *rights);
int xmi_backend_sim_rights_set_runs(void *dom, struct backend_run *runs, uint32_t n);
int xmi_backend_sim_host_split(void *dom, const uint64_t *gfns, uint8_t *rights, uint32_t n);
int xmi_backend_sim_views_get_state(void *dom, bool *on);
int xmi_backend_sim_views_set_state(void *dom, bool on);
/* Does view 0 need entries of its own (host-copy.h)? */
bool xmi_backend_sim_copies(const struct sim_dom *d);
int xmi_backend_sim_view_exists(void *dom, uint16_t view);
int xmi_backend_sim_view_create(void *dom, uint8_t default_rights, uint16_t *view);
int xmi_backend_sim_view_destroy(void *dom, uint16_t view);
int xmi_backend_sim_view_switch(void *dom, uint16_t view);
int xmi_backend_sim_view_get_vcpu(void *dom, uint32_t vcpu, uint16_t *view);
int xmi_backend_sim_view_change_gfn(void *dom, uint16_t view, uint64_t gfn, uint64_t to_gfn);
int xmi_backend_sim_view_set_visible(void *dom, uint16_t view, bool visible);
int xmi_backend_sim_view_set_suppress_ve(void *dom, uint16_t view, uint64_t gfn, uint64_t nr,
                                         bool suppress);
int xmi_backend_sim_view_get_suppress_ve(void *dom, uint16_t view, uint64_t gfn, bool *suppress);
int xmi_backend_sim_step_note(void *dom, uint16_t view, uint64_t gfn, uint32_t vcpu, uint8_t rights,
                              bool open);
int xmi_backend_sim_step_told(void *dom, uint32_t vcpu, uint64_t gfn, uint32_t access);
/* vcpu.c */
int xmi_backend_sim_vcpu_ran(void *dom, uint32_t vcpu, uint64_t *ns, bool *idle);
int xmi_backend_sim_vcpu_get(void *dom, uint32_t vcpu, struct backend_vcpu *out);
int xmi_backend_sim_vcpu_set(void *dom, uint32_t vcpu, const struct backend_vcpu *in);
int xmi_backend_sim_view_internal(void *dom, uint16_t view, uint16_t from_view);
int xmi_backend_sim_view_set_notify(void *dom, uint32_t vcpu, uint64_t gfn);

#endif
