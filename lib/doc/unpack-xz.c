/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz, by liblzma. */
#include <errno.h>
#include <lzma.h>

#include "doc/doc-int.h"

#define MEMORY_MAX \
    (UINT64_C(256) << 20) /* of the decoder: what the strongest preset needs, and more */

static int error_of(lzma_ret ret)
{
    switch (ret) {
    case LZMA_OK:
    case LZMA_STREAM_END: return 0;
    case LZMA_MEM_ERROR: return -ENOMEM;
    case LZMA_MEMLIMIT_ERROR: return -EFBIG;
    default: return -EBADMSG;
    }
}

int xmi_unpack_xz(const void *in, size_t n, struct unpacked *u)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_ret ret = lzma_stream_decoder(&z, MEMORY_MAX, LZMA_CONCATENATED);
    int err = error_of(ret);

    z.next_in = in;
    z.avail_in = n;
    while (!err && ret != LZMA_STREAM_END) {
        size_t room;

        err = xmi_unpack_room(u);
        if (err)
            break;
        room = z.avail_out = u->room - 1 - u->len;
        z.next_out = (uint8_t *)u->text + u->len;
        ret = lzma_code(&z, LZMA_FINISH);
        u->len += room - z.avail_out;
        err = error_of(ret); /* LZMA_BUF_ERROR: cut */
    }
    lzma_end(&z);
    return err;
}
