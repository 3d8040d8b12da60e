/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/xen/backend-xen.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Through the kernel's device, where xs_open() goes when there is no socket, a read waits for
 * ever if no xenstored runs: only a daemon that takes our connection is asked.
 */
static bool daemon_listens(void)
{
    static const char *const paths[] = {"/run/xenstored/socket", "/var/run/xenstored/socket"};
    bool listens = false;
    for (size_t i = 0; !listens && i < sizeof(paths) / sizeof(*paths); i++) {
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        snprintf(a.sun_path, sizeof(a.sun_path), "%s", paths[i]);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        listens = fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a));
        if (fd >= 0)
            close(fd);
    }
    return listens;
}

static void *symbol(void *lib, const char *name)
{
    return lib ? dlsym(lib, name) : NULL;
}

void xmi_xen_names_open(struct xen_names *n)
{
    static const char *const sonames[] = {"libxenstore.so.4", "libxenstore.so.3.0"};
    void *(*open)(unsigned long flags) = NULL;
    memset(n, 0, sizeof(*n));
    if (pthread_mutex_init(&n->lock, NULL) || !daemon_listens())
        return;
    for (size_t i = 0; !n->lib && i < sizeof(sonames) / sizeof(*sonames); i++)
        n->lib = dlopen(sonames[i], RTLD_NOW | RTLD_LOCAL);
    void *p[] = {symbol(n->lib, "xs_open"), symbol(n->lib, "xs_close"), symbol(n->lib, "xs_read")};
    if (!p[0] || !p[1] || !p[2])
        return;
    memcpy(&open, &p[0], sizeof(open));
    memcpy(&n->close, &p[1], sizeof(n->close));
    memcpy(&n->read, &p[2], sizeof(n->read));
    n->xs = open(0);
}

void xmi_xen_names_close(struct xen_names *n)
{
    if (n->xs)
        n->close(n->xs);
    if (n->lib)
        dlclose(n->lib);
    n->xs = n->lib = NULL;
}

void xmi_xen_name_of(struct xen_names *n, uint32_t domid, char *name, size_t room)
{
    char path[48];
    unsigned len = 0;
    name[0] = '\0';
    if (!n->xs)
        return;
    snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/name", domid);
    pthread_mutex_lock(&n->lock);
    char *got = n->read(n->xs, 0, path, &len);
    pthread_mutex_unlock(&n->lock);
    if (got)
        snprintf(name, room, "%s", got);
    free(got);
}
