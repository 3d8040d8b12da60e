/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen's user-space libraries, opened at run time: libxencall, libxenevtchn,
 * libxenforeignmemory and libxendevicemodel have stable interfaces; libxenctrl changes its soname with every
 * release and must be the running hypervisor's (domctl versions, -EACCES otherwise). What differs between
 * releases is in release.c. Declared here with our own types, so that building needs
 * no Xen headers. Prototypes as in xenctrl.h, xenevtchn.h, xenforeignmemory.h, xencall.h.
 */
#ifndef XMEM_XEN_API_H
#define XMEM_XEN_API_H

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned long xen_gfn_arg; /* xen_pfn_t in calls on 64-bit machines */

/* xen_domctl_getdomaininfo: the part that is the same in every release (public/domctl.h). */
struct xen_domain_info {
    uint16_t domid, pad;
    uint32_t flags; /* XEN_INFO_* */
    uint64_t tot_pages, max_pages, outstanding_pages, shr_pages, paged_pages;
    uint64_t shared_info_frame, cpu_time;
    uint32_t nr_online_vcpus, max_vcpu_id;
    uint8_t tail[192]; /* longer than any release's rest */
};
#define XEN_INFO_DYING (1u << 0)
#define XEN_INFO_HVM (1u << 1)
#define XEN_INFO_SHUTDOWN (1u << 2)
#define XEN_INFO_PAUSED (1u << 3)
#define XEN_INFO_HAP (1u << 8)
#define XEN_INFO_REASON(flags) ((flags) >> 16 & 0xffu)
#define XEN_SHUTDOWN_SUSPEND 2u

/* Function pointers; those under "optional" may be NULL in an older library. */
struct xen_api {
    void *lib_ctrl, *lib_evtchn, *lib_foreign, *lib_call, *lib_devmodel;
    uint32_t major, minor; /* of the running hypervisor */
    char ctrl_name[64];    /* soname that was opened */

    void *(*interface_open)(void *logger, void *dombuild_logger, unsigned flags);
    int (*interface_close)(void *xch);
    int (*getinfolist)(void *xch, uint32_t first, unsigned max, void *info);
    int (*maximum_gpfn)(void *xch, uint32_t domid, xen_gfn_arg *gpfn);
    int (*pfn_types)(void *xch, uint32_t domid, unsigned n, xen_gfn_arg *gfns);
    int (*pause)(void *xch, uint32_t domid);
    int (*unpause)(void *xch, uint32_t domid);
    int (*set_access_required)(void *xch, uint32_t domid, unsigned required);
    int (*vcpu_getcontext)(void *xch, uint32_t domid, uint32_t vcpu, void *ctxt);
    int (*vcpu_setcontext)(void *xch, uint32_t domid, uint32_t vcpu, void *ctxt);
    int (*debug_control)(void *xch, uint32_t domid, uint32_t op, uint32_t vcpu);
    int (*vcpu_getinfo)(void *xch, uint32_t domid, uint32_t vcpu, void *info);
    int (*setmaxmem)(void *xch, uint32_t domid, uint64_t kb);
    int (*populate)(void *xch, uint32_t domid, unsigned long nr, unsigned order, unsigned flags,
                    xen_gfn_arg *gfns);
    int (*decrease)(void *xch, uint32_t domid, unsigned long nr, unsigned order, xen_gfn_arg *gfns);
    int (*set_access)(void *xch, uint32_t domid, int access, uint64_t first, uint32_t nr);
    int (*set_access_multi)(void *xch, uint32_t domid, uint8_t *access, uint64_t *gfns,
                            uint32_t nr);
    int (*get_access)(void *xch, uint32_t domid, uint64_t gfn, int *access);
    int (*hvm_param_get)(void *xch, uint32_t domid, uint32_t param, uint64_t *value);

    void *(*monitor_enable)(void *xch, uint32_t domid, uint32_t *port);
    int (*monitor_disable)(void *xch, uint32_t domid);
    int (*monitor_capabilities)(void *xch, uint32_t domid, uint32_t *caps);
    int (*monitor_ctrlreg)(void *xch, uint32_t domid, uint16_t index, bool on, bool sync,
                           uint64_t bitmask, bool on_change);
    int (*monitor_msr)(void *xch, uint32_t domid, uint32_t msr, bool on, bool on_change);
    int (*monitor_singlestep)(void *xch, uint32_t domid, bool on);
    int (*monitor_breakpoint)(void *xch, uint32_t domid, bool on);
    int (*monitor_descriptor)(void *xch, uint32_t domid, bool on);
    int (*monitor_guest_request)(void *xch, uint32_t domid, bool on, bool sync, bool user);
    int (*monitor_debug)(void *xch, uint32_t domid, bool on, bool sync);
    int (*monitor_cpuid)(void *xch, uint32_t domid, bool on);
    int (*monitor_privileged_call)(void *xch, uint32_t domid, bool on);
    int (*monitor_emul_unimplemented)(void *xch, uint32_t domid, bool on);

    int (*altp2m_get_state)(void *xch, uint32_t domid, bool *on);
    int (*altp2m_set_state)(void *xch, uint32_t domid, bool on);
    int (*altp2m_create)(void *xch, uint32_t domid, int access, uint16_t *view);
    int (*altp2m_destroy)(void *xch, uint32_t domid, uint16_t view);
    int (*altp2m_switch)(void *xch, uint32_t domid, uint16_t view);
    int (*altp2m_set)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn, int access);
    int (*altp2m_set_multi)(void *xch, uint32_t domid, uint16_t view, uint8_t *access,
                            uint64_t *gfns, uint32_t nr);
    int (*altp2m_change_gfn)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg old,
                             xen_gfn_arg fresh);
    int (*altp2m_set_suppress_ve)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn,
                                  bool suppress);
    int (*altp2m_enable_notify)(void *xch, uint32_t domid, uint32_t vcpu, xen_gfn_arg gfn);

    /* optional */
    void *(*dm_open)(void *logger, unsigned flags);
    int (*dm_close)(void *dmod);
    int (*dm_inject)(void *dmod, uint16_t domid, int vcpu, uint8_t vector, uint8_t type,
                     uint32_t error_code, uint8_t insn_len, uint64_t extra);
    int (*event_version)(void *xch);                                      /* 4.13 */
    int (*monitor_vmexit)(void *xch, uint32_t domid, bool on, bool sync); /* 4.17 */
    int (*monitor_io)(void *xch, uint32_t domid, bool on);                /* 4.18 */
    int (*altp2m_get)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn, int *access);
    int (*altp2m_get_suppress_ve)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn,
                                  bool *suppress); /* 4.12 */
    int (*altp2m_suppress_ve_multi)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg first,
                                    xen_gfn_arg last, bool suppress, xen_gfn_arg *error_gfn,
                                    int32_t *error_code);                             /* 4.14 */
    int (*altp2m_disable_notify)(void *xch, uint32_t domid, uint32_t vcpu);           /* 4.12 */
    int (*altp2m_get_vcpu)(void *xch, uint32_t domid, uint32_t vcpu, uint16_t *view); /* 4.13 */
    int (*altp2m_visibility)(void *xch, uint32_t domid, uint16_t view, bool on);      /* 4.14 */

    void *(*evtchn_open)(void *logger, unsigned flags);
    int (*evtchn_close)(void *xce);
    int (*evtchn_fd)(void *xce);
    int (*evtchn_notify)(void *xce, uint32_t port);
    int (*evtchn_bind)(void *xce, uint32_t domid, uint32_t remote);
    int (*evtchn_unbind)(void *xce, uint32_t port);
    int (*evtchn_pending)(void *xce);
    int (*evtchn_unmask)(void *xce, uint32_t port);

    void *(*foreign_open)(void *logger, unsigned flags);
    int (*foreign_close)(void *fmem);
    void *(*foreign_map)(void *fmem, uint32_t domid, int prot, size_t pages,
                         const xen_gfn_arg *gfns, int *err);
    int (*foreign_unmap)(void *fmem, void *addr, size_t pages);
    /* optional: domid_t is 16 bits wide in the first, and passed as an int */
    void *(*foreign_map_resource)(void *fmem, uint32_t domid, unsigned type, unsigned id,
                                  unsigned long frame, unsigned long frames, void **addr, int prot,
                                  int flags); /* 4.11 */
    int (*foreign_unmap_resource)(void *fmem, void *resource);

    void *(*call_open)(void *logger, unsigned flags);
    int (*call_close)(void *xcall);
    int (*call1)(void *xcall, unsigned op, uint64_t a);
    int (*call2)(void *xcall, unsigned op, uint64_t a, uint64_t b);
    void *(*call_alloc)(void *xcall, size_t bytes);
    void (*call_free)(void *xcall, void *buffer);
};

/* A logger for Xen's libraries that keeps quiet: without one they print on stderr. */
void *xmi_xen_quiet(void);

/* Opens everything for the hypervisor that runs here. -EOPNOTSUPP with a text. */
int xmi_xen_api_open(struct xen_api *api, struct xmem_error *err);
void xmi_xen_api_close(struct xen_api *api);

#endif
