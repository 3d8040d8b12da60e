/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/xen/backend-xen.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define XENVER_VERSION 0u /* public/version.h: major << 16 | minor */

enum which_lib { LIB_CTRL, LIB_EVTCHN, LIB_FOREIGN, LIB_CALL, LIB_DEVMODEL };

struct symbol {
    const char *name;
    size_t offset; /* of the pointer in struct xen_api */
    enum which_lib lib;
    bool optional;
};

#define SYM(field, lib, name) \
    { \
        name, offsetof(struct xen_api, field), lib, false \
    }
#define OPT(field, lib, name) \
    { \
        name, offsetof(struct xen_api, field), lib, true \
    }

static const struct symbol symbols[] = {
    SYM(interface_open, LIB_CTRL, "xc_interface_open"),
    SYM(interface_close, LIB_CTRL, "xc_interface_close"),
    SYM(getinfolist, LIB_CTRL, "xc_domain_getinfolist"),
    SYM(maximum_gpfn, LIB_CTRL, "xc_domain_maximum_gpfn"),
    SYM(pfn_types, LIB_CTRL, "xc_get_pfn_type_batch"),
    SYM(pause, LIB_CTRL, "xc_domain_pause"),
    SYM(unpause, LIB_CTRL, "xc_domain_unpause"),
    SYM(set_access_required, LIB_CTRL, "xc_domain_set_access_required"),
    SYM(vcpu_getcontext, LIB_CTRL, "xc_vcpu_getcontext"),
    SYM(vcpu_setcontext, LIB_CTRL, "xc_vcpu_setcontext"),
    OPT(debug_control, LIB_CTRL, "xc_domain_debug_control"),
    SYM(vcpu_getinfo, LIB_CTRL, "xc_vcpu_getinfo"),
    SYM(setmaxmem, LIB_CTRL, "xc_domain_setmaxmem"),
    SYM(populate, LIB_CTRL, "xc_domain_populate_physmap_exact"),
    SYM(decrease, LIB_CTRL, "xc_domain_decrease_reservation_exact"),
    SYM(set_access, LIB_CTRL, "xc_set_mem_access"),
    SYM(set_access_multi, LIB_CTRL, "xc_set_mem_access_multi"),
    SYM(get_access, LIB_CTRL, "xc_get_mem_access"),
    SYM(hvm_param_get, LIB_CTRL, "xc_hvm_param_get"),
    SYM(monitor_enable, LIB_CTRL, "xc_monitor_enable"),
    SYM(monitor_disable, LIB_CTRL, "xc_monitor_disable"),
    SYM(monitor_capabilities, LIB_CTRL, "xc_monitor_get_capabilities"),
    SYM(monitor_ctrlreg, LIB_CTRL, "xc_monitor_write_ctrlreg"),
    SYM(monitor_msr, LIB_CTRL, "xc_monitor_mov_to_msr"),
    SYM(monitor_singlestep, LIB_CTRL, "xc_monitor_singlestep"),
    SYM(monitor_breakpoint, LIB_CTRL, "xc_monitor_software_breakpoint"),
    SYM(monitor_descriptor, LIB_CTRL, "xc_monitor_descriptor_access"),
    SYM(monitor_guest_request, LIB_CTRL, "xc_monitor_guest_request"),
    SYM(monitor_debug, LIB_CTRL, "xc_monitor_debug_exceptions"),
    SYM(monitor_cpuid, LIB_CTRL, "xc_monitor_cpuid"),
    SYM(monitor_privileged_call, LIB_CTRL, "xc_monitor_privileged_call"),
    SYM(monitor_emul_unimplemented, LIB_CTRL, "xc_monitor_emul_unimplemented"),
    SYM(altp2m_get_state, LIB_CTRL, "xc_altp2m_get_domain_state"),
    SYM(altp2m_set_state, LIB_CTRL, "xc_altp2m_set_domain_state"),
    SYM(altp2m_create, LIB_CTRL, "xc_altp2m_create_view"),
    SYM(altp2m_destroy, LIB_CTRL, "xc_altp2m_destroy_view"),
    SYM(altp2m_switch, LIB_CTRL, "xc_altp2m_switch_to_view"),
    SYM(altp2m_set, LIB_CTRL, "xc_altp2m_set_mem_access"),
    SYM(altp2m_set_multi, LIB_CTRL, "xc_altp2m_set_mem_access_multi"),
    SYM(altp2m_change_gfn, LIB_CTRL, "xc_altp2m_change_gfn"),
    SYM(altp2m_set_suppress_ve, LIB_CTRL, "xc_altp2m_set_suppress_ve"),
    SYM(altp2m_enable_notify, LIB_CTRL, "xc_altp2m_set_vcpu_enable_notify"),
    OPT(event_version, LIB_CTRL, "xc_vm_event_get_version"),
    OPT(monitor_vmexit, LIB_CTRL, "xc_monitor_vmexit"),
    OPT(monitor_io, LIB_CTRL, "xc_monitor_io"),
    OPT(altp2m_get, LIB_CTRL, "xc_altp2m_get_mem_access"),
    OPT(altp2m_get_suppress_ve, LIB_CTRL, "xc_altp2m_get_suppress_ve"),
    OPT(altp2m_suppress_ve_multi, LIB_CTRL, "xc_altp2m_set_supress_ve_multi"), /* spelt so */
    OPT(altp2m_disable_notify, LIB_CTRL, "xc_altp2m_set_vcpu_disable_notify"),
    OPT(altp2m_get_vcpu, LIB_CTRL, "xc_altp2m_get_vcpu_p2m_idx"),
    OPT(altp2m_visibility, LIB_CTRL, "xc_altp2m_set_visibility"),
    SYM(evtchn_open, LIB_EVTCHN, "xenevtchn_open"),
    SYM(evtchn_close, LIB_EVTCHN, "xenevtchn_close"),
    SYM(evtchn_fd, LIB_EVTCHN, "xenevtchn_fd"),
    SYM(evtchn_notify, LIB_EVTCHN, "xenevtchn_notify"),
    SYM(evtchn_bind, LIB_EVTCHN, "xenevtchn_bind_interdomain"),
    SYM(evtchn_unbind, LIB_EVTCHN, "xenevtchn_unbind"),
    SYM(evtchn_pending, LIB_EVTCHN, "xenevtchn_pending"),
    SYM(evtchn_unmask, LIB_EVTCHN, "xenevtchn_unmask"),
    SYM(foreign_open, LIB_FOREIGN, "xenforeignmemory_open"),
    SYM(foreign_close, LIB_FOREIGN, "xenforeignmemory_close"),
    SYM(foreign_map, LIB_FOREIGN, "xenforeignmemory_map"),
    SYM(foreign_unmap, LIB_FOREIGN, "xenforeignmemory_unmap"),
    OPT(foreign_map_resource, LIB_FOREIGN, "xenforeignmemory_map_resource"),
    OPT(foreign_unmap_resource, LIB_FOREIGN, "xenforeignmemory_unmap_resource"),
    OPT(dm_open, LIB_DEVMODEL, "xendevicemodel_open"),
    OPT(dm_close, LIB_DEVMODEL, "xendevicemodel_close"),
    OPT(dm_inject, LIB_DEVMODEL, "xendevicemodel_inject_event"),
    SYM(call_open, LIB_CALL, "xencall_open"),
    SYM(call_close, LIB_CALL, "xencall_close"),
    SYM(call1, LIB_CALL, "xencall1"),
    SYM(call2, LIB_CALL, "xencall2"),
    SYM(call_alloc, LIB_CALL, "xencall_alloc_buffer"),
    SYM(call_free, LIB_CALL, "xencall_free_buffer"),
};

static void *lib_of(const struct xen_api *api, enum which_lib lib)
{
    switch (lib) {
    case LIB_CTRL: return api->lib_ctrl;
    case LIB_EVTCHN: return api->lib_evtchn;
    case LIB_FOREIGN: return api->lib_foreign;
    case LIB_CALL: return api->lib_call;
    case LIB_DEVMODEL: return api->lib_devmodel;
    }
    return NULL;
}

static int load_symbols(struct xen_api *api, enum which_lib lib, struct xmem_error *err)
{
    for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
        const struct symbol *s = &symbols[i];
        if (s->lib != lib)
            continue;
        void *p = dlsym(lib_of(api, lib), s->name);
        if (!p && !s->optional)
            return xmi_error_set(err, -EOPNOTSUPP, "%s is not in the Xen library %s", s->name,
                                 lib == LIB_CTRL ? api->ctrl_name : "that is installed");
        memcpy((char *)api + s->offset, &p, sizeof(p));
    }
    return 0;
}

static int open_stable(struct xen_api *api, enum which_lib lib, void **handle, const char *soname,
                       struct xmem_error *err)
{
    *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (!*handle)
        return xmi_error_set(err, -EOPNOTSUPP,
                             "%s cannot be loaded: install Xen's libraries, or use a simulated "
                             "machine (sim:)",
                             soname);
    return load_symbols(api, lib, err);
}

/* Which hypervisor runs is asked of itself: its library is the one that fits it. */
static int ask_version(struct xen_api *api, struct xmem_error *err)
{
    void *xcall = api->call_open(xmi_xen_quiet(), 0);
    if (!xcall) {
        int e = errno;
        int rc = e == EACCES || e == EPERM ? -EACCES : -EOPNOTSUPP;
        return xmi_error_set(err, rc,
                             "no hypervisor to be reached from here (%s): run as root in "
                             "Xen's control domain, with the module xen-privcmd",
                             strerror(e));
    }
    int v = xmi_xen_hypercall(api, xcall, HYPERCALL_XEN_VERSION, XENVER_VERSION, 0);
    int e = errno;
    api->call_close(xcall);
    if (v < 0)
        return xmi_error_set(err, -EOPNOTSUPP, "the hypervisor does not tell its version (%s)",
                             strerror(e));
    api->major = (uint32_t)v >> 16;
    api->minor = (uint32_t)v & 0xffffu;
    return 0;
}

static int open_ctrl(struct xen_api *api, struct xmem_error *err)
{
    snprintf(api->ctrl_name, sizeof(api->ctrl_name), "libxenctrl.so.%u.%u", api->major, api->minor);
    api->lib_ctrl = dlopen(api->ctrl_name, RTLD_NOW | RTLD_LOCAL);
    if (!api->lib_ctrl)
        return xmi_error_set(err, -EOPNOTSUPP,
                             "Xen %u.%u runs, but its library %s cannot be loaded: install the "
                             "package of that release (%s)",
                             api->major, api->minor, api->ctrl_name, dlerror());
    return load_symbols(api, LIB_CTRL, err);
}

/* May be missing: then nothing is injected. */
static int open_devmodel(struct xen_api *api, struct xmem_error *err)
{
    api->lib_devmodel = dlopen("libxendevicemodel.so.1", RTLD_NOW | RTLD_LOCAL);
    return api->lib_devmodel ? load_symbols(api, LIB_DEVMODEL, err) : 0;
}

int xmi_xen_api_open(struct xen_api *api, struct xmem_error *err)
{
    memset(api, 0, sizeof(*api));
    int rc = open_stable(api, LIB_CALL, &api->lib_call, "libxencall.so.1", err);
    if (!rc)
        rc = ask_version(api, err);
    if (!rc)
        rc = open_stable(api, LIB_EVTCHN, &api->lib_evtchn, "libxenevtchn.so.1", err);
    if (!rc)
        rc = open_stable(api, LIB_FOREIGN, &api->lib_foreign, "libxenforeignmemory.so.1", err);
    if (!rc)
        rc = open_ctrl(api, err);
    if (!rc)
        rc = open_devmodel(api, err);
    if (rc)
        xmi_xen_api_close(api);
    return rc;
}

void xmi_xen_api_close(struct xen_api *api)
{
    void *libs[] = {api->lib_devmodel, api->lib_ctrl, api->lib_foreign, api->lib_evtchn,
                    api->lib_call};
    for (size_t i = 0; i < sizeof(libs) / sizeof(*libs); i++)
        if (libs[i])
            dlclose(libs[i]);
    memset(api, 0, sizeof(*api));
}
