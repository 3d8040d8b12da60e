#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each source file names its licence: GPL-2.0-only inside Xen, else LGPL-2.1-or-later.
. "$(dirname "$0")/lib.sh"

for file in $(source_files '*.c' '*.h' '*.S' '*.py' '*.sh' '*.am' '*.ac' '*.mk' '.ci/run'); do
    case $file in
    hypervisor/xen/*) licence=GPL-2.0-only ;;
    *) licence=LGPL-2.1-or-later ;;
    esac
    head -n 3 "$TOP_SRCDIR/$file" | grep -qE "SPDX-License-Identifier: $licence( \*/)?\$" ||
        bad "$file: no line 'SPDX-License-Identifier: $licence' at the top"
done
gate_end
