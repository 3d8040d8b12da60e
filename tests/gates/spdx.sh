#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each source file, scripts without a suffix too, names its licence: GPL-2.0-only inside Xen, else
# LGPL-2.1-or-later.
. "$(dirname "$0")/lib.sh"

# By one process for all files: some thousand of them would take most of a minute.
unnamed=$(source_files '*' | (cd "$TOP_SRCDIR" && LC_ALL=C awk '
    function is_source(name, first) {
        return name ~ /\.([chS]|py|sh|bash|awk|am|ac|mk)$/ || name == "lib/libxmem.map" || first ~ /^#!/
    }
    {
        licence = $0 ~ /^hypervisor\/xen\// ? "GPL-2.0-only" : "LGPL-2.1-or-later"
        named = 0
        first = ""
        for (i = 0; i < 3 && (getline line <$0) > 0; i++) {
            if (i == 0)
                first = line
            if (line ~ "SPDX-License-Identifier: " licence "( [*]/)?$")
                named = 1
        }
        close($0)
        if (!named && is_source($0, first))
            printf "%s\t%s\n", $0, licence
    }'))
tab=$(printf '\t')
while IFS=$tab read -r file licence; do
    [ -z "$file" ] || bad "$file: no line 'SPDX-License-Identifier: $licence' at the top"
done <<END
$unnamed
END
gate_end
