/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc/doc.h"

#include "backend/sim/backend-sim.h"
#include "doc/sim-file.h"
#include "session/session.h"

#include <errno.h>

#include <sim.h>

int xmi_sim_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
                 struct xmem_error *err)
{
    struct sim_machine *m;
    if (!*rest)
        return xmi_backend_sim.open(rest, opts, conn, err);
    int rc = xmi_sim_file_load(rest, opts, &m, err);
    if (rc)
        return rc;
    rc = xmi_backend_sim_conn(m, true, conn);
    if (rc) {
        xmi_sim_machine_destroy(m);
        return xmi_error_set(err, rc, "sim: out of memory");
    }
    return 0;
}

int xmi_open_machine(struct sim_machine *m, struct xmem **out)
{
    void *conn;
    int rc = m && out ? xmi_backend_sim_conn(m, false, &conn) : -EINVAL;
    if (rc)
        return rc;
    rc = xmi_connection_new(&xmi_backend_sim, conn, out);
    if (rc)
        xmi_backend_sim.close(conn);
    return rc;
}
