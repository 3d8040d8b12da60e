/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From Xen 4.19 on, while altp2m is on, vCPUs in view 0 run on a copy of the host view whose
 * entries are made when the guest first touches a page, with the copy's default rights and not
 * the host's (p2m_altp2m_get_or_propagate()): what was restricted is open, silently. An entry that
 * is there follows the host's changes (p2m_altp2m_propagate_change()), and "gfn shows gfn" makes
 * one with the host's rights (p2m_change_altp2m_gfn()). So every gfn that is restricted in the
 * host view gets its entry: at once, or when altp2m is turned on. This remembers which they are.
 */
#ifndef XMEM_HOST_COPY_H
#define XMEM_HOST_COPY_H

#include <stddef.h>
#include <stdint.h>

struct host_copy {
    uint8_t *set; /* a bit for each gfn that was restricted */
    size_t bytes;
};

/* Makes one entry; 0 or a negative errno. */
typedef int (*host_copy_fn)(void *dom, uint64_t gfn);

/* These gfns were restricted; fn NULL: views are off, their entries come later. */
int xmi_host_copy_note(struct host_copy *h, uint64_t gfn, uint64_t nr, host_copy_fn fn, void *dom);
/* Views were turned on. */
int xmi_host_copy_each(const struct host_copy *h, host_copy_fn fn, void *dom);
void xmi_host_copy_free(struct host_copy *h);

#endif
