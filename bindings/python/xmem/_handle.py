# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all objects have that stand for one of the C library's: they are closed once, by `with` too."""

from __future__ import annotations

import errno
import warnings
from types import TracebackType
from typing import Any, Optional, Type, TypeVar

from .errors import ClosedError, XmemError

H = TypeVar("H", bound="Handle")


class Handle:
    """An object that can be closed. A class says how (close), what it is called and what is said
    when it is used afterwards."""

    _raw: Optional[Any] = None  # what C calls it by, until it is closed

    def _label(self) -> str:
        raise NotImplementedError

    def _gone(self) -> str:
        """Text of the ClosedError."""
        raise NotImplementedError

    def _leave(self) -> None:
        """At the end of `with`."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Nobody has it any more, and it was not closed."""
        try:
            warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self)
        finally:
            self._leave()

    @property
    def closed(self) -> bool:
        return self._raw is None

    def _opened(self) -> Any:
        """The C handle; ClosedError if there is none any more."""
        if self._raw is None:
            raise ClosedError(errno.EBADF, self._gone())
        return self._raw

    def __enter__(self: H) -> H:
        self._opened()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        _trace: Optional[TracebackType],
    ) -> None:
        try:
            self._leave()
        except XmemError as failure:
            if error is None:
                raise
            note_failure(error, failure)

    def __del__(self) -> None:
        if self._raw is not None:
            self._forget()

    def __repr__(self) -> str:
        return f"<{self._label()}{' closed' if self.closed else ''}>"


def note_failure(error: BaseException, failure: XmemError) -> None:
    """Closing failed while another exception passes, which must not be hidden by it."""
    add_note = getattr(error, "add_note", None)  # Python 3.11
    if add_note is not None:
        add_note(f"and closing failed: {failure}")
    else:
        warnings.warn(f"closing failed: {failure}", RuntimeWarning, stacklevel=3)
