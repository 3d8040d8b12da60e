/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of domains, where a xenstore is there to be asked; without one they have none. */
#ifndef XMEM_XEN_NAMES_H
#define XMEM_XEN_NAMES_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct xen_names {
    void *lib, *xs;
    void *(*read)(void *xs, uint32_t transaction, const char *path, unsigned *len);
    void (*close)(void *xs);
    pthread_mutex_t lock; /* sessions in several threads ask through one connection */
};

void xmi_xen_names_open(struct xen_names *n);
void xmi_xen_names_close(struct xen_names *n);
/* "" if there is none; always terminated. */
void xmi_xen_name_of(struct xen_names *n, uint32_t domid, char *name, size_t room);

#endif
