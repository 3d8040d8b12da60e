/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One mailbox command from the shell. */
#include "dom.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/guest.h"

static const char *const op_names[LAB_OP_COUNT] = {
    [LAB_OP_NOP] = "nop",
    [LAB_OP_WRITE] = "write",
    [LAB_OP_READ] = "read",
    [LAB_OP_RMW] = "rmw",
    [LAB_OP_EXEC] = "exec",
    [LAB_OP_ALTERNATE] = "alternate",
    [LAB_OP_STREAM] = "stream",
    [LAB_OP_CPU_ON] = "cpu-on",
    [LAB_OP_GUEST_REQUEST] = "guest-request",
    [LAB_OP_XEN_VERSION] = "xen-version",
    [LAB_OP_PRIV_CALL] = "priv-call",
    [LAB_OP_WRITE_CROSSING] = "write-crossing",
    [LAB_OP_READ_CROSSING] = "read-crossing",
};

struct request {
    struct lab_mailbox command;
    uint64_t wait_ms;
};

static int find_op(const char *name, volatile uint64_t *op)
{
    char *end;
    uint64_t i, number = strtoull(name, &end, 0);

    for (i = 0; i < LAB_OP_COUNT; i++)
        if (!strcmp(name, op_names[i])) {
            *op = i;
            return 0;
        }
    for (i = dom_arch.first_op; i < dom_arch.last_op; i++)
        if (*end ? dom_arch.op_names && !strcmp(name, dom_arch.op_names[i - dom_arch.first_op])
                 : number == i) {
            *op = i;
            return 0;
        }
    fprintf(stderr, "labdom: no operation \"%s\"\n", name);
    return -EINVAL;
}

static int set_field(struct request *request, const char *word)
{
    const char *equals = strchr(word, '=');
    char *end;
    uint64_t value;

    if (!equals)
        goto bad;
    value = strtoull(equals + 1, &end, 0);
    if (end == equals + 1 || *end)
        goto bad;
    if (!strncmp(word, "addr=", 5))
        request->command.addr = value;
    else if (!strncmp(word, "stride=", 7))
        request->command.stride = value;
    else if (!strncmp(word, "count=", 6))
        request->command.count = value;
    else if (!strncmp(word, "value=", 6))
        request->command.value = value;
    else if (!strncmp(word, "size=", 5))
        request->command.size = value;
    else if (!strncmp(word, "extra=", 6))
        request->command.extra = value;
    else if (!strncmp(word, "wait=", 5))
        request->wait_ms = value;
    else
        goto bad;
    return 0;
bad:
    fprintf(stderr, "labdom: bad word \"%s\"\n", word);
    return -EINVAL;
}

static int finish(struct lab_guest *guest, unsigned int vcpu, uint64_t wait_ms)
{
    struct lab_mailbox *box = lab_guest_box(guest, vcpu);
    int rc = lab_guest_wait(guest, vcpu, (unsigned int)wait_ms);

    if (rc) {
        fprintf(stderr, "labdom: vCPU %u has not finished after %" PRIu64 " ms\n", vcpu, wait_ms);
        return rc;
    }
    printf("status=%" PRIu64 " result=0x%" PRIx64 "\n", box->status, box->result);
    return box->status == LAB_STATUS_OK ? 0 : -EFAULT;
}

static int carry_out(uint32_t domid, unsigned int vcpu, const struct request *request)
{
    struct lab_guest *guest = NULL;
    uint64_t gfn;
    int rc = dom_arch.mailbox(domid, &gfn);

    if (!rc)
        rc = lab_guest_open(&guest, domid, gfn);
    if (!rc)
        rc = lab_guest_alive(guest, vcpu, LAB_PATIENCE_MS);
    if (!rc && lab_guest_box(guest, vcpu)->op == LAB_OP_STREAM && !lab_guest_done(guest, vcpu)) {
        lab_guest_stop(guest, vcpu);
        rc = lab_guest_wait(guest, vcpu, LAB_PATIENCE_MS);
    }
    if (!rc)
        rc = lab_guest_start(guest, vcpu, &request->command);
    if (rc)
        fprintf(stderr, "labdom: vCPU %u takes no command: %s\n", vcpu, strerror(-rc));
    else if (request->wait_ms)
        rc = finish(guest, vcpu, request->wait_ms);
    lab_guest_close(guest);
    return rc;
}

int dom_command(int argc, char **argv)
{
    struct request request = {.command = {.count = 1, .stride = DOM_PAGE},
                              .wait_ms = LAB_PATIENCE_MS};
    unsigned long vcpu;
    int i, rc;

    if (argc < 3)
        return -EINVAL;
    vcpu = strtoul(argv[1], NULL, 0);
    if (vcpu >= LAB_MAILBOX_MAX_VCPUS)
        return -EINVAL;
    rc = find_op(argv[2], &request.command.op);
    for (i = 3; i < argc && !rc; i++)
        rc = set_field(&request, argv[i]);
    if (rc)
        return rc;
    return carry_out((uint32_t)strtoul(argv[0], NULL, 0), (unsigned int)vcpu, &request);
}
