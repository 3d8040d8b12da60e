# SPDX-License-Identifier: LGPL-2.1-or-later
"""The enums and flags of xmem.h; a test compares them with what a C compiler says."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Rights(IntEnum):
    """enum xmem_rights: what may be done with a guest page."""

    DEFAULT = 0
    N = 8
    R = 9
    W = 10
    RW = 11
    X = 12
    RX = 13
    WX = 14
    RWX = 15
    RX2RW = 16
    N2RWX = 17
    R_PW = 18

    @property
    def bit(self) -> int:
        """XMEM_RIGHTS_BIT(): its bit in Caps.rights and Caps.view_rights."""
        return 1 << self.value


class Kind(IntEnum):
    """enum xmem_kind: kinds of machine."""

    UNKNOWN = 0
    X86_EPT = 1
    X86_NPT = 2
    X86_PV = 3
    ARM_S2 = 4
    ARMV8R_MPU = 5


class DomainFlag(IntFlag):
    """XMEM_DOMAIN_*: flags of DomainInfo."""

    PAUSED = 1
    DYING = 2


class Restore(IntEnum):
    """enum xmem_restore: how the session learns what it will restore."""

    AUTO = 0
    EXACT = 1
    KEEP = 2


class DefaultReply(IntEnum):
    """enum xmem_default_reply: what answers an event that the caller does not answer."""

    STEP = 0
    RESUME = 1
    DENY = 2
    RELAX = 3


class StepMeans(IntFlag):
    """XMEM_STEP_*: ways to let one access through."""

    VIEW = 1
    SINGLE = 2
    EMULATE = 4
    RELAX = 8
    HYPERVISOR = 16
    STRICT = 256  # a session's option: none beside which accesses of others or the next ones pass


class Passes(IntFlag):
    """XMEM_PASSES_*: what can pass unseen beside a step."""

    OTHERS = 1
    AGAIN = 2
    PAGES = 4


class Cap(IntFlag):
    """XMEM_CAP_*: flags of Caps."""

    MEM_ACCESS = 1
    SET_MANY = 2
    SUPPRESS_VE = 4
    VISIBILITY = 8
    SWITCH_VCPU = 16
    DEFAULT_ALL = 32
    ADD_PAGE = 64


class EventReason(IntEnum):
    """enum xmem_event_reason."""

    UNKNOWN = 0
    MEM_ACCESS = 1
    MEM_SHARING = 2
    MEM_PAGING = 3
    CTRLREG = 4
    MSR = 5
    BREAKPOINT = 6
    SINGLESTEP = 7
    GUEST_REQUEST = 8
    DEBUG = 9
    CPUID = 10
    PRIVILEGED_CALL = 11
    INTERRUPT = 12
    DESCRIPTOR = 13
    EMUL_UNIMPLEMENTED = 14
    VMEXIT = 15
    IO = 16
    DOMAIN_DIED = 64

    @property
    def bit(self) -> int:
        """Its bit in Caps.monitors."""
        return 1 << self.value


class EventFlag(IntFlag):
    """Flags of an event."""

    PAUSED = 1
    FOREIGN = 2
    NESTED = 4
    STUCK = 8


class Access(IntFlag):
    """XMEM_ACCESS_*: what an access was."""

    R = 1
    W = 2
    X = 4
    GLA_VALID = 8
    WITH_GLA = 16
    IN_GPT = 32


class CtrlReg(IntEnum):
    """enum xmem_ctrlreg."""

    CR0 = 0
    CR3 = 1
    CR4 = 2
    XCR0 = 3


class Arch(IntEnum):
    """XMEM_ARCH_*: which part of the registers holds."""

    X86 = 1
    ARM = 2


class ReplyAction(IntEnum):
    """enum xmem_reply_action."""

    RESUME = 0
    DENY = 1
    EMULATE = 2
    EMULATE_NOWRITE = 3
    STEP_OVER = 4
    REINJECT = 5

    @property
    def bit(self) -> int:
        """Its bit in Caps.replies."""
        return 1 << self.value


class ReplyFlag(IntFlag):
    """XMEM_REPLY_*: flags of a reply. Event.reply() sets them by its arguments."""

    SET_REGS = 1
    SET_VIEW = 2
    SET_READ_DATA = 4
    SET_INSN_DATA = 8
    TOGGLE_STEP = 16
    FAST_STEP = 32
    STEP_STRICT = 64


class MonitorFlag(IntFlag):
    """XMEM_MONITOR_*. Session.set_monitor() sets them by its arguments."""

    ASYNC = 1
    ON_CHANGE = 2
    USERSPACE = 4


class Action(IntEnum):
    """enum xmem_action: what a policy decides."""

    NONE = 0
    LOG = 1
    DENY = 2
    ALLOW_ONCE = 3
    PAUSE = 4
    RELAX = 5
    SWITCH = 6
    RESUME = 7


# XMEM_EXACT_MAX, XMEM_GFN_UNDO, XMEM_DECISION_*
EXACT_MAX = 32
DECISION_PATCH_HIT = 1
DECISION_STRICT = 2
GFN_UNDO = 0xFFFFFFFFFFFFFFFF
