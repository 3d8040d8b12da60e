# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-many.c
# hypervisor/test-pv-many test_another_ends_beside
# An operation that ends gives back what another one has reserved.
/^static bool alone/,/^}/s/return false/return true/
