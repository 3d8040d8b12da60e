# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-open.c
# -c ept-single
# Two steps at once, each with the other's pages open.
s/^        if (i != vcpu && is_open(d, i) &&/        if (i == UINT32_MAX \&\& is_open(d, i) \&\&/
