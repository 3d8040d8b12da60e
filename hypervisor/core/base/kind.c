/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/kind.h>

const struct xm_kind_ops *xm_kind_find(enum xm_kind kind)
{
    const struct xm_kind_ops *const *k = xm_kinds;

    while (*k != NULL && (*k)->kind != kind)
        k++;
    return *k;
}

bool xm_rights_expressible(enum xm_kind kind, enum xm_access a)
{
    const struct xm_kind_ops *ops = xm_kind_find(kind);

    return ops != NULL && xm_kind_expresses(ops, a);
}
