# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A cache by content that several checkouts share: an entry's name is the hash of everything it was
# made from, it appears by one rename, and it is never changed afterwards.

LAB_CACHE=${XMEM_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/libxmem-lab}
LAB_LOCK_WAIT=${XMEM_LAB_LOCK_WAIT:-1800}

lab_cache_init() {
    mkdir -p "$LAB_CACHE"/{store,debs,lock,tmp} 2>/dev/null ||
        lab_skip "cannot write the cache folder $LAB_CACHE (set XMEM_LAB_CACHE)"
    [ -w "$LAB_CACHE/tmp" ] || lab_skip "cannot write the cache folder $LAB_CACHE (set XMEM_LAB_CACHE)"
    # What killed runs left behind; a day is far beyond any build's time limit. By the time of the last
    # change of status: unpacking a package gives the folder it fills the package's own, old date.
    find "$LAB_CACHE/tmp" -mindepth 1 -maxdepth 1 -cmin +1440 -exec rm -rf {} + 2>/dev/null || :
}

# lab_lock NAME FUNCTION ARGS...: runs the function under an exclusive lock; its code is returned
# in LAB_RC. The lock goes with the descriptor, so a killed holder never blocks the next one.
lab_lock() {
    local name=$1 fd
    shift
    exec {fd}>"$LAB_CACHE/lock/$name"
    if ! flock -n "$fd"; then
        lab_say "waiting for another run that holds $name"
        flock -w "$LAB_LOCK_WAIT" "$fd" || lab_skip "lock $name still held after $LAB_LOCK_WAIT s"
    fi
    lab_call "$@"
    exec {fd}>&-
}

# lab_key TEXT FILE...: the hash of a text and of the contents (and base names) of files or folders.
lab_key() {
    local text=$1 item
    shift
    {
        printf '%s\n' "$text"
        for item in "$@"; do
            if [ -d "$item" ]; then
                (cd "$item" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
            else
                printf '%s %s\n' "${item##*/}" "$(sha256sum <"$item")"
            fi
        done
    } | sha256sum | cut -c1-20
}

lab_store_fill() {
    local place=$1 tmp
    shift
    [ ! -e "$place" ] || return 0
    tmp=$(mktemp -d "$LAB_CACHE/tmp/fill.XXXXXX")
    chmod 755 "$tmp"
    lab_call "$@" "$tmp"
    if [ "$LAB_RC" -ne 0 ]; then
        rm -rf "$tmp"
        return "$LAB_RC"
    fi
    mv -T "$tmp" "$place"
}

# lab_store NAME KEY FUNCTION ARGS...: makes store/NAME-KEY by calling FUNCTION ARGS... FOLDER with an
# empty folder unless it is there already. The path is left in LAB_PATH; a skip or failure inside
# ends the caller with the same code.
lab_store() {
    local name=$1 key=$2
    shift 2
    # Without one the first thing ever made would be taken for all that come later.
    [ -n "$key" ] || lab_fail "no key for $name"
    LAB_PATH=$LAB_CACHE/store/$name-$key
    [ -e "$LAB_PATH" ] || lab_lock "$name-$key" lab_store_fill "$LAB_PATH" "$@"
    if [ ! -e "$LAB_PATH" ]; then
        [ "$LAB_RC" -ne 77 ] || exit 77
        lab_fail "making $name failed (code $LAB_RC)"
    fi
    touch -c "$LAB_PATH" 2>/dev/null || : # lets "not used for a month" be asked of the cache
}
