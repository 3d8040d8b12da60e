/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another process's ledger, as far as its session came. It is read only, and may be anything: what leads
 * out of it is passed over. While the session runs a look may fall between two of its steps:
 * ledger_image_moved() tells that pieces were used again meanwhile, and it is made again.
 */
#ifndef XMEM_LEDGER_READ_H
#define XMEM_LEDGER_READ_H

#include "arena/layout.h"

#include <stdbool.h>

struct ledger_image {
    const uint8_t *bytes;
    size_t size;
    struct ledger_head head; /* as it was when it was mapped */
};

/* fd is not kept. -EINVAL: no ledger of this version; -EAGAIN: not a whole one yet; -ENOMEM. */
int ledger_image_map(int fd, struct ledger_image *out);
void ledger_image_unmap(struct ledger_image *m);
bool ledger_image_moved(const struct ledger_image *m);

/* Copies the i-th entry of a list; false: there are no more. */
bool ledger_image_entry(const struct ledger_image *m, const struct arena_list_top *list, uint32_t i,
                        void *entry);
/* The i-th view that there is. */
bool ledger_image_view(const struct ledger_image *m, uint32_t i, struct ledger_view *out);
/* A byte of known.h; table is a view's known or ve. 0: nothing is known of that gfn. */
uint8_t ledger_image_byte(const struct ledger_image *m, uint64_t table, uint64_t gfn);
/* May something else be in force at gfn, which the session has not made, than was found? */
bool ledger_image_names(const struct ledger_image *m, const struct ledger_view *v, uint64_t gfn);

#endif
