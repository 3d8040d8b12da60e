/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the operands to a connection, a domain and a session on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

int ctl_connect(struct ctl *ctl)
{
    if (ctl->x != NULL) {
        return CTL_OK;
    }
    struct xmem_open_opts opts = XMEM_INIT(opts);
    (void)xmem_report_new(&opts.report); /* without one the first message is told */
    int rc = xmem_open(ctl->uri, &opts, &ctl->x);
    if (rc == 0) {
        ctl_print_report(opts.report);
    } else {
        ctl_complain(rc, xmem_last_error(NULL), "cannot open %s", ctl->uri);
    }
    xmem_report_free(opts.report);
    return ctl_exit_of(rc);
}

bool ctl_is_sim(const struct ctl *ctl)
{
    return strncmp(ctl->uri, "sim:", 4) == 0;
}

int ctl_domains(struct xmem *x, struct xmem_domain_info **v, size_t *n)
{
    size_t room = 16;

    for (;;) {
        struct xmem_domain_info *list = calloc(room, sizeof(*list));
        if (list == NULL) {
            return -ENOMEM;
        }
        list[0].size = sizeof(*list);
        size_t found = room;
        int rc = xmem_domain_list(x, list, &found);
        if (rc == 0) {
            *v = list;
            *n = found;
            return 0;
        }
        free(list);
        if (rc != -ENOSPC || found > SIZE_MAX / sizeof(*list) / 2) {
            return rc == -ENOSPC ? -ENOMEM : rc;
        }
        room = found + 16; /* some may come up in between */
    }
}

static bool is_number(const char *who, uint64_t *id)
{
    return ctl_parse_u64(who, id) == 0;
}

/* How many of the list are meant; *hit is the last of them. */
static size_t count_hits(const struct xmem_domain_info *v, size_t n, const char *who,
                         const struct xmem_domain_info **hit)
{
    uint64_t id = 0;
    bool by_id = is_number(who, &id);
    size_t hits = 0;

    for (size_t i = 0; i < n; i++) {
        if (by_id ? v[i].domid == id : strcmp(v[i].name, who) == 0) {
            *hit = &v[i];
            hits++;
        }
    }
    return hits;
}

int ctl_find_domain(struct ctl *ctl, const char *who, struct xmem_domain_info *out)
{
    struct xmem_domain_info *v = NULL;
    const struct xmem_domain_info *hit = NULL;
    size_t n = 0, hits;
    int rc = ctl_connect(ctl);

    if (rc != CTL_OK) {
        return rc;
    }
    rc = ctl_domains(ctl->x, &v, &n);
    if (rc != 0) {
        ctl_complain(rc, xmem_last_error(ctl->x), "cannot list the domains of %s", ctl->uri);
        return ctl_exit_of(rc);
    }
    hits = count_hits(v, n, who, &hit);
    if (hits == 1) {
        *out = *hit;
    } else if (hits == 0) {
        ctl_error("no domain '%s' on %s; 'xmemctl -c %s status' lists them", who, ctl->uri,
                  ctl->uri);
    } else {
        ctl_error("%zu domains are called '%s'; give the id", hits, who);
    }
    free(v);
    return hits == 1 ? CTL_OK : CTL_OTHER;
}

int ctl_session(struct ctl *ctl, const char *who, uint32_t restore, struct xmem_domain **d,
                struct xmem_domain_info *info)
{
    struct xmem_domain_opts opts = XMEM_INIT(opts);
    int rc = ctl_find_domain(ctl, who, info);

    if (rc != CTL_OK) {
        return rc;
    }
    rc = stop_stay();
    if (rc == 0) {
        rc = out_start();
    }
    if (rc != 0) {
        ctl_complain(rc, NULL, "cannot catch signals or write beside them");
        return CTL_OTHER;
    }
    opts.restore = restore;
    rc = xmem_domain_open(ctl->x, info->domid, &opts, d);
    if (rc != 0) {
        ctl_complain(rc, xmem_last_error(ctl->x), "domain %s", who);
        return ctl_exit_of(rc);
    }
    return CTL_OK;
}

/* Of a domain that died nothing is left to restore. */
static bool restored(int err)
{
    return err == 0 || err == -ESHUTDOWN;
}

int ctl_session_end(struct ctl *ctl, struct xmem_domain *d, int rc)
{
    int first = xmem_domain_disable(d);

    if (!restored(first)) {
        ctl_complain(first, xmem_domain_last_error(d), "not everything could be restored at once");
    }
    int err = xmem_domain_close(d); /* goes on with what could not be */
    out_settle();
    if (restored(err)) {
        if (!restored(first)) {
            ctl_error("it was tried again, and the domain is restored");
        } else if (rc == CTL_ROLLED_BACK) {
            ctl_error("what was changed is put back");
        }
        return rc;
    }
    ctl_complain(err, xmem_last_error(ctl->x), "not everything could be restored");
    if (!ctl_is_sim(ctl)) {
        ctl_note("'xmemctl recover' takes all rights, views and monitors of a domain away");
    }
    return rc == CTL_OK || rc == CTL_ROLLED_BACK ? CTL_OTHER : rc;
}
