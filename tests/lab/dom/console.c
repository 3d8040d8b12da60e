/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's console ring (Xen public/io/console.h), read without a console daemon. */
#include "dom.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <xen/io/console.h>
#include <xenevtchn.h>

#define LINE_MAX_BYTES 512u

struct console {
    struct xencons_interface *ring;
    xenevtchn_handle *evtchn;
    xenevtchn_port_or_error_t port;
    char line[LINE_MAX_BYTES];
    size_t used;
    const char *until;
    bool seen;
};

/* One line at a time, so that other output on the machine's console does not cut into it. */
static void put_char(struct console *console, char c)
{
    if (c == '\r')
        return;
    if (c != '\n' && console->used < sizeof(console->line) - 1) {
        console->line[console->used++] = c;
        return;
    }
    console->line[console->used] = '\0';
    console->used = 0;
    printf("%s\n", console->line);
    fflush(stdout);
    if (console->until && strstr(console->line, console->until))
        console->seen = true;
}

static void drain(struct console *console)
{
    struct xencons_interface *ring = console->ring;
    uint32_t prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
    uint32_t cons = ring->out_cons;

    if (prod - cons > sizeof(ring->out)) /* the guest's own numbers: believe nothing */
        cons = prod;
    if (prod == cons)
        return;
    while (cons != prod)
        put_char(console, ring->out[cons++ & (sizeof(ring->out) - 1)]);
    __atomic_store_n(&ring->out_cons, cons, __ATOMIC_RELEASE);
    if (console->port >= 0)
        xenevtchn_notify(console->evtchn, (evtchn_port_t)console->port);
}

static void follow(struct console *console, unsigned int seconds)
{
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 5 * 1000 * 1000};
    time_t end = time(NULL) + seconds;

    while (!console->seen && time(NULL) < end) {
        drain(console);
        nanosleep(&pause, NULL);
    }
}

static int follow_ring(uint32_t domid, uint64_t gfn, uint64_t port, struct console *console,
                       unsigned int seconds)
{
    xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
    xen_pfn_t page = gfn;
    int rc = 0;

    if (!fmem)
        return dom_error("xenforeignmemory_open");
    console->ring = xenforeignmemory_map(fmem, domid, PROT_READ | PROT_WRITE, 1, &page, NULL);
    console->evtchn = xenevtchn_open(NULL, 0);
    if (!console->ring || !console->evtchn) {
        rc = dom_error("console ring");
        goto out;
    }
    /* A second reader finds the port bound; polling does without it. */
    console->port = xenevtchn_bind_interdomain(console->evtchn, domid, (evtchn_port_t)port);
    follow(console, seconds);
out:
    xenevtchn_close(console->evtchn);
    if (console->ring)
        xenforeignmemory_unmap(fmem, console->ring, 1);
    xenforeignmemory_close(fmem);
    return rc;
}

int dom_console(uint32_t domid, unsigned int seconds, const char *until)
{
    struct console console = {.until = until};
    uint64_t gfn, port;
    int rc;

    if (!dom_arch.console) {
        fprintf(stderr, "labdom: domains have no console here\n");
        return -ENODEV;
    }
    rc = dom_arch.console(domid, &gfn, &port);
    if (!rc)
        rc = follow_ring(domid, gfn, port, &console, seconds);
    if (!rc && until && !console.seen) {
        fprintf(stderr, "labdom: \"%s\" not seen within %u s\n", until, seconds);
        rc = -ETIMEDOUT;
    }
    return rc;
}
