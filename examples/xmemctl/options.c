/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options that all commands have, and strict reading of operands. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

void ctl_help(const struct ctl_command *cmd)
{
    printf("usage: xmemctl %s [OPTION...]%s%s\n\n%s.\n\noptions:\n%s", cmd->name,
           cmd->args[0] != '\0' ? " " : "", cmd->args, cmd->summary, cmd->help);
    printf("  -c, --connect URI    xen: (default), sim: or sim:FILE\n"
           "  -j, --json           results as JSON\n"
           "  -h, --help           this text\n");
}

int ctl_option(struct ctl *ctl, int c)
{
    switch (c) {
    case 'c': ctl->uri = optarg; return CTL_GO_ON;
    case 'j': ctl->json = true; return CTL_GO_ON;
    case 'h': ctl_help(ctl->command); return CTL_OK;
    default: /* getopt_long() has said what is wrong */
        if (ctl->command != NULL) {
            ctl_error("'xmemctl %s --help' lists the options", ctl->command->name);
        } else {
            ctl_error("'xmemctl --help' lists the options");
        }
        return CTL_USAGE;
    }
}

bool ctl_operands(const struct ctl *ctl, int argc, int min, int max)
{
    int n = argc - optind;

    if (n >= min && n <= max) {
        return true;
    }
    ctl_error("%s operands; usage: xmemctl %s [OPTION...] %s", n < min ? "missing" : "too many",
              ctl->command->name, ctl->command->args);
    return false;
}

int ctl_plain_options(struct ctl *ctl, int argc, char **argv, int min, int max)
{
    static const struct option longopts[] = {CTL_LONGOPTS, {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, CTL_OPTSTRING, longopts, NULL)) != -1) {
        int rc = ctl_option(ctl, c);
        if (rc != CTL_GO_ON) {
            return rc;
        }
    }
    return ctl_operands(ctl, argc, min, max) ? CTL_GO_ON : CTL_USAGE;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits from text up to end, at least one. */
static int parse_span(const char *text, const char *end, uint64_t *out)
{
    unsigned base = 10;
    uint64_t value = 0;

    if (end - text > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (text == end) {
        return -EINVAL;
    }
    for (; text < end; text++) {
        unsigned digit = (unsigned)digit_of(*text);
        if (digit >= base) {
            return -EINVAL;
        }
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return -ERANGE;
        }
    }
    *out = value;
    return 0;
}

int ctl_parse_u64(const char *text, uint64_t *out)
{
    return parse_span(text, text + strlen(text), out);
}

int ctl_parse_gfns(const char *text, uint64_t *first, uint64_t *count)
{
    const char *dash = strchr(text, '-');
    const char *end = text + strlen(text);
    uint64_t a, b;
    int rc = parse_span(text, dash != NULL ? dash : end, &a);

    if (rc == 0 && dash != NULL) {
        rc = parse_span(dash + 1, end, &b);
    } else {
        b = a;
    }
    if (rc != 0) {
        return rc;
    }
    /* A gfn is an address >> 12, so 2^52 and more are none; that keeps the count below 2^64. */
    if (b < a || b >> 52 != 0) {
        return b < a ? -EINVAL : -ERANGE;
    }
    *first = a;
    *count = b - a + 1;
    return 0;
}

int ctl_parse_seconds(const char *text, uint64_t *ms)
{
    const char *dot = strchr(text, '.');
    const char *end = text + strlen(text);
    uint64_t whole, frac = 0;
    int rc = strncmp(text, "0x", 2) == 0 ? -EINVAL : parse_span(text, dot ? dot : end, &whole);

    if (rc == 0 && dot != NULL) {
        ptrdiff_t digits = end - dot - 1;
        rc = digits > 3 ? -EINVAL : parse_span(dot + 1, end, &frac);
        for (; digits < 3; digits++) {
            frac *= 10;
        }
    }
    if (rc != 0) {
        return rc;
    }
    if (whole > UINT32_MAX) {
        return -ERANGE;
    }
    *ms = whole * 1000 + frac;
    return 0;
}

bool ctl_need_u64(const char *what, const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value;
    int rc = ctl_parse_u64(text, &value);

    if (rc == -EINVAL) {
        ctl_error("%s: '%s' is not a number (decimal, or 0x and hexadecimal)", what, text);
        return false;
    }
    if (rc != 0 || value > max) {
        ctl_error("%s: %s is too large; %" PRIu64 " is the most", what, text, max);
        return false;
    }
    *out = value;
    return true;
}

bool ctl_need_gfns(const char *text, uint64_t *first, uint64_t *count)
{
    int rc = ctl_parse_gfns(text, first, count);

    if (rc == -ERANGE) {
        ctl_error("gfn: '%s' is too large; a gfn is below 2^52", text);
    } else if (rc != 0) {
        ctl_error("gfn: '%s' is neither GFN nor GFN-GFN, first to last (decimal, or 0x and "
                  "hexadecimal)",
                  text);
    }
    return rc == 0;
}

bool ctl_need_rights(const char *text, enum xmem_rights *out)
{
    if (xmem_rights_parse(text, out) == 0) {
        return true;
    }
    ctl_error("rights: '%s' is none of n r w rw x rx wx rwx rx2rw n2rwx r_pw default", text);
    return false;
}

bool ctl_need_seconds(const char *what, const char *text, uint64_t *ms)
{
    if (ctl_parse_seconds(text, ms) == 0) {
        return true;
    }
    ctl_error("%s: '%s' is not a time in seconds, such as 10 or 0.5", what, text);
    return false;
}
