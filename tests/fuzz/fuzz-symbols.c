/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbol files from the input: as it stands, as lines or JSON around it, and unpacked. Whatever
 * comes, what is told of lies within the text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "doc/doc.h"
#include "doc/doc-int.h"

#define UNPACKED_MAX (1u << 20)

#define CHECK(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

static unsigned sum;

static void touch(void *arg, const struct symbol *s)
{
    (void)arg;
    for (size_t i = 0; i < s->len; i++)
        sum += (unsigned char)s->name[i];
    for (size_t i = 0; s->module && i < s->module_len; i++)
        sum += (unsigned char)s->module[i];
}

/* A text on the heap, with a NUL behind it as a file that was read has. */
static void read_text(const char *before, const uint8_t *data, size_t size, const char *behind)
{
    size_t head = strlen(before), tail = strlen(behind), len = head + size + tail;
    char *text = malloc(len + 1);
    struct symbols s = {.text = text, .from = text, .len = len};
    struct xmem_error why = {""};
    int rc;

    CHECK(text);
    memcpy(text, before, head);
    if (size)
        memcpy(text + head, data, size);
    memcpy(text + head + size, behind, tail + 1);
    rc = xmi_symbols_each(&s, touch, NULL, &why);
    CHECK(rc == 0 || ((rc == -EBADMSG || rc == -ENOMEM) && *why.text));
    xmi_symbols_free(&s);
}

static void unpack(const uint8_t *data, size_t size,
                   int (*fn)(const void *, size_t, struct unpacked *))
{
    struct unpacked u = {.max = UNPACKED_MAX};
    int rc = fn(data, size, &u);

    CHECK(rc <= 0 && u.len <= UNPACKED_MAX);
    CHECK(u.len == 0 || u.len < u.room);
    free(u.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_text("", data, size, "");
    read_text("c0008001 T f\n", data, size, "\n10 00000010 t g(int)\t[m]");
    read_text("{\"symbols\":", data, size, "}");
    read_text("{\"symbols\":{\"a\":{\"address\":", data, size, "}}}");
    unpack(data, size, xmi_unpack_gz);
    unpack(data, size, xmi_unpack_xz);
    return 0;
}
