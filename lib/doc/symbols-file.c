/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a symbol file, whatever it is compressed by. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doc/doc.h"
#include "doc/doc-int.h"

#define SYMBOLS_MAX (256u << 20) /* bytes, and so many when unpacked */

struct format {
    const char *magic;
    size_t n;
    const char *what;                                            /* for messages */
    int (*unpack)(const void *in, size_t n, struct unpacked *u); /* NULL: refused */
};

static const struct format formats[] = {
    {"\x1f\x8b", 2, "compressed by gzip", xmi_unpack_gz},
    {"\xfd"
     "7zXZ",
     6, "compressed by xz", xmi_unpack_xz},
    {"\x28\xb5\x2f\xfd", 4, "compressed by zstd: unpack it", NULL},
    {"BZh", 3, "compressed by bzip2: unpack it", NULL},
    {"\x7f"
     "ELF",
     4, "an ELF file: give what nm says of it", NULL},
    {"\xff\xfe", 2, "in UTF-16: give it in UTF-8", NULL},
    {"\xfe\xff", 2, "in UTF-16: give it in UTF-8", NULL},
};

static int open_regular(const char *path, off_t *size)
{
    struct stat st;
    /* not to wait for a pipe's writer; only regular files are read */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        err = -errno;
    else if (!S_ISREG(st.st_mode))
        err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    else if (st.st_size > (off_t)SYMBOLS_MAX)
        err = -EFBIG;
    if (!err) {
        *size = st.st_size;
        return fd;
    }
    close(fd);
    return err;
}

/* All that is there; /proc's files say 0 for their size. */
static int read_all(int fd, struct unpacked *u)
{
    int err;

    while ((err = xmi_unpack_room(u)) == 0) {
        ssize_t n = read(fd, u->text + u->len, u->room - 1 - u->len);

        if (n == 0)
            return 0;
        if (n > 0)
            u->len += (size_t)n;
        else if (errno != EINTR)
            return -errno;
    }
    return err;
}

static int read_file(const char *path, struct unpacked *u)
{
    off_t size = 0;
    int fd = open_regular(path, &size), err;

    if (fd < 0)
        return fd;
    err = read_all(fd, u);
    close(fd);
    return err;
}

static const struct format *format_of(const struct unpacked *u)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (u->len >= formats[i].n && memcmp(u->text, formats[i].magic, formats[i].n) == 0)
            return &formats[i];
    return NULL;
}

static int refused(struct xmem_error *why, const struct format *f, int err)
{
    switch (err) {
    case -EOPNOTSUPP:
        return xmi_error_set(why, err, "is %s, which this libxmem was built without: unpack it",
                             f->what);
    case -EBADMSG: return xmi_error_set(why, err, "is %s, and broken or cut", f->what);
    default:
        return xmi_error_set(why, err, "is %s, and cannot be unpacked: %s", f->what,
                             strerror(-err));
    }
}

/* Replaces what is in u by what is packed in it. */
static int unpack(struct unpacked *u, struct xmem_error *why)
{
    struct unpacked out = {.max = SYMBOLS_MAX};
    const struct format *f = format_of(u);
    int err;

    if (!f)
        return 0;
    if (!f->unpack)
        return xmi_error_set(why, -EBADMSG, "is %s", f->what);
    err = f->unpack(u->text, u->len, &out);
    if (err) {
        free(out.text);
        return refused(why, f, err);
    }
    free(u->text);
    *u = out;
    return 0;
}

int xmi_symbols_load(const char *path, struct symbols *out, struct xmem_error *why)
{
    struct unpacked u = {.max = SYMBOLS_MAX};
    int err = read_file(path, &u);

    err = err ? xmi_error_set(why, err, "cannot be read: %s", strerror(-err)) : unpack(&u, why);
    if (err) {
        free(u.text);
        return err;
    }
    *out = (struct symbols){.text = u.text, .from = u.text, .len = u.len};
    if (u.len >= 3 && memcmp(u.text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        out->from += 3;
        out->len -= 3;
    }
    if (u.text)
        u.text[u.len] = '\0';
    return 0;
}

void xmi_symbols_free(struct symbols *s)
{
    free(s->text);
}
