# SPDX-License-Identifier: LGPL-2.1-or-later
# The guest's translation tables.
XM_TESTS += \
	tests/arm/test-walk \
	tests/arm/test-walk-a32
tests_arm_test_walk_SOURCES = tests/arm/test-walk.c tests/arm/walk-memory.h tests/unit/unit.h
tests_arm_test_walk_a32_SOURCES = tests/arm/test-walk-a32.c tests/arm/walk-memory.h \
	tests/unit/unit.h
