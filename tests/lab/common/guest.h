/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dom0's side of the mailbox: commands for a laboratory guest. */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "mailbox.h"

/*
 * How long to wait for what must happen. Success returns at once; an emulated machine whose host is busy
 * may stand still for many seconds.
 */
#define LAB_PATIENCE_MS 60000u

struct lab_guest;

/* Maps the mailbox page `gfn` of `domid`; 0 or a negative errno. */
int lab_guest_open(struct lab_guest **guest, uint32_t domid, uint64_t gfn);
void lab_guest_close(struct lab_guest *guest);

/* The block of one vCPU (below LAB_MAILBOX_MAX_VCPUS), for its results. */
struct lab_mailbox *lab_guest_box(struct lab_guest *guest, unsigned int vcpu);

/* Hands over one command and returns at once; -EBUSY while the last one is not done. */
int lab_guest_start(struct lab_guest *guest, unsigned int vcpu, const struct lab_mailbox *command);
bool lab_guest_done(struct lab_guest *guest, unsigned int vcpu);
/* Ends a LAB_OP_STREAM. */
void lab_guest_stop(struct lab_guest *guest, unsigned int vcpu);

/* Waits in real time; -ETIMEDOUT. The second form hands over first. */
int lab_guest_wait(struct lab_guest *guest, unsigned int vcpu, unsigned int ms);
int lab_guest_run(struct lab_guest *guest, unsigned int vcpu, const struct lab_mailbox *command,
                  unsigned int ms);

/* Waits until the vCPU takes commands. */
int lab_guest_alive(struct lab_guest *guest, unsigned int vcpu, unsigned int ms);

/* Copies bytes into or out of guest memory, within one page. */
int lab_guest_poke(struct lab_guest *guest, uint64_t addr, const void *bytes, uint64_t size);
int lab_guest_peek(struct lab_guest *guest, uint64_t addr, void *bytes, uint64_t size);

#endif
