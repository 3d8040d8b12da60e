#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh SCRIPT [ARG...]: a script of this folder, in Python; TAP.
set -u
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${TOP_BUILDDIR:=$PWD}"
: "${PYTHON:=python3}"
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    echo "1..0 # SKIP $PYTHON is missing or older than 3.9"
    exit 0
fi
export TOP_SRCDIR TOP_BUILDDIR PYTHONDONTWRITEBYTECODE=1
script=$1
shift
exec "$PYTHON" "$TOP_SRCDIR/tests/docs/$script" "$@"
