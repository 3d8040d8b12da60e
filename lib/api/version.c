/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xmem.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *xmem_version(void)
{
    return TEXT(XMEM_VERSION_MAJOR) "." TEXT(XMEM_VERSION_MINOR) "." TEXT(XMEM_VERSION_PATCH);
}
