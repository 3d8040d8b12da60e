#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-examples.sh [DOCUMENT...]: all, or those of the documents named by their paths in the tree
exec sh "$(dirname "$0")/run.sh" examples.py "$@"
