/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the commands of xmemctl share. Each command is a file cmd-NAME.c; nothing
 * here or there uses more of libxmem than <xmem.h>.
 */
#ifndef CTL_H
#define CTL_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <xmem.h>

/* Exit codes, part of the interface: see xmemctl(1). */
enum ctl_exit {
    CTL_OK = 0,
    CTL_OTHER = 1,
    CTL_USAGE = 2,
    CTL_POLICY = 3,
    CTL_UNSUPPORTED = 4,
    CTL_ROLLED_BACK = 5,
};

struct ctl {
    const char *uri;
    bool json;
    const struct ctl_command *command;
    struct xmem *x; /* made by ctl_connect() */
};

struct ctl_command {
    const char *name;
    const char *args;    /* for the usage line */
    const char *summary; /* one line */
    const char *help;    /* options and notes, whole lines */
    int (*run)(struct ctl *ctl, int argc, char **argv);
};

extern const struct ctl_command cmd_validate, cmd_plan, cmd_apply, cmd_watch, cmd_get, cmd_set,
    cmd_views, cmd_status, cmd_doctor, cmd_recover, cmd_demo;

/* ---- options.c ---- */

#define CTL_OPTSTRING "c:jh"
/* The options that each command has; first in its table of long options. */
#define CTL_LONGOPTS \
    {"connect", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'}, \
    { \
        "help", no_argument, NULL, 'h' \
    }
#define CTL_GO_ON (-1)
/* Handles one of them, or complains about an unknown one. Exit code, or CTL_GO_ON. */
int ctl_option(struct ctl *ctl, int c);
/* For a command that has no options of its own: all of the above, and ctl_operands(). */
int ctl_plain_options(struct ctl *ctl, int argc, char **argv, int min, int max);
/* Between min and max operands are left behind the options; else complains. */
bool ctl_operands(const struct ctl *ctl, int argc, int min, int max);
void ctl_help(const struct ctl_command *cmd);

/*
 * Strict: the whole text, no sign, no space; decimal, or hexadecimal behind 0x. -EINVAL,
 * -ERANGE.
 */
int ctl_parse_u64(const char *text, uint64_t *out);
/* GFN or GFN-GFN, both included; count is never 0. */
int ctl_parse_gfns(const char *text, uint64_t *first, uint64_t *count);
/* Seconds, with a fraction or without, into milliseconds. */
int ctl_parse_seconds(const char *text, uint64_t *ms);
/* The same with a message; what names the option or operand. */
bool ctl_need_u64(const char *what, const char *text, uint64_t max, uint64_t *out);
bool ctl_need_gfns(const char *text, uint64_t *first, uint64_t *count);
bool ctl_need_rights(const char *text, enum xmem_rights *out);
bool ctl_need_seconds(const char *what, const char *text, uint64_t *ms);

/* ---- report.c: diagnostics, on stderr ---- */

void ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Says what failed, the library's text (or the errno's), and what to do. */
void ctl_complain(int err, const char *text, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Exit code of an error that changed nothing. */
int ctl_exit_of(int err);
/* Every message of a report, a line each; how many. */
size_t ctl_print_report(const struct xmem_report *r);
/* The same as an array "messages". */
void js_report(const struct xmem_report *r);

/* ---- connect.c ---- */

/* Opens the connection once; exit code. */
int ctl_connect(struct ctl *ctl);
/* All domains; *v is freed by the caller. 0 or a negative errno. */
int ctl_domains(struct xmem *x, struct xmem_domain_info **v, size_t *n);
/* A domain by id or name; exit code. */
int ctl_find_domain(struct ctl *ctl, const char *who, struct xmem_domain_info *out);
/* Connects, finds, opens a session; from here on signals are caught and out.c writes. Exit code. */
int ctl_session(struct ctl *ctl, const char *who, uint32_t restore, struct xmem_domain **d,
                struct xmem_domain_info *info);
/* Closes it; rc, or, if that was CTL_OK and restoring failed, CTL_OTHER. */
int ctl_session_end(struct ctl *ctl, struct xmem_domain *d, int rc);
/* True for simulated machines, which end with the process. */
bool ctl_is_sim(const struct ctl *ctl);

/* ---- policy.c ---- */

/* Exit code of xmem_policy_load(). */
int ctl_policy_exit(int err);
/* Loads a policy and prints its messages, warnings too if they are wanted; exit code. */
int ctl_policy_load(const char *path, bool warn, struct xmem_policy **out);
/* Complains if the policy is meant for other domains; exit code. */
int ctl_policy_match(const struct xmem_policy *p, const char *path,
                     const struct xmem_domain_info *info);
/* Says so if the policy leads to no event. */
void ctl_policy_note_idle(struct xmem_policy *p, struct xmem_domain *d);
/* Applies, with a progress bar, and stops when a signal says so; exit code. */
int ctl_policy_apply(struct xmem_policy *p, struct xmem_domain *d, bool progress);

/* ---- report.c: how far something is, on stderr ---- */

struct progress {
    const char *what;
    uint64_t start_ms, drawn_ms;
    bool force, drawn;
};
/* force: also before a second has passed, and without a terminal. */
void progress_start(struct progress *p, const char *what, bool force);
void progress_show(struct progress *p, uint64_t done, uint64_t total);
void progress_end(struct progress *p);

/* ---- out.c: output that holds nobody up ---- */

/* Once: stdout and stderr are written by threads, a line a write. 0 or a negative errno. */
int out_start(void);
/* While a guest waits for us: what finds no room is dropped, unless it goes into a file. */
void out_hurry(void);
/* No guest does any more. What waits is written, or, after a signal, dropped; more may come. */
void out_settle(void);
/* Why stdout takes no more, a negative errno; 0: it does. */
int out_error(void);
uint64_t out_dropped(void);
/* Waits until stdout is written, after a signal for a moment only; 0 or why it is not, told. */
int out_end(void);
/* The same for stderr, silently. */
void out_end_errors(void);

/* ---- stop.c: SIGINT, SIGTERM and SIGHUP ask to stop ---- */

/* Once; from then on they no longer kill. 0 or a negative errno. */
int stop_setup(void);
/* From now on the terminal's job control stops us no more: a guest would stand still. */
int stop_stay(void);
/* To poll; -1 before stop_setup(). */
int stop_fd(void);
/* Was there one? Stays true. */
bool stop_asked(void);
/* Says, once, that SIGTSTP was not obeyed, if it came. */
void stop_tell_stay(void);
/* A child is to die of them as usual. */
void stop_reset_child(void);
uint64_t clock_ns(void);

/* ---- json.c: a writer on stdout ---- */

void js_begin(const char *key, char bracket);
void js_end(char bracket);
void js_str(const char *key, const char *value);
void js_u64(const char *key, uint64_t value);
void js_hex(const char *key, uint64_t value);
void js_bool(const char *key, bool value);
void js_double(const char *key, double value);
/* Ends a document or a JSON line. */
void js_newline(void);

/* ---- names.c: names and texts of others ---- */

/* Length of the UTF-8 sequence at text and its code point; 0 if it is none. */
size_t ctl_utf8(const char *text, uint32_t *code);
/* Would it command a terminal, or turn the order of what stands beside it? */
bool ctl_commands(uint32_t code);
/* Such characters as escapes, \n as \x0a; a backslash doubled. To stdout. */
void ctl_put_name(const char *name);
/* The same for a whole text that has names in it; its backslashes stay. */
void ctl_put_text(FILE *f, const char *text);
#define CTL_NAME_BYTES 512
/* As ctl_put_name(), into out, of a name of at most 127 bytes. Returns out. */
const char *ctl_name(const char *name, char out[CTL_NAME_BYTES]);

/* ---- names.c: sets of bits in words ---- */

struct ctl_bit {
    uint64_t bit;
    const char *name;
};
extern const struct ctl_bit ctl_step_means[], ctl_cap_flags[];
/* Writes " name" for each, or a JSON array. */
void ctl_put_bits(const char *key, const struct ctl_bit *table, uint64_t bits, bool json);
void ctl_put_rights(const char *key, uint32_t rights, bool json);
void ctl_put_monitors(const char *key, uint64_t monitors, bool json);
const char *ctl_rights(enum xmem_rights rights);

/* ---- check.c ---- */

bool ctl_machine_clean(const struct xmem_machine_report *r);
/* The simulated machine's own check, to stdout; CTL_OTHER if something was left behind. */
int ctl_print_check(struct ctl *ctl);

#endif
