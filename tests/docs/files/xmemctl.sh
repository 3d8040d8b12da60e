#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# xmemctl for examples: what works on the running Xen works on the guest "web" of web.json here.
case $1 in
-*) ;;
demo | validate) ;;
*) set -- -c "sim:$WEB" "$@" ;;
esac
exec "$XMEMCTL" "$@"
