/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many small documents in one file, each with the messages that are expected: see README.md. */
#ifndef POLICY_BUNDLE_H
#define POLICY_BUNDLE_H

#include <stddef.h>

struct bundle_case {
    char *name;
    char *expected; /* lines; "" if there are none */
    char *text;
    size_t len; /* of text, which may have any bytes */
};

struct bundle {
    struct bundle_case *cases;
    size_t n;
};

/* -1 after a message: not there, no bundle, or not sorted by name. */
int bundle_read(const char *path, struct bundle *b);

/* Each document as a file of a folder that is made, and the messages as its file "expected". */
int bundle_write(const struct bundle *b, const char *folder);

void bundle_free(struct bundle *b);

#endif
