/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc/doc-int.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 65536u

int xmi_unpack_room(struct unpacked *u)
{
    size_t room = u->room ? 2 * u->room : ROOM_FIRST;
    char *grown;

    if (u->len + 1 < u->room)
        return 0;
    if (u->len >= u->max)
        return -EFBIG;
    room = room > u->max + 1 ? u->max + 1 : room;
    grown = realloc(u->text, room);
    if (!grown)
        return -ENOMEM;
    u->text = grown;
    u->room = room;
    return 0;
}
