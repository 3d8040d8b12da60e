#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the files of the project, one per line, seen from the top of the tree, where it
# must be called. In a clone these are what git knows or would add, in a tarball all there are.
set -eu
if [ -e .git ] && command -v git >/dev/null 2>&1; then
    git -c safe.directory='*' ls-files -co --exclude-standard
else
    # Not what autogen.sh wrote, nor where `make distcheck` builds.
    find . -name .git -prune -o -type f ! -name '*.py[co]' -print | sed 's|^\./||' |
        grep -vE '^(autom4te\.cache|build-aux|m4|\.build|_build|_inst)/' |
        grep -vE '^(configure~?|aclocal\.m4|Makefile\.in)$'
fi | sort -u | while IFS= read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "$file"
done
