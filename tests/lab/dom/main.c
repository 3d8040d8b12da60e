/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom.h"

static const char usage[] =
    "usage: labdom guest IMAGE MIB VCPUS [4k] [no-altp2m]   prints the new domain's number\n"
    "       labdom tell DOMID VCPU OP [addr=N] [stride=N] [count=N] [value=N] [size=N] [extra=N] [wait=MS]\n"
    "       labdom console DOMID SECONDS [UNTIL]\n"
    "       labdom destroy DOMID\n";

static const char linux_usage[] =
    "       labdom linux MIB VCPUS [WORK]                    the same with Debian's Linux, at work on WORK (linux/init)\n";

int dom_error(const char *what)
{
    int error = errno ? errno : EIO;

    fprintf(stderr, "labdom: %s: %s\n", what, strerror(error));
    return -error;
}

static int parse_size(struct dom_config *config, char **argv, unsigned int at_least_mib)
{
    config->mem_mib = (unsigned int)strtoul(argv[0], NULL, 0);
    config->vcpus = (unsigned int)strtoul(argv[1], NULL, 0);
    if (config->mem_mib < at_least_mib)
        config->mem_mib = at_least_mib;
    if (config->mem_mib >= dom_arch.least_mib && config->mem_mib <= dom_arch.most_mib &&
        config->mem_mib % 2 == 0 && config->vcpus >= 1 && config->vcpus <= 32)
        return 0;
    fprintf(stderr, "labdom: %u to %u MiB (even) and 1 to 32 vCPUs\n", dom_arch.least_mib,
            dom_arch.most_mib);
    return -EINVAL;
}

static int parse_words(struct dom_config *config, int argc, char **argv)
{
    int i;

    /* A processor without it says so in the environment (machines/NAME/machine.sh). */
    config->no_altp2m = getenv("LAB_NO_ALTP2M");
    for (i = 0; i < argc; i++) {
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

static int destroy(uint32_t domid)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    int rc = 0;

    if (!xc)
        return dom_error("xc_interface_open");
    if (xc_domain_destroy(xc, domid))
        rc = dom_error("xc_domain_destroy");
    else if (dom_arch.forget)
        dom_arch.forget(domid);
    xc_interface_close(xc);
    return rc;
}

/* Reports the new domain, or takes back what was made of it. */
static int create(const struct dom_config *config)
{
    uint32_t domid = 0;
    int rc = dom_arch.create(config, &domid);

    if (!rc)
        printf("%" PRIu32 "\n", domid);
    else if (domid)
        destroy(domid);
    return rc;
}

int dom_new_guest(int argc, char **argv, unsigned int at_least_mib)
{
    struct dom_config config = {.image = argv[0], .cmdline = ""};
    int rc = parse_size(&config, argv + 1, at_least_mib);

    if (!rc)
        rc = parse_words(&config, argc - 3, argv + 3);
    return rc ? rc : create(&config);
}

static int new_linux(char **argv)
{
    struct dom_config config = {.image = "/lab/linux/kernel", .initrd = "/lab/linux/initrd"};
    const char *words = getenv("LAB_LINUX_ARGS");
    char cmdline[512];
    int rc = parse_size(&config, argv, 0);

    snprintf(cmdline, sizeof(cmdline), "console=hvc0 rdinit=/init quiet %s%s%s", words ? words : "",
             argv[2] ? " lab=" : "", argv[2] ? argv[2] : "");
    config.cmdline = cmdline;
    return rc ? rc : create(&config);
}

static int run(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    uint32_t domid = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
    int rc;

    if (!strcmp(verb, "guest") && argc >= 5)
        return dom_new_guest(argc - 2, argv + 2, dom_arch.guest_mib);
    if (!strcmp(verb, "linux") && (argc == 4 || argc == 5) && dom_arch.linux_guest)
        return new_linux(argv + 2);
    if (!strcmp(verb, "tell") && argc >= 5)
        return dom_command(argc - 2, argv + 2);
    if (!strcmp(verb, "console") && (argc == 4 || argc == 5))
        return dom_console(domid, (unsigned int)strtoul(argv[3], NULL, 0),
                           argc == 5 ? argv[4] : NULL);
    if (!strcmp(verb, "destroy") && argc == 3)
        return destroy(domid);
    rc = dom_arch.verb ? dom_arch.verb(argc, argv) : -ENOSYS;
    if (rc != -ENOSYS)
        return rc;
    fprintf(stderr, "%s%s%s", usage, dom_arch.linux_guest ? linux_usage : "",
            dom_arch.usage ? dom_arch.usage : "");
    return -EINVAL;
}

int main(int argc, char **argv)
{
    return run(argc, argv) ? 1 : 0;
}
