# SPDX-License-Identifier: LGPL-2.1-or-later
XM_A32_TESTS = \
	tests/arm/test-a32 \
	tests/arm/test-a32-data \
	tests/arm/test-a32-refused \
	tests/arm/test-a32-thumb
XM_TESTS += $(XM_A32_TESTS)
tests_arm_test_a32_SOURCES = tests/arm/test-a32.c tests/arm/a32-unit.h
tests_arm_test_a32_data_SOURCES = tests/arm/test-a32-data.c tests/arm/a32-unit.h
tests_arm_test_a32_refused_SOURCES = tests/arm/test-a32-refused.c tests/arm/a32-unit.h
tests_arm_test_a32_thumb_SOURCES = tests/arm/test-a32-thumb.c tests/arm/a32-unit.h
