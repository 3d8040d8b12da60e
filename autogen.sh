#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# autogen.sh         writes configure
# autogen.sh demo    installs what is missing, builds, runs the main job on the simulated machine
# autogen.sh check   installs what is missing, builds, runs the tests ($TESTS: these alone)
# Builds go to $BUILD, by default .build/main here.
set -eu
cd "$(dirname "$0")"
top=$(pwd)
build=${BUILD:-$top/.build/main}

bootstrap() {
    mkdir -p m4
    autoreconf --force --install --warnings=all
}

# What configure finds depends on: the packages that may have come or gone since, and itself.
surroundings() {
    cksum configure
    pkg-config --modversion check 2>&1 || :
    "${CC:-cc}" --version 2>&1 || :
}

# A folder that was configured in other surroundings is configured again, with its own arguments.
configured() {
    [ -x configure ] || bootstrap
    mkdir -p "$build"
    [ "$(surroundings)" != "$(cat "$build/.configured" 2>/dev/null)" ] || return 0
    if [ -x "$build/config.status" ]; then
        (cd "$build" && ./config.status --silent --recheck && ./config.status --silent)
    else
        (cd "$build" && "$top/configure" --quiet)
    fi
    surroundings >"$build/.configured"
}

case ${1-} in
'')
    bootstrap
    ;;
demo)
    sh tests/setup.sh demo
    configured
    make -s -C "$build" -j2
    exec make -s -C "$build" demo
    ;;
check)
    sh tests/setup.sh test
    configured
    make -s -C "$build" -j2
    exec make -s -C "$build" -j2 check ${TESTS+TESTS="$TESTS"}
    ;;
*)
    sed -n 's/^# \(autogen\.sh\)/\1/p' "$0" >&2
    exit 2
    ;;
esac
