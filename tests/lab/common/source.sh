# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Debian source packages: downloaded with apt, every tarball checked against the Sources index, and
# unpacked without the .dsc (which the archive does not always deliver).

# lab_source_files PACKAGE VERSION: lines "NAME SHA256" of the package's tarballs.
lab_source_files() {
    # 'URI' NAME SIZE SHA256:HASH
    apt-get source --print-uris --only-source "$1=$2" 2>/dev/null |
        awk '$2 ~ /\.tar\./ && $2 !~ /\.asc$/ && $4 ~ /^SHA256:/ { sub("SHA256:", "", $4); print $2, $4 }'
}

lab_source_check() {
    local folder=$1 name sum count=0
    while read -r name sum; do
        count=$((count + 1))
        printf '%s  %s\n' "$sum" "$folder/$name" | sha256sum -c --status 2>/dev/null || return 1
    done <"$folder/files"
    [ "$count" -gt 0 ]
}

lab_source_get() {
    local folder=$1 name=$2 version=$3
    # A missing .dsc makes apt fail although the tarballs came: only their hashes decide.
    (cd "$folder" && timeout 900 apt-get -q source --download-only --only-source "$name=$version") \
        >"$folder/log" 2>&1 || :
    lab_source_check "$folder"
}

lab_source_fill() {
    local name=$1 version=$2 folder=$3
    lab_source_files "$name" "$version" >"$folder/files"
    lab_say "fetching source $name $version"
    lab_try 3 lab_source_get "$folder" "$name" "$version" || {
        lab_say "$name $version is listed but not delivered: trying the next older revision"
        lab_missing_mark source "$name" "$version"
        return 1
    }
}

# lab_source SUITE PACKAGE: tarballs of the newest revision that arrives, in LAB_PATH; LAB_VERSION.
lab_source() {
    local suite=$1 name=$2 version place
    for version in $(lab_apt_versions "$suite" source "$name"); do
        place=$LAB_CACHE/store/source-$name-${version//[^A-Za-z0-9.+~-]/_}
        [ -e "$place" ] || lab_missing source "$name" "$version" ||
            lab_lock "source-$name" lab_store_fill "$place" lab_source_fill "$name" "$version"
        if [ -e "$place" ]; then
            LAB_PATH=$place
            LAB_VERSION=$version
            return
        fi
    done
    lab_skip "no revision of source package $name arrives from $suite"
}

lab_source_series() {
    local tree=$1 patch
    [ -e "$tree/debian/patches/series" ] || return 0
    while read -r patch _; do
        case $patch in '' | '#'*) continue ;; esac
        patch -s -p1 -d "$tree" -i "$tree/debian/patches/$patch" ||
            lab_fail "Debian patch $patch does not apply"
    done <"$tree/debian/patches/series"
}

# lab_source_unpack FOLDER TREE: upstream tarball, Debian's folder, Debian's patches, in TREE.
lab_source_unpack() {
    local folder=$1 tree=$2 tarball part
    mkdir -p "$tree"
    for tarball in "$folder"/*.orig.tar.*; do
        case $tarball in *.asc) continue ;; esac
        tar -x -C "$tree" --strip-components=1 -f "$tarball"
    done
    for tarball in "$folder"/*.orig-*.tar.*; do
        [ -e "$tarball" ] || continue
        part=${tarball##*.orig-}
        mkdir -p "$tree/${part%%.tar.*}"
        tar -x -C "$tree/${part%%.tar.*}" --strip-components=1 -f "$tarball"
    done
    for tarball in "$folder"/*.debian.tar.*; do
        [ ! -e "$tarball" ] || tar -x -C "$tree" -f "$tarball"
    done
    lab_source_series "$tree"
}
