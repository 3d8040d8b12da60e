/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private folder for the files of the demonstration. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demo.h"

int demo_dir_make(struct demo_dir *dir)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(dir->path, sizeof(dir->path), "%s/xmemctl-demo.XXXXXX",
                     tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");

    if (n < 0 || (size_t)n >= sizeof(dir->path)) {
        dir->path[0] = '\0';
        return -ENAMETOOLONG;
    }
    if (mkdtemp(dir->path) == NULL) {
        dir->path[0] = '\0';
        return -errno;
    }
    return 0;
}

static int full_path(const struct demo_dir *dir, const char *name, char out[4096])
{
    int n = snprintf(out, 4096, "%s/%s", dir->path, name);

    return n < 0 || n >= 4096 ? -ENAMETOOLONG : 0;
}

int demo_dir_create(const struct demo_dir *dir, const char *name)
{
    char path[4096];
    int rc = full_path(dir, name, path);

    if (rc != 0) {
        return rc;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

int demo_dir_write(const struct demo_dir *dir, const char *name, const char *text)
{
    int fd = demo_dir_create(dir, name);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    int rc = 0;

    if (fd < 0) {
        return fd;
    }
    if (f == NULL) {
        rc = -errno;
        close(fd);
        return rc;
    }
    if (fputs(text, f) == EOF) {
        rc = -EIO;
    }
    if (fclose(f) != 0 && rc == 0) {
        rc = -errno;
    }
    return rc;
}

void demo_dir_remove(const struct demo_dir *dir)
{
    DIR *d = dir->path[0] != '\0' ? opendir(dir->path) : NULL;
    struct dirent *e;

    if (d == NULL) {
        return;
    }
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    closedir(d);
    rmdir(dir->path);
}
