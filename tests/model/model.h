/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reference: one byte of rights per view and gfn, and what each operation does to it. */
#ifndef MODEL_H
#define MODEL_H

#include <sim.h>
#include <stdbool.h>
#include <xmem.h>

#define MODEL_GFNS 256u
#define MODEL_VIEWS 10u
#define MODEL_VCPUS 4u
#define MODEL_FIRST 0x200u
#define MODEL_UNSET 0xffu /* a view that never said anything about the gfn */

struct model {
    struct sim_machine *machine;
    struct sim_domain *sim;
    struct xmem *x;
    struct xmem_domain *d;
    struct xmem_caps caps;
    enum sim_kind kind;
    uint64_t state; /* of the random numbers */
    uint64_t step, sets, accesses, events, views_made;
    int failed;

    uint8_t rights[MODEL_VIEWS][MODEL_GFNS]; /* in force; view 0 is the host */
    uint16_t remap[MODEL_VIEWS][MODEL_GFNS]; /* index of the gfn shown, or itself */
    bool view_there[MODEL_VIEWS];
    uint16_t vcpu_view;
    uint8_t default_rights;
    uint64_t value[MODEL_GFNS]; /* first 8 bytes of each page */
};

void model_open(struct model *m, enum sim_kind kind, uint64_t seed);
void model_close(struct model *m);
/* Everything that the session says against everything that the reference says. */
void model_compare(struct model *m);
void model_fail(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint32_t model_below(struct model *m, size_t n);

void model_set_one(struct model *m);
void model_set_range(struct model *m);
void model_set_many(struct model *m);
void model_batch(struct model *m);
void model_get(struct model *m);
void model_access(struct model *m);
void model_view(struct model *m);
void model_switch(struct model *m);
void model_default(struct model *m);
void model_failing(struct model *m);
void model_session(struct model *m);
void model_host_remap(struct model *m);

#endif
