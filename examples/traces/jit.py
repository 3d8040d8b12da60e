# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes machine code into a page and executes it: a program that breaks W^X.

For a trace: make-trace jit.trace python3 -I -S jit.py (x86-64; about 700 MB).
"""

import ctypes
import mmap

# mov eax, 42; ret
CODE = bytes([0xB8, 42, 0, 0, 0, 0xC3])

page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(CODE)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
answer = ctypes.CFUNCTYPE(ctypes.c_int)(address)
print(answer())
