/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machine frames. A machine frame number is the frame's address here, in pages. */
#ifndef SIM_FRAMES_H
#define SIM_FRAMES_H

#include <xm/types.h>

/* Frames taken one by one; given back to the system all at once. */
struct sim_frames {
    void **chunk;
    size_t chunks, room;
    void *free_list; /* linked through the first word of each free frame */
    size_t next;     /* frames taken of the last chunk */
    uint64_t used;
};

/* A run of frames for a guest; touched only when used. */
struct sim_arena {
    void *map; /* what was mmapped, with slack for alignment */
    size_t map_bytes;
    char *base;
    uint64_t pages;
};

static inline void *frame_at(xm_mfn_t mfn)
{
    return (void *)(uintptr_t)(mfn.n << XM_PAGE_SHIFT);
}

static inline xm_mfn_t frame_of(const void *p)
{
    return xm_mfn((uint64_t)(uintptr_t)p >> XM_PAGE_SHIFT);
}

/* Zeroed; an invalid mfn when there is no memory. */
xm_mfn_t xmi_sim_frames_alloc(struct sim_frames *f);
void xmi_sim_frames_free(struct sim_frames *f, xm_mfn_t mfn);
void xmi_sim_frames_destroy(struct sim_frames *f);

/* align_pages: a power of two; frame i has an mfn congruent to first + i modulo that. */
int xmi_sim_arena_init(struct sim_arena *a, uint64_t pages, uint64_t first, uint64_t align_pages);
void xmi_sim_arena_destroy(struct sim_arena *a);
static inline bool sim_arena_has(const struct sim_arena *a, xm_mfn_t mfn)
{
    return mfn.n - frame_of(a->base).n < a->pages;
}

#endif
