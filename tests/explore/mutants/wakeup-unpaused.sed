# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/api/domain.c
# -c ept-view-few -s pages,
# A step begins when the domain is unpaused, and its answer is never sent.
s/^    if (d->ops->event_poke) .*/    if (!d->ops)/
