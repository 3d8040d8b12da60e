/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* altp2m from inside the guest: VMFUNC and #VE. */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>

#define ADDR ((uint64_t)GFN * PAGE + OFFSET)

static int result(int rc)
{
    return rc ? -errno : 0;
}

static void virtualization_exception(struct probe *p)
{
    struct lab_ve_log log = {0};
    int rc = result(xc_altp2m_set_suppress_ve(p->xc, p->domid, p->view, GFN, false));

    check(p, rc == 0, "#VE: no longer suppressed for the page (%d)", rc);
    send(p, 0, LAB_X86_VMFUNC, 0, p->view, 1);
    finished(p, 0, NULL);
    send(p, 0, LAB_OP_WRITE, ADDR, 77, 1);
    check(p, finished(p, 0, NULL), "#VE: the guest's handler lets the write through");
    lab_guest_peek(p->guest, LAB_VE_LOG_BASE, &log, sizeof(log));
    check(p, log.count == 1 && log.gpa == ADDR && log.gla == ADDR && log.view == p->view,
          "#VE: %" PRIu64 " taken, address 0x%" PRIx64 " view %" PRIu64, log.count, log.gpa,
          log.view);
}

void inside(struct probe *p)
{
    uint16_t view = 0;
    int rc = result(xc_altp2m_set_vcpu_enable_notify(p->xc, p->domid, 0, LAB_VE_INFO_BASE / PAGE));

    check(p, rc == 0, "#VE: information page set (%d)", rc);
    xc_altp2m_set_mem_access(p->xc, p->domid, p->view, GFN, XENMEM_access_r);
    send(p, 0, LAB_X86_VMFUNC, 0, p->view, 1);
    check(p, finished(p, 0, NULL), "VMFUNC carried out");
    xc_altp2m_get_vcpu_p2m_idx(p->xc, p->domid, 0, &view);
    check(p, view == p->view, "VMFUNC: vCPU 0 is in view %u", view);
    virtualization_exception(p);
    rc = result(xc_altp2m_set_vcpu_disable_notify(p->xc, p->domid, 0));
    check(p, rc == 0, "#VE: switched off (%d)", rc);
    xc_altp2m_switch_to_view(p->xc, p->domid, 0);
    rc = result(xc_altp2m_destroy_view(p->xc, p->domid, p->view));
    check(p, rc == 0, "view %u destroyed (%d)", p->view, rc);
}
