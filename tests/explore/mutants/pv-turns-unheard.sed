# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-access.c
# -p 1
# Rights turn because nobody listened, who does by now.
/^static bool too_late/,/^}/s/return /return false \&\& /
