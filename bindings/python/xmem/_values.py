# SPDX-License-Identifier: LGPL-2.1-or-later
"""What callers give: numbers and rights checked, buffers lent to C without a loop.

ctypes cuts numbers that are too large without a word (65536 as a view would be the host
view), so every number is checked here before it goes anywhere.
"""

from __future__ import annotations

import errno
import operator
import os
from array import array
from ctypes import POINTER, addressof, byref, c_uint, c_uint8, c_uint64, cast, sizeof
from typing import TYPE_CHECKING, Any, Iterable, SupportsIndex, Tuple, Union

from . import _prototypes as c
from .enums import Rights
from .errors import make_error

if TYPE_CHECKING:
    from .view import View

#: Rights, by enum, number or name ("rw").
RightsLike = Union[Rights, int, str]
#: A view, or its number.
ViewLike = Union["View", int]
#: gfns: a buffer of 64-bit unsigned integers (array.array("Q"), numpy.uint64, memoryview, or the
#: plain bytes of them), or any iterable of integers.
Gfns = Any
#: Rights for gfns: one for all of them, or a buffer of a byte for each.
ManyRights = Union[RightsLike, bytes, bytearray, memoryview, "array[int]", Any]

_RIGHTS = {int(r): r for r in Rights}


def invalid(text: str) -> Exception:
    """The exception for an argument that C never sees."""
    return make_error(errno.EINVAL, text)


def unsigned(value: SupportsIndex, bits: int, what: str) -> int:
    """An integer of so many bits."""
    number = operator.index(value)
    if 0 <= number < 1 << bits:
        return number
    raise invalid(f"{what} {number} is not an unsigned number of {bits} bits")


def u64(value: SupportsIndex, what: str) -> int:
    return unsigned(value, 64, what)


def u32(value: SupportsIndex, what: str) -> int:
    return unsigned(value, 32, what)


def u16(value: SupportsIndex, what: str) -> int:
    return unsigned(value, 16, what)


def view_number(view: ViewLike) -> int:
    number = getattr(view, "number", view)
    return unsigned(number, 16, "view")


def rights_value(rights: RightsLike) -> int:
    """The number of rights; of an unknown name or number: an error."""
    if isinstance(rights, str):
        return int(parse_rights(rights))
    number = operator.index(rights)
    if number not in _RIGHTS:
        raise invalid(f"{number} is no rights; known are " + " ".join(r.name for r in Rights))
    return number


def parse_rights(name: str) -> Rights:
    """Rights from a name ("rw", "rx2rw", "default")."""
    out = c_uint()
    if c.xmem_rights_parse(encode(name, "rights"), byref(out)):
        raise invalid(f"'{name}' is no name of rights")
    return rights_of(out.value)


def rights_of(number: int) -> Rights:
    return _RIGHTS.get(number) or Rights(number)


def encode(text: str, what: str) -> bytes:
    """Text for C: no NUL in it."""
    data = text.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise invalid(f"{what}: a NUL character in it")
    return data


def path_bytes(path: Union[str, "os.PathLike[str]"], what: str) -> bytes:
    data = os.fsencode(path)
    if b"\0" in data:
        raise invalid(f"{what}: a NUL character in it")
    return data


def decode(data: Any) -> str:
    """Text from C: never fails."""
    return "" if data is None else bytes(data).decode("utf-8", "surrogateescape")


# ---- buffers ----


def _lend(view: memoryview, ctype: Any) -> Any:
    """A pointer to the buffer for C; one that C cannot use as it is, is copied in one go."""
    if not view.nbytes:
        return None
    if not view.readonly and view.c_contiguous:
        first = ctype.from_buffer(view.cast("B"))
        if addressof(first) % sizeof(ctype) == 0:
            return byref(first)
    copy = (ctype * (view.nbytes // sizeof(ctype))).from_buffer_copy(view.tobytes())
    return cast(copy, POINTER(ctype))  # which keeps it


def _buffer(value: Any) -> Any:
    try:
        return memoryview(value)
    except TypeError:
        return None


def lend_gfns(gfns: Gfns) -> Tuple[Any, int]:
    """(pointer to uint64_t, how many)"""
    view = _buffer(gfns)
    if view is None:
        try:
            view = memoryview(array("Q", gfns))
        except OverflowError:
            raise invalid("gfns: one is not an unsigned number of 64 bits") from None
    if view.ndim != 1:
        raise invalid(f"gfns: a buffer of {view.ndim} dimensions, not of one")
    if isinstance(gfns, (bytes, bytearray)) or view.format in ("B", "b", "c"):
        if view.nbytes % sizeof(c_uint64):
            raise invalid(f"gfns: {view.nbytes} bytes are not made of 8-byte numbers")
    elif view.itemsize != sizeof(c_uint64) or view.format.lstrip("@=<") not in ("Q", "L", "N"):
        raise invalid(f"gfns: items of format '{view.format}', not unsigned 64-bit ('Q')")
    return _lend(view, c_uint64), view.nbytes // sizeof(c_uint64)


def lend_rights(rights: ManyRights, n: int) -> Any:
    """Pointer to n uint8_t."""
    if isinstance(rights, (int, str)):
        view = memoryview(bytes((rights_value(rights),)) * n)
    else:
        view = _buffer(rights)
        if view is None:
            view = memoryview(bytes(_numbers(rights)))
    if view.itemsize != 1 or view.ndim != 1:
        raise invalid(f"rights: items of {view.itemsize} bytes, not of one")
    if view.nbytes != n:
        raise invalid(f"rights: {view.nbytes} of them for {n} gfns")
    return _lend(view, c_uint8)


def _numbers(rights: Iterable[RightsLike]) -> Iterable[int]:
    return [rights_value(r) for r in rights]
