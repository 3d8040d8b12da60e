# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-decide.c
# -p 1
# Entries are made as the guest has them.
/^uint64_t xm_pv_entry_flags/,/^}/s/if (!pv->on)/if (pv->on)/
