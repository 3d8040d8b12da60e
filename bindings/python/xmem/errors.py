# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exceptions: one class per errno that the library documents.

All are OSErrors with `errno` set; `strerror` is the library's text: what, where, what to do.
Where Python has a class for the errno (PermissionError, TimeoutError, ...), ours is one too.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Dict, Tuple, Type

if TYPE_CHECKING:
    from .policy import Diagnostic


class XmemError(OSError):
    """A call of the library failed."""

    #: What the library said of a policy, with positions; empty for any other failure.
    diagnostics: Tuple["Diagnostic", ...] = ()

    @property
    def text(self) -> str:
        """The library's text alone."""
        return self.strerror or ""


class InvalidArgumentError(XmemError, ValueError):
    """EINVAL, E2BIG: an argument is wrong; nothing happened."""


class NotFoundError(XmemError, FileNotFoundError):
    """ENOENT: no such view, or no such file."""


class NotPresentError(XmemError, LookupError):
    """ESRCH: no such domain, or nothing is mapped at the gfn."""


class BusyError(XmemError):
    """EBUSY: somebody else has it: the domain, the ring, the view."""


class NotMonitoringError(XmemError):
    """ENODEV: monitoring is not enabled."""


class OutOfRangeError(XmemError, ValueError):
    """ERANGE: a gfn above the highest."""


class NoRoomError(XmemError):
    """ENOSPC: no view left, no region of an MPU left."""


class NotSupportedError(XmemError):
    """EOPNOTSUPP: this kind of machine cannot do it; see Session.caps."""


class AccessDeniedError(XmemError, PermissionError):
    """EACCES, EPERM: the hypervisor, or a file's permissions, refuse this caller."""


class DomainGoneError(XmemError):
    """ESHUTDOWN: the domain died or is gone."""


class RingError(XmemError):
    """EPROTO: the ring held garbage, and the session refuses it."""


class HypervisorError(XmemError):
    """EIO: anything else the hypervisor answered, named in the text."""


class AlreadyAnsweredError(XmemError):
    """EALREADY: the event was answered before."""


class NoEventError(XmemError, BlockingIOError):
    """EAGAIN: no event is there. Session.next_event() returns None instead."""


class WaitTimeoutError(XmemError, TimeoutError):
    """ETIMEDOUT. Session.wait() returns False instead."""


class WaitInterruptedError(XmemError, InterruptedError):
    """EINTR. Session.wait() waits on, once Python's signal handlers have run."""


class PolicyError(XmemError, ValueError):
    """EBADMSG: the policy is not valid; `diagnostics` says all that is wrong."""


class PolicyFileError(XmemError):
    """EISDIR, EFBIG: the file cannot be a policy."""


class CancelledError(XmemError):
    """ECANCELED: stopped by its caller; everything was put back."""


class OutOfMemoryError(XmemError, MemoryError):
    """ENOMEM."""


class ClosedError(XmemError, ValueError):
    """EBADF: the object was closed. Raised by these bindings, never by the library."""


_CLASSES: Dict[int, Type[XmemError]] = {
    errno.EINVAL: InvalidArgumentError,
    errno.E2BIG: InvalidArgumentError,
    errno.ENOENT: NotFoundError,
    errno.ESRCH: NotPresentError,
    errno.EBUSY: BusyError,
    errno.ENODEV: NotMonitoringError,
    errno.ERANGE: OutOfRangeError,
    errno.ENOSPC: NoRoomError,
    errno.EOPNOTSUPP: NotSupportedError,
    errno.EACCES: AccessDeniedError,
    errno.EPERM: AccessDeniedError,
    errno.ESHUTDOWN: DomainGoneError,
    errno.EPROTO: RingError,
    errno.EIO: HypervisorError,
    errno.EALREADY: AlreadyAnsweredError,
    errno.EAGAIN: NoEventError,
    errno.ETIMEDOUT: WaitTimeoutError,
    errno.EINTR: WaitInterruptedError,
    errno.EBADMSG: PolicyError,
    errno.EISDIR: PolicyFileError,
    errno.EFBIG: PolicyFileError,
    errno.ECANCELED: CancelledError,
    errno.ENOMEM: OutOfMemoryError,
    errno.EBADF: ClosedError,
}


def error_class(code: int) -> Type[XmemError]:
    """The class for an errno value, positive or negative."""
    return _CLASSES.get(abs(code), XmemError)


def make_error(code: int, text: str) -> XmemError:
    """The exception for what a call returned."""
    return error_class(code)(abs(code), text or os.strerror(abs(code)))
