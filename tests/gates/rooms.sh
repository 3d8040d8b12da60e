#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The rooms of lib/, from top to bottom as its README lists them: a file includes headers of its own
# room and, of each room below, the one for others; it calls functions of these only, as the objects of
# the build have them; and files do not call each other in a circle. Each room has a README.
. "$(dirname "$0")/lib.sh"

# What does otherwise: FILE WHAT FILE, nothing today. The list can only shrink: an entry that nothing needs is a finding.
known='
'

# The rooms, a line each.
# shellcheck disable=SC2016 # backticks of the table
rooms=$(sed -nE 's/^\| `([a-z0-9]+)\/` \|.*/\1/p' "$TOP_SRCDIR/lib/README.md")
[ -n "$rooms" ] || bad "lib/README.md lists no rooms"

# FILE includes FILE: beside it, or below lib/.
includes() {
    source_files 'lib/*.[ch]' | (cd "$TOP_SRCDIR" && LC_ALL=C awk '
        { files[++n] = $0; there[$0] = 1 }
        END {
            for (i = 1; i <= n; i++) {
                folder = files[i]
                sub(/[^\/]*$/, "", folder)
                while ((getline line <files[i]) > 0)
                    if (line ~ /^[ \t]*#[ \t]*include[ \t]+"/) {
                        split(line, part, "\"")
                        if (folder part[2] in there)
                            print files[i], "includes", folder part[2]
                        else if ("lib/" part[2] in there)
                            print files[i], "includes", "lib/" part[2]
                    }
                close(files[i])
            }
        }')
}

# The objects of sources that are there; older builds may have left others.
objects() {
    (cd "$TOP_BUILDDIR" && find lib -name .libs -prune -o -name 'libxmem_internal_la-*.o' -print) |
        LC_ALL=C sort | while read -r object; do
        source=$(printf '%s\n' "${object%.o}.c" | sed 's/libxmem_internal_la-//')
        [ ! -e "$TOP_SRCDIR/$source" ] || echo "$object"
    done
}

# FILE calls FILE (or reads what is there): what the one lacks and the other has.
calls() {
    objects | (cd "$TOP_BUILDDIR" && xargs "${NM:-nm}" -A) | LC_ALL=C awk '
        {
            colon = index($0, ":")
            file = substr($0, 1, colon - 1)
            sub(/libxmem_internal_la-/, "", file)
            sub(/\.o$/, ".c", file)
            if ($(NF - 1) ~ /^[TDBRVW]$/)
                has[$NF] = file
            else if ($(NF - 1) == "U")
                lacks[file, $NF] = 1
        }
        END {
            for (pair in lacks) {
                split(pair, part, SUBSEP)
                if (part[2] in has)
                    print part[1], "calls", has[part[2]]
            }
        }'
}

# Of such lines those that lead up, and files that are in no room.
upwards() {
    LC_ALL=C sort -u | awk -v rooms="$rooms" '
        function level(file,  part) {
            split(file, part, "/")
            return part[2] in order ? order[part[2]] : 0
        }
        BEGIN {
            n = split(rooms, name, "\n")
            for (i = 1; i <= n; i++)
                order[name[i]] = i
        }
        !level($1) || !level($3) || level($3) < level($1)'
}

# Of inclusions those of another room's header that is not for others: ROOM/ROOM.h, and of the
# simulator's backend the one for who makes its machines.
inner() {
    LC_ALL=C awk '{
        split($1, from, "/")
        n = split($3, to, "/")
        if (from[2] != to[2] && $3 != "lib/" to[2] "/" to[2] ".h" && !($3 ~ /^lib.backend.sim.backend-sim.h$/ && $1 ~ /^lib.doc.sim-/))
            print
    }'
}

for room in $rooms; do
    [ -e "$TOP_SRCDIR/lib/$room/README.md" ] || bad "lib/$room has no README.md"
done
included=$(includes)
while read -r line; do
    [ -z "$line" ] || bad "$line, which is not for other rooms"
done <<END
$(printf '%s\n' "$included" | inner)
END
called=$(calls)
[ -n "$called" ] || bad "$TOP_BUILDDIR/lib has no objects: build first"
found=$({
    printf '%s\n' "$included" "$called"
} | upwards)
while read -r line; do
    case "
$known
" in
    *"
$line
"*) ;;
    *) [ -z "$line" ] || bad "$line, which is in a room above" ;;
    esac
done <<END
$found
END
while read -r line; do
    case "
$found
" in
    *"
$line
"*) ;;
    *) [ -z "$line" ] || bad "not needed any more in $0: $line" ;;
    esac
done <<END
$known
END

# Nor do files call each other in a circle.
circle=$(printf '%s\n' "$called" | awk '{ print $1, $3 }' | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \(lib\)/\1/p')
[ -z "$circle" ] || bad "a circle: $(printf '%s\n' "$circle" | sort -u | tr '\n' ' ')"
gate_end
