# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-access.c
# -p 1
# An answer that comes at once is not known to be one.
/^static enum xm_pv_next stop/,/^}/{/^    v->told = true;$/d;s/^    if (rc == 1)$/    v->told = rc == 1;\n&/}
