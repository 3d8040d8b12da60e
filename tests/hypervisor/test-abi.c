/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core's own definitions against Xen's public headers, where these are installed (interface 7;
 * libxen-dev 4.17). Without them the test says so and counts as skipped.
 */
#include "fake-env.h"

#if defined(__has_include)
#if __has_include(<xen/vm_event.h>)
#define HAVE_XEN_HEADERS 1
#endif
#endif

#ifdef HAVE_XEN_HEADERS
#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/errno.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/vm_event.h>

#define SAME_SIZE(a, b) ck_assert_uint_eq(sizeof(a), sizeof(b))
#define SAME_AT(a, fa, b, fb) ck_assert_uint_eq(offsetof(a, fa), offsetof(b, fb))
#define EV(fa, fb) SAME_AT(struct xm_ev, fa, vm_event_request_t, fb)
#define SAME(a, b) ck_assert_int_eq((int)(a), (int)(b))

START_TEST(events)
{
    SAME_SIZE(struct xm_ev, vm_event_request_t);
    EV(version, version);
    EV(flags, flags);
    EV(reason, reason);
    EV(vcpu_id, vcpu_id);
    EV(altp2m_idx, altp2m_idx);
    EV(u.mem_access.gfn, u.mem_access.gfn);
    EV(u.mem_access.offset, u.mem_access.offset);
    EV(u.mem_access.gla, u.mem_access.gla);
    EV(u.mem_access.flags, u.mem_access.flags);
    EV(u.ctrlreg.index, u.write_ctrlreg.index);
    EV(u.ctrlreg.new_value, u.write_ctrlreg.new_value);
    EV(u.ctrlreg.old_value, u.write_ctrlreg.old_value);
    EV(u.msr.msr, u.mov_to_msr.msr);
    EV(u.msr.new_value, u.mov_to_msr.new_value);
    EV(u.msr.old_value, u.mov_to_msr.old_value);
    EV(u.desc.instr_info, u.desc_access.arch.vmx.instr_info);
    EV(u.desc.exit_qualification, u.desc_access.arch.vmx.exit_qualification);
    EV(u.desc.descriptor, u.desc_access.descriptor);
    EV(u.desc.is_write, u.desc_access.is_write);
    EV(u.singlestep.gfn, u.singlestep.gfn);
    EV(u.fast_singlestep.p2midx, u.fast_singlestep.p2midx);
    EV(u.breakpoint.gfn, u.software_breakpoint.gfn);
    EV(u.breakpoint.insn_length, u.software_breakpoint.insn_length);
    EV(u.breakpoint.type, u.software_breakpoint.type);
    EV(u.debug.pending_dbg, u.debug_exception.pending_dbg);
    EV(u.cpuid.insn_length, u.cpuid.insn_length);
    EV(u.cpuid.leaf, u.cpuid.leaf);
    EV(u.cpuid.subleaf, u.cpuid.subleaf);
    EV(u.vmexit.reason, u.vmexit.arch.vmx.reason);
    EV(u.vmexit.qualification, u.vmexit.arch.vmx.qualification);
    EV(u.interrupt.vector, u.interrupt.x86.vector);
    EV(u.interrupt.error_code, u.interrupt.x86.error_code);
    EV(u.interrupt.cr2, u.interrupt.x86.cr2);
    EV(data.read.data, data.emul.read.data);
    EV(data.insn.data, data.emul.insn.data);
}
END_TEST

START_TEST(registers)
{
    SAME_SIZE(struct xm_ev_regs_x86, struct vm_event_regs_x86);
    SAME_SIZE(struct xm_ev_regs_arm, struct vm_event_regs_arm);
#define X86(f) SAME_AT(struct xm_ev_regs_x86, f, struct vm_event_regs_x86, f)
    X86(rax);
    X86(rdi);
    X86(r8);
    X86(r15);
    X86(rflags);
    X86(dr6);
    X86(dr7);
    X86(rip);
    X86(cr0);
    X86(cr3);
    X86(cr4);
    X86(sysenter_cs);
    X86(msr_efer);
    X86(msr_lstar);
    X86(gdtr_base);
    X86(npt_base);
    X86(vmtrace_pos);
    X86(cs_base);
    X86(fs_base);
    X86(cs);
    X86(gs);
    X86(shadow_gs);
    X86(gdtr_limit);
    X86(gs_sel);
    SAME_AT(struct xm_ev_regs_arm, ttbr1, struct vm_event_regs_arm, ttbr1);
    SAME_AT(struct xm_ev_regs_arm, pc, struct vm_event_regs_arm, pc);
    SAME_AT(struct xm_ev_regs_arm, cpsr, struct vm_event_regs_arm, cpsr);
}
END_TEST

START_TEST(ring)
{
    static char buffer[XM_PAGE_SIZE] __attribute__((aligned(8)));
    vm_event_sring_t *sring = (vm_event_sring_t *)(void *)buffer;

    ck_assert_uint_eq(__CONST_RING_SIZE(vm_event, XM_PAGE_SIZE), XM_RING_SLOTS);
    SAME_AT(struct xm_ring_page, req_prod, vm_event_sring_t, req_prod);
    SAME_AT(struct xm_ring_page, req_event, vm_event_sring_t, req_event);
    SAME_AT(struct xm_ring_page, rsp_prod, vm_event_sring_t, rsp_prod);
    SAME_AT(struct xm_ring_page, rsp_event, vm_event_sring_t, rsp_event);
    ck_assert_uint_eq((size_t)((char *)&sring->ring[1] - buffer),
                      offsetof(struct xm_ring_page, slot) + sizeof(struct xm_ev));
}
END_TEST

START_TEST(event_numbers)
{
    SAME(XM_EV_INTERFACE_VERSION, VM_EVENT_INTERFACE_VERSION);
    SAME(XM_EV_FLAG_VCPU_PAUSED, VM_EVENT_FLAG_VCPU_PAUSED);
    SAME(XM_EV_FLAG_FOREIGN, VM_EVENT_FLAG_FOREIGN);
    SAME(XM_EV_FLAG_EMULATE, VM_EVENT_FLAG_EMULATE);
    SAME(XM_EV_FLAG_EMULATE_NOWRITE, VM_EVENT_FLAG_EMULATE_NOWRITE);
    SAME(XM_EV_FLAG_TOGGLE_SINGLESTEP, VM_EVENT_FLAG_TOGGLE_SINGLESTEP);
    SAME(XM_EV_FLAG_SET_EMUL_READ_DATA, VM_EVENT_FLAG_SET_EMUL_READ_DATA);
    SAME(XM_EV_FLAG_DENY, VM_EVENT_FLAG_DENY);
    SAME(XM_EV_FLAG_ALTERNATE_P2M, VM_EVENT_FLAG_ALTERNATE_P2M);
    SAME(XM_EV_FLAG_SET_REGISTERS, VM_EVENT_FLAG_SET_REGISTERS);
    SAME(XM_EV_FLAG_SET_EMUL_INSN_DATA, VM_EVENT_FLAG_SET_EMUL_INSN_DATA);
    SAME(XM_EV_FLAG_GET_NEXT_INTERRUPT, VM_EVENT_FLAG_GET_NEXT_INTERRUPT);
    SAME(XM_EV_FLAG_FAST_SINGLESTEP, VM_EVENT_FLAG_FAST_SINGLESTEP);
    SAME(XM_EV_FLAG_NESTED_P2M, VM_EVENT_FLAG_NESTED_P2M);
    SAME(XM_EV_REASON_MEM_ACCESS, VM_EVENT_REASON_MEM_ACCESS);
    SAME(XM_EV_REASON_WRITE_CTRLREG, VM_EVENT_REASON_WRITE_CTRLREG);
    SAME(XM_EV_REASON_MOV_TO_MSR, VM_EVENT_REASON_MOV_TO_MSR);
    SAME(XM_EV_REASON_SOFTWARE_BREAKPOINT, VM_EVENT_REASON_SOFTWARE_BREAKPOINT);
    SAME(XM_EV_REASON_SINGLESTEP, VM_EVENT_REASON_SINGLESTEP);
    SAME(XM_EV_REASON_GUEST_REQUEST, VM_EVENT_REASON_GUEST_REQUEST);
    SAME(XM_EV_REASON_DEBUG_EXCEPTION, VM_EVENT_REASON_DEBUG_EXCEPTION);
    SAME(XM_EV_REASON_CPUID, VM_EVENT_REASON_CPUID);
    SAME(XM_EV_REASON_PRIVILEGED_CALL, VM_EVENT_REASON_PRIVILEGED_CALL);
    SAME(XM_EV_REASON_INTERRUPT, VM_EVENT_REASON_INTERRUPT);
    SAME(XM_EV_REASON_DESCRIPTOR_ACCESS, VM_EVENT_REASON_DESCRIPTOR_ACCESS);
    SAME(XM_EV_REASON_EMUL_UNIMPLEMENTED, VM_EVENT_REASON_EMUL_UNIMPLEMENTED);
    SAME(XM_EV_REASON_VMEXIT, VM_EVENT_REASON_VMEXIT);
    SAME(XM_DO_R, MEM_ACCESS_R);
    SAME(XM_DO_W, MEM_ACCESS_W);
    SAME(XM_DO_X, MEM_ACCESS_X);
    SAME(XM_EV_ACCESS_GLA_VALID, MEM_ACCESS_GLA_VALID);
    SAME(XM_EV_ACCESS_WITH_GLA, MEM_ACCESS_FAULT_WITH_GLA);
    SAME(XM_EV_ACCESS_IN_GPT, MEM_ACCESS_FAULT_IN_GPT);
    SAME(XM_EV_CR3, VM_EVENT_X86_CR3);
    SAME(XM_EV_XCR0, VM_EVENT_X86_XCR0);
}
END_TEST

START_TEST(mem_access_op)
{
#define MAO(f) SAME_AT(struct xm_mem_access_op, f, struct xen_mem_access_op, f)
    SAME_SIZE(struct xm_mem_access_op, struct xen_mem_access_op);
    MAO(op);
    MAO(access);
    MAO(domid);
    MAO(nr);
    MAO(pfn);
    MAO(pfn_list);
    MAO(access_list);
    SAME(XM_MEM_ACCESS_SET, XENMEM_access_op_set_access);
    SAME(XM_MEM_ACCESS_GET, XENMEM_access_op_get_access);
    SAME(XM_MEM_ACCESS_SET_MULTI, XENMEM_access_op_set_access_multi);
    SAME(XM_ACCESS_N2RWX, XENMEM_access_n2rwx);
    SAME(XM_ACCESS_RX2RW, XENMEM_access_rx2rw);
}
END_TEST

START_TEST(domctl)
{
#define DC(fa, fb) SAME_AT(struct xm_domctl, fa, struct xen_domctl, fb)
    SAME_SIZE(struct xm_domctl, struct xen_domctl);
    SAME_SIZE(struct xm_domctl_monitor_op, struct xen_domctl_monitor_op);
    SAME_SIZE(struct xm_domctl_vm_event_op, struct xen_domctl_vm_event_op);
    DC(interface_version, interface_version);
    DC(domain, domain);
    DC(u.vm_event_op.mode, u.vm_event_op.mode);
    DC(u.vm_event_op.u.port, u.vm_event_op.u.enable.port);
    DC(u.vm_event_op.u.version, u.vm_event_op.u.version);
    DC(u.monitor_op.event, u.monitor_op.event);
    DC(u.monitor_op.u.mov_to_cr.sync, u.monitor_op.u.mov_to_cr.sync);
    DC(u.monitor_op.u.mov_to_cr.onchangeonly, u.monitor_op.u.mov_to_cr.onchangeonly);
    DC(u.monitor_op.u.mov_to_cr.bitmask, u.monitor_op.u.mov_to_cr.bitmask);
    DC(u.monitor_op.u.mov_to_msr.onchangeonly, u.monitor_op.u.mov_to_msr.onchangeonly);
    DC(u.monitor_op.u.guest_request.allow_userspace, u.monitor_op.u.guest_request.allow_userspace);
    DC(u.monitor_op.u.vmexit.sync, u.monitor_op.u.vmexit.sync);
    DC(u.access_required.access_required, u.access_required.access_required);
    DC(u.vcpu.vcpu, u.gdbsx_pauseunp_vcpu.vcpu);
    SAME(XM_DOMCTL_PAUSE, XEN_DOMCTL_pausedomain);
    SAME(XM_DOMCTL_UNPAUSE, XEN_DOMCTL_unpausedomain);
    SAME(XM_DOMCTL_VM_EVENT_OP, XEN_DOMCTL_vm_event_op);
    SAME(XM_DOMCTL_MONITOR_OP, XEN_DOMCTL_monitor_op);
    SAME(XM_DOMCTL_SET_ACCESS_REQUIRED, XEN_DOMCTL_set_access_required);
    SAME(XM_DOMCTL_GDBSX_PAUSE_VCPU, XEN_DOMCTL_gdbsx_pausevcpu);
    SAME(XM_DOMCTL_GDBSX_UNPAUSE_VCPU, XEN_DOMCTL_gdbsx_unpausevcpu);
    SAME(XM_VM_EVENT_MODE_MONITOR, XEN_DOMCTL_VM_EVENT_OP_MONITOR);
    SAME(XM_VM_EVENT_DISABLE, XEN_VM_EVENT_DISABLE);
    SAME(XM_VM_EVENT_RESUME, XEN_VM_EVENT_RESUME);
    SAME(XM_VM_EVENT_GET_VERSION, XEN_VM_EVENT_GET_VERSION);
    SAME(XM_MONITOR_CONTROL_REGISTERS, XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS);
    SAME(XM_MONITOR_SINGLESTEP, XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP);
    SAME(XM_MONITOR_DESC_ACCESS, XEN_DOMCTL_MONITOR_EVENT_DESC_ACCESS);
    SAME(XM_MONITOR_INGUEST_PAGEFAULT, XEN_DOMCTL_MONITOR_EVENT_INGUEST_PAGEFAULT);
    SAME(XM_MONITOR_VMEXIT, XEN_DOMCTL_MONITOR_EVENT_VMEXIT);
#if XEN_DOMCTL_INTERFACE_VERSION == 0x15
    SAME(xm_domctl_version(17), XEN_DOMCTL_INTERFACE_VERSION);
#endif
}
END_TEST

START_TEST(altp2m)
{
#define AP(fa, fb) SAME_AT(struct xm_altp2m_op, fa, struct xen_hvm_altp2m_op, fb)
    SAME_SIZE(struct xm_altp2m_op, struct xen_hvm_altp2m_op);
    AP(cmd, cmd);
    AP(domain, domain);
    AP(u.enable_notify.gfn, u.enable_notify.gfn);
    AP(u.view.hvmmem_default_access, u.view.hvmmem_default_access);
    AP(u.mem_access.access, u.mem_access.access);
    AP(u.mem_access.gfn, u.mem_access.gfn);
    AP(u.set_multi.nr, u.set_mem_access_multi.nr);
    AP(u.set_multi.opaque, u.set_mem_access_multi.opaque);
    AP(u.set_multi.pfn_list, u.set_mem_access_multi.pfn_list);
    AP(u.set_multi.access_list, u.set_mem_access_multi.access_list);
    AP(u.suppress_ve.suppress_ve, u.suppress_ve.suppress_ve);
    AP(u.suppress_ve.gfn, u.suppress_ve.gfn);
    AP(u.suppress_ve_multi.first_error, u.suppress_ve_multi.first_error);
    AP(u.suppress_ve_multi.first_error_gfn, u.suppress_ve_multi.first_error_gfn);
    AP(u.change_gfn.old_gfn, u.change_gfn.old_gfn);
    AP(u.change_gfn.new_gfn, u.change_gfn.new_gfn);
    AP(u.p2m_idx.altp2m_idx, u.get_vcpu_p2m_idx.altp2m_idx);
    AP(u.visibility.visible, u.set_visibility.visible);
    SAME(XM_ALTP2M_INTERFACE_VERSION, HVMOP_ALTP2M_INTERFACE_VERSION);
    SAME(XM_ALTP2M_GET_DOMAIN_STATE, HVMOP_altp2m_get_domain_state);
    SAME(XM_ALTP2M_CREATE_P2M, HVMOP_altp2m_create_p2m);
    SAME(XM_ALTP2M_SET_MEM_ACCESS_MULTI, HVMOP_altp2m_set_mem_access_multi);
    SAME(XM_ALTP2M_GET_MEM_ACCESS, HVMOP_altp2m_get_mem_access);
    SAME(XM_ALTP2M_VCPU_DISABLE_NOTIFY, HVMOP_altp2m_vcpu_disable_notify);
    SAME(XM_ALTP2M_GET_P2M_IDX, HVMOP_altp2m_get_p2m_idx);
    SAME(XM_ALTP2M_SET_SUPPRESS_VE_MULTI, HVMOP_altp2m_set_suppress_ve_multi);
    SAME(XM_ALTP2M_SET_VISIBILITY, HVMOP_altp2m_set_visibility);
}
END_TEST

START_TEST(errno_numbers)
{
    SAME(XM_EPERM, XEN_EPERM);
    SAME(XM_ENOENT, XEN_ENOENT);
    SAME(XM_ESRCH, XEN_ESRCH);
    SAME(XM_ENXIO, XEN_ENXIO);
    SAME(XM_E2BIG, XEN_E2BIG);
    SAME(XM_EAGAIN, XEN_EAGAIN);
    SAME(XM_ENOMEM, XEN_ENOMEM);
    SAME(XM_EACCES, XEN_EACCES);
    SAME(XM_EFAULT, XEN_EFAULT);
    SAME(XM_EBUSY, XEN_EBUSY);
    SAME(XM_EEXIST, XEN_EEXIST);
    SAME(XM_ENODEV, XEN_ENODEV);
    SAME(XM_EINVAL, XEN_EINVAL);
    SAME(XM_ENOSPC, XEN_ENOSPC);
    SAME(XM_ERANGE, XEN_ERANGE);
    SAME(XM_ENOSYS, XEN_ENOSYS);
    SAME(XM_EOPNOTSUPP, XEN_EOPNOTSUPP);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("abi");
    TCase *t = tcase_create("abi");

    tcase_add_test(t, events);
    tcase_add_test(t, registers);
    tcase_add_test(t, ring);
    tcase_add_test(t, event_numbers);
    tcase_add_test(t, mem_access_op);
    tcase_add_test(t, domctl);
    tcase_add_test(t, altp2m);
    tcase_add_test(t, errno_numbers);
    suite_add_tcase(s, t);
    return fake_run(s);
}
#else
#include <stdio.h>

/* 77: skipped, for automake. */
int main(void)
{
    puts("SKIP: Xen's public headers (libxen-dev) are not installed: layouts not compared");
    return 77;
}
#endif
