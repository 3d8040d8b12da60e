#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The corpus against the JSON Schemas; skipped without Python or its jsonschema.
set -eu
if ! command -v python3 >/dev/null 2>&1; then
    echo '1..0 # SKIP python3 is not installed'
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${TOP_BUILDDIR:-.}/tests/policy/test-corpus" --split "$work"
python3 "${TOP_SRCDIR:-.}/tests/policy/check-schema.py" "$work"
