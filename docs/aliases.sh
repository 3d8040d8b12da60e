#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# aliases.sh TOP FOLDER PAGE...: for each name of a page's NAME section but its own a file in FOLDER
# that leads to it.
set -eu
top=$1 folder=$2
shift 2
rm -rf "$folder"
mkdir -p "$folder"
for page; do
    name=${page##*/}
    awk '/^\.Sh / { on = $2 == "NAME" } on && $1 == ".Nm" { print $2 }' "$top/$page" |
        while read -r alias; do
            [ "$alias.3" = "$name" ] || echo ".so man3/$name" >"$folder/$alias.3"
        done
done
