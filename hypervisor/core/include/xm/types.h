/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types shared by the whole core. Guest frame, machine frame and address never mix. */
#ifndef XM_TYPES_H
#define XM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t n;
} xm_gfn_t; /* guest frame number */
typedef struct {
    uint64_t n;
} xm_mfn_t; /* machine frame number */
typedef struct {
    uint64_t a;
} xm_gpa_t; /* guest-physical address, bytes */
typedef struct {
    uint64_t a;
} xm_gva_t; /* guest-virtual (linear) address, bytes */

#define XM_PAGE_SHIFT 12
#define XM_PAGE_SIZE 4096u
#define XM_GFN_NONE UINT64_MAX

static inline xm_gfn_t xm_gfn(uint64_t n)
{
    return (xm_gfn_t){n};
}
static inline xm_mfn_t xm_mfn(uint64_t n)
{
    return (xm_mfn_t){n};
}
static inline bool xm_mfn_valid(xm_mfn_t m)
{
    return m.n != XM_GFN_NONE;
}

/* A long operation stopped on the way: call again. */
#define XM_CONTINUE 1

/*
 * Rights, in the core's own numbers (Xen's of 4.17 and before; r_pw behind). What a
 * hypercall carries is translated at its boundary, by the release that is spoken.
 */
enum xm_access {
    XM_ACCESS_N = 0,
    XM_ACCESS_R = 1,
    XM_ACCESS_W = 2,
    XM_ACCESS_RW = 3,
    XM_ACCESS_X = 4,
    XM_ACCESS_RX = 5,
    XM_ACCESS_WX = 6,
    XM_ACCESS_RWX = 7,
    XM_ACCESS_RX2RW = 8,
    XM_ACCESS_N2RWX = 9,
    XM_ACCESS_DEFAULT = 10,
    XM_ACCESS_R_PW = 11,
    XM_ACCESS_COUNT = 12
};

/* What an access does; bits. Same values as MEM_ACCESS_{R,W,X} in events. */
#define XM_DO_R 1u
#define XM_DO_W 2u
#define XM_DO_X 4u

/* errno values as Xen's hypercalls use them (public/errno.h); the core includes no errno.h. */
enum {
    XM_EPERM = 1,
    XM_ENOENT = 2,
    XM_ESRCH = 3,
    XM_ENXIO = 6,
    XM_E2BIG = 7,
    XM_EAGAIN = 11,
    XM_ENOMEM = 12,
    XM_EACCES = 13,
    XM_EFAULT = 14,
    XM_EBUSY = 16,
    XM_EEXIST = 17,
    XM_ENODEV = 19,
    XM_EINVAL = 22,
    XM_ENOSPC = 28,
    XM_ERANGE = 34,
    XM_ENOSYS = 38,
    XM_EOPNOTSUPP = 95
};

#endif
