/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <xenforeignmemory.h>

#define PAGE_SIZE 4096u

struct lab_guest {
    xenforeignmemory_handle *fmem;
    struct lab_mailbox *boxes;
    uint32_t domid;
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void pause_us(long us)
{
    struct timespec t = {.tv_sec = 0, .tv_nsec = us * 1000};

    nanosleep(&t, NULL);
}

static void *map_page(struct lab_guest *guest, uint64_t gfn, int protection)
{
    xen_pfn_t page = gfn;

    return xenforeignmemory_map(guest->fmem, guest->domid, protection, 1, &page, NULL);
}

int lab_guest_open(struct lab_guest **guest, uint32_t domid, uint64_t gfn)
{
    struct lab_guest *g = calloc(1, sizeof(*g));
    int rc = -ENOMEM;

    if (!g)
        return rc;
    g->domid = domid;
    g->fmem = xenforeignmemory_open(NULL, 0);
    if (g->fmem)
        g->boxes = map_page(g, gfn, PROT_READ | PROT_WRITE);
    if (!g->boxes) {
        rc = errno ? -errno : -EIO;
        lab_guest_close(g);
        return rc;
    }
    *guest = g;
    return 0;
}

void lab_guest_close(struct lab_guest *guest)
{
    if (!guest)
        return;
    if (guest->boxes)
        xenforeignmemory_unmap(guest->fmem, guest->boxes, 1);
    if (guest->fmem)
        xenforeignmemory_close(guest->fmem);
    free(guest);
}

struct lab_mailbox *lab_guest_box(struct lab_guest *guest, unsigned int vcpu)
{
    return guest->boxes + vcpu;
}

int lab_guest_start(struct lab_guest *guest, unsigned int vcpu, const struct lab_mailbox *command)
{
    struct lab_mailbox *box = lab_guest_box(guest, vcpu);

    if (vcpu >= LAB_MAILBOX_MAX_VCPUS)
        return -EINVAL;
    if (!lab_guest_done(guest, vcpu))
        return -EBUSY;
    box->op = command->op;
    box->addr = command->addr;
    box->stride = command->stride;
    box->count = command->count;
    box->value = command->value;
    box->size = command->size;
    box->extra = command->extra;
    __atomic_store_n(&box->seq, box->seq + 1, __ATOMIC_SEQ_CST);
    return 0;
}

bool lab_guest_done(struct lab_guest *guest, unsigned int vcpu)
{
    struct lab_mailbox *box = lab_guest_box(guest, vcpu);

    return __atomic_load_n(&box->done, __ATOMIC_SEQ_CST) == box->seq;
}

void lab_guest_stop(struct lab_guest *guest, unsigned int vcpu)
{
    struct lab_mailbox *box = lab_guest_box(guest, vcpu);

    /* A no-operation takes the stream's place; its seq is what ends the stream. */
    box->op = LAB_OP_NOP;
    __atomic_store_n(&box->seq, box->seq + 1, __ATOMIC_SEQ_CST);
}

int lab_guest_wait(struct lab_guest *guest, unsigned int vcpu, unsigned int ms)
{
    uint64_t end = now_ms() + ms;

    while (!lab_guest_done(guest, vcpu)) {
        if (now_ms() > end)
            return -ETIMEDOUT;
        pause_us(50);
    }
    return 0;
}

int lab_guest_run(struct lab_guest *guest, unsigned int vcpu, const struct lab_mailbox *command,
                  unsigned int ms)
{
    int rc = lab_guest_start(guest, vcpu, command);

    return rc ? rc : lab_guest_wait(guest, vcpu, ms);
}

int lab_guest_alive(struct lab_guest *guest, unsigned int vcpu, unsigned int ms)
{
    uint64_t end = now_ms() + ms;

    while (lab_guest_box(guest, vcpu)->alive != LAB_ALIVE + vcpu) {
        if (now_ms() > end)
            return -ETIMEDOUT;
        pause_us(200);
    }
    return 0;
}

/* Maps the page that holds all of [addr, addr + size). */
static int map_span(struct lab_guest *guest, uint64_t addr, uint64_t size, int protection,
                    char **page)
{
    char *map;

    if (size > PAGE_SIZE - addr % PAGE_SIZE)
        return -EINVAL;
    map = map_page(guest, addr / PAGE_SIZE, protection);
    if (!map)
        return errno ? -errno : -EIO;
    *page = map;
    return 0;
}

int lab_guest_poke(struct lab_guest *guest, uint64_t addr, const void *bytes, uint64_t size)
{
    char *page;
    int rc = map_span(guest, addr, size, PROT_READ | PROT_WRITE, &page);

    if (rc)
        return rc;
    memcpy(page + addr % PAGE_SIZE, bytes, size);
    xenforeignmemory_unmap(guest->fmem, page, 1);
    return 0;
}

int lab_guest_peek(struct lab_guest *guest, uint64_t addr, void *bytes, uint64_t size)
{
    char *page;
    int rc = map_span(guest, addr, size, PROT_READ, &page);

    if (rc)
        return rc;
    memcpy(bytes, page + addr % PAGE_SIZE, size);
    xenforeignmemory_unmap(guest->fmem, page, 1);
    return 0;
}
