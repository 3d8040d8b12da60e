/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim-int.h"

#define CHUNK_FRAMES 64u

static void *map_anon(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static bool add_chunk(struct sim_frames *f)
{
    if (f->chunks == f->room) {
        size_t room = f->room ? f->room * 2 : 8;
        void **c = realloc(f->chunk, room * sizeof(*c));

        if (c == NULL)
            return false;
        f->chunk = c;
        f->room = room;
    }
    void *p = map_anon((size_t)CHUNK_FRAMES * XM_PAGE_SIZE);
    if (p == NULL)
        return false;
    f->chunk[f->chunks++] = p;
    f->next = 0;
    return true;
}

xm_mfn_t xmi_sim_frames_alloc(struct sim_frames *f)
{
    void *p = f->free_list;

    if (p != NULL) {
        f->free_list = *(void **)p;
        memset(p, 0, XM_PAGE_SIZE);
    } else {
        if ((f->chunks == 0 || f->next == CHUNK_FRAMES) && !add_chunk(f))
            return xm_mfn(XM_GFN_NONE);
        p = (char *)f->chunk[f->chunks - 1] + f->next++ * XM_PAGE_SIZE;
    }
    f->used++;
    return frame_of(p);
}

void xmi_sim_frames_free(struct sim_frames *f, xm_mfn_t mfn)
{
    void *p = frame_at(mfn);

    *(void **)p = f->free_list;
    f->free_list = p;
    f->used--;
}

void xmi_sim_frames_destroy(struct sim_frames *f)
{
    for (size_t i = 0; i < f->chunks; i++)
        munmap(f->chunk[i], (size_t)CHUNK_FRAMES * XM_PAGE_SIZE);
    free(f->chunk);
    memset(f, 0, sizeof(*f));
}

int xmi_sim_arena_init(struct sim_arena *a, uint64_t pages, uint64_t first, uint64_t align_pages)
{
    a->map_bytes = (size_t)((pages + align_pages - 1) << XM_PAGE_SHIFT);
    a->map = map_anon(a->map_bytes);
    if (a->map == NULL)
        return -XM_ENOMEM;
    uint64_t skip = (first - frame_of(a->map).n) & (align_pages - 1);
    a->base = (char *)a->map + (skip << XM_PAGE_SHIFT);
    a->pages = pages;
    return 0;
}

void xmi_sim_arena_destroy(struct sim_arena *a)
{
    if (a->map != NULL)
        munmap(a->map, a->map_bytes);
    memset(a, 0, sizeof(*a));
}
