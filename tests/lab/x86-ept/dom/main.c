/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom.h"

static const char usage[] =
    "usage: labdom guest IMAGE MEM_MIB VCPUS [4k] [no-altp2m]   prints the new domain's number\n"
    "       labdom destroy DOMID\n";

static int parse_config(struct dom_config *config, int argc, char **argv)
{
    int i;

    config->mem_mib = (unsigned int)strtoul(argv[0], NULL, 0);
    config->vcpus = (unsigned int)strtoul(argv[1], NULL, 0);
    if (config->mem_mib < 8 || config->mem_mib > 512 || config->mem_mib % 2 ||
        config->vcpus < 1 || config->vcpus > 32) {
        fprintf(stderr, "labdom: 8 to 512 MiB (even) and 1 to 32 vCPUs\n");
        return -EINVAL;
    }
    for (i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "4k")) {
            config->small_pages = true;
        } else if (!strcmp(argv[i], "no-altp2m")) {
            config->no_altp2m = true;
        } else {
            fprintf(stderr, "labdom: bad word \"%s\"\n", argv[i]);
            return -EINVAL;
        }
    }
    return 0;
}

static int create_guest(int argc, char **argv)
{
    struct dom_config config = {0};
    struct dom dom;
    int rc = parse_config(&config, argc - 1, argv + 1);

    if (rc)
        return rc;
    rc = dom_create(&dom, &config);
    if (!rc)
        rc = dom_load_guest(&dom, argv[0]);
    if (!rc)
        printf("%u\n", dom.domid);
    else if (dom.xc && dom.domid)
        xc_domain_destroy(dom.xc, dom.domid);
    dom_close(&dom);
    return rc;
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

    if (!strcmp(verb, "guest") && argc >= 5)
        return create_guest(argc - 2, argv + 2);
    if (!strcmp(verb, "destroy") && argc == 3)
        return destroy(argv[2]);
    fputs(usage, stderr);
    return -EINVAL;
}

int main(int argc, char **argv)
{
    return run(argc, argv) ? 1 : 0;
}
