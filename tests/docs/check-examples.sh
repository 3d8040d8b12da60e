#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
exec sh "$(dirname "$0")/run.sh" examples.py
