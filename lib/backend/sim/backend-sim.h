/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections to simulated machines that are there already: for tests. */
#ifndef XMEM_BACKEND_SIM_H
#define XMEM_BACKEND_SIM_H

#include "base/error.h"

#include <xmem.h>

struct sim_machine;

/* A connection to m, which stays the caller's and must live longer than the connection. */
int xmem_open_machine(struct sim_machine *m, struct xmem **out);

/* The built-in machine of "sim:". */
int backend_sim_demo(const struct xmem_open_opts *opts, struct sim_machine **out,
                     struct xmem_error *err);

#endif
