# SPDX-License-Identifier: LGPL-2.1-or-later
# The simulated machine and its environment, for every build that contains it.
# Paths from the top of the tree; needs core/sources.mk and -I of hypervisor/core/include,
# hypervisor/env/sim and hypervisor/sim.
SIM_SOURCES = \
	hypervisor/env/sim/env.c \
	hypervisor/env/sim/mpu-model.c \
	hypervisor/sim/a64.c \
	hypervisor/sim/arm.c \
	hypervisor/sim/domain.c \
	hypervisor/sim/evtchn.c \
	hypervisor/sim/exception.c \
	hypervisor/sim/excl.c \
	hypervisor/sim/frames.c \
	hypervisor/sim/hap-step.c \
	hypervisor/sim/hypercall.c \
	hypervisor/sim/inject.c \
	hypervisor/sim/insn.c \
	hypervisor/sim/machine.c \
	hypervisor/sim/mpu.c \
	hypervisor/sim/op-access.c \
	hypervisor/sim/op-event.c \
	hypervisor/sim/op.c \
	hypervisor/sim/pcpu.c \
	hypervisor/sim/program.c \
	hypervisor/sim/pv-access.c \
	hypervisor/sim/pv-emulate.c \
	hypervisor/sim/pv-domain.c \
	hypervisor/sim/pv-frames.c \
	hypervisor/sim/pv-hypercall.c \
	hypervisor/sim/pv-shadow.c \
	hypervisor/sim/pv-types.c \
	hypervisor/sim/report.c \
	hypervisor/sim/run.c \
	hypervisor/sim/seen.c \
	hypervisor/sim/tlb.c \
	hypervisor/sim/trace.c \
	hypervisor/sim/vcpu.c \
	hypervisor/sim/x86.c \
	hypervisor/env/sim/mpu-model.h \
	hypervisor/env/sim/xm_env_types.h \
	hypervisor/sim/program.h \
	hypervisor/sim/pv.h \
	hypervisor/sim/sim-int.h \
	hypervisor/sim/sim.h
