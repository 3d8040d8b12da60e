/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * labdom: builds and drives domains in a laboratory's dom0 with Xen's low-level libraries alone (no
 * xenstore, no xl), so that a dom0 of a few files is enough. What a machine's domains are is in arch/.
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
    const char *image;   /* the small guest's, or Linux' kernel */
    const char *initrd;  /* NULL: the small guest */
    const char *cmdline; /* Linux' */
    unsigned int mem_mib;
    unsigned int vcpus;
    bool small_pages; /* 4 KiB pages in the p2m instead of 2 MiB ones */
    bool no_altp2m;
};

/* What the domains of one machine are (arch/NAME.c). A function that is NULL: there is none of it. */
struct dom_arch {
    unsigned int least_mib, most_mib;
    unsigned int guest_mib; /* the small guest is given at least so many */
    /* The small guest's own operations have numbers from first on, and names or none. */
    uint64_t first_op, last_op;
    const char *const *op_names;
    /* A running domain; *domid is set as soon as there is one to destroy. */
    int (*create)(const struct dom_config *config, uint32_t *domid);
    /* The frames of the small guest's mailbox, and of a console's ring with its port. */
    int (*mailbox)(uint32_t domid, uint64_t *gfn);
    int (*console)(uint32_t domid, uint64_t *gfn, uint64_t *port);
    /* The domain is gone. */
    void (*forget)(uint32_t domid);
    /* Verbs of its own; -ENOSYS: it is none of them. */
    int (*verb)(int argc, char **argv);
    const char *usage;
    bool linux_guest;
};
extern const struct dom_arch dom_arch;

/* All of these return 0 or a negative errno and have said on stderr what failed. */
int dom_error(const char *what);

/* main.c: a new domain, whose number is printed. `argv`: IMAGE MIB VCPUS [WORD...]. */
int dom_new_guest(int argc, char **argv, unsigned int at_least_mib);

/* console.c: prints the guest's console until `seconds` are over or a line contains `until` (may be NULL). */
int dom_console(uint32_t domid, unsigned int seconds, const char *until);

/* command.c: "DOMID VCPU OP [name=value...]", one mailbox command. */
int dom_command(int argc, char **argv);

/* ---- hvm.c: for domains whose frames are numbered by the guest ---- */

struct dom {
    xc_interface *xc;
    xenforeignmemory_handle *fmem;
    uint32_t domid;
    const struct dom_config *config;
};

struct xen_domctl_createdomain;

int dom_open(struct dom *dom, const struct dom_config *config);
void dom_close(struct dom *dom);
/* Without memory; `create` has what is the machine's. */
int dom_create_empty(struct dom *dom, struct xen_domctl_createdomain *create);
/* All of its memory, from `base` on; `pool`: bytes for the p2m's own pages. */
int dom_populate(struct dom *dom, uint64_t base, uint64_t pool);
int dom_set_param(struct dom *dom, uint32_t param, uint64_t value);

/* ---- arch/arm64.c and arch/arm64-linux.c ---- */

int dom_load_file(struct dom *dom, const char *path, uint64_t addr, uint64_t *size);
int dom_load_bytes(struct dom *dom, const void *bytes, uint64_t size, uint64_t addr);
int dom_map_file(const char *path, void **bytes, uint64_t *size);
int dom_start(struct dom *dom, uint64_t entry, uint64_t x0);
int dom_load_linux(struct dom *dom);

#endif
