/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * labdom: builds and drives domains in the arm64 laboratory with Xen's low-level libraries alone
 * (no xenstore, no xl), so that a dom0 of a few files is enough.
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
};

struct dom {
    xc_interface *xc;
    xenforeignmemory_handle *fmem;
    uint32_t domid;
    struct dom_config config;
    uint64_t console_gfn;
};

/* All of these return 0 or a negative errno and have said on stderr what failed. */
int dom_error(const char *what);

/* create.c: a paused domain with memory and no contents. */
int dom_create(struct dom *dom, const struct dom_config *config);
int dom_start(struct dom *dom, uint64_t entry, uint64_t x0);
void dom_close(struct dom *dom);

/* load.c */
int dom_load_file(struct dom *dom, const char *path, uint64_t addr, uint64_t *size);
int dom_load_bytes(struct dom *dom, const void *bytes, uint64_t size, uint64_t addr);
int dom_load_guest(struct dom *dom, const char *image);
int dom_load_linux(struct dom *dom, const char *kernel, const char *initrd, const char *args);

/* fdt.c: the device tree of a Linux guest, in a malloc()ed buffer. */
struct dom_fdt_input {
    uint64_t ram_base;
    uint64_t ram_size;
    unsigned int vcpus;
    const char *args;
    uint64_t initrd_start;
    uint64_t initrd_end;
};

int dom_fdt_make(const struct dom_fdt_input *input, void **blob, size_t *size);

/* console.c: copies the guest's console to stdout until `seconds` are over or `until` was seen. */
int dom_console(uint32_t domid, unsigned int seconds, const char *until);

/* command.c: "tell DOMID VCPU OP [name=value...]". */
int dom_command(int argc, char **argv);

#endif
