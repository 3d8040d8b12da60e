# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step.c
# -c ept-view-17 -l -s failure
# A fast single step of an event that was told is taken for over.
s/if (known && came_from(ev) != v->fast_view)/if (known \&\& ev->pub.view != v->fast_view)/
