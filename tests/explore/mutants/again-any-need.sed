# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-again.c
# -c ept-view-17
# The same on the short way.
s|p->need == (ev->pub.u.mem.access & ACCESS_RWX)|true|
