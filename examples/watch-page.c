/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest whole program: tells who writes to a page.
 *   watch-page URI DOMID GFN     for example: watch-page sim: 1 0x1200
 * Ends after ten writes, after three quiet seconds, or with the domain.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmem.h>

#define WRITES 10
#define QUIET_MS 3000

/* Answers what is there. The number of writes so far, or a negative errno. */
static int take_events(struct xmem_domain *d, int seen)
{
    const struct xmem_event *ev;
    int rc;

    while (seen < WRITES && (rc = xmem_event_next(d, &ev)) != -EAGAIN) {
        if (rc < 0) {
            return rc;
        }
        if (ev->reason == XMEM_EVENT_MEM_ACCESS) {
            seen++;
            printf("vcpu %u wrote to 0x%" PRIx64 "\n", ev->vcpu,
                   (ev->u.mem.gfn << 12) + ev->u.mem.offset);
        }
        if ((rc = xmem_event_step_over(d, ev)) < 0) {
            return rc;
        }
    }
    return seen;
}

static int watch(struct xmem_domain *d, uint64_t gfn)
{
    int seen = 0;
    int rc = xmem_domain_enable(d);

    if (rc == 0) {
        rc = xmem_domain_set_rights(d, 0, gfn, XMEM_RX);
    }
    while (rc == 0 && seen >= 0 && seen < WRITES) {
        struct pollfd fd = {.fd = xmem_domain_get_fd(d), .events = POLLIN};
        if (poll(&fd, 1, QUIET_MS) <= 0) {
            break;
        }
        seen = take_events(d, seen);
    }
    return rc != 0 ? rc : seen < 0 ? seen : 0;
}

int main(int argc, char **argv)
{
    struct xmem *x = NULL;
    struct xmem_domain *d = NULL;

    if (argc != 4) {
        fprintf(stderr, "usage: watch-page URI DOMID GFN\n");
        return 2;
    }
    int rc = xmem_open(argv[1], NULL, &x);
    if (rc != 0) {
        fprintf(stderr, "watch-page: %s\n", xmem_last_error(NULL));
        return 1;
    }
    rc = xmem_domain_open(x, (uint32_t)strtoul(argv[2], NULL, 0), NULL, &d);
    if (rc != 0) {
        fprintf(stderr, "watch-page: %s\n", xmem_last_error(x));
    } else if ((rc = watch(d, strtoull(argv[3], NULL, 0))) != 0) {
        fprintf(stderr, "watch-page: %s: %s\n", strerror(-rc), xmem_domain_last_error(d));
    }
    int bad = xmem_domain_close(d); /* restores what was changed, whatever happened */
    xmem_close(x);
    return rc == 0 && bad == 0 ? 0 : 1;
}
