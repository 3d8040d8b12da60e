/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * labdom: builds domains in the x86 laboratory with Xen's low-level libraries alone (no xenstore,
 * no xl), so that a dom0 of a few files is enough.
 */
#ifndef LAB_DOM_H
#define LAB_DOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>

#define DOM_PAGE 4096u
/* DOMID_ANY of Xen 4.22, where 0 would be domain 0; older releases choose one for each reserved number. */
#define DOM_ANY_DOMID 0x7ff5u

struct dom_config {
    unsigned int mem_mib;
    unsigned int vcpus;
    bool small_pages; /* 4 KiB pages in the p2m instead of 2 MiB ones */
    bool no_altp2m;
};

struct dom {
    xc_interface *xc;
    xenforeignmemory_handle *fmem;
    uint32_t domid;
    struct dom_config config;
};

/* All of these return 0 or a negative errno and have said on stderr what failed. */
int dom_error(const char *what);

/* create.c: a paused domain with memory and no contents. */
int dom_create(struct dom *dom, const struct dom_config *config);
void dom_close(struct dom *dom);

/* start.c: vCPU 0 in flat 32-bit protected mode without paging, as PVH guests are entered. */
int dom_start(struct dom *dom, uint32_t entry);

/* load.c: the laboratory's own guest. */
int dom_load_guest(struct dom *dom, const char *image);

#endif
