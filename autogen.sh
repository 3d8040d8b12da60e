#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# autogen.sh         writes configure
# autogen.sh demo    installs what is missing, builds, runs the main job on the simulated machine
# autogen.sh check   installs what is missing, builds, runs the tests
# Builds go to $BUILD, by default .build/main here.
set -eu
cd "$(dirname "$0")"
top=$(pwd)
build=${BUILD:-$top/.build/main}

bootstrap() {
    mkdir -p m4
    autoreconf --force --install --warnings=all
}

configured() {
    [ -x configure ] || bootstrap
    mkdir -p "$build"
    [ -e "$build/Makefile" ] || (cd "$build" && "$top/configure" --quiet)
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
    exec make -s -C "$build" -j2 check
    ;;
*)
    sed -n 's/^# \(autogen\.sh\)/\1/p' "$0" >&2
    exit 2
    ;;
esac
