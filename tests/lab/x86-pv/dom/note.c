/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a domain once its builder has ended. */
#include "dom.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void path_of(uint32_t domid, const char *kind, char path[32])
{
    snprintf(path, 32, "/tmp/labdom.%" PRIu32 "%s", domid, kind);
}

int dom_note_write(uint32_t domid, const struct dom_note *note)
{
    char path[32];
    FILE *file;

    path_of(domid, "", path);
    file = fopen(path, "w");
    if (!file)
        return dom_error(path);
    fprintf(file, "mailbox=0x%" PRIx64 "\nfirst=0x%" PRIx64 "\ncount=0x%" PRIx64 "\n", note->mailbox,
            note->first, note->count);
    fprintf(file, "console=0x%" PRIx64 "\nport=0x%" PRIx64 "\npages=0x%" PRIx64 "\n", note->console,
            note->port, note->pages);
    return fclose(file) ? dom_error(path) : 0;
}

static uint64_t *member(struct dom_note *note, const char *name)
{
    struct {
        const char *name;
        uint64_t *at;
    } members[] = {
        {"mailbox", &note->mailbox}, {"first", &note->first}, {"count", &note->count},
        {"console", &note->console}, {"port", &note->port}, {"pages", &note->pages},
    };
    size_t i;

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (!strcmp(name, members[i].name))
            return members[i].at;
    return NULL;
}

int dom_note_read(uint32_t domid, struct dom_note *note)
{
    char path[32], name[16];
    uint64_t value, *at;
    FILE *file;

    path_of(domid, "", path);
    file = fopen(path, "r");
    if (!file)
        return dom_error(path);
    memset(note, 0, sizeof(*note));
    while (fscanf(file, "%15[a-z]=0x%" SCNx64 "\n", name, &value) == 2) {
        at = member(note, name);
        if (at)
            *at = value;
    }
    fclose(file);
    return 0;
}

int dom_p2m_write(uint32_t domid, const xen_pfn_t *p2m, uint64_t pages)
{
    char path[32];
    FILE *file;
    size_t done;

    path_of(domid, ".p2m", path);
    file = fopen(path, "w");
    if (!file)
        return dom_error(path);
    done = fwrite(p2m, sizeof(*p2m), pages, file);
    return fclose(file) || done != pages ? dom_error(path) : 0;
}

int dom_p2m_read(uint32_t domid, uint64_t pfn, uint64_t *mfn)
{
    char path[32];
    xen_pfn_t frame;
    FILE *file;
    int rc = 0;

    path_of(domid, ".p2m", path);
    file = fopen(path, "r");
    if (!file)
        return dom_error(path);
    if (fseek(file, (long)(pfn * sizeof(frame)), SEEK_SET) ||
        fread(&frame, sizeof(frame), 1, file) != 1)
        rc = dom_error("no such page");
    else
        *mfn = frame;
    fclose(file);
    return rc;
}

void dom_note_remove(uint32_t domid)
{
    char path[32];

    path_of(domid, "", path);
    unlink(path);
    path_of(domid, ".p2m", path);
    unlink(path);
}
