/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool begins(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

static bool ends(const char *s, const char *with)
{
    size_t a = strlen(s), b = strlen(with);
    return a >= b && !strcmp(s + a - b, with);
}

static bool any_of(const char *s, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(s, *names))
            return true;
    return false;
}

/* ---- registers ---- */

static int reg_a64(const char *s)
{
    if (begins(s, "xzr") || begins(s, "wzr"))
        return ZERO_REG;
    if (begins(s, "sp") || begins(s, "wsp"))
        return SP_REG;
    return (s[0] == 'x' || s[0] == 'w') && isdigit((unsigned char)s[1]) ? atoi(s + 1) : NO_REG;
}

static int reg_a32(const char *s)
{
    static const char *const names[] = {"sb", "sl", "fp", "ip", "sp", "lr", "pc"};
    for (int i = 0; i < 7; i++)
        if (begins(s, names[i]))
            return 9 + i;
    return s[0] == 'r' && isdigit((unsigned char)s[1]) ? atoi(s + 1) : NO_REG;
}

static int reg_of(enum arm_set set, const char *s)
{
    return set == ARM_A64 ? reg_a64(s) : reg_a32(s);
}

/* ---- the address ---- */

static const char *next_word(const char *s)
{
    while (*s && (*s == ',' || *s == ' '))
        s++;
    return s;
}

/* "#4", "-r2, lsl #3", "w1, uxtw #2" */
static void parse_offset(enum arm_set set, const char *s, struct text *out)
{
    s = next_word(s);
    if (*s == '#') {
        out->offset = s[1] == '-' ? strtoll(s + 1, NULL, 0) : (int64_t)strtoull(s + 1, NULL, 0);
        return;
    }
    out->minus = *s == '-';
    out->index = reg_of(set, s + out->minus);
    s = strchr(s, ',');
    if (!s)
        return;
    s = next_word(s);
    for (unsigned i = 0; i < 4 && isalpha((unsigned char)s[i]); i++)
        out->shift.kind[i] = s[i];
    s = strchr(s, '#');
    out->shift.by = s ? (unsigned)strtoul(s + 1, NULL, 0) : 0;
}

static void parse_address(enum arm_set set, const char *s, struct text *out)
{
    char inner[64];
    const char *end = strchr(s, ']'), *comma;
    snprintf(inner, sizeof(inner), "%.*s", (int)(end - s - 1), s + 1);
    out->base = reg_of(set, inner);
    comma = strchr(inner, ',');
    out->before = true;
    if (comma)
        parse_offset(set, comma, out);
    if (end[1] == '!')
        out->back = true;
    if (end[1] == ',') {
        out->before = false;
        out->back = true;
        parse_offset(set, end + 1, out);
    }
}

/* Registers in front of '[', or between braces. */
static void parse_regs(enum arm_set set, const char *s, const char *end, struct text *out)
{
    out->regs = 0;
    for (s = next_word(s); *s && s < end && *s != '#' && out->regs < 16; s = next_word(s)) {
        int reg = reg_of(set, s);
        if (reg == NO_REG)
            out->vector = true;
        out->reg[out->regs++] = reg;
        s += strcspn(s, ", }");
        if (*s == '}')
            break;
    }
}

/* ---- names ---- */

static unsigned width(const char *name, const char *operands, enum arm_set set)
{
    static const char *const bytes[] = {"sb", "b", "bt", NULL}, *const halves[] = {"sh", "h", "ht",
                                                                                   NULL};
    const char *last = begins(name, "ldrs") && ends(name, "t") ? "t" : "";
    char cut[16];
    snprintf(cut, sizeof(cut), "%.*s", (int)(strlen(name) - strlen(last)), name);
    for (unsigned i = 0; bytes[i]; i++)
        if (ends(cut, bytes[i]))
            return 1;
    for (unsigned i = 0; halves[i]; i++)
        if (ends(cut, halves[i]))
            return 2;
    if (set != ARM_A64 || ends(name, "sw"))
        return 4;
    return operands[0] == 'w' ? 4 : 8;
}

static bool is_multiple(const char *name)
{
    return begins(name, "ldm") || begins(name, "stm") || !strcmp(name, "push") ||
           !strcmp(name, "pop");
}

static void parse_multiple(enum arm_set set, const char *name, const char *operands,
                           struct text *out)
{
    bool push = !strcmp(name, "push"), pop = !strcmp(name, "pop");
    const char *list = strchr(operands, '{');
    out->many = true;
    out->load = begins(name, "ldm") || pop;
    out->store = !out->load;
    out->bytes = 4;
    out->base = push || pop ? 13 : reg_of(set, operands);
    out->back = push || pop || (strchr(operands, '!') && strchr(operands, '!') < list);
    out->down = push || ends(name, "db") || ends(name, "da");
    out->ahead = push || ends(name, "db") || ends(name, "ib");
    parse_regs(set, list + 1, operands + strlen(operands), out);
}

static bool is_access(enum arm_set set, const char *name)
{
    static const char *const no[] = {"ldc",  "ldc2", "ldcl",  "ldc2l", "stc",
                                     "stc2", "stcl", "stc2l", "str.w", NULL};
    if (any_of(name, no))
        return false;
    if (set != ARM_A64)
        return begins(name, "ldr") || begins(name, "str") || begins(name, "lda") ||
               begins(name, "stl") || begins(name, "pld") || begins(name, "pli") ||
               begins(name, "swp");
    return begins(name, "ld") || begins(name, "st") || begins(name, "cas") || begins(name, "swp") ||
           begins(name, "prf");
}

/* Of what comes before '[': the status register, or what an atomic takes. */
static void part_first(struct text *out)
{
    out->status = out->reg[0];
    for (unsigned i = 1; i < out->regs; i++)
        out->reg[i - 1] = out->reg[i];
    out->regs--;
}

static void parse_kind(enum arm_set set, const char *name, struct text *out)
{
    bool a64 = set == ARM_A64;
    out->prefetch = begins(name, "pr") || begins(name, "pl");
    out->atomic = begins(name, "cas") || begins(name, "swp") ||
                  (a64 &&
                   (begins(name, "ldadd") || begins(name, "ldclr") || begins(name, "ldeor") ||
                    begins(name, "ldset") || begins(name, "ldsm") || begins(name, "ldum")));
    out->load = begins(name, "ld") || out->atomic;
    out->store = begins(name, "st") || out->atomic;
    out->exclusive = a64 ? strstr(name, "x") != NULL : strstr(name, "ex") != NULL;
}

bool text_parse(enum arm_set set, const char *name, const char *operands, struct text *out)
{
    const char *open = strchr(operands, '['), *at;
    memset(out, 0, sizeof(*out));
    out->status = out->base = out->index = NO_REG;
    if (set != ARM_A64 && is_multiple(name)) {
        parse_multiple(set, name, operands, out);
        return true;
    }
    if (!is_access(set, name))
        return false;
    out->vector = set == ARM_A64 && (operands[0] == '{' || strchr("bhsdqv", operands[0]));
    if (out->vector)
        return true;
    parse_kind(set, name, out);
    at = open ? open : strchr(operands, '#');
    if (!out->prefetch && at)
        parse_regs(set, operands, at, out);
    if (out->exclusive && out->store)
        part_first(out);
    out->bytes = width(
        name, out->exclusive && out->store ? next_word(strchr(operands, ',')) : operands, set);
    if (open) {
        parse_address(set, open, out);
    } else {
        out->literal = true;
        out->at = at ? strtoull(at + 1, NULL, 0) : 0;
    }
    return true;
}
