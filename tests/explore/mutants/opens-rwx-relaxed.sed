# lib/step.c
# -c arm-relax-no-hold
# The same, where others get through.
s/uint32_t r = XMEM_N + (bits | more);/uint32_t r = XMEM_RWX;/
