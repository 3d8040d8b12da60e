/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has which machine frame. */
#include <stdlib.h>
#include <sys/mman.h>

#include "pv.h"

#define CHUNK_BITS 9u
#define CHUNK (1u << CHUNK_BITS)
#define CHUNKS (PV_END >> CHUNK_BITS)
#define DIR_BYTES (CHUNKS * sizeof(struct pv_frame *))

struct pv_frame *xmi_pv_frame(const struct sim_machine *m, uint64_t mfn)
{
    struct pv_frame **dir = __atomic_load_n(&m->pv_frames.chunk, __ATOMIC_ACQUIRE);
    struct pv_frame *chunk;

    if (dir == NULL || mfn >= PV_END)
        return NULL;
    chunk = __atomic_load_n(&dir[mfn >> CHUNK_BITS], __ATOMIC_ACQUIRE);
    return chunk != NULL ? &chunk[mfn & (CHUNK - 1)] : NULL;
}

struct pv_frame *xmi_pv_own(const struct sim_domain *d, uint64_t mfn)
{
    struct pv_frame *f = xmi_pv_frame(d->machine, mfn);

    if (f == NULL || __atomic_load_n(&f->owner, __ATOMIC_ACQUIRE) != d)
        return NULL;
    return __atomic_load_n(&f->leaving, __ATOMIC_ACQUIRE) ? NULL : f;
}

int xmi_pv_refusal(const struct sim_domain *d, uint64_t mfn)
{
    struct pv_frame *f = xmi_pv_frame(d->machine, mfn);
    bool foreign = f != NULL && __atomic_load_n(&f->owner, __ATOMIC_ACQUIRE) != NULL;

    return foreign || mfn >= PV_XEN_FIRST ? -XM_EPERM : -XM_EINVAL;
}

/* Megabytes, of which one page or two are touched. */
static int make_dir(struct sim_pv_frames *frames)
{
    void *dir = mmap(NULL, DIR_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (dir == MAP_FAILED)
        return -XM_ENOMEM;
    frames->low = CHUNKS;
    __atomic_store_n(&frames->chunk, dir, __ATOMIC_RELEASE);
    return 0;
}

static void take_note(struct sim_pv_frames *frames, uint64_t c)
{
    frames->low = c < frames->low ? c : frames->low;
    frames->end = c >= frames->end ? c + 1 : frames->end;
}

/* Under pv_lock. */
static int make_room(struct sim_machine *m, uint64_t first, uint64_t n)
{
    if (m->pv_frames.chunk == NULL) {
        int rc = make_dir(&m->pv_frames);

        if (rc != 0)
            return rc;
    }
    for (uint64_t c = first >> CHUNK_BITS; c <= (first + n - 1) >> CHUNK_BITS; c++) {
        struct pv_frame *chunk;

        if (m->pv_frames.chunk[c] != NULL)
            continue;
        chunk = calloc(CHUNK, sizeof(*chunk));
        if (chunk == NULL)
            return -XM_ENOMEM;
        take_note(&m->pv_frames, c);
        __atomic_store_n(&m->pv_frames.chunk[c], chunk, __ATOMIC_RELEASE);
    }
    return 0;
}

static int claim_locked(struct sim_domain *d, uint64_t first, uint64_t n, char *host)
{
    int rc = make_room(d->machine, first, n);

    if (rc != 0)
        return rc;
    for (uint64_t i = 0; i < n; i++) {
        if (xmi_pv_frame(d->machine, first + i)->owner != NULL)
            return -XM_EEXIST;
    }
    for (uint64_t i = 0; i < n; i++) {
        struct pv_frame *f = xmi_pv_frame(d->machine, first + i);

        f->host = host + (i << XM_PAGE_SHIFT);
        __atomic_store_n(&f->owner, d, __ATOMIC_RELEASE);
    }
    return 0;
}

int xmi_pv_claim(struct sim_domain *d, uint64_t first, uint64_t n, char *host)
{
    int rc;

    if (n == 0 || first >= PV_END || n > PV_END - first)
        return -XM_EINVAL;
    pthread_mutex_lock(&d->machine->pv_lock);
    rc = claim_locked(d, first, n, host);
    pthread_mutex_unlock(&d->machine->pv_lock);
    if (rc != 0)
        return rc;
    d->pv->owned += n;
    if (first + n - 1 > d->pv->highest)
        d->pv->highest = first + n - 1;
    return 0;
}

void xmi_pv_disown(struct pv_frame *f)
{
    __atomic_store_n(&f->leaving, true, __ATOMIC_RELEASE);
}

void xmi_pv_release(struct sim_domain *d, uint64_t mfn)
{
    struct pv_frame *f = xmi_pv_frame(d->machine, mfn);

    if (f == NULL || __atomic_load_n(&f->owner, __ATOMIC_ACQUIRE) != d)
        return;
    if (f->types != 0 && f->type == PV_L4)
        xmi_pcpu_l4_ended(d, mfn);
    pthread_mutex_lock(&d->machine->pv_lock);
    f->refs = f->types = f->smaps = 0;
    f->type = PV_NONE;
    f->pinned = f->dirty = false;
    f->host = NULL;
    __atomic_store_n(&f->owner, NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&f->leaving, false, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&d->machine->pv_lock);
    d->pv->owned--;
}

void xmi_sim_pv_frames_destroy(struct sim_machine *m)
{
    if (m->pv_frames.chunk == NULL)
        return;
    for (uint64_t i = m->pv_frames.low; i < m->pv_frames.end; i++)
        free(m->pv_frames.chunk[i]);
    munmap(m->pv_frames.chunk, DIR_BYTES);
    m->pv_frames = (struct sim_pv_frames){0};
}
