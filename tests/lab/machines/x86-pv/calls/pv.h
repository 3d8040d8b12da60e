/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PV domain with mem_access on a real Xen, driven by Xen's own calls alone: neither libxmem nor its
 * library is under test here, but what hypervisor/xen adds to Xen.
 */
#ifndef LAB_PV_CHECK_H
#define LAB_PV_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <xenctrl.h>
#include <xen/vm_event.h>

#include "../../../common/guest.h"

/* xen/include/public/xmem.h of a tree with the additions. */
#define PV_RESOURCE 0x786du
#define PV_MODE (1u << 8)
#define PV_OWN_NOTIFY (1u << 9)
#define PV_OWN_DENY (1u << 10)
#define PV_LATER (1u << 11)
#define PV_IF_IDLE (1u << 12)

/* Of the monitor's capabilities: answers may ask for a step. */
#define PV_CAP_STEP (1u << 30)

#define PV_PAGE 4096u

struct pv {
    uint32_t domid;
    struct lab_guest *guest;
    uint64_t first, count; /* frames for tests */
    uint64_t mailbox;
    void *ring;
};

extern xc_interface *pv_xc;

/* Builds the small guest (labdom) and connects to its mailbox; its vCPU takes commands. */
int pv_create(struct pv *p, unsigned int vcpus);
void pv_destroy(struct pv *p);
/* The number of a frame by its place in the guest's memory. */
uint64_t pv_mfn(const struct pv *p, uint64_t pfn);

/* 0 or -errno, as the hypervisor answers. */
int pv_shadow(struct pv *p, unsigned int op, unsigned int mode);
int pv_map_ring(struct pv *p);
int pv_enable(struct pv *p);
int pv_disable(struct pv *p);
/* mode, ring, enable. */
int pv_start(struct pv *p, unsigned int mode);
/* The reverse. */
int pv_stop(struct pv *p);
int pv_set(struct pv *p, uint64_t mfn, uint32_t nr, int access);
int pv_get(struct pv *p, uint64_t mfn);

/* The next event, or false after ms. */
bool pv_event(struct pv *p, vm_event_request_t *e, unsigned int ms);
void pv_answer(struct pv *p, const vm_event_request_t *e, uint32_t flags,
               const struct vm_event_regs_x86 *regs);

/* Hands a command over; pv_done() waits for its end. */
void pv_tell(struct pv *p, uint64_t op, uint64_t addr, uint64_t value);
void pv_tell_more(struct pv *p, const struct lab_mailbox *command);
bool pv_done(struct pv *p, unsigned int ms);
/* Both; the result. */
uint64_t pv_do(struct pv *p, uint64_t op, uint64_t addr, uint64_t value);
uint64_t pv_status(struct pv *p);
uint64_t pv_hypercall(struct pv *p, uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                      uint64_t d);
void pv_start_hypercall(struct pv *p, uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                        uint64_t d);

/* Says "ok N - text" or "not ok N - text" with what was seen. */
void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern unsigned int checks, failures;

/* The groups of checks. */
void check_control(struct pv *p);
void check_rights(struct pv *p);
void check_transitions(struct pv *p);
void check_tables(struct pv *p);
void check_own(struct pv *p);
void check_answers(struct pv *p);
void check_domains(struct pv *p);

#endif
