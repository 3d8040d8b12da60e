# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-open.c
# -c arm-relax
# A step begins while the domain is paused.
s/if (d->pauses || in_the_way(d, vcpu))/if (in_the_way(d, vcpu))/
