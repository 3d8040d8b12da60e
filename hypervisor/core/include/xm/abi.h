/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What crosses the boundary between hypervisor and listener: hypercall structures, the
 * vm_event ring and its events, bit for bit as Xen lays them out on 64-bit machines
 * (public/memory.h, domctl.h, hvm/hvm_op.h, vm_event.h; vm_event interface 7). tests/hypervisor/
 * test-abi.c compares with Xen's own headers where they are installed.
 *
 * A handle is the address of a buffer of the caller.
 */
#ifndef XM_ABI_H
#define XM_ABI_H

#include <xm/types.h>

#define XM_ABI_ASSERT(cond, name) _Static_assert(cond, name)

/* Hypercalls by what they are for: the simulator counts them and injects failures by these. */
enum xm_hc {
    XM_HC_ANY = 0,
    XM_HC_ACCESS_SET,
    XM_HC_ACCESS_GET,
    XM_HC_ACCESS_SET_MULTI,
    XM_HC_VM_EVENT,
    XM_HC_MONITOR,
    XM_HC_ACCESS_REQUIRED,
    XM_HC_PAUSE,
    XM_HC_UNPAUSE,
    XM_HC_VCPU_PAUSE,
    XM_HC_VCPU_UNPAUSE,
    XM_HC_DOMCTL_OTHER,
    XM_HC_ALTP2M_STATE,
    XM_HC_ALTP2M_CREATE,
    XM_HC_ALTP2M_DESTROY,
    XM_HC_ALTP2M_SWITCH,
    XM_HC_ALTP2M_SET,
    XM_HC_ALTP2M_SET_MULTI,
    XM_HC_ALTP2M_GET,
    XM_HC_ALTP2M_CHANGE_GFN,
    XM_HC_ALTP2M_OTHER,
    XM_HC_INJECT_EVENT,
    XM_HC_VCPU_GET,
    XM_HC_VCPU_SET,
    XM_HC_COUNT
};

/* ---- vm_event.h ---- */

#define XM_EV_INTERFACE_VERSION 7u

#define XM_EV_FLAG_VCPU_PAUSED (1u << 0)
#define XM_EV_FLAG_FOREIGN (1u << 1)
#define XM_EV_FLAG_EMULATE (1u << 2)
#define XM_EV_FLAG_EMULATE_NOWRITE (1u << 3)
#define XM_EV_FLAG_TOGGLE_SINGLESTEP (1u << 4)
#define XM_EV_FLAG_SET_EMUL_READ_DATA (1u << 5)
#define XM_EV_FLAG_DENY (1u << 6)
#define XM_EV_FLAG_ALTERNATE_P2M (1u << 7)
#define XM_EV_FLAG_SET_REGISTERS (1u << 8)
#define XM_EV_FLAG_SET_EMUL_INSN_DATA (1u << 9)
#define XM_EV_FLAG_GET_NEXT_INTERRUPT (1u << 10)
#define XM_EV_FLAG_FAST_SINGLESTEP (1u << 11)
#define XM_EV_FLAG_NESTED_P2M (1u << 12)
#define XM_EV_FLAG_RESET_VMTRACE (1u << 13)
#define XM_EV_FLAG_RESET_FORK_STATE (1u << 14)
#define XM_EV_FLAG_RESET_FORK_MEMORY (1u << 15)
/*
 * Not Xen's own: the hypervisor carries the told instruction over. Only the told access to that frame
 * is let through, for that vCPU alone; another restricted frame is an event of its own. Sent only
 * where XM_MONITOR_CAP_STEP is set.
 */
#define XM_EV_FLAG_STEP (1u << 30)

enum xm_ev_reason {
    XM_EV_REASON_UNKNOWN = 0,
    XM_EV_REASON_MEM_ACCESS = 1,
    XM_EV_REASON_MEM_SHARING = 2,
    XM_EV_REASON_MEM_PAGING = 3,
    XM_EV_REASON_WRITE_CTRLREG = 4,
    XM_EV_REASON_MOV_TO_MSR = 5,
    XM_EV_REASON_SOFTWARE_BREAKPOINT = 6,
    XM_EV_REASON_SINGLESTEP = 7,
    XM_EV_REASON_GUEST_REQUEST = 8,
    XM_EV_REASON_DEBUG_EXCEPTION = 9,
    XM_EV_REASON_CPUID = 10,
    XM_EV_REASON_PRIVILEGED_CALL = 11,
    XM_EV_REASON_INTERRUPT = 12,
    XM_EV_REASON_DESCRIPTOR_ACCESS = 13,
    XM_EV_REASON_EMUL_UNIMPLEMENTED = 14,
    XM_EV_REASON_VMEXIT = 15,
    XM_EV_REASON_IO_INSTRUCTION = 16 /* from 4.18 */
};

enum xm_ev_ctrlreg {
    XM_EV_CR0 = 0,
    XM_EV_CR3 = 1,
    XM_EV_CR4 = 2,
    XM_EV_XCR0 = 3,
    XM_EV_CTRLREGS = 4
};
enum { XM_EV_DESC_IDTR = 1, XM_EV_DESC_GDTR = 2, XM_EV_DESC_LDTR = 3, XM_EV_DESC_TR = 4 };

struct xm_ev_selector_x86 {
    uint32_t limit : 20;
    uint32_t ar : 12;
};

struct xm_ev_regs_x86 {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags, dr6, dr7, rip;
    uint64_t cr0, cr2, cr3, cr4;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t msr_efer, msr_star, msr_lstar;
    uint64_t gdtr_base, npt_base, vmtrace_pos;
    uint32_t cs_base, ss_base, ds_base, es_base;
    uint64_t fs_base, gs_base;
    struct xm_ev_selector_x86 cs, ss, ds, es, fs, gs;
    uint64_t shadow_gs;
    uint16_t gdtr_limit, cs_sel, ss_sel, ds_sel, es_sel, fs_sel, gs_sel, pad;
};

struct xm_ev_regs_arm {
    uint64_t ttbr0, ttbr1, ttbcr, pc, cpsr;
};

/* Bits 0 to 2 of flags are XM_DO_*. */
#define XM_EV_ACCESS_GLA_VALID (1u << 3)
#define XM_EV_ACCESS_WITH_GLA (1u << 4)
#define XM_EV_ACCESS_IN_GPT (1u << 5)

struct xm_ev_mem_access {
    uint64_t gfn, offset, gla;
    uint32_t flags, pad;
};
struct xm_ev_ctrlreg_write {
    uint32_t index, pad;
    uint64_t new_value, old_value;
};
struct xm_ev_msr_write {
    uint64_t msr, new_value, old_value;
};
struct xm_ev_singlestep {
    uint64_t gfn;
};
struct xm_ev_fast_singlestep {
    uint16_t p2midx;
};
struct xm_ev_debug {
    uint64_t gfn, pending_dbg;
    uint32_t insn_length;
    uint8_t type, pad[3];
};
struct xm_ev_desc_access {
    uint32_t instr_info, pad1;
    uint64_t exit_qualification;
    uint8_t descriptor, is_write, pad[6];
};
struct xm_ev_cpuid {
    uint32_t insn_length, leaf, subleaf, pad;
};
struct xm_ev_interrupt {
    uint32_t vector, type, error_code, pad;
    uint64_t cr2;
};
struct xm_ev_vmexit {
    uint64_t reason, qualification;
};
struct xm_ev_io {
    uint32_t bytes;
    uint16_t port;
    uint8_t in, str;
};

struct xm_ev_read_data {
    uint32_t size;
    uint8_t data[sizeof(struct xm_ev_regs_x86) - sizeof(uint32_t)];
};
struct xm_ev_insn_data {
    uint8_t data[16];
};

/* Request and response alike. */
struct xm_ev {
    uint32_t version, flags, reason, vcpu_id;
    uint16_t altp2m_idx, pad[3];
    union {
        struct xm_ev_mem_access mem_access;
        struct xm_ev_ctrlreg_write ctrlreg;
        struct xm_ev_msr_write msr;
        struct xm_ev_desc_access desc;
        struct xm_ev_singlestep singlestep;
        struct xm_ev_fast_singlestep fast_singlestep;
        struct xm_ev_debug breakpoint;
        struct xm_ev_debug debug;
        struct xm_ev_cpuid cpuid;
        struct xm_ev_vmexit vmexit;
        struct xm_ev_io io;
        struct xm_ev_interrupt interrupt;
        uint64_t raw[4];
    } u;
    union {
        struct xm_ev_regs_x86 x86;
        struct xm_ev_regs_arm arm;
        struct xm_ev_read_data read;
        struct xm_ev_insn_data insn;
    } data;
};

/* The ring's page (public/io/ring.h): indexes run freely, slot = index & 7. */
#define XM_RING_SLOTS 8u
struct xm_ring_page {
    uint32_t req_prod, req_event; /* hypervisor -> listener */
    uint32_t rsp_prod, rsp_event; /* listener -> hypervisor */
    uint8_t pad[48];
    struct xm_ev slot[XM_RING_SLOTS];
    uint8_t rest[XM_PAGE_SIZE - 64 - XM_RING_SLOTS * sizeof(struct xm_ev)];
};

XM_ABI_ASSERT(sizeof(struct xm_ev_regs_x86) == 344, "x86 registers in an event");
XM_ABI_ASSERT(sizeof(struct xm_ev_regs_arm) == 40, "Arm registers in an event");
XM_ABI_ASSERT(sizeof(struct xm_ev) == 400, "vm_event_st, interface 7");
XM_ABI_ASSERT(offsetof(struct xm_ev, u) == 24, "u of vm_event_st");
XM_ABI_ASSERT(offsetof(struct xm_ev, data) == 56, "data of vm_event_st");
XM_ABI_ASSERT(offsetof(struct xm_ring_page, slot) == 64, "header of the ring");
XM_ABI_ASSERT(sizeof(struct xm_ring_page) == XM_PAGE_SIZE, "the ring is one page");

/* ---- memory.h: XENMEM_access_op ---- */

#define XM_MEM_ACCESS_SET 0u
#define XM_MEM_ACCESS_GET 1u
#define XM_MEM_ACCESS_SET_MULTI 4u

/* Rights as a hypercall carries them are the release's numbers: see xm/rights.h. */
struct xm_mem_access_op {
    uint8_t op, access;
    uint16_t domid;
    uint32_t nr;
    uint64_t pfn;         /* ~0: the default rights */
    uint64_t pfn_list;    /* handle of uint64_t[nr] */
    uint64_t access_list; /* handle of uint8_t[nr] */
};
XM_ABI_ASSERT(sizeof(struct xm_mem_access_op) == 32, "xen_mem_access_op");

/* ---- domctl.h ---- */

#define XM_DOMCTL_PAUSE 3u
#define XM_DOMCTL_UNPAUSE 4u
#define XM_DOMCTL_SHADOW_OP 10u
#define XM_DOMCTL_DEBUG_OP 54u
#define XM_DOMCTL_VM_EVENT_OP 56u
#define XM_DOMCTL_SET_ACCESS_REQUIRED 64u
#define XM_DOMCTL_MONITOR_OP 77u
#define XM_DOMCTL_GDBSX_PAUSE_VCPU 1001u
#define XM_DOMCTL_GDBSX_UNPAUSE_VCPU 1002u

#define XM_VM_EVENT_MODE_PAGING 1u
#define XM_VM_EVENT_MODE_MONITOR 2u
#define XM_VM_EVENT_MODE_SHARING 3u
#define XM_VM_EVENT_ENABLE 0u
#define XM_VM_EVENT_DISABLE 1u
#define XM_VM_EVENT_RESUME 2u
#define XM_VM_EVENT_GET_VERSION 3u

struct xm_domctl_vm_event_op {
    uint32_t op, mode;
    union {
        uint32_t port; /* of ENABLE */
        uint32_t version;
    } u;
};

#define XM_MONITOR_ENABLE 0u
#define XM_MONITOR_DISABLE 1u
#define XM_MONITOR_GET_CAPABILITIES 2u
#define XM_MONITOR_EMULATE_EACH_REP 3u
#define XM_MONITOR_CONTROL_REGISTERS 4u

enum xm_monitor_event {
    XM_MONITOR_WRITE_CTRLREG = 0,
    XM_MONITOR_MOV_TO_MSR = 1,
    XM_MONITOR_SINGLESTEP = 2,
    XM_MONITOR_SOFTWARE_BREAKPOINT = 3,
    XM_MONITOR_GUEST_REQUEST = 4,
    XM_MONITOR_DEBUG_EXCEPTION = 5,
    XM_MONITOR_CPUID = 6,
    XM_MONITOR_PRIVILEGED_CALL = 7,
    XM_MONITOR_INTERRUPT = 8,
    XM_MONITOR_DESC_ACCESS = 9,
    XM_MONITOR_EMUL_UNIMPLEMENTED = 10,
    XM_MONITOR_INGUEST_PAGEFAULT = 11,
    XM_MONITOR_VMEXIT = 12,
    XM_MONITOR_IO = 13
};
/* Beside 1 << XM_MONITOR_* in the capabilities: answers with XM_EV_FLAG_STEP. */
#define XM_MONITOR_CAP_STEP (1u << 30)

struct xm_domctl_monitor_op {
    uint32_t op, event;
    union {
        struct {
            uint8_t index, sync, onchangeonly, pad1;
            uint32_t pad2;
            uint64_t bitmask;
        } mov_to_cr;
        struct {
            uint32_t msr;
            uint8_t onchangeonly;
        } mov_to_msr;
        struct {
            uint8_t sync, allow_userspace;
        } guest_request;
        struct {
            uint8_t sync;
        } debug_exception;
        struct {
            uint8_t sync;
        } vmexit;
    } u;
};

struct xm_domctl_access_required {
    uint8_t access_required;
};
/* CLEAN and LOG_DIRTY as in Xen; MEM_ACCESS and FORCE are this project's (x86-pv). */
#define XM_SHADOW_OP_OFF 0u
#define XM_SHADOW_OP_CLEAN 11u
#define XM_SHADOW_OP_ENABLE 32u
#define XM_SHADOW_ENABLE_LOG_DIRTY (1u << 2)
#define XM_SHADOW_ENABLE_MEM_ACCESS (1u << 5)
#define XM_SHADOW_FORCE (1u << 6) /* OFF of MEM_ACCESS: even if rights are in force */
struct xm_domctl_shadow_op {
    uint32_t op, mode;
};

#define XM_DEBUG_OP_SINGLE_STEP_OFF 0u
struct xm_domctl_debug_op {
    uint32_t op, vcpu;
};

struct xm_domctl_gdbsx_pauseunp_vcpu {
    uint32_t vcpu;
};

struct xm_domctl {
    uint32_t cmd, interface_version;
    uint16_t domain, pad[3];
    union {
        struct xm_domctl_shadow_op shadow_op;
        struct xm_domctl_vm_event_op vm_event_op;
        struct xm_domctl_monitor_op monitor_op;
        struct xm_domctl_access_required access_required;
        struct xm_domctl_debug_op debug_op;
        struct xm_domctl_gdbsx_pauseunp_vcpu vcpu;
        uint64_t raw[16];
    } u;
};
XM_ABI_ASSERT(sizeof(struct xm_domctl_monitor_op) == 24, "xen_domctl_monitor_op");
XM_ABI_ASSERT(sizeof(struct xm_domctl_vm_event_op) == 12, "xen_domctl_vm_event_op");
XM_ABI_ASSERT(sizeof(struct xm_domctl) == 144, "xen_domctl");
XM_ABI_ASSERT(offsetof(struct xm_domctl, u) == 16, "u of xen_domctl");

/* ---- hvm/hvm_op.h: HVMOP_altp2m ---- */

#define XM_ALTP2M_INTERFACE_VERSION 1u

enum xm_altp2m_cmd {
    XM_ALTP2M_GET_DOMAIN_STATE = 1,
    XM_ALTP2M_SET_DOMAIN_STATE = 2,
    XM_ALTP2M_VCPU_ENABLE_NOTIFY = 3,
    XM_ALTP2M_CREATE_P2M = 4,
    XM_ALTP2M_DESTROY_P2M = 5,
    XM_ALTP2M_SWITCH_P2M = 6,
    XM_ALTP2M_SET_MEM_ACCESS = 7,
    XM_ALTP2M_CHANGE_GFN = 8,
    XM_ALTP2M_SET_MEM_ACCESS_MULTI = 9,
    XM_ALTP2M_SET_SUPPRESS_VE = 10,
    XM_ALTP2M_GET_SUPPRESS_VE = 11,
    XM_ALTP2M_GET_MEM_ACCESS = 12,
    XM_ALTP2M_VCPU_DISABLE_NOTIFY = 13,
    XM_ALTP2M_GET_P2M_IDX = 14,
    XM_ALTP2M_SET_SUPPRESS_VE_MULTI = 15,
    XM_ALTP2M_SET_VISIBILITY = 16
};

struct xm_altp2m_domain_state {
    uint8_t state;
};
struct xm_altp2m_enable_notify {
    uint32_t vcpu_id, pad;
    uint64_t gfn;
};
struct xm_altp2m_disable_notify {
    uint32_t vcpu_id;
};
struct xm_altp2m_view {
    uint16_t view, hvmmem_default_access;
};
struct xm_altp2m_mem_access {
    uint16_t view, access;
    uint32_t pad;
    uint64_t gfn;
};
struct xm_altp2m_set_multi {
    uint16_t view, pad;
    uint32_t nr;
    uint64_t opaque; /* where a continuation goes on; 0 at first */
    uint64_t pfn_list, access_list;
};
struct xm_altp2m_suppress_ve {
    uint16_t view;
    uint8_t suppress_ve, pad1;
    uint32_t pad2;
    uint64_t gfn;
};
struct xm_altp2m_suppress_ve_multi {
    uint16_t view;
    uint8_t suppress_ve, pad1;
    int32_t first_error;
    uint64_t first_gfn, last_gfn, first_error_gfn;
};
struct xm_altp2m_change_gfn {
    uint16_t view, pad1;
    uint32_t pad2;
    uint64_t old_gfn, new_gfn;
};
struct xm_altp2m_p2m_idx {
    uint32_t vcpu_id;
    uint16_t altp2m_idx;
};
struct xm_altp2m_visibility {
    uint16_t altp2m_idx;
    uint8_t visible, pad;
};

struct xm_altp2m_op {
    uint32_t version, cmd;
    uint16_t domain, pad1;
    uint32_t pad2;
    union {
        struct xm_altp2m_domain_state domain_state;
        struct xm_altp2m_enable_notify enable_notify;
        struct xm_altp2m_disable_notify disable_notify;
        struct xm_altp2m_view view;
        struct xm_altp2m_mem_access mem_access;
        struct xm_altp2m_set_multi set_multi;
        struct xm_altp2m_suppress_ve suppress_ve;
        struct xm_altp2m_suppress_ve_multi suppress_ve_multi;
        struct xm_altp2m_change_gfn change_gfn;
        struct xm_altp2m_p2m_idx p2m_idx;
        struct xm_altp2m_visibility visibility;
        uint8_t raw[64];
    } u;
};
XM_ABI_ASSERT(sizeof(struct xm_altp2m_set_multi) == 32, "xen_hvm_altp2m_set_mem_access_multi");
XM_ABI_ASSERT(sizeof(struct xm_altp2m_suppress_ve_multi) == 32, "xen_hvm_altp2m_suppress_ve_multi");
XM_ABI_ASSERT(sizeof(struct xm_altp2m_op) == 80, "xen_hvm_altp2m_op");
XM_ABI_ASSERT(offsetof(struct xm_altp2m_op, u) == 16, "u of xen_hvm_altp2m_op");

/* What a #VE handler finds on its page (Intel SDM, "virtualization-exception information area"). */
struct xm_ve_info {
    uint32_t exit_reason, busy; /* 48: EPT violation; busy: ~0 until the guest clears it */
    uint64_t exit_qualification, gla, gpa;
    uint16_t eptp_index;
};

#endif
