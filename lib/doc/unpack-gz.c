/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip, by zlib. */
#include <errno.h>
#include <limits.h>
#include <zlib.h>

#include "doc/doc-int.h"

#define GZIP_ONLY (16 + MAX_WBITS)

/* One call of inflate() with room for what comes; zlib's answer, or a negative errno value. */
static int inflate_some(z_stream *z, struct unpacked *u)
{
    size_t room;
    int err = xmi_unpack_room(u);

    if (err)
        return err;
    room = u->room - 1 - u->len;
    z->avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
    room = z->avail_out;
    z->next_out = (Bytef *)u->text + u->len;
    err = inflate(z, Z_NO_FLUSH);
    u->len += room - z->avail_out;
    switch (err) {
    case Z_OK:
    case Z_STREAM_END: return err;
    default: /* without more input there is no progress: cut */
        return err == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
    }
}

int xmi_unpack_gz(const void *in, size_t n, struct unpacked *u)
{
    z_stream z = {.next_in = (z_const Bytef *)(size_t)in, .avail_in = (uInt)n};
    int err;

    if (n > UINT_MAX)
        return -EFBIG;
    if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
        return -ENOMEM;
    do { /* members follow each other: they are one text */
        err = inflate_some(&z, u);
        if (err == Z_STREAM_END && z.avail_in)
            err = inflateReset(&z) == Z_OK ? Z_OK : -EBADMSG;
    } while (err == Z_OK);
    inflateEnd(&z);
    return err < 0 ? err : 0;
}
