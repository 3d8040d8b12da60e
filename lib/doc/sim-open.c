/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc/sim-open.h"

#include "backend/sim/backend-sim.h"
#include "doc/sim-file.h"
#include "session/session.h"

#include <errno.h>

#include <sim.h>

int sim_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
             struct xmem_error *err)
{
    struct sim_machine *m;
    if (!*rest)
        return xmem_backend_sim.open(rest, opts, conn, err);
    int rc = sim_file_load(rest, opts, &m, err);
    if (rc)
        return rc;
    rc = backend_sim_conn(m, true, conn);
    if (rc) {
        sim_machine_destroy(m);
        return xmem_error_set(err, rc, "sim: out of memory");
    }
    return 0;
}

int xmem_open_machine(struct sim_machine *m, struct xmem **out)
{
    void *conn;
    int rc = m && out ? backend_sim_conn(m, false, &conn) : -EINVAL;
    if (rc)
        return rc;
    rc = connection_new(&xmem_backend_sim, conn, out);
    if (rc)
        xmem_backend_sim.close(conn);
    return rc;
}
