# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-many.c
# -p 1
# What one caller has checked holds for another one.
s/ t->caller == caller &&//;s/t->rights == rights_of(it) && t->nr/caller != 0 \&\& t->nr/
