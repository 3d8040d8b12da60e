# SPDX-License-Identifier: LGPL-2.1-or-later
# The one list of the core's sources: this build, the bare-metal image's and Xen's all read it.
# Plain "NAME = a \ b" lines only, paths from the top of the tree, so that any make can.
XM_CORE_SOURCES = \
	hypervisor/core/common/rights.c \
	hypervisor/core/common/domain.c \
	hypervisor/core/common/p2m.c \
	hypervisor/core/common/p2m-table.c \
	hypervisor/core/common/access-op.c \
	hypervisor/core/common/access-check.c \
	hypervisor/core/common/monitor.c \
	hypervisor/core/common/events.c \
	hypervisor/core/common/ring.c \
	hypervisor/core/common/reply.c \
	hypervisor/core/common/vm-event.c \
	hypervisor/core/arm-mpu/mpu-slots.c \
	hypervisor/core/arm-mpu/mpu-load.c \
	hypervisor/core/arm-mpu/mpu-remote.c \
	hypervisor/core/arm-mpu/mpu-extents.c \
	hypervisor/core/arm-mpu/mpu-plan.c \
	hypervisor/core/arm-mpu/mpu-view.c \
	hypervisor/core/arm-mpu/mpu-step.c \
	hypervisor/core/arm-mpu/mpu-step-insn.c \
	hypervisor/core/arm-mpu/mpu-evtchn.c \
	hypervisor/core/arm-mpu/mpu-domain.c \
	hypervisor/core/x86/altp2m.c \
	hypervisor/core/x86/altp2m-op.c \
	hypervisor/core/x86/altp2m-ve.c \
	hypervisor/core/x86/pv-table.c \
	hypervisor/core/x86/pv-set.c \
	hypervisor/core/x86/pv-many.c \
	hypervisor/core/x86/pv-op.c \
	hypervisor/core/x86/pv-decide.c \
	hypervisor/core/x86/pv-armed.c \
	hypervisor/core/x86/hap-step.c \
	hypervisor/core/x86/hap-trap.c \
	hypervisor/core/x86/trap-insn.c \
	hypervisor/core/x86/pv-access.c \
	hypervisor/core/x86/pv-step.c \
	hypervisor/core/x86/pv-open.c \
	hypervisor/core/x86/pv-where.c \
	hypervisor/core/x86/hap-domain.c \
	hypervisor/core/x86/pv-domain.c \
	hypervisor/core/l4/l4.c \
	hypervisor/core/l4/l4-cpu.c

# Of these, what a hypervisor that has a vm_event of its own takes for PV guests and for
# guests on nested page tables: with the headers that they include.
XM_PV_FILES = \
	hypervisor/core/common/rights.c \
	hypervisor/core/x86/pv-table.c \
	hypervisor/core/x86/pv-set.c \
	hypervisor/core/x86/pv-many.c \
	hypervisor/core/x86/pv-op.c \
	hypervisor/core/x86/pv-decide.c \
	hypervisor/core/x86/pv-armed.c \
	hypervisor/core/x86/hap-step.c \
	hypervisor/core/x86/hap-trap.c \
	hypervisor/core/x86/trap-insn.c \
	hypervisor/core/x86/pv-access.c \
	hypervisor/core/x86/pv-step.c \
	hypervisor/core/x86/pv-open.c \
	hypervisor/core/x86/pv-where.c

# Of these, what a hypervisor with domains and a vm_event of its own takes for an MPU: with the
# headers xm/{types,env,rights,mpu,mpu-plan,mpu-remote,mpu-evtchn,mpu-step}.h; they need no function of the
# environment but memcpy and memset.
XM_MPU_FILES = \
	hypervisor/core/common/rights.c \
	hypervisor/core/arm-mpu/mpu-slots.c \
	hypervisor/core/arm-mpu/mpu-load.c \
	hypervisor/core/arm-mpu/mpu-remote.c \
	hypervisor/core/arm-mpu/mpu-extents.c \
	hypervisor/core/arm-mpu/mpu-plan.c \
	hypervisor/core/arm-mpu/mpu-view.c \
	hypervisor/core/arm-mpu/mpu-step.c \
	hypervisor/core/arm-mpu/mpu-step-insn.c \
	hypervisor/core/arm-mpu/mpu-evtchn.c
