/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies of pages that a policy shows in its views, patched. The session keeps them. */
#include <string.h>

#include "base/base.h"
#include "policy/policy-int.h"
#include "api/api.h"

static void patch(const struct policy_remap *m, uint8_t *contents, uint8_t *patched)
{
    for (size_t i = 0; i < m->n_patches; i++) {
        memcpy(contents + m->patches[i].offset, m->patches[i].bytes, m->patches[i].len);
        memset(patched + m->patches[i].offset, 0xff, m->patches[i].len);
    }
}

int xmi_policy_copy_show(struct xmem_domain *d, const struct policy_view *v,
                         const struct policy_remap *m, uint64_t gfn, uint64_t page)
{
    uint8_t original[PAGE_BYTES], contents[PAGE_BYTES], patched[PAGE_BYTES] = {0};
    struct session_copy copy = {v->id, gfn, page, original, contents, patched};
    int err = xmem_domain_read(d, gfn << PAGE_BITS, original, sizeof(original));

    if (err)
        return err;
    memcpy(contents, original, sizeof(contents));
    patch(m, contents, patched);
    err = xmem_domain_write(d, page << PAGE_BITS, contents, sizeof(contents));
    if (err == 0)
        err = xmem_view_change_gfn(d, v->id, gfn, page);
    return err ? err : xmi_session_keep_copy(d, &copy);
}

void xmi_policy_copies_note_hits(struct xmem_policy *p, const struct xmem_domain *d)
{
    p->patch_hits = xmi_session_patch_hits(d);
}

void xmi_policy_copies_tell(struct xmem_policy *p, const struct xmem_domain *d,
                            struct xmem_decision *decision)
{
    uint64_t now = xmi_session_patch_hits(d);

    if (p->applied == xmi_session_number(d) && now != p->patch_hits)
        decision->flags |= XMEM_DECISION_PATCH_HIT;
    p->patch_hits = now;
}
