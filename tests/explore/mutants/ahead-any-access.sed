# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-ahead.c
# -c ept-emulate
# What was answered for a page is taken for whatever the instruction does to it.
s/step_pages_have(&s->pages, gfn, need)/step_pages_have(\&s->pages, gfn, 0)/
