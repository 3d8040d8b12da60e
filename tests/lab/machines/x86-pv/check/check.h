/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mem_access for PV guests on real Xen, line by line of the checklist, by plain hypercalls: what the
 * library is not needed for, and cannot hide. Each line has a domain of its own.
 */
#ifndef LAB_CHECK_H
#define LAB_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <xencall.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xen/vm_event.h>

#include "../../../common/guest.h"
#include "../../../guest/arch/x86-pv.h"

#define PAGE 4096u
#define PTE_RW 0x67u /* present, writable, user, accessed, dirty */
#define PTE_RO 0x65u
/* What Xen and the processor add to an entry: _PAGE_GUEST_KERNEL or _PAGE_GLOBAL, A and D. */
#define PTE_ADDED (UINT64_C(1) << 52 | 0x160u)

/* hypervisor/xen/pv/public.h: the interface of our additions. */
#define RING_RESOURCE 0x786du
#define MODE_MEM_ACCESS (1u << 8)
#define MODE_OWN_NOTIFY (1u << 9)
#define MODE_OWN_DENY (1u << 10)
#define MODE_LATER (1u << 11)

/* public/xen.h: hypercalls that the guest makes. */
#define HC_MMU_UPDATE 1u
#define HC_MULTICALL 13u
#define HC_UPDATE_VA 14u
#define HC_XEN_VERSION 17u
#define HC_UPDATE_VA_OTHER 22u
#define HC_MMUEXT 26u
#define SELF 0x7ff0u
#define INVLPG 2u

struct check {
    xc_interface *xc;
    xencall_handle *call;
    xenforeignmemory_handle *fmem;
    xenevtchn_handle *evtchn;
    uint32_t domid;
    uint64_t mailbox, first, count, pages; /* its builder's note */
    struct lab_guest *guest;
    xenforeignmemory_resource_handle *resource;
    void *ring_page;
    uint64_t ring_mfn;
    int port;
    uint32_t rsp_prod, req_cons;
    bool failed;
};

/* Says where and stops the line; usable in functions that return nothing. */
void check_fail(struct check *c, const char *file, int line, const char *what, long got);
#define OK(c, cond) \
    do { \
        if (!(c)->failed && !(cond)) \
            check_fail((c), __FILE__, __LINE__, "not so: " #cond, 0); \
        if ((c)->failed) \
            return; \
    } while (0)
#define IS(c, expr, want) \
    do { \
        long got_ = (c)->failed ? 0 : (long)(expr); \
        if (!(c)->failed && got_ != (long)(want)) \
            check_fail((c), __FILE__, __LINE__, #expr " is not " #want, got_); \
        if ((c)->failed) \
            return; \
    } while (0)

/* guest.c: Xen's side. Negative errno values. */
int check_open(struct check *c); /* no domain yet */
int check_make(struct check *c, unsigned int vcpus);
int check_make_sized(struct check *c, unsigned int vcpus, unsigned int mib);
void check_destroy(struct check *c);
int check_mode(struct check *c, uint32_t bits); /* mem_access on */
int check_mode_off(struct check *c);
int check_ring(struct check *c); /* asks for the ring's frame and maps it */
void check_unmap_ring(struct check *c);
int check_enable(struct check *c); /* a listener is there */
int check_disable(struct check *c);
int check_listen(struct check *c, uint32_t bits); /* these three together */
int check_set(struct check *c, uint64_t gfn, uint32_t nr, xenmem_access_t access);
/* XENMEM_access_*, or a negative errno. */
int check_get(struct check *c, uint64_t gfn);
/* -ETIMEDOUT: none came. */
int check_event(struct check *c, unsigned int ms, vm_event_request_t *event);
void check_reply(struct check *c, const vm_event_request_t *event, uint32_t flags);
int check_log_dirty(struct check *c, bool on);
/* 1: dirty, 0: not, of the page with the guest's own number pfn. */
int check_dirty(struct check *c, uint64_t pfn);
/* -1 none, or SHUTDOWN_*. */
int check_shutdown(struct check *c);

/* guest.c: the guest's side. */
uint64_t check_page(const struct check *c, unsigned int i); /* machine address of test page i */
int check_start(struct check *c, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t value);
bool check_done(struct check *c, unsigned int vcpu, unsigned int ms);
/* Runs to its end: 0, 1 (it faulted) or a negative errno. */
int check_run(struct check *c, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t value);
/* What a hypercall of the guest returned; INT64_MIN when it did not end. */
int64_t check_hypercall(struct check *c, uint64_t number, const uint64_t args[4]);
int check_start_hypercall(struct check *c, uint64_t number, const uint64_t args[4]);
uint64_t check_virtual(struct check *c, uint64_t machine);
/* Machine address of the L1 entry that maps a machine or virtual address. */
uint64_t check_pte(struct check *c, uint64_t addr);
int64_t check_update_va(struct check *c, uint64_t va, uint64_t entry);
int check_poke(struct check *c, uint64_t machine, uint64_t value);
uint64_t check_peek(struct check *c, uint64_t machine);
/*
 * The access causes an event with these MEM_ACCESS_R, _W, _X and is not done; the frame becomes rwx,
 * and then it is. 0, or -EPROTO and what was wrong on stdout.
 */
int check_caught(struct check *c, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t gfn,
                 uint32_t what);
/* The same for whatever was started already. */
int check_stopped(struct check *c, unsigned int vcpu, uint64_t gfn, uint32_t what);
bool check_quiet(struct check *c);
/* Does the entry at a machine address say that? */
bool check_entry_is(struct check *c, uint64_t pte, uint64_t entry);
/* Machine address of the entry of a level (4 to 1) that maps a virtual address; 0: none. */
uint64_t check_entry(struct check *c, uint64_t va, unsigned int level);

typedef void (*check_fn)(struct check *c);
struct check_line {
    const char *text;
    check_fn fn;
};
/* Each ends with an element without text. */
extern const struct check_line check_rules[], check_paths[], check_escapes[];

#endif
