/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every part of a policy reads and says: fields, and messages with their places. */
#include "policy/policy-int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"

void *xmi_policy_array(struct policy_parser *pp, const struct json_value *v, size_t size)
{
    void *array = calloc(v->count ? v->count : 1, size);

    if (!array)
        pp->oom = true;
    return array;
}

char *xmi_policy_copy(struct policy_parser *pp, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        pp->oom = true;
    return copy;
}

struct policy_pos xmi_policy_pos(const struct policy_parser *pp, const struct json_value *v)
{
    struct policy_pos pos;

    xmi_json_position(pp->doc, v->start, &pos.line, &pos.column);
    return pos;
}

bool xmi_policy_get_name(struct policy_parser *pp, const struct json_value *v, char **out)
{
    const char *text;
    char *copy;

    if (!xmi_json_get_text(pp->doc, v, POLICY_NAME_MAX, &text))
        return false;
    copy = xmi_policy_copy(pp, text);
    if (!copy)
        return false;
    *out = copy;
    return true;
}

bool xmi_policy_get_rights(struct policy_parser *pp, const struct json_value *v, bool with_default,
                           enum xmem_rights *out)
{
    static const char *const words[] = {"n",   "r",     "w",     "rw",   "x",       "rx", "wx",
                                        "rwx", "rx2rw", "n2rwx", "r_pw", "default", NULL};
    enum xmem_rights rights;
    size_t i;

    if (!xmi_json_get_word(pp->doc, v, "a name of rights", words, &i))
        return false;
    if (xmem_rights_parse(words[i], &rights))
        return false;
    if (rights == XMEM_DEFAULT && !with_default) {
        xmi_json_error(pp->doc, v, XM_MSG_RIGHTS_HERE, "the default rights cannot be \"default\"");
        return false;
    }
    *out = rights;
    return true;
}

bool xmi_policy_get_kind(struct policy_parser *pp, const struct json_value *v, uint32_t *out)
{
    const char *words[XMEM_KIND_ARMV8R_MPU + 1];
    size_t i;

    for (i = 0; i < XMEM_KIND_ARMV8R_MPU; i++)
        words[i] = xmem_kind_name((enum xmem_kind)(i + 1));
    words[i] = NULL;
    if (!xmi_json_get_word(pp->doc, v, "a kind of domain", words, &i))
        return false;
    *out = (uint32_t)i + 1;
    return true;
}

bool xmi_policy_get_gfn(struct policy_parser *pp, const struct json_value *v, uint64_t *out)
{
    return xmi_json_get_u64(pp->doc, v, 0, POLICY_GFN_LAST, out);
}

static int hex_digit(char c)
{
    uint64_t digit;
    const char text[3] = {'0', 'x', c};

    return xmi_json_parse_u64(text, sizeof(text), &digit) ? -1 : (int)digit;
}

uint8_t *xmi_policy_hex_bytes(struct policy_parser *pp, const char *text, uint32_t *n)
{
    size_t most = strlen(text) / 2;
    uint8_t *bytes = malloc(most + 1);

    pp->oom |= !bytes;
    for (*n = 0; bytes && *n < most; ++*n) {
        int high = hex_digit(text[2 * *n]), low = hex_digit(text[2 * *n + 1]);

        if (high < 0 || low < 0)
            break;
        bytes[*n] = (uint8_t)(high << 4 | low);
    }
    return bytes;
}

/* ---- messages ---- */

void xmi_policy_error(const struct xmem_policy *p, struct xmem_report *r, enum xm_message m,
                      struct policy_pos pos, const char *path, const char *fmt, ...)
{
    struct report_pos at = {.file = p->name, .line = pos.line, .column = pos.column, .path = path};
    va_list args;

    va_start(args, fmt);
    xmi_report_vadd(r, m, &at, fmt, args);
    va_end(args);
}

/* The last place of a report is for saying that there are more. */
static bool room_for_one(const struct xmem_policy *p, struct xmem_report *r)
{
    struct report_pos pos = {.file = p->name, .path = "/"};
    size_t n = xmem_report_count(r);

    if (n == REPORT_MAX - 1)
        xmi_report_add(r, XM_MSG_MORE_WARNINGS, &pos, "warning: there are more warnings");
    return n < REPORT_MAX - 1;
}

void xmi_policy_warning(const struct xmem_policy *p, struct xmem_report *r, enum xm_message m,
                        struct policy_pos pos, const char *path, const char *fmt, ...)
{
    struct report_pos at = {.file = p->name, .line = pos.line, .column = pos.column, .path = path};
    char text[512];
    va_list args;

    if (!room_for_one(p, r))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    xmi_report_add(r, m, &at, "warning: %s", text);
}
