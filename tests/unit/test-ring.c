/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listener's side of the ring: indexes, hostile pages, decoding in every interface. */
#include "unit.h"

#include <ring/ring.h>

static _Alignas(4096) uint8_t page[4096];
static struct ring r;

static uint32_t *word(unsigned i)
{
    return (uint32_t *)(void *)page + i;
}

static void setup(void)
{
    memset(page, 0xee, sizeof(page));
    ck_ok(xmi_ring_init(&r, page, 7, XMEM_ARCH_X86, 4));
}

/* Writes a request into its slot and tells of it. */
static void put(uint32_t version, uint32_t reason, uint32_t vcpu, uint32_t flags, const void *u)
{
    struct ring_head h = {
        .version = version, .flags = flags, .reason = reason, .vcpu = vcpu, .view = 3};
    if (u)
        memcpy(&h.u, u, sizeof(h.u));
    memcpy(ring_slot(&r, *word(0)), &h, sizeof(h));
    ++*word(0);
}

START_TEST(sizes_by_interface)
{
    static const uint32_t sizes[] = {0, 0, 0, 312, 376, 384, 384, 400, 0};
    for (uint32_t v = 0; v < 9; v++) {
        ck_assert_uint_eq(xmi_ring_event_size(v), sizes[v]);
        ck_assert_uint_eq(xmi_ring_data_size(v), sizes[v] ? sizes[v] - 56 : 0);
        ck_rc(xmi_ring_init(&r, page, v, XMEM_ARCH_X86, 1), sizes[v] ? 0 : -EOPNOTSUPP);
        ck_rc(xmi_ring_adopt(&r, page, v, XMEM_ARCH_X86, 1), sizes[v] ? 0 : -EOPNOTSUPP);
        if (sizes[v])
            ck_assert_uint_eq(r.slots, 8);
    }
}
END_TEST

START_TEST(init_as_a_consumer_does)
{
    ck_assert_uint_eq(*word(0), 0);
    ck_assert_uint_eq(*word(1), 1);
    ck_assert_uint_eq(*word(2), 0);
    ck_assert_uint_eq(*word(3), 1);
    ck_assert_uint_eq(page[64], 0xee);
    ck_assert(!ring_any(&r));
    ck_assert(!xmi_ring_publish(&r));
}
END_TEST

START_TEST(take_answer_publish)
{
    struct ring_request q;
    uint64_t u[4] = {0x1234, 0x1040, 0xffff800012345678, 0x1b};
    for (uint32_t i = 0; i < 20; i++) {
        ck_rc(ring_take(&r, &q, NULL), 0);
        put(7, XMEM_EVENT_MEM_ACCESS, i % 4, RING_FLAG_VCPU_PAUSED, u);
        ck_assert(ring_any(&r));
        ck_assert(xmi_ring_waiting(&r, i % 4) && !xmi_ring_waiting(&r, (i + 1) % 4));
        ck_rc(ring_take(&r, &q, NULL), 1);
        ck_assert_uint_eq(q.index, i);
        ck_assert_uint_eq(q.vcpu, i % 4);
        ck_assert_uint_eq(ring_answer_index(&r), i);
        ring_answer_in_place(&r, &q, RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
        ck_assert_uint_eq(*word(2), i); /* not shown yet */
        ck_assert(xmi_ring_publish(&r) && !xmi_ring_publish(&r));
        ck_assert_uint_eq(*word(2), i + 1);
        struct ring_head h;
        memcpy(&h, ring_slot(&r, i), sizeof(h));
        ck_assert_uint_eq(h.flags, RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
        ck_assert_uint_eq(h.vcpu, i % 4);
        ck_assert_uint_eq(h.u.word[2], u[2]);
    }
}
END_TEST

START_TEST(indexes_wrap)
{
    struct ring_request q;
    r.req_cons = r.rsp_pvt = r.rsp_pub = *word(0) = *word(2) = UINT32_MAX - 2;
    for (unsigned i = 0; i < 8; i++) {
        put(7, XMEM_EVENT_CPUID, 1, 0, NULL);
        ck_rc(ring_take(&r, &q, NULL), 1);
        ring_answer_in_place(&r, &q, 0);
        ck_assert(xmi_ring_publish(&r));
    }
    ck_assert_uint_eq(*word(2), 5);
}
END_TEST

START_TEST(garbage_is_refused)
{
    struct ring_request q;
    const char *why = NULL;
    *word(0) = 9; /* more than the slots */
    ck_rc(ring_take(&r, &q, &why), -EPROTO);
    ck_assert_ptr_nonnull(strstr(why, "index"));
    ck_assert(!xmi_ring_waiting(&r, 0));
    *word(0) = UINT32_MAX;
    ck_rc(ring_take(&r, &q, NULL), -EPROTO);
    *word(0) = 0;
    put(6, XMEM_EVENT_CPUID, 0, 0, NULL);
    ck_rc(ring_take(&r, &q, &why), -EPROTO);
    ck_assert_ptr_nonnull(strstr(why, "version"));
    *word(0) = 0;
    put(7, XMEM_EVENT_CPUID, 4, 0, NULL);
    ck_rc(ring_take(&r, &q, &why), -EPROTO);
    ck_assert_ptr_nonnull(strstr(why, "vCPU"));
    *word(0) = 0;
    put(7, 17, 0, 0, NULL);
    ck_rc(ring_take(&r, &q, &why), -EPROTO);
    ck_assert_ptr_nonnull(strstr(why, "reason"));
    ck_assert_uint_eq(r.req_cons, 0); /* nothing was taken */
}
END_TEST

START_TEST(never_more_than_the_slots_on_the_way)
{
    struct ring_request q;
    for (unsigned i = 0; i < 8; i++)
        put(7, XMEM_EVENT_CPUID, 0, 0, NULL);
    for (unsigned i = 0; i < 8; i++)
        ck_rc(ring_take(&r, &q, NULL), 1);
    put(7, XMEM_EVENT_CPUID, 0, 0, NULL); /* a ninth without an answer */
    ck_rc(ring_take(&r, &q, NULL), -EPROTO);
    ring_answer_in_place(&r, &q, 0); /* built, not published: no slot is free */
    ck_rc(ring_take(&r, &q, NULL), -EPROTO);
    ck_assert(xmi_ring_publish(&r));
    ck_rc(ring_take(&r, &q, NULL), 1);
}
END_TEST

START_TEST(copy_keeps_what_was_checked)
{
    struct ring_request q;
    struct ring_head h;
    put(7, XMEM_EVENT_CPUID, 2, RING_FLAG_VCPU_PAUSED, NULL);
    ck_rc(ring_take(&r, &q, NULL), 1);
    memset(ring_slot(&r, 0), 0x55, 56); /* the page changes behind our back */
    xmi_ring_copy(&r, &q, &h);
    ck_assert_uint_eq(h.vcpu, 2);
    ck_assert_uint_eq(h.reason, XMEM_EVENT_CPUID);
    ck_assert_uint_eq(h.version, 7);
    ck_assert_uint_eq(h.u.byte[0], 0x55);
    ring_answer_in_place(&r, &q, 0);
    memcpy(&h, ring_slot(&r, 0), sizeof(h));
    ck_assert_uint_eq(h.vcpu, 2);
}
END_TEST

START_TEST(answer_with_data)
{
    struct ring_head h = {.version = 7, .vcpu = 1, .reason = 4};
    uint8_t data[RING_DATA_MAX];
    memset(data, 0x77, sizeof(data));
    xmi_ring_answer(&r, &h, data, sizeof(data));
    ck_assert_mem_eq(ring_slot(&r, 0), &h, sizeof(h));
    ck_assert_mem_eq(ring_slot(&r, 0) + 56, data, sizeof(data));
    ck_assert_uint_eq(page[64 + 400], 0xee); /* not a byte more */
}
END_TEST

START_TEST(adopt_goes_on)
{
    struct ring_request q;
    *word(0) = 13;
    *word(2) = 10;
    for (uint32_t i = 10; i < 13; i++) {
        struct ring_head h = {.version = 7, .reason = 1, .vcpu = i - 10};
        memcpy(ring_slot(&r, i), &h, sizeof(h));
    }
    ck_ok(xmi_ring_adopt(&r, page, 7, XMEM_ARCH_X86, 4));
    for (uint32_t i = 0; i < 3; i++) {
        ck_rc(ring_take(&r, &q, NULL), 1);
        ck_assert_uint_eq(q.vcpu, i);
        ring_answer_in_place(&r, &q, 0);
    }
    ck_rc(ring_take(&r, &q, NULL), 0);
    ck_assert(xmi_ring_publish(&r));
    ck_assert_uint_eq(*word(2), 13);
}
END_TEST

/* One request of this reason, decoded. */
static struct xmem_event decode(uint32_t version, uint32_t reason, uint32_t flags, const void *u)
{
    struct ring_request q;
    struct xmem_event ev;
    ck_ok(xmi_ring_init(&r, page, version, XMEM_ARCH_X86, 4));
    memset(&ev, 0xab, sizeof(ev));
    put(version, reason, 1, flags, u);
    ck_rc(ring_take(&r, &q, NULL), 1);
    ring_decode(&r, &q, &ev);
    ck_assert_uint_eq(ev.reason, reason);
    ck_assert_uint_eq(ev.vcpu, 1);
    return ev;
}

START_TEST(decode_memory_access)
{
    uint64_t u[4] = {0xabcde, 0xfff0123, 0x7fff0123, UINT64_C(0xffffffff0000002a)};
    struct xmem_event ev = decode(7, XMEM_EVENT_MEM_ACCESS,
                                  RING_FLAG_VCPU_PAUSED | RING_FLAG_ALTERNATE_P2M, u);
    ck_assert_uint_eq(ev.flags, XMEM_EVENT_PAUSED);
    ck_assert_uint_eq(ev.view, 3);
    ck_assert_uint_eq(ev.u.mem.gfn, 0xabcde);
    ck_assert_uint_eq(ev.u.mem.offset, 0x123);
    ck_assert_uint_eq(ev.u.mem.gla, 0x7fff0123);
    ck_assert_uint_eq(ev.u.mem.access, XMEM_ACCESS_W | XMEM_ACCESS_GLA_VALID | XMEM_ACCESS_IN_GPT);
    ck_assert_uint_eq(ev.u.raw[4], 0);
    ev = decode(7, XMEM_EVENT_MEM_ACCESS, RING_FLAG_FOREIGN | RING_FLAG_NESTED_P2M, u);
    ck_assert_uint_eq(ev.flags, XMEM_EVENT_FOREIGN | XMEM_EVENT_NESTED);
    ck_assert_uint_eq(ev.view, 0); /* the number counts with its flag only */
}
END_TEST

START_TEST(decode_registers_written)
{
    uint64_t cr[4] = {XMEM_CTRLREG_CR4, 0x20, 0x10, 0}, msr[4] = {0xc0000080, 5, 4, 0};
    struct xmem_event ev = decode(7, XMEM_EVENT_CTRLREG, 1, cr);
    ck_assert_uint_eq(ev.u.ctrlreg.index, XMEM_CTRLREG_CR4);
    ck_assert_uint_eq(ev.u.ctrlreg.new_value, 0x20);
    ck_assert_uint_eq(ev.u.ctrlreg.old_value, 0x10);
    ev = decode(7, XMEM_EVENT_MSR, 1, msr);
    ck_assert_uint_eq(ev.u.msr.msr, 0xc0000080);
    ck_assert_uint_eq(ev.u.msr.new_value, 5);
    ck_assert_uint_eq(ev.u.msr.old_value, 4);
    ck_assert_uint_eq(decode(3, XMEM_EVENT_MSR, 1, msr).u.msr.old_value, 0);
}
END_TEST

START_TEST(decode_debug_moved)
{
    uint64_t now[4] = {0x77, 0x4000, (UINT64_C(6) << 32) | 1, 0};
    uint64_t before[4] = {0x77, (UINT64_C(3) << 32) | 2, 0, 0};
    struct xmem_event ev = decode(7, XMEM_EVENT_BREAKPOINT, 1, now);
    ck_assert_uint_eq(ev.u.debug.gfn, 0x77);
    ck_assert_uint_eq(ev.u.debug.pending_dbg, 0x4000);
    ck_assert_uint_eq(ev.u.debug.insn_length, 1);
    ck_assert_uint_eq(ev.u.debug.type, 6);
    ev = decode(5, XMEM_EVENT_DEBUG, 1, before);
    ck_assert_uint_eq(ev.u.debug.pending_dbg, 0);
    ck_assert_uint_eq(ev.u.debug.insn_length, 2);
    ck_assert_uint_eq(ev.u.debug.type, 3);
}
END_TEST

START_TEST(decode_the_rest)
{
    uint32_t cpuid[8] = {2, 0x40000000, 7, 0}, intr[8] = {14, 3, 2, 0, 0xdead, 0};
    uint64_t exit[4] = {48, 0x181, 0, 0}, step[4] = {0x99, 0, 0, 0};
    uint64_t desc[4] = {0x11, 0x22, 0x0102, 0}, page_in[4] = {0x33, (UINT64_C(1) << 32) | 4, 0, 0};
    uint8_t io[32] = {4, 0, 0, 0, 0xf8, 0x03, 1, 1};
    struct xmem_event ev = decode(7, XMEM_EVENT_CPUID, 1, cpuid);
    ck_assert(ev.u.cpuid.insn_length == 2 && ev.u.cpuid.leaf == 0x40000000);
    ck_assert_uint_eq(ev.u.cpuid.subleaf, 7);
    ev = decode(7, XMEM_EVENT_INTERRUPT, 1, intr);
    ck_assert(ev.u.interrupt.vector == 14 && ev.u.interrupt.type == 3);
    ck_assert(ev.u.interrupt.error_code == 2 && ev.u.interrupt.cr2 == 0xdead);
    ev = decode(7, XMEM_EVENT_VMEXIT, 1, exit);
    ck_assert(ev.u.vmexit.reason == 48 && ev.u.vmexit.qualification == 0x181);
    ck_assert_uint_eq(decode(7, XMEM_EVENT_SINGLESTEP, 1, step).u.singlestep.gfn, 0x99);
    ev = decode(7, XMEM_EVENT_DESCRIPTOR, 1, desc);
    ck_assert(ev.u.descriptor.instr_info == 0x11 && ev.u.descriptor.exit_qualification == 0x22);
    ck_assert(ev.u.descriptor.which == 2 && ev.u.descriptor.is_write == 1);
    ev = decode(7, XMEM_EVENT_IO, 1, io);
    ck_assert(ev.u.io.bytes == 4 && ev.u.io.port == 0x3f8 && ev.u.io.is_in && ev.u.io.is_str);
    ev = decode(7, XMEM_EVENT_MEM_PAGING, 1, page_in);
    ck_assert(ev.u.page.gfn == 0x33 && ev.u.page.p2mt == 4 && ev.u.page.flags == 1);
    ck_assert_uint_eq(decode(7, XMEM_EVENT_MEM_SHARING, 1, page_in).u.page.flags, 0);
    ck_assert_uint_eq(decode(7, XMEM_EVENT_GUEST_REQUEST, 1, exit).u.raw[0], 0);
}
END_TEST

/* Each register gets a value that tells where it stood. */
static void regs_at(uint32_t version, uint16_t rip, uint16_t fs_base, uint16_t cs_sel)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    uint8_t data[RING_DATA_MAX];
    memset(data, 0, sizeof(data));
    for (uint32_t i = 0; i + 8 <= xmi_ring_data_size(version); i += 8) {
        uint64_t v = 0x0100 * (uint64_t)i;
        memcpy(data + i, &v, sizeof(v));
    }
    if (cs_sel) {
        uint16_t v = 0x1234;
        memcpy(data + cs_sel, &v, sizeof(v));
    }
    ck_ok(xmi_ring_init(&r, page, version, XMEM_ARCH_X86, 1));
    xmi_ring_regs_decode(&r, data, &regs);
    ck_assert_uint_eq(regs.arch, XMEM_ARCH_X86);
    ck_assert_uint_eq(regs.u.x86.rcx, 0x100 * 8);
    ck_assert_uint_eq(regs.u.x86.rflags, 0x100 * 128);
    ck_assert_uint_eq(regs.u.x86.rip, 0x100 * (uint64_t)rip);
    ck_assert_uint_eq(regs.u.x86.fs_base, 0x100 * (uint64_t)fs_base);
    ck_assert_uint_eq(regs.u.x86.cs_sel, cs_sel ? 0x1234 : 0);
    ck_assert_uint_eq(regs.u.x86.dr6, version == 3 ? 0 : 0x100 * 136);
    uint8_t again[RING_DATA_MAX];
    memcpy(again, data, sizeof(again));
    xmi_ring_regs_encode(&r, &regs, again);
    ck_assert_mem_eq(data, again, sizeof(data));
    regs.u.x86.rip++;
    xmi_ring_regs_encode(&r, &regs, again);
    ck_assert_uint_eq(again[rip], 1);
}

START_TEST(registers_by_interface)
{
    regs_at(3, 144, 232, 0);
    regs_at(4, 152, 256, 304);
    regs_at(5, 152, 264, 314);
    regs_at(6, 152, 264, 314);
    regs_at(7, 152, 280, 330);
}
END_TEST

START_TEST(arm_registers)
{
    uint64_t data[43] = {1, 2, 3, 0x8000, UINT64_C(0xffff0000000001d3)};
    struct xmem_regs regs = XMEM_INIT(regs);
    ck_ok(xmi_ring_init(&r, page, 7, XMEM_ARCH_ARM, 1));
    xmi_ring_regs_decode(&r, (uint8_t *)data, &regs);
    ck_assert_uint_eq(regs.arch, XMEM_ARCH_ARM);
    ck_assert_uint_eq(regs.u.arm.pc, 0x8000);
    ck_assert_uint_eq(regs.u.arm.cpsr, UINT64_C(0xffff0000000001d3));
    regs.u.arm.pc = 0x9000;
    regs.u.arm.ttbr0 = 77; /* only pc can be set */
    xmi_ring_regs_encode(&r, &regs, (uint8_t *)data);
    ck_assert_uint_eq(data[3], 0x9000);
    ck_assert_uint_eq(data[0], 1);
    ck_ok(xmi_ring_init(&r, page, 6, XMEM_ARCH_ARM, 1));
    xmi_ring_regs_decode(&r, (uint8_t *)data, &regs);
    ck_assert_uint_eq(regs.u.arm.cpsr, 0x1d3);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {sizes_by_interface,
                               init_as_a_consumer_does,
                               take_answer_publish,
                               indexes_wrap,
                               garbage_is_refused,
                               never_more_than_the_slots_on_the_way,
                               copy_keeps_what_was_checked,
                               answer_with_data,
                               adopt_goes_on,
                               decode_memory_access,
                               decode_registers_written,
                               decode_debug_moved,
                               decode_the_rest,
                               registers_by_interface,
                               arm_registers,
                               NULL};
    return unit_main("ring", setup, NULL, tests);
}
