# SPDX-License-Identifier: LGPL-2.1-or-later
# The core's sources, a list per folder; README.md says what each may use. Every build composes them:
# this one takes all, a bare-metal image and Xen what they name.
# Plain "NAME = a \ b" lines only, paths from the top of the tree, so that any make can.
XM_CORE_RIGHTS = \
	hypervisor/core/rights/rights.c

XM_CORE_BASE = \
	hypervisor/core/base/domain.c \
	hypervisor/core/base/p2m.c \
	hypervisor/core/base/access-op.c \
	hypervisor/core/base/access-check.c \
	hypervisor/core/base/monitor.c \
	hypervisor/core/base/events.c \
	hypervisor/core/base/ring.c \
	hypervisor/core/base/vm-event.c

XM_CORE_SECOND_STAGE = \
	hypervisor/core/second-stage/p2m-table.c

XM_CORE_VIEWS = \
	hypervisor/core/views/altp2m.c \
	hypervisor/core/views/altp2m-op.c \
	hypervisor/core/views/altp2m-ve.c

XM_CORE_STEPS = \
	hypervisor/core/steps/pv-armed.c \
	hypervisor/core/steps/trap-insn.c \
	hypervisor/core/steps/hap-step.c \
	hypervisor/core/steps/hap-trap.c

XM_CORE_PV = \
	hypervisor/core/pv/pv-table.c \
	hypervisor/core/pv/pv-set.c \
	hypervisor/core/pv/pv-many.c \
	hypervisor/core/pv/pv-op.c \
	hypervisor/core/pv/pv-decide.c \
	hypervisor/core/pv/pv-access.c \
	hypervisor/core/pv/pv-step.c \
	hypervisor/core/pv/pv-where.c

XM_CORE_L4 = \
	hypervisor/core/l4/l4.c \
	hypervisor/core/l4/l4-cpu.c

XM_CORE_MPU = \
	hypervisor/core/mpu/mpu-slots.c \
	hypervisor/core/mpu/mpu-load.c \
	hypervisor/core/mpu/mpu-remote.c \
	hypervisor/core/mpu/mpu-plan.c \
	hypervisor/core/mpu/mpu-view.c \
	hypervisor/core/mpu/mpu-step.c \
	hypervisor/core/mpu/mpu-step-insn.c \
	hypervisor/core/mpu/mpu-evtchn.c

XM_CORE_KINDS = \
	hypervisor/core/kinds/x86.c \
	hypervisor/core/kinds/x86-hvm.c \
	hypervisor/core/kinds/x86-ept.c \
	hypervisor/core/kinds/x86-npt.c \
	hypervisor/core/kinds/x86-pv.c \
	hypervisor/core/kinds/arm.c \
	hypervisor/core/kinds/arm-s2.c \
	hypervisor/core/kinds/arm-mpu.c

# Of kinds/ what a build with this kind alone takes.
XM_KIND_ARM_MPU = \
	hypervisor/core/kinds/arm.c \
	hypervisor/core/kinds/arm-mpu.c
