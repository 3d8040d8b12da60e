# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-set.c
# hypervisor/test-pv-set test_relax
# Whose a frame is, is asked before the lock is taken: it can leave in between, and its rights stay.
/^int xm_pv_change/,/^}/{
s/^    xm_env_lock(&pv->lock);$/    bool mine = pv->on \&\& xm_pv_owned(pv, mfn);\n&/
s/if (pv->on && xm_pv_owned(pv, mfn))/if (mine)/
}
