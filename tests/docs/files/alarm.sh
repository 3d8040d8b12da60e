#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The other program of an example: takes events, and says how many.
grep -c '"type":"event"'
