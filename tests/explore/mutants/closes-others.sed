# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-open.c
# -c ept-single
# The end of a step closes the pages of the others.
s/if (vcpu != ALL_VCPUS && relaxed_at(d, i)->vcpu != vcpu)/if (vcpu == ALL_VCPUS - 1)/
