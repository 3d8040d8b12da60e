/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection and the machine behind the seam, for those who make them. */
#ifndef XMEM_BACKEND_SIM_H
#define XMEM_BACKEND_SIM_H

#include "base/base.h"

#include <stdbool.h>
#include <xmem.h>

struct sim_machine;
struct sim_dom; /* a domain as the ops have it */

/* What the ops take as their connection; own: the machine goes with it. */
struct sim_conn {
    struct sim_machine *m;
    bool own;
};

/* -ENOMEM. */
int xmi_backend_sim_conn(struct sim_machine *m, bool own, void **out);

/* XMEM_RIGHTS_BIT()s that the kind and release have. */
uint32_t xmi_backend_sim_rights(const struct sim_dom *d);
/* The built-in machine of "sim:". */
int xmi_backend_sim_demo(const struct xmem_open_opts *opts, struct sim_machine **out,
                         struct xmem_error *err);

#endif
