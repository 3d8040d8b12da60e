/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc/messages.h"

static const struct xm_message_info table[] = {
#define X(number, id, about) {number, about},
    XM_MESSAGES(X)
#undef X
};

const struct xm_message_info *xm_message_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}
