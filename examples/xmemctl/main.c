/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl: memory-access control of virtual machines from the command line. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static const struct ctl_command *const commands[] = {
    &cmd_validate, &cmd_plan,   &cmd_apply,  &cmd_watch,   &cmd_get,  &cmd_set,
    &cmd_views,    &cmd_status, &cmd_doctor, &cmd_recover, &cmd_demo,
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *f)
{
    fprintf(f, "usage: xmemctl [-c URI] [-j] COMMAND [OPTION...] [OPERAND...]\n"
               "       xmemctl COMMAND --help\n\ncommands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        fprintf(f, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    fprintf(f, "\noptions:\n"
               "  -c, --connect URI  xen: (default), sim: or sim:FILE\n"
               "  -j, --json         results as JSON\n"
               "  -h, --help         this text\n"
               "  -V, --version      version of xmemctl and of the library\n"
               "\nexit codes: 0 ok, 2 usage, 3 policy invalid, 4 not supported here,\n"
               "5 failed and rolled back, 1 other\n");
}

static const struct ctl_command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* A full disk or a closed pipe shows at the latest here. */
static int finish(int rc)
{
    int bad = ferror(stdout);

    errno = 0;
    int err = fflush(stdout) != 0 || bad != 0 ? -(errno != 0 ? errno : EIO) : 0;
    int late = out_end();
    if (late != 0 && (err == 0 || err == -EIO)) {
        err = late;
    }
    if (err != 0 && err != -ETIMEDOUT) {
        ctl_error("cannot write to standard output: %s", strerror(-err));
    }
    out_end_errors();
    return err != 0 && rc == CTL_OK ? CTL_OTHER : rc;
}

static int run_command(struct ctl *ctl, int argc, char **argv)
{
    if (argc < 1) {
        usage(stderr);
        return CTL_USAGE;
    }
    ctl->command = find_command(argv[0]);
    if (ctl->command == NULL) {
        ctl_error("unknown command '%s'; 'xmemctl --help' lists the commands", argv[0]);
        return CTL_USAGE;
    }
    optind = 0; /* glibc: start anew, with a new table of options */
    int rc = ctl->command->run(ctl, argc, argv);
    xmem_close(ctl->x);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option longopts[] = {
        CTL_LONGOPTS, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
    struct ctl ctl = {.uri = "xen:"};
    int c;

    signal(SIGPIPE, SIG_IGN); /* a closed pipe must not keep a session from being restored */
    while ((c = getopt_long(argc, argv, "+" CTL_OPTSTRING "V", longopts, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            return finish(CTL_OK);
        }
        if (c == 'V') {
            printf("xmemctl %d.%d.%d, libxmem %s\n", XMEM_VERSION_MAJOR, XMEM_VERSION_MINOR,
                   XMEM_VERSION_PATCH, xmem_version());
            return finish(CTL_OK);
        }
        if (ctl_option(&ctl, c) != CTL_GO_ON) {
            return CTL_USAGE;
        }
    }
    return finish(run_command(&ctl, argc - optind, argv + optind));
}
