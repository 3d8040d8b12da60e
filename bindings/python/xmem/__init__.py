# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory-access control of virtual machines: libxmem for Python.

    import xmem

    with xmem.connect("sim:") as machine, machine.session(1) as domain:
        domain.enable()
        domain.set_rights(0x1200, "rx")
        for event in domain.events(timeout=1):
            print(f"vcpu {event.vcpu} wrote to gfn {event.gfn:#x}")
            event.step_over()

Connections, sessions, views, batches and policies are context managers; a closed one raises
ClosedError. A failure of the library is an XmemError, by its errno, with the library's text.
What <xmem.h> says holds here too: units, ownership, and that a connection's objects are used
from one thread at a time.
"""

from __future__ import annotations

from . import _prototypes as _c
from ._values import decode as _decode
from ._values import parse_rights
from .batch import Batch
from .connection import Connection, connect
from .enums import (
    DECISION_PATCH_HIT,
    DECISION_STRICT,
    EXACT_MAX,
    GFN_UNDO,
    Access,
    Action,
    Arch,
    Cap,
    CtrlReg,
    DefaultReply,
    DomainFlag,
    EventFlag,
    EventReason,
    Kind,
    MonitorFlag,
    Passes,
    ReplyAction,
    ReplyFlag,
    Restore,
    Rights,
    StepMeans,
)
from .errors import (
    AccessDeniedError,
    AlreadyAnsweredError,
    BusyError,
    CancelledError,
    ClosedError,
    DomainGoneError,
    HypervisorError,
    InvalidArgumentError,
    NoEventError,
    NoRoomError,
    NotFoundError,
    NotMonitoringError,
    NotPresentError,
    NotSupportedError,
    OutOfMemoryError,
    OutOfRangeError,
    PolicyError,
    PolicyFileError,
    RingError,
    WaitInterruptedError,
    WaitTimeoutError,
    XmemError,
)
from .event import (
    Cpuid,
    CtrlRegWrite,
    DebugTrap,
    DescriptorAccess,
    Event,
    Interrupt,
    IoAccess,
    MemAccess,
    MsrWrite,
    PageEvent,
    Registers,
    SingleStep,
    VmExit,
)
from .info import BatchResult, Caps, DomainInfo, MachineReport, Recovery, Stats
from .loops import AsyncEvents
from .policy import Decision, Diagnostic, Policy, action_name, validate_policy
from .session import Session
from .view import View

__version__ = "0.1.0"


def library_version() -> str:
    """The version of the library that was loaded."""
    return _decode(_c.xmem_version())


def rights_name(rights: int) -> str:
    """The library's name of rights ("rx2rw"), "" for a number that is none."""
    return _decode(_c.xmem_rights_name(rights))


def kind_name(kind: int) -> str:
    """The library's name of a kind of machine ("x86-ept")."""
    return _decode(_c.xmem_kind_name(kind))


__all__ = [
    "AccessDeniedError",
    "Access",
    "Action",
    "AlreadyAnsweredError",
    "Arch",
    "AsyncEvents",
    "Batch",
    "BatchResult",
    "BusyError",
    "CancelledError",
    "Cap",
    "Caps",
    "ClosedError",
    "Connection",
    "Cpuid",
    "CtrlReg",
    "CtrlRegWrite",
    "DECISION_PATCH_HIT",
    "DECISION_STRICT",
    "DebugTrap",
    "Decision",
    "DefaultReply",
    "DescriptorAccess",
    "Diagnostic",
    "DomainFlag",
    "DomainGoneError",
    "DomainInfo",
    "EXACT_MAX",
    "Event",
    "EventFlag",
    "EventReason",
    "GFN_UNDO",
    "HypervisorError",
    "Interrupt",
    "InvalidArgumentError",
    "IoAccess",
    "Kind",
    "MachineReport",
    "MemAccess",
    "MonitorFlag",
    "MsrWrite",
    "NoEventError",
    "NoRoomError",
    "NotFoundError",
    "NotMonitoringError",
    "NotPresentError",
    "NotSupportedError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "PageEvent",
    "Passes",
    "Policy",
    "PolicyError",
    "PolicyFileError",
    "Recovery",
    "Registers",
    "ReplyAction",
    "ReplyFlag",
    "Restore",
    "Rights",
    "RingError",
    "Session",
    "SingleStep",
    "Stats",
    "StepMeans",
    "View",
    "VmExit",
    "WaitInterruptedError",
    "WaitTimeoutError",
    "XmemError",
    "__version__",
    "action_name",
    "connect",
    "kind_name",
    "library_version",
    "parse_rights",
    "rights_name",
    "validate_policy",
]
