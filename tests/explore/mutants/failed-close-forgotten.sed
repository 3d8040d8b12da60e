# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/step-open.c
# -c ept-single -s failure
# A page that could not be closed is not closed later.
s/^    d->relaxed\[d->relaxed_n++\] = d->relaxed\[i\];$/    (void)i;/;s/^    d->relaxed\[i\] = r;$/    return rc;/
