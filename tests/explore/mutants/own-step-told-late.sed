# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-17 -s copied
# The tool is told of the end of a step that a switch came before.
s/^    bool ours = .*$/    bool ours = false;/
