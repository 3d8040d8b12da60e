/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames, page-table words and buffers of the caller. */
#include <stdlib.h>
#include <string.h>

#include "sim-int.h"

void *xm_env_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

void xm_env_free(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

xm_mfn_t xm_env_frame_alloc(struct xm_env_dom *d)
{
    return xmi_sim_frames_alloc(&sim_from_env(d)->tables);
}

void xm_env_frame_free(struct xm_env_dom *d, xm_mfn_t mfn)
{
    xmi_sim_frames_free(&sim_from_env(d)->tables, mfn);
}

void *xm_env_frame_map(xm_mfn_t mfn)
{
    return frame_at(mfn);
}

void xm_env_frame_unmap(void *p)
{
    (void)p;
}

uint64_t xm_env_pte_read(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* Every change of a table passes here: TLB entries older than it are looked at again on use. */
void xm_env_pte_write(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
    if (xmi_sim_current != NULL)
        xmi_sim_current->change++;
}

/* What cannot be a buffer in this address space; the rest is the caller's own memory. */
static bool buffer_ok(uint64_t handle, size_t offset, size_t bytes)
{
    uint64_t first, last;

    if (__builtin_add_overflow(handle, offset, &first) ||
        __builtin_add_overflow(first, bytes, &last))
        return false;
    return handle >= XM_PAGE_SIZE && last <= UINT64_C(1) << 47;
}

int xm_env_copy_in(void *dst, uint64_t handle, size_t offset, size_t bytes)
{
    if (!buffer_ok(handle, offset, bytes))
        return -XM_EFAULT;
    memcpy(dst, (const char *)(uintptr_t)handle + offset, bytes);
    return 0;
}

int xm_env_copy_out(uint64_t handle, size_t offset, const void *src, size_t bytes)
{
    if (!buffer_ok(handle, offset, bytes))
        return -XM_EFAULT;
    memcpy((char *)(uintptr_t)handle + offset, src, bytes);
    return 0;
}
