# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-many.c
# hypervisor/test-pv-many test_same_frames_by_two
# An operation is known by its frames alone: what one caller checked is taken for another one's.
s/t->rights == rights_of(it) && //
s/ && t->caller == caller//
