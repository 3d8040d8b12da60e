# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/step-view.c
# -c ept-view-17
# The same on the short way.
s/ && p->need == need &&/ \&\&/
