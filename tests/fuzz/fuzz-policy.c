/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Policies from the input: as it stands, or, where the input begins with a control
 * character, as changes to a document that is good. Whatever comes, loading ends with a
 * policy or with messages, and a policy that loaded finds its own rules again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "policy/policy-int.h"

#define CHECK(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

static const char good[] =
    "{\"version\": 1, \"description\": \"x\", \"domains\": [\"web-*\", {\"domid\": 3,"
    " \"kind\": \"x86-ept\"}, {\"name\": \"a\", \"glob\": \"[b\"}], \"default_rights\": \"rw\","
    " \"access_required\": true, \"regions\": {\"a\": \"0x100-0x1ff\", \"b\": [1, \"0x2\","
    " {\"first\": \"0x300\", \"count\": 16}], \"c\": {\"symbols\": \"/nowhere\", \"from\": \"x\","
    " \"to\": \"y\", \"base\": \"0xffffffff80000000\", \"offset\": 0}, \"c\\u0064\": 9},"
    " \"holes\": \"skip\", \"anchors\": [{\"symbols\": \"/nowhere\", \"symbol\": {\"name\": \"x\","
    " \"module\": \"m\", \"which\": 2}, \"text\": \"abcdefgh\", \"slide\": 4096}],"
    " \"views\": [{\"name\": \"v\", \"default_rights\": \"rx\", \"visible\": false, \"remaps\":"
    " [{\"gfn\": 1, \"to\": 2, \"count\": 3}, {\"gfn\": 16, \"to\": \"copy\", \"patches\":"
    " [{\"offset\": 4, \"bytes\": \"cc90\"}]}]}], \"start_view\": \"v\", \"rules\": [{\"name\":"
    " \"one\", \"region\": \"a\", \"view\": \"v\", \"rights\": \"n\", \"on\": [{\"action\":"
    " \"switch\", \"view\": \"host\", \"access\": \"rw\"}, \"deny\"], \"log_limit\": 5},"
    " {\"region\": \"b\", \"rights\": \"rx\", \"on\": \"log\"}], \"monitors\": [\"cpuid\","
    " {\"reason\": \"ctrlreg\", \"register\": \"cr3\", \"bitmask\": \"0x1\", \"on_change\": true,"
    " \"action\": \"pause\"}], \"default_action\": \"allow-once\"}";

/* What is put in: parts of documents that meet in odd ways. */
static const char *const tokens[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "0x",
    "-",
    "1",
    "null",
    "true",
    "\"a\"",
    "\"v\"",
    "\"host\"",
    "\"region\": \"b\",",
    "{},",
    "[],",
    "1e9",
    "\\u0000",
    "\\ud800",
    "\xff",
    "\n",
    "\"0xffffffffff\"",
    "18446744073709551616",
    "//",
    "NaN",
    "'",
    "\"0x1-0x5\"",
    "\"copy\"",
    "",
};
#define N_TOKENS (sizeof(tokens) / sizeof(tokens[0]))

/* Each four bytes: where, how much goes, what comes. Freed by the caller. */
static char *change(const uint8_t *data, size_t size, size_t *len)
{
    size_t room = sizeof(good) + 32 * size, n = sizeof(good) - 1;
    char *text = malloc(room);

    CHECK(text);
    memcpy(text, good, n);
    for (; size >= 4 && n; data += 4, size -= 4) {
        size_t at = (size_t)(data[0] * 256 + data[1]) * n / 65536, gone = data[2] % 16;
        const char *token = tokens[data[3] % N_TOKENS];

        gone = gone < n - at ? gone : n - at;
        memmove(text + at + strlen(token), text + at + gone, n - at - gone);
        memcpy(text + at, token, strlen(token));
        n += strlen(token) - gone;
    }
    *len = n;
    return text;
}

static void check_messages(const struct xmem_report *r)
{
    size_t n = xmem_report_count(r);

    CHECK(n >= 1 && n <= REPORT_MAX + 1);
    for (size_t i = 0; i < n; i++) {
        struct xmem_diag d = XMEM_INIT(d);

        CHECK(xmem_report_get(r, i, &d) == 0);
        CHECK(d.number >= 100 && d.number < 300);
        CHECK(d.line >= 1 || d.number == XM_MSG_MORE);
        CHECK(strncmp(d.full, "fuzz:", 5) == 0);
    }
}

static void check_policy(struct xmem_policy *p)
{
    struct xmem_domain_info info = XMEM_INIT(info);

    strcpy(info.name, "web-1");
    xmem_policy_match(p, &info);
    for (size_t view = 0; view < p->n_views; view++) {
        const struct policy_index *x = &p->indexes[view];

        for (uint32_t i = 0; i < x->n && i < 1000; i++) {
            CHECK(i == 0 || x->entries[i].first > x->entries[i - 1].last);
            CHECK(xmi_policy_index_find(x, x->entries[i].first) == &x->entries[i]);
            CHECK(xmi_policy_index_find(x, x->entries[i].last) == &x->entries[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xmem_policy *p = NULL;
    struct xmem_report *r;
    char *changed = NULL;
    size_t len = size;
    int err;

    if (size && data[0] < 9)
        changed = change(data + 1, size - 1, &len);
    CHECK(xmem_report_new(&r) == 0);
    err = xmem_policy_parse("fuzz", changed ? (const void *)changed : data, len, r, &p);
    CHECK(err == 0 || err == -EBADMSG || err == -EFBIG);
    if (err)
        check_messages(r);
    else
        check_policy(p);
    xmem_policy_free(p);
    xmem_report_free(r);
    free(changed);
    return 0;
}
