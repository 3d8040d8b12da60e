# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-open.c
# -c ept-single -s failure
# A page that could be opened in one of two views stays open there.
s/if (close_pages(d, vcpu))/list_cut(\&d->relaxed, d->relaxed.n - 1); if (0)/
