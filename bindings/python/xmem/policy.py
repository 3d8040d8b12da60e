# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON policies: load, validate, plan, apply, decide, handle. See xmem-policy(5)."""

from __future__ import annotations

import errno
import os
from ctypes import byref
from typing import TYPE_CHECKING, Any, Callable, List, NamedTuple, NoReturn, Optional, Tuple
from typing import Union

from . import _prototypes as c
from ._handle import Handle
from ._structs import XmemDecision, XmemDiag, XmemDomainInfo, XmemPolicyP, XmemReportP
from ._values import decode, encode, invalid, path_bytes, u32, u64
from .enums import Action
from .errors import make_error
from .info import DomainInfo

if TYPE_CHECKING:
    from .event import Event
    from .session import Session

PathLike = Union[str, "os.PathLike[str]"]
#: Called with gfns done and in all; a true result, or an exception, stops and puts all back.
Progress = Callable[[int, int], Any]


class Diagnostic(NamedTuple):
    """A message about a document; str() of it is "file:line:column: [XM-nnn] path: text"."""

    number: int
    line: int
    column: int
    file: str
    path: str
    text: str
    full: str

    def __str__(self) -> str:
        return self.full

    @property
    def is_warning(self) -> bool:
        """Nothing is refused for it: XM-500 and above."""
        return self.number >= 500


class Decision(NamedTuple):
    """What a policy says of an event."""

    action: Action
    view: int
    rule: Optional[str]
    region: Optional[str]
    region_gfn: int
    flags: int  # DECISION_PATCH_HIT: the guest wrote where a copy is patched; DECISION_STRICT


class _Report:
    """A report, for the time of one call."""

    def __init__(self) -> None:
        self.raw = XmemReportP()
        rc = c.xmem_report_new(byref(self.raw))
        if rc:
            raise make_error(rc, "no memory for a report")

    def __enter__(self) -> "_Report":
        return self

    def __exit__(self, *_: Any) -> None:
        c.xmem_report_free(self.raw)

    def diagnostics(self) -> Tuple[Diagnostic, ...]:
        found = []
        for index in range(c.xmem_report_count(self.raw)):
            d = XmemDiag()
            if c.xmem_report_get(self.raw, index, byref(d)):
                break
            text = (decode(d.file), decode(d.path), decode(d.text), decode(d.full))
            found.append(Diagnostic(d.number, d.line, d.column, *text))
        return tuple(found)

    def fail(self, rc: int, otherwise: str) -> NoReturn:
        """Raises with the first message, or with another text where there is none."""
        found = self.diagnostics()
        text = found[0].full if found else otherwise
        if len(found) > 1:
            text += f" (and {len(found) - 1} more)"
        error = make_error(rc, text)
        error.diagnostics = found
        raise error


class Policy(Handle):
    """A policy that is valid. Policy.load() and Policy.parse() make it."""

    #: Of load() or parse(), and later of the last plan(), which knows the domain.
    warnings: Tuple[Diagnostic, ...] = ()

    def __init__(self, name: str, raw: Any) -> None:
        self._raw = raw
        self._user: Optional["Session"] = None  # that it is applied to
        self.name = name

    @classmethod
    def load(cls, path: PathLike) -> "Policy":
        """Reads and validates a file; symbol files are found relative to it. PolicyError says
        in `diagnostics` what is wrong, with positions."""
        raw = XmemPolicyP()
        with _Report() as report:
            rc = c.xmem_policy_load(path_bytes(path, "path"), report.raw, byref(raw))
            if rc:
                report.fail(rc, f"{os.fspath(path)}: {os.strerror(-rc)}")
            policy = cls(os.fspath(path), raw)
            policy.warnings = report.diagnostics()
        return policy

    @classmethod
    def parse(cls, text: Union[str, bytes], name: str = "<string>") -> "Policy":
        """The same from memory; name is what messages call it."""
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
        raw = XmemPolicyP()
        with _Report() as report:
            rc = c.xmem_policy_parse(
                encode(name, "name"), data, len(data), report.raw, byref(raw)
            )
            if rc:
                report.fail(rc, f"{name}: {os.strerror(-rc)}")
            policy = cls(name, raw)
            policy.warnings = report.diagnostics()
        return policy

    # ---- lifetime ----

    def close(self) -> None:
        """Frees it. While a session uses it: BusyError; close the session first."""
        if self._user is not None and not self._user.closed:
            text = f"{self!r} is applied to {self._user!r}: close that first"
            raise make_error(errno.EBUSY, text)
        self._free()

    def _free(self) -> None:
        raw, self._raw = self._raw, None
        if raw is not None:
            c.xmem_policy_free(raw)

    def session_closed(self, session: "Session") -> None:
        """From the session that it was applied to."""
        if self._user is session:
            self._user = None

    def _leave(self) -> None:
        if self._user is None or self._user.closed:
            self._free()
        # else: the session keeps it, and it is freed when nobody has it any more

    def _forget(self) -> None:
        self._free()

    def _label(self) -> str:
        return f"Policy {self.name}"

    def _gone(self) -> str:
        return f"the policy {self.name} is closed"

    def handle_c(self) -> Any:
        """The C handle; ClosedError if there is none any more."""
        return self._opened()

    # ---- use ----

    def matches(self, domain: DomainInfo) -> bool:
        """Is it meant for this domain?"""
        raw = XmemDomainInfo(
            domid=u32(domain.domid, "domid"),
            kind=u32(domain.kind, "kind"),
            vcpus=u32(domain.vcpus, "vcpus"),
            flags=u32(domain.flags, "flags"),
            highest_gfn=u64(domain.highest_gfn, "highest_gfn"),
            pages=u64(domain.pages, "pages"),
            name=_name(domain.name),
        )
        rc = c.xmem_policy_match(self.handle_c(), byref(raw))
        if rc and rc != -errno.ENOENT:
            raise make_error(rc, f"{self.name}: cannot be matched")
        return rc == 0

    def plan(self, session: "Session") -> List[str]:
        """What applying would do, a line per step; nothing is changed."""
        lines: List[str] = []

        def line(_arg: Any, text: Optional[bytes]) -> int:
            lines.append(decode(text))
            return 0

        with _Report() as report:
            call = c.PlanLineFn(line)
            rc = c.xmem_policy_plan(self.handle_c(), session.handle(), report.raw, call, None)
            if rc:
                report.fail(rc, session.last_error)
            self.warnings = report.diagnostics()
        return lines

    def apply(self, session: "Session", progress: Optional[Progress] = None) -> None:
        """Applies it, all or nothing; the session keeps it until that is closed."""
        raised: List[BaseException] = []
        call = c.NO_PROGRESS if progress is None else c.ProgressFn(_guarded(progress, raised))
        with _Report() as report:
            rc = c.xmem_policy_apply(
                self.handle_c(), session.handle(), report.raw, call, None
            )
            if raised:
                raise raised[0]
            if rc:
                report.fail(rc, session.last_error)
        self._user = session
        session.applied(self)

    def decide(self, session: "Session", event: "Event") -> Decision:
        """What it says of an event; nothing is sent."""
        raw = XmemDecision()
        rc = c.xmem_policy_decide(
            self.handle_c(), session.handle(), event.pointer_in(session), byref(raw)
        )
        if rc:
            event.failed(rc)
        return _decision(raw)

    def handle(self, session: "Session", event: "Event") -> Decision:
        """Decides and answers. PAUSE leaves the event unanswered, and holds it."""
        raw = XmemDecision()
        rc = c.xmem_policy_handle(
            self.handle_c(), session.handle(), event.pointer_in(session), byref(raw)
        )
        if rc:
            event.failed(rc)
        decision = _decision(raw)
        if decision.action == Action.PAUSE:
            event.hold()
        else:
            event.was_answered()
        return decision


def validate_policy(path: PathLike) -> List[Diagnostic]:
    """Everything that is wrong with a policy file, with positions; empty if it is valid."""
    try:
        Policy.load(path).close()
    except OSError as error:
        found: Tuple[Diagnostic, ...] = getattr(error, "diagnostics", ())
        if not found:
            raise
        return list(found)
    return []


def _guarded(progress: Progress, raised: List[BaseException]) -> Callable[..., int]:
    """An exception cannot pass through C: it stops, and is raised afterwards."""

    def call(_arg: Any, done: int, total: int) -> int:
        try:
            return 1 if progress(done, total) else 0
        except BaseException as error:  # also Ctrl-C
            raised.append(error)
            return 1

    return call


def _name(name: str) -> bytes:
    data = encode(name, "name")
    if len(data) > 63:
        raise invalid(f"the name '{name}' is longer than 63 bytes")
    return data


def _decision(raw: XmemDecision) -> Decision:
    return Decision(
        Action(raw.action),
        raw.view,
        None if raw.rule is None else decode(raw.rule),
        None if raw.region is None else decode(raw.region),
        raw.region_gfn,
        raw.flags,
    )


def action_name(action: int) -> str:
    """The library's name for an action ("allow-once"), "" for none."""
    return decode(c.xmem_action_name(u32(action, "action")))


__all__ = ["Decision", "Diagnostic", "Policy", "action_name", "validate_policy"]
