/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine described by a file (xmem-machine(5)). */
#ifndef XMEM_SIM_FILE_H
#define XMEM_SIM_FILE_H

#include "base/base.h"

#include <xmem.h>

struct sim_machine;

/*
 * Makes the machine that the file describes; opts may be NULL. *out is freed by
 * xmi_sim_machine_destroy(). On failure err holds a text with file, line and column:
 * -EINVAL bad description, -ENOENT no such file, -EACCES, -ENOMEM.
 */
int xmi_sim_file_load(const char *path, const struct xmem_open_opts *opts, struct sim_machine **out,
                      struct xmem_error *err);

#endif
