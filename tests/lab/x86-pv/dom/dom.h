/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * labdom: builds PV domains in the x86 laboratory with libxenguest alone (no xenstore, no xl), so
 * that a dom0 of a few files is enough. What a domain's frames are is kept in a file (note.c).
 */
#ifndef LAB_DOM_H
#define LAB_DOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenctrl.h>

#define DOM_PAGE 4096u
/* DOMID_ANY of Xen 4.22, where 0 would be domain 0; older releases choose one for each reserved number. */
#define DOM_ANY_DOMID 0x7ff5u

struct dom_config {
    const char *kernel;
    const char *initrd; /* NULL: none */
    const char *cmdline;
    unsigned int mem_mib;
    unsigned int vcpus;
};

/* Machine frames of a domain that other programs need. */
struct dom_note {
    uint64_t mailbox;      /* of the small guest; 0: not that guest */
    uint64_t first, count; /* the longest run of frames in its test pages */
    uint64_t console, port;
    uint64_t pages; /* its own page numbers are below this */
};

/* All of these return 0 or a negative errno and have said on stderr what failed. */
int dom_error(const char *what);

/* create.c: a running domain; *domid is set as soon as there is one to destroy. */
int dom_create(const struct dom_config *config, uint32_t *domid, struct dom_note *note);

/* note.c: /tmp/labdom.DOMID, lines NAME=VALUE with NAME a member of struct dom_note. */
int dom_note_write(uint32_t domid, const struct dom_note *note);
int dom_note_read(uint32_t domid, struct dom_note *note);
/* Which machine frame each of its pages was given, in /tmp/labdom.DOMID.p2m. */
int dom_p2m_write(uint32_t domid, const xen_pfn_t *p2m, uint64_t pages);
int dom_p2m_read(uint32_t domid, uint64_t pfn, uint64_t *mfn);
void dom_note_remove(uint32_t domid);

/* console.c: prints the guest's console until a line contains `until` (may be NULL). */
int dom_console(uint32_t domid, unsigned int seconds, const char *until);

/* command.c: one mailbox command. */
int dom_command(int argc, char **argv);

#endif
