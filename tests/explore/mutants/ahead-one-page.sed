# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-ahead.c
# -c ept-emulate
# Of an operand that goes over a page's end the first page alone is looked at.
s/        at += PAGE - gla % PAGE;/        at += t->bytes;/
