# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Entry point of the laboratories' shell library: source this file, then use the lab_* functions.
# Everything here runs as an ordinary user; nothing is installed on the machine.

set -euo pipefail
# A failing lab_* call inside $( ) must end the caller, with its own code (77 stays 77).
shopt -s inherit_errexit

LAB_COMMON=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_NAME=${LAB_NAME:-lab}
LAB_START=$SECONDS
# What functions leave for their callers: a code, a stored folder, a revision.
# shellcheck disable=SC2034
LAB_RC=0 LAB_PATH='' LAB_VERSION=''

# shellcheck source=tests/lab/common/report.sh
. "$LAB_COMMON/report.sh"
# shellcheck source=tests/lab/common/cache.sh
. "$LAB_COMMON/cache.sh"
# shellcheck source=tests/lab/common/apt.sh
. "$LAB_COMMON/apt.sh"
# shellcheck source=tests/lab/common/source.sh
. "$LAB_COMMON/source.sh"
# shellcheck source=tests/lab/common/xen.sh
. "$LAB_COMMON/xen.sh"
# shellcheck source=tests/lab/common/own.sh
. "$LAB_COMMON/own.sh"
# shellcheck source=tests/lab/common/initrd.sh
. "$LAB_COMMON/initrd.sh"
# shellcheck source=tests/lab/common/vm.sh
. "$LAB_COMMON/vm.sh"
