# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/explore/pv-tool.c
# -p 1
# A frame can be mapped before it has its rights.
/^static bool come/,/^}/{s/give_rights(f);/XX/;s/show(f);/give_rights(f);/;s/XX/show(f);/}
