# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-set.c
# -p 1
# Rights turn although others were set since that was decided.
s/ && \*stamp_of(pv, mfn) == stamp//
