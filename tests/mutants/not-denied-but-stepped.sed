# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/policy/decide.c
# unit/test-policy-deny what_cannot_be_denied_pauses
# What a kind cannot deny is stepped over.
/what must not happen does not happen/{n;s/return pause_domain(d, ev);/return step_over(d, ev, strict, decision);/}
