/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tool's view shows a patched copy of page 0. What the guest writes there is in the original, and
 * in the copy but for the patch, before the vCPU that wrote goes on.
 */
#include "step-world.h"

#include <string.h>

#include "api/api.h"
#include "sim-int.h"

#define PAGE_BYTES 4096u

/* As a policy makes them. */
void copies_begin(void)
{
    static uint8_t original[PAGE_BYTES], contents[PAGE_BYTES], patched[PAGE_BYTES];
    struct session_copy copy = {w.own, GFN, COPY_GFN, original, contents, patched};
    uint64_t patch = PATCH;
    memset(contents, 0, sizeof(contents));
    memcpy(contents + PATCH_AT, &patch, sizeof(patch));
    memset(patched + PATCH_AT, 0xff, sizeof(patch));
    must(xmem_domain_write(w.d, (uint64_t)COPY_GFN << 12, contents, sizeof(contents)),
         "xmem_domain_write");
    must(xmem_view_change_gfn(w.d, w.own, GFN, COPY_GFN), "xmem_view_change_gfn");
    must(xmi_session_keep_copy(w.d, &copy), "session_keep_copy");
}

static const uint64_t *words_of(uint64_t gfn)
{
    unsigned failures = w.failures;
    void *page = NULL;
    w.failures = 0;
    if (xmi_sim_map_gfn(w.sim, gfn, &page))
        explore_fail(w.e, "gfn %#jx cannot be mapped", (uintmax_t)gfn);
    w.failures = failures;
    return page;
}

uint64_t copies_hash(uint64_t h)
{
    const uint64_t gfns[] = {GFN, COPY_GFN};
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t *word = words_of(gfns[i]);
        for (size_t k = 0; word && k < PAGE_BYTES / sizeof(*word); k++)
            if (word[k])
                h = explore_mix(h, word[k] + k);
    }
    return h;
}

void copies_wrote(const struct sim_op *op)
{
    uint64_t at = ((uint64_t)GFN << 12) + PATCH_AT;
    if (op->code == SIM_OP_WRITE && op->addr == at)
        w.ref.patch_hits++;
}

void copies_judge(void)
{
    uint64_t want[PAGE_BYTES / sizeof(uint64_t)], patch = PATCH;
    const uint64_t *copy = words_of(COPY_GFN);
    memcpy(want, w.ref.memory[0], sizeof(want));
    memcpy((char *)want + PATCH_AT, &patch, sizeof(patch));
    if (copy && memcmp(copy, want, sizeof(want)))
        explore_fail(w.e, "the copy is not the page with its patch");
    if (xmi_session_patch_hits(w.d) != w.ref.patch_hits)
        explore_fail(w.e, "%ju writes under the patch are told, not %u",
                     (uintmax_t)xmi_session_patch_hits(w.d), w.ref.patch_hits);
}
