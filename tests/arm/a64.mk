# SPDX-License-Identifier: LGPL-2.1-or-later
XM_TESTS += \
	tests/arm/test-a64 \
	tests/arm/test-a64-alu \
	tests/arm/test-a64-loop \
	tests/arm/test-contended
tests_arm_test_a64_SOURCES = tests/arm/test-a64.c tests/arm/a64-unit.h
tests_arm_test_a64_alu_SOURCES = tests/arm/test-a64-alu.c tests/arm/a64-unit.h
tests_arm_test_a64_loop_SOURCES = tests/arm/test-a64-loop.c tests/arm/a64-unit.h
tests_arm_test_contended_SOURCES = tests/arm/test-contended.c tests/arm/a64-unit.h
tests_arm_test_contended_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=xmi_arm_place_exchange
