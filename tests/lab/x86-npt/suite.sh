# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The same compiler and libraries as for the PV laboratory.
# shellcheck source=tests/lab/x86-pv/suite.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../x86-pv/suite.sh"
unset -f suite_extra
