/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections to simulated machines. */
#ifndef XMEM_SIM_OPEN_H
#define XMEM_SIM_OPEN_H

#include "base/base.h"

#include <xmem.h>

struct sim_machine;

/* What stands behind "sim:", as an op of backend.h: a file that describes the machine, or nothing. */
int xmi_sim_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
                 struct xmem_error *err);

/* For tests: a connection to m, which stays the caller's and must live longer than the connection. */
int xmi_open_machine(struct sim_machine *m, struct xmem **out);

#endif
