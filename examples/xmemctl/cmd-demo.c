/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xmemctl demo: the main job from end to end on the simulated machine. Records real programs,
 * replays them as guests under a W^X policy, tells the violations, and lets the machine check
 * that nothing was left behind.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"
#include "watch.h"

#define DEMO_PAGES 4096u
#define DEMO_TIMEOUT_MS 30000u
#define DEMO_PRINT 10u
#define DEMO_IDLE_MS 250u
#define DEMO_MAX_PAGES (UINT64_C(1) << 22)

struct demo {
    struct ctl *ctl;
    struct demo_dir dir;
    struct demo_guest guests[DEMO_GUESTS];
    size_t n;
    uint64_t pages, timeout_ms, max_print;
    bool keep, scripted, guest;
    char self[4096]; /* path of this program */
    char uri[4096];  /* of the machine */
};

/* What goes on; with --json only results are on stdout. */
#define say(demo, ...) \
    do { \
        FILE *say_to = (demo)->ctl->json ? stderr : stdout; \
        fprintf(say_to, __VA_ARGS__); \
        fflush(say_to); \
    } while (0)

/* ---- a guest under the policy ---- */

static void json_guest(const struct demo_guest *g, uint64_t events, bool ok)
{
    js_begin(NULL, '{');
    js_str("type", "guest");
    js_str("name", g->name);
    js_u64("violations", events);
    js_bool("as_expected", ok);
    js_end('}');
    js_newline();
}

static int judge(const struct demo *demo, const struct demo_guest *g, const struct watch *w)
{
    uint64_t n = w->sum.accesses;
    bool ok = g->expect < 0 || (g->expect == 0) == (n == 0);

    if (demo->ctl->json) {
        json_guest(g, n, ok);
    } else {
        if (n > w->printed) {
            printf("... and %" PRIu64 " more\n", n - w->printed);
        }
        printf("%s: %" PRIu64 " violations of W^X%s\n", g->name, n,
               g->expect < 0 ? ""
               : ok          ? ", as expected"
                             : ": NOT what was expected");
    }
    return ok ? CTL_OK : CTL_OTHER;
}

/* The same text as in the folder, fitted to the domain: its frames are the last ones. */
static struct xmem_policy *make_policy(const struct xmem_domain_info *info)
{
    struct xmem_report *r = NULL;
    struct xmem_policy *p = NULL;
    char *text = demo_policy(info->highest_gfn + 1 - info->pages, info->highest_gfn);

    if (text != NULL && xmem_report_new(&r) == 0 &&
        xmem_policy_parse("wxorx.json", text, strlen(text), r, &p) != 0) {
        ctl_print_report(r);
    }
    xmem_report_free(r);
    free(text);
    return p;
}

static int watch_guest(const struct demo *demo, const struct demo_guest *g, struct watch *w)
{
    int rc = ctl_session(demo->ctl, g->name, XMEM_RESTORE_AUTO, &w->d, &w->info);

    if (rc != CTL_OK) {
        return rc;
    }
    w->policy = make_policy(&w->info);
    rc = w->policy == NULL ? CTL_POLICY : ctl_policy_apply(w->policy, w->d, false);
    if (rc == CTL_OK) {
        int err = watch_run(w);
        if (err != 0) {
            ctl_complain(err, xmem_domain_last_error(w->d), "watching %s", g->name);
            rc = CTL_OTHER;
        }
    }
    return ctl_session_end(demo->ctl, w->d, rc);
}

static int play_guest(const struct demo *demo, const struct demo_guest *g)
{
    struct watch w = {
        .idle_ms = DEMO_IDLE_MS, .max_print = demo->max_print, .json = demo->ctl->json};

    say(demo, "\n== %s: W^X over its memory (%s)\n", g->name,
        g->expect == 0  ? "no violation expected"
        : g->expect > 0 ? "it executes what it wrote"
                        : "whatever it does");
    int rc = watch_guest(demo, g, &w);
    if (rc == CTL_OK && stop_asked()) {
        ctl_error("stopped; the guest is restored");
        rc = CTL_OTHER;
    } else if (rc == CTL_OK) {
        rc = judge(demo, g, &w);
        watch_print_summary(&w);
    }
    xmem_policy_free(w.policy);
    hot_free(&w.sum.hot);
    return rc;
}

static int play(const struct demo *demo)
{
    int rc = CTL_OK;

    for (size_t i = 0; rc == CTL_OK && i < demo->n; i++) {
        rc = play_guest(demo, &demo->guests[i]);
    }
    if (demo->ctl->x == NULL) {
        return rc;
    }
    say(demo, "\n");
    int check = ctl_print_check(demo->ctl);
    return rc == CTL_OK ? check : rc;
}

/* ---- recording ---- */

static int record_guest(const struct demo *demo, const struct demo_guest *g)
{
    char name[80];
    uint64_t from = clock_ns();

    snprintf(name, sizeof(name), "%s.trace", g->name);
    int fd = demo_dir_create(&demo->dir, name);
    if (fd < 0) {
        return fd;
    }
    say(demo, "recording:");
    for (size_t i = 0; g->argv[i] != NULL; i++) {
        say(demo, " %s", g->argv[i]);
    }
    int rc = demo_trace(g->argv, fd, demo->timeout_ms, g->expect >= 0);
    off_t bytes = lseek(fd, 0, SEEK_END);
    close(fd);
    say(demo, " (%.1f MB, %.1f s)\n", (double)bytes / 1e6, (double)(clock_ns() - from) / 1e9);
    return rc;
}

static int record(struct demo *demo)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < demo->n; i++) {
        rc = record_guest(demo, &demo->guests[i]);
    }
    if (rc == 0) {
        rc = demo_write_machine(&demo->dir, demo->guests, demo->n, demo->pages);
    }
    if (rc == 0) {
        char *text = demo_policy(0, demo->pages - 1);
        rc = text == NULL ? -ENOMEM : demo_dir_write(&demo->dir, "wxorx.json", text);
        free(text);
    }
    return rc;
}

/* ---- the whole ---- */

/* The built-in machine: one guest, whatever it is called. */
static int play_scripted(struct demo *demo)
{
    struct xmem_domain_info *v = NULL;
    size_t n = 0;
    int rc;

    demo->ctl->uri = "sim:";
    rc = ctl_connect(demo->ctl);
    if (rc != CTL_OK) {
        return rc;
    }
    int err = ctl_domains(demo->ctl->x, &v, &n);
    if (err != 0 || n == 0) {
        ctl_error("the built-in machine has no domain");
        free(v);
        return CTL_OTHER;
    }
    demo->guests[0] = (struct demo_guest){.name = v[0].name, .expect = 1};
    demo->n = 1;
    rc = play(demo);
    free(v);
    return rc;
}

static int play_recorded(struct demo *demo)
{
    snprintf(demo->uri, sizeof(demo->uri), "sim:%s/machine.json", demo->dir.path);
    demo->ctl->uri = demo->uri;
    int rc = play(demo);
    /* The machine has its files open no more, and they may go. */
    if (demo->keep) {
        say(demo, "\nkept; again: xmemctl -c sim:%s/machine.json watch -i -k -p %s/wxorx.json %s\n",
            demo->dir.path, demo->dir.path, demo->guests[0].name);
    }
    return rc;
}

static int cannot_record(struct demo *demo, int err, bool own_program)
{
    if (err == -EINTR) {
        ctl_error("stopped");
        return CTL_OTHER;
    }
    ctl_complain(err,
                 err == -ECHILD      ? "valgrind cannot run it"
                 : err == -ETIMEDOUT ? "it takes longer than --timeout allows"
                                     : NULL,
                 "no recording");
    if (own_program) {
        return CTL_OTHER;
    }
    say(demo, "a scripted guest takes the place of the recorded ones\n");
    return play_scripted(demo);
}

static int demonstrate(struct demo *demo, bool own_program)
{
    int err = stop_setup();

    if (err == 0 && !demo->scripted && !demo_have_valgrind()) {
        ctl_note("valgrind is not there, so no real program is recorded; a scripted guest is used");
        demo->scripted = true;
    }
    if (err == 0 && demo->scripted) {
        return play_scripted(demo);
    }
    err = err == 0 ? demo_dir_make(&demo->dir) : err;
    if (err != 0) {
        ctl_complain(err, NULL, "cannot make a temporary folder");
        return CTL_OTHER;
    }
    err = record(demo);
    int rc = err == 0 ? play_recorded(demo) : cannot_record(demo, err, own_program);
    if (!demo->keep) {
        demo_dir_remove(&demo->dir);
    }
    return rc;
}

static int parse(struct demo *demo, int argc, char **argv)
{
    static const struct option longopts[] = {CTL_LONGOPTS,
                                             {"keep", no_argument, NULL, 'k'},
                                             {"scripted", no_argument, NULL, 's'},
                                             {"guest", no_argument, NULL, 'G'},
                                             {"all", no_argument, NULL, 'a'},
                                             {"pages", required_argument, NULL, 'P'},
                                             {"timeout", required_argument, NULL, 't'},
                                             {NULL, 0, NULL, 0}};
    int c, rc;

    while ((c = getopt_long(argc, argv, "+" CTL_OPTSTRING "ksa", longopts, NULL)) != -1) {
        if (c == 'k' || c == 's' || c == 'G') {
            *(c == 'k' ? &demo->keep : c == 's' ? &demo->scripted : &demo->guest) = true;
        } else if (c == 'a') {
            demo->max_print = UINT64_MAX;
        } else if (c == 'P') {
            if (!ctl_need_u64("--pages", optarg, DEMO_MAX_PAGES, &demo->pages)) {
                return CTL_USAGE;
            }
        } else if (c == 't') {
            if (!ctl_need_seconds("--timeout", optarg, &demo->timeout_ms)) {
                return CTL_USAGE;
            }
        } else if ((rc = ctl_option(demo->ctl, c)) != CTL_GO_ON) {
            return rc;
        }
    }
    if (demo->ctl->json) {
        demo->max_print = UINT64_MAX;
    }
    if (demo->pages == 0) {
        ctl_error("--pages: a guest has at least one page");
        return CTL_USAGE;
    }
    return CTL_GO_ON;
}

static int be_the_guest(void)
{
    int rc = demo_jit();

    if (rc != 0) {
        ctl_complain(rc, NULL, "cannot write and execute a page");
    }
    return ctl_exit_of(rc);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct demo demo = {
        .ctl = ctl, .pages = DEMO_PAGES, .timeout_ms = DEMO_TIMEOUT_MS, .max_print = DEMO_PRINT};
    char *jit[] = {demo.self, (char[]){"demo"}, (char[]){"--guest"}, NULL};
    char *ls[] = {(char[]){"ls"}, (char[]){"/"}, NULL};
    int rc = parse(&demo, argc, argv);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    if (demo.guest) {
        return be_the_guest();
    }
    if (optind < argc) {
        demo.guests[0] = (struct demo_guest){"guest", &argv[optind], -1};
        demo.n = 1;
        return demonstrate(&demo, true);
    }
    ssize_t len = readlink("/proc/self/exe", demo.self, sizeof(demo.self) - 1);
    demo.self[len > 0 ? len : 0] = '\0';
    demo.guests[0] = (struct demo_guest){"jit", jit, 1};
    demo.guests[1] = (struct demo_guest){"ls", ls, 0};
    demo.n = 2;
    return demonstrate(&demo, false);
}

const struct ctl_command cmd_demo = {
    .name = "demo",
    .args = "[PROGRAM [ARGUMENT...]]",
    .summary = "Record programs, replay them as guests of the simulated machine under W^X",
    .help = "  -a, --all            tell every event, not the first few\n"
            "  -k, --keep           keep the folder with traces, machine and policy\n"
            "  -s, --scripted       no recording: the built-in machine\n"
            "      --guest          be the program that is recorded: write a page, execute it\n"
            "      --pages N        frames of a guest (4096)\n"
            "      --timeout S      for each recording (30)\n",
    .run = run,
};
