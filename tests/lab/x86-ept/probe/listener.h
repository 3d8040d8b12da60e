/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's monitor ring, by plain libxenctrl. */
#ifndef LAB_LISTENER_H
#define LAB_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xen/io/ring.h>
#include <xen/vm_event.h>

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

#endif
