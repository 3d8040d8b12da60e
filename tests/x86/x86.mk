# SPDX-License-Identifier: LGPL-2.1-or-later
# What an x86 instruction touches: by hand, natively, and beside another decoder.
XM_TESTS += tests/x86/test-x86-touch
tests_x86_test_x86_touch_SOURCES = tests/x86/test-x86-touch.c tests/unit/unit.h
XM_TEST_SH += \
	tests/x86/check-capstone.sh \
	tests/x86/check-native.sh
