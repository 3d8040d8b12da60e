/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The laboratory's own proof, against plain libxenctrl: the hypervisor has mem_access, altp2m and
 * fast single step, the guest does what it is told, events arrive with the right contents and are
 * answered. Prints TAP.
 */
#ifndef LAB_PROBE_H
#define LAB_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xen/io/ring.h>
#include <xen/vm_event.h>

#include "../../../common/guest.h"
#include "../../../guest/arch/x86-pvh.h"

#define PAGE 4096u
#define GFN (LAB_X86_SCRATCH_BASE / PAGE)
#define OFFSET 0x100u

/* One page each, so that no test meets what another has left. */
enum { CODE_GFN = GFN + 1, OTHER_CODE_GFN, DATA_GFN, WALK_GFN = GFN + 16 };

/* ---- listener.c: a domain's monitor ring, by plain libxenctrl ---- */

struct listener {
    xc_interface *xc;
    uint32_t domid;
    void *page;
    vm_event_back_ring_t ring;
    xenevtchn_handle *evtchn;
    xenevtchn_port_or_error_t port;
};

/* 0 or a negative errno. */
int listener_open(struct listener *l, xc_interface *xc, uint32_t domid);
int listener_close(struct listener *l);

/* Takes one event within so many milliseconds. */
bool listener_next(struct listener *l, vm_event_request_t *event, int ms);

/* The answer that lets the vCPU go on and asks for nothing else. */
vm_event_response_t listener_reply(const vm_event_request_t *event);
void listener_send(struct listener *l, const vm_event_response_t *reply);

/* ---- main.c ---- */

struct probe {
    xc_interface *xc;
    uint32_t domid;
    struct lab_guest *guest;
    struct listener listener;
    uint16_t view;
    unsigned int number;
    unsigned int failed;
};

void check(struct probe *p, bool good, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
double now(void);

int set(struct probe *p, xenmem_access_t access, uint64_t gfn, uint32_t count);
void send(struct probe *p, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t value,
          uint64_t count);
/* Waits for the vCPU and says what its command has brought. */
bool finished(struct probe *p, unsigned int vcpu, uint64_t *result);
bool next_event(struct probe *p, vm_event_request_t *event);
void answer(struct probe *p, const vm_event_request_t *event, uint32_t flags);

void host_view(struct probe *p); /* host.c */
void monitors(struct probe *p);  /* monitors.c */
void views(struct probe *p);     /* views.c */
void inside(struct probe *p);    /* views.c: VMFUNC and #VE */
void rates(struct probe *p);     /* main.c */
void sharing(struct probe *p);   /* sharing.c: only in a hypervisor built with it */

#endif
