/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc/sim-file-int.h"

#include <string.h>

void xmi_sim_file_refused(struct json_doc *doc, const struct json_value *v, int err)
{
    xmi_json_error(doc, v, XM_MSG_MACHINE, "the simulated machine refuses this: %s",
                   strerror(-err));
}
