#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each source file, scripts without a suffix too, names its licence: GPL-2.0-only inside Xen, else
# LGPL-2.1-or-later.
. "$(dirname "$0")/lib.sh"

for file in $(source_files '*'); do
    case $file in
    *.[chS] | *.py | *.sh | *.bash | *.awk | *.am | *.ac | *.mk | lib/libxmem.map) ;;
    *) [ "$(head -c 2 "$TOP_SRCDIR/$file" | tr -d '\0')" = '#!' ] || continue ;;
    esac
    case $file in
    hypervisor/xen/*) licence=GPL-2.0-only ;;
    *) licence=LGPL-2.1-or-later ;;
    esac
    head -n 3 "$TOP_SRCDIR/$file" | grep -qE "SPDX-License-Identifier: $licence( \*/)?\$" ||
        bad "$file: no line 'SPDX-License-Identifier: $licence' at the top"
done
gate_end
