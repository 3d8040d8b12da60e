#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# bench-python.sh: events per second from C, then the figures of the Python bindings, on the
# library that was built.
set -eu
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${TOP_BUILDDIR:=$PWD}"
: "${PYTHON:=python3}"
: "${XMEM_LIBRARY:=$TOP_BUILDDIR/lib/.libs/libxmem.so.0}"
export TOP_SRCDIR TOP_BUILDDIR XMEM_LIBRARY PYTHONDONTWRITEBYTECODE=1
timeout -k 10 300 "$TOP_BUILDDIR/tests/bench/bench-events"
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    echo "bench-python: skipped: $PYTHON is missing or older than 3.9"
elif [ ! -e "$XMEM_LIBRARY" ]; then
    echo 'bench-python: skipped: this build has no shared library (--disable-shared)'
else
    PYTHONPATH="$TOP_SRCDIR/bindings/python" \
        exec timeout -k 10 300 "$PYTHON" "$TOP_SRCDIR/tests/bench/bench-python.py"
fi
