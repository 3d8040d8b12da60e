/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of reading a machine's description. */
#ifndef XMEM_SIM_FILE_INT_H
#define XMEM_SIM_FILE_INT_H

#include <sim.h>

#include "doc/json-doc.h"

/* A domain's description while its parts are read. */
struct sim_file_domain {
    struct json_doc *doc;
    struct sim_machine *m;
    struct sim_domain_cfg cfg;
    struct sim_domain *dom; /* NULL after an error: the rest is only checked */
    uint64_t seed;          /* for random programs that name none */
    uint8_t *has_program;   /* of each vCPU */
};

/* "programs": an array. */
void xmi_sim_file_programs(struct sim_file_domain *fd, const struct json_value *v);
/* The object "dead_listener" of a fault; the guest runs until it waits for it. */
void xmi_sim_file_dead_listener(struct sim_file_domain *fd, const struct json_value *v);
/* Message about what the machine answered; err is a negative errno value. */
void xmi_sim_file_refused(struct json_doc *doc, const struct json_value *v, int err);

#endif
