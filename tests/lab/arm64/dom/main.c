/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom.h"

static const char usage[] =
    "usage: labdom guest IMAGE MEM_MIB VCPUS [4k]          prints the new domain's number\n"
    "       labdom linux KERNEL INITRD MEM_MIB VCPUS ARGS  prints the new domain's number\n"
    "       labdom tell DOMID VCPU OP [addr=N] [stride=N] [count=N] [value=N] [size=N] [extra=N] [wait=MS]\n"
    "       labdom console DOMID SECONDS [UNTIL]\n"
    "       labdom destroy DOMID\n";

static int parse_config(struct dom_config *config, const char *mem, const char *vcpus)
{
    config->mem_mib = (unsigned int)strtoul(mem, NULL, 0);
    config->vcpus = (unsigned int)strtoul(vcpus, NULL, 0);
    if (config->mem_mib < 8 || config->mem_mib > 3072 || config->mem_mib % 2 ||
        config->vcpus < 1 || config->vcpus > 32) {
        fprintf(stderr, "labdom: 8 to 3072 MiB (even) and 1 to 32 vCPUs\n");
        return -EINVAL;
    }
    return 0;
}

/* Reports the new domain, or takes back what was made of it. */
static int finish_create(struct dom *dom, int rc)
{
    if (!rc)
        printf("%u\n", dom->domid);
    else if (dom->xc && dom->domid)
        xc_domain_destroy(dom->xc, dom->domid);
    dom_close(dom);
    return rc;
}

static int create_guest(int argc, char **argv)
{
    struct dom_config config = {0};
    struct dom dom;
    int rc = parse_config(&config, argv[1], argv[2]);

    if (rc)
        return rc;
    config.small_pages = argc > 3 && !strcmp(argv[3], "4k");
    rc = dom_create(&dom, &config);
    return finish_create(&dom, rc ? rc : dom_load_guest(&dom, argv[0]));
}

static int create_linux(char **argv)
{
    struct dom_config config = {0};
    struct dom dom;
    int rc = parse_config(&config, argv[2], argv[3]);

    if (rc)
        return rc;
    rc = dom_create(&dom, &config);
    return finish_create(&dom, rc ? rc : dom_load_linux(&dom, argv[0], argv[1], argv[4]));
}

static int destroy(const char *domid)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    int rc = 0;

    if (!xc)
        return dom_error("xc_interface_open");
    if (xc_domain_destroy(xc, (uint32_t)strtoul(domid, NULL, 0)))
        rc = dom_error("xc_domain_destroy");
    xc_interface_close(xc);
    return rc;
}

static int run(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (!strcmp(verb, "guest") && (argc == 5 || argc == 6))
        return create_guest(argc - 2, argv + 2);
    if (!strcmp(verb, "linux") && argc == 7)
        return create_linux(argv + 2);
    if (!strcmp(verb, "tell") && argc >= 5)
        return dom_command(argc - 2, argv + 2);
    if (!strcmp(verb, "console") && (argc == 4 || argc == 5))
        return dom_console((uint32_t)strtoul(argv[2], NULL, 0),
                           (unsigned int)strtoul(argv[3], NULL, 0), argc == 5 ? argv[4] : NULL);
    if (!strcmp(verb, "destroy") && argc == 3)
        return destroy(argv[2]);
    fputs(usage, stderr);
    return -EINVAL;
}

int main(int argc, char **argv)
{
    return run(argc, argv) ? 1 : 0;
}
