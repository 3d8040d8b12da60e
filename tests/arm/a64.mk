# SPDX-License-Identifier: LGPL-2.1-or-later
XM_TESTS += tests/arm/test-a64
tests_arm_test_a64_SOURCES = tests/arm/test-a64.c tests/arm/a64-unit.h
