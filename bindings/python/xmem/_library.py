# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads the library, by its SONAME: the dynamic linker knows where it is."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any, Callable

from .errors import make_error

SONAME = "libxmem.so.0"


def load() -> ctypes.CDLL:
    """The library; the environment's XMEM_LIBRARY, a path, goes before the SONAME."""
    name = os.environ.get("XMEM_LIBRARY") or SONAME
    try:
        return ctypes.CDLL(name)
    except OSError as failure:
        raise ImportError(
            f"{name} cannot be loaded: {failure}; install libxmem, or set XMEM_LIBRARY to the "
            "path of the library"
        ) from failure


def bind(library: ctypes.CDLL, name: str, restype: Any, argtypes: Any) -> Callable[..., Any]:
    """A function of the library. One that an older library lacks fails when it is called."""
    try:
        function = getattr(library, name)
    except AttributeError:
        return _missing(name)
    function.restype = restype
    function.argtypes = argtypes
    return function  # type: ignore[no-any-return]


def _missing(name: str) -> Callable[..., Any]:
    def fail(*_args: Any) -> Any:
        raise make_error(errno.EOPNOTSUPP, f"the loaded library has no {name}(): it is older than "
                         "these bindings")

    return fail
