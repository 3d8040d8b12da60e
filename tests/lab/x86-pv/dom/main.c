/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom.h"

static const char usage[] =
    "usage: labdom pv IMAGE MIB VCPUS                       prints the new domain's number\n"
    "       labdom guest IMAGE MIB VCPUS [4k]               the same, as the other laboratories have it\n"
    "       labdom pvlinux KERNEL INITRD MIB VCPUS CMDLINE  the same for Linux\n"
    "       labdom tell DOMID VCPU OP [addr=N] [stride=N] [count=N] [value=N] [size=N] [extra=N] [wait=MS]\n"
    "       labdom note DOMID                               its frames (mfns)\n"
    "       labdom mfn DOMID PFN                            the machine frame of one of its pages\n"
    "       labdom console DOMID SECONDS [UNTIL]\n"
    "       labdom destroy DOMID\n";

/* The tests' pages are in the image, and should be one run of frames (create.c). */
#define ENOUGH_MIB 160u

static int parse_size(struct dom_config *config, char **argv, unsigned int at_least)
{
    config->mem_mib = (unsigned int)strtoul(argv[0], NULL, 0);
    config->vcpus = (unsigned int)strtoul(argv[1], NULL, 0);
    if (config->mem_mib < at_least)
        config->mem_mib = at_least;
    if (config->mem_mib >= 80 && config->mem_mib <= 1280 && config->vcpus >= 1 &&
        config->vcpus <= 32)
        return 0;
    fprintf(stderr, "labdom: 80 to 1280 MiB and 1 to 32 vCPUs\n");
    return -EINVAL;
}

static int destroy(uint32_t domid)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    int rc = 0;

    if (!xc)
        return dom_error("xc_interface_open");
    if (xc_domain_destroy(xc, domid))
        rc = dom_error("xc_domain_destroy");
    else
        dom_note_remove(domid);
    xc_interface_close(xc);
    return rc;
}

static int create(const struct dom_config *config)
{
    struct dom_note note = {0};
    uint32_t domid = 0;
    int rc = dom_create(config, &domid, &note);

    if (!rc)
        printf("%" PRIu32 "\n", domid);
    else if (domid)
        destroy(domid);
    return rc;
}

static int pv(char **argv, unsigned int at_least)
{
    struct dom_config config = {.kernel = argv[0], .cmdline = ""};
    int rc = parse_size(&config, argv + 1, at_least);

    return rc ? rc : create(&config);
}

static int pvlinux(char **argv)
{
    struct dom_config config = {.kernel = argv[0], .initrd = argv[1], .cmdline = argv[4]};
    int rc = parse_size(&config, argv + 2, 0);

    return rc ? rc : create(&config);
}

static int print_note(uint32_t domid)
{
    struct dom_note note;
    int rc = dom_note_read(domid, &note);

    if (!rc)
        printf("mailbox=0x%" PRIx64 " first=0x%" PRIx64 " count=%" PRIu64 "\n", note.mailbox,
               note.first, note.count);
    return rc;
}

static int print_mfn(uint32_t domid, const char *pfn)
{
    uint64_t mfn;
    int rc = dom_p2m_read(domid, strtoull(pfn, NULL, 0), &mfn);

    if (!rc)
        printf("0x%" PRIx64 "\n", mfn);
    return rc;
}

static int run(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    uint32_t domid = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;

    if (!strcmp(verb, "pv") && argc == 5)
        return pv(argv + 2, 0);
    if (!strcmp(verb, "guest") && argc >= 5)
        return pv(argv + 2, ENOUGH_MIB);
    if (!strcmp(verb, "pvlinux") && argc == 7)
        return pvlinux(argv + 2);
    if (!strcmp(verb, "tell") && argc >= 5)
        return dom_command(argc - 2, argv + 2);
    if (!strcmp(verb, "note") && argc == 3)
        return print_note(domid);
    if (!strcmp(verb, "mfn") && argc == 4)
        return print_mfn(domid, argv[3]);
    if (!strcmp(verb, "console") && (argc == 4 || argc == 5))
        return dom_console(domid, (unsigned int)strtoul(argv[3], NULL, 0),
                           argc == 5 ? argv[4] : NULL);
    if (!strcmp(verb, "destroy") && argc == 3)
        return destroy(domid);
    fputs(usage, stderr);
    return -EINVAL;
}

int main(int argc, char **argv)
{
    return run(argc, argv) ? 1 : 0;
}
