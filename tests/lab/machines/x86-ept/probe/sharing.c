/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory sharing, copy on write and forks; Debian's own hypervisors do not have them. */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST (WALK_GFN + 0x100u)
#define SECOND (WALK_GFN + 0x101u)

/* From 4.19 on a domain has its altp2m mode from its creation alone; a fork, which would be given its parent's, is refused. */
#ifdef XEN_DOMCTL_ALTP2M_mode
#define FORKED (-EEXIST)
#else
#define FORKED 0
#endif

static int result(int rc)
{
    return rc ? -errno : 0;
}

static uint64_t value_at(struct probe *p, uint64_t gfn)
{
    uint64_t value = 0;

    send(p, 0, LAB_OP_READ, gfn * PAGE, 0, 1);
    return finished(p, 0, &value) ? value : ~0ull;
}

static void write_at(struct probe *p, uint64_t gfn, uint64_t value)
{
    send(p, 0, LAB_OP_WRITE, gfn * PAGE, value, 1);
    check(p, finished(p, 0, NULL), "sharing: gfn 0x%" PRIx64 " written", gfn);
}

static void share_and_part(struct probe *p)
{
    uint64_t first = 0, second = 0;
    int rc;

    write_at(p, FIRST, 0xaaaa);
    write_at(p, SECOND, 0xbbbb);
    rc = result(xc_memshr_nominate_gfn(p->xc, p->domid, FIRST, &first));
    check(p, rc == 0, "sharing: first page nominated (%d)", rc);
    rc = result(xc_memshr_nominate_gfn(p->xc, p->domid, SECOND, &second));
    check(p, rc == 0, "sharing: second page nominated (%d)", rc);
    rc = result(xc_memshr_share_gfns(p->xc, p->domid, FIRST, first, p->domid, SECOND, second));
    check(p, rc == 0, "sharing: shared (%d)", rc);
    check(p, value_at(p, SECOND) == 0xaaaa, "sharing: both pages are the first");
    write_at(p, SECOND, 0xcccc);
    check(p, value_at(p, FIRST) == 0xaaaa && value_at(p, SECOND) == 0xcccc,
          "sharing: a write parts them");
}

/* The guest's answer to a command, asked of a fork. */
static void in_fork(struct probe *p, uint32_t fork)
{
    struct probe child = *p;

    child.domid = fork;
    check(p, lab_guest_open(&child.guest, fork, LAB_X86_MAILBOX_BASE / PAGE) == 0, "fork: mailbox");
    check(p, !xc_domain_unpause(p->xc, fork), "fork: runs");
    child.number = p->number;
    check(&child, value_at(&child, FIRST) == 0xaaaa, "fork: sees its parent's memory");
    write_at(&child, FIRST, 0xf00d);
    check(&child, value_at(&child, FIRST) == 0xf00d, "fork: has its own copy after a write");
    p->number = child.number;
    p->failed = child.failed;
    xc_domain_pause(p->xc, fork);
    lab_guest_close(child.guest);
}

static void fork_and_end(struct probe *p)
{
    struct xen_domctl_createdomain create;
    uint32_t fork = 0;
    int rc;

    memset(&create, 0, sizeof(create));
    create.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    create.max_vcpus = 2;
    create.max_evtchn_port = 1023;
    create.max_grant_frames = 4;
    create.max_maptrack_frames = 4;
    create.grant_opts = XEN_DOMCTL_GRANT_version(1);
    create.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    rc = result(xc_domain_create(p->xc, &fork, &create));
    check(p, rc == 0, "fork: domain %u created (%d)", fork, rc);
    if (rc)
        return;
    rc = result(xc_memshr_fork(p->xc, p->domid, fork, false, false));
    check(p, rc == FORKED, "fork: forked, or refused beside altp2m (%d)", rc);
    if (rc == 0)
        in_fork(p, fork);
    rc = result(xc_domain_destroy(p->xc, fork));
    check(p, rc == 0, "fork: destroyed (%d)", rc);
    check(p, value_at(p, FIRST) == 0xaaaa, "fork: the parent runs again, unchanged");
}

void sharing(struct probe *p)
{
    const char *wanted = getenv("XMEM_LAB_SHARING");
    int rc = result(xc_memshr_control(p->xc, p->domid, 1));

    /* Of a user's hypervisor nothing is known. */
    if (!wanted && rc != 0)
        return;
    if (wanted && !*wanted) {
        check(p, rc != 0, "this hypervisor has no memory sharing (%d)", rc);
        return;
    }
    check(p, rc == 0, "sharing: switched on (%d)", rc);
    share_and_part(p);
    fork_and_end(p);
    rc = result(xc_memshr_control(p->xc, p->domid, 0));
    check(p, rc == 0, "sharing: switched off (%d)", rc);
}
