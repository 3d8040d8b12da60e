/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine described by a file (xmem-machine(5)). */
#ifndef XMEM_SIM_FILE_H
#define XMEM_SIM_FILE_H

#include "base/base.h"
#include "doc/doc.h"

#include <string.h>

#include <sim.h>
#include <xmem.h>

struct sim_machine;

/*
 * Makes the machine that the file describes; opts may be NULL. *out is freed by
 * xmi_sim_machine_destroy(). On failure err holds a text with file, line and column:
 * -EINVAL bad description, -ENOENT no such file, -EACCES, -ENOMEM.
 */
int xmi_sim_file_load(const char *path, const struct xmem_open_opts *opts, struct sim_machine **out,
                      struct xmem_error *err);

/* ---- between sim-file.c, sim-file-program.c and sim-file-dead.c ---- */

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
static inline void sim_file_refuse(struct json_doc *doc, const struct json_value *v, int err)
{
    xmi_json_error(doc, v, XM_MSG_MACHINE, "the simulated machine refuses this: %s",
                   strerror(-err));
}

#endif
