# SPDX-License-Identifier: LGPL-2.1-or-later
# What lib/arm/ does, beside processors and another decoder: see README.md.

# ---- the same instruction natively and by emulation ----

XM_ARM_CROSS = \
	tests/arm/proof-aarch64.sh \
	tests/arm/proof-arm.sh \
	tests/arm/race-aarch64.sh \
	tests/arm/race-arm.sh
XM_TEST_SH += $(XM_ARM_CROSS)

# ---- the decoder beside another one ----

XM_TEST_SH += tests/arm/check-capstone.sh

# ---- threads of this machine beside an emulated one ----

XM_TESTS += tests/arm/test-race
tests_arm_test_race_SOURCES = \
	tests/arm/race/counter.c \
	tests/arm/race/emulated.c \
	tests/arm/race/litmus.c \
	tests/arm/race/native.c \
	tests/arm/race/race.c \
	tests/arm/race/race.h
tests_arm_test_race_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/arm

# ---- the long form: 16 million encodings, a hundred million increments of each kind ----

arm_in_long = TOP_SRCDIR='$(abs_top_srcdir)' $(SHELL) $(srcdir)/tests/arm
check-arm-long: tests/arm/test-race$(EXEEXT)
	$(arm_in_long)/proof-aarch64.sh 8000000 2
	$(arm_in_long)/proof-arm.sh 4000000 2
	tests/arm/test-race$(EXEEXT) 100000000 1000000 2000000
	$(arm_in_long)/race-aarch64.sh 100000000 1000000 2000000
	$(arm_in_long)/race-arm.sh 100000000 1000000 2000000
.PHONY: check-arm-long
