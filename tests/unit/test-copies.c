/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies of pages and their originals, while the guest writes into them. */
#include <sim.h>

#include "doc/doc.h"
#include "api/api.h"
#include "unit.h"

#define F 16u /* the original, */
#define G 20u /* and others */
#define H 24u
#define COPY 512u /* the copy's own gfn */
#define AT(gfn, offset) (((uint64_t)(gfn) << 12) + (offset))
#define HOOK 0x10u
#define NEW UINT64_C(0x9090909090909090)

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *x;
static struct xmem_domain *d;
static uint16_t hook;
static unsigned seen; /* events that the caller got */

static void open_seeded(uint32_t xen_minor, const struct xmem_domain_opts *o, uint64_t seed)
{
    struct sim_machine_cfg cfg = {.seed = seed, .xen_minor = xen_minor};
    struct sim_domain_cfg dom = {.kind = SIM_X86_EPT,
                                 .vcpus = 2,
                                 .pages = 512,
                                 .altp2m = true,
                                 .superpages = true,
                                 .name = "g"};
    ck_ok(xmi_sim_machine_create(&cfg, &m));
    ck_ok(xmi_sim_domain_create(m, &dom, &g));
    ck_ok(xmi_open_machine(m, &x));
    ck_ok(xmem_domain_open(x, 1, o, &d));
    ck_ok(xmem_domain_enable(d));
    seen = 0;
}

/* Shows a copy of F in the view, with an int3. */
static uint64_t show_copy(uint16_t view)
{
    uint8_t original[4096], contents[4096], patched[4096] = {0};
    struct session_copy c = {view, F, 0, original, contents, patched};
    ck_ok(xmem_domain_read(d, AT(F, 0), original, sizeof(original)));
    memcpy(contents, original, sizeof(contents));
    contents[HOOK] = 0xcc;
    patched[HOOK] = 0xff;
    ck_ok(xmem_domain_add_page(d, &c.page));
    ck_ok(xmem_domain_write(d, AT(c.page, 0), contents, sizeof(contents)));
    ck_ok(xmem_view_change_gfn(d, view, F, c.page));
    ck_ok(xmi_session_keep_copy(d, &c));
    return c.page;
}

static void begin_with(uint32_t xen_minor, const struct xmem_domain_opts *o)
{
    open_seeded(xen_minor, o, 1);
    ck_ok(xmem_view_create(d, NULL, &hook));
    ck_assert_uint_eq(show_copy(hook), COPY);
}

static void begin(void)
{
    begin_with(20, NULL);
    ck_ok(xmem_view_switch(d, hook));
}

static void end(void)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_machine_check(x, &r));
    ck_assert_uint_eq(r.forbidden + r.double_answers + r.unanswered + r.leaked_slots, 0);
    ck_assert_uint_eq(r.leftover_rights + r.leftover_pauses + r.leftover_monitors, 0);
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}

/* All that comes is stepped over. */
static void run(uint32_t vcpu, const struct sim_op *ops, size_t n)
{
    const struct xmem_event *ev;
    ck_ok(xmi_sim_vcpu_script(g, vcpu, ops, n, 1));
    while (!xmem_event_wait(d, 20))
        while (!xmem_event_next(d, &ev)) {
            seen++;
            ck_ok(xmem_event_step_over(d, ev));
        }
}

static void write_at(uint32_t vcpu, uint64_t gpa, uint64_t value)
{
    struct sim_op op = {.code = SIM_OP_WRITE, .addr = gpa, .value = value};
    run(vcpu, &op, 1);
}

/* The vCPU's very next instruction sees the copy as it is to be. */
static void write_and_look(uint32_t vcpu, uint64_t gpa, uint64_t value)
{
    struct sim_op ops[] = {{.code = SIM_OP_WRITE, .addr = gpa, .value = value},
                           {.code = SIM_OP_READ, .addr = gpa}};
    struct sim_vcpu_info info;
    run(vcpu, ops, 2);
    ck_ok(xmi_sim_vcpu_info(g, vcpu, &info));
    ck_assert_uint_eq(info.result, value);
}

/* By itself, as VMFUNC does. */
static void go(uint32_t vcpu, uint16_t view)
{
    struct sim_op op = {.code = SIM_OP_VMFUNC, .value = view};
    run(vcpu, &op, 1);
}

static uint64_t word(uint64_t gpa)
{
    uint64_t v;
    ck_ok(xmem_domain_read(d, gpa, &v, sizeof(v)));
    return v;
}

static struct xmem_stats stats(void)
{
    struct xmem_stats s = XMEM_INIT(s);
    ck_ok(xmem_domain_get_stats(d, &s));
    return s;
}

static enum xmem_rights rights(uint16_t view, uint64_t gfn)
{
    enum xmem_rights r;
    ck_ok(xmem_domain_get_rights(d, view, gfn, &r));
    return r;
}

/* The original and the copy have it, and the int3 stands. */
static void carried(uint32_t offset, uint64_t value)
{
    ck_assert_uint_eq(word(AT(F, offset)), value);
    ck_assert_uint_eq(word(AT(COPY, offset)), value);
    ck_assert_uint_eq(word(AT(COPY, HOOK)) & 0xff, 0xcc);
}

/* From the view that shows the copy, and from others; the caller sees nothing of it. */
START_TEST(writes_reach_both)
{
    static const uint32_t releases[] = {11, 13, 17, 18, 19, 20, 21, 22};
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        begin_with(releases[i], NULL);
        write_at(0, AT(F, 0x80), NEW);
        carried(0x80, NEW);
        ck_ok(xmem_view_switch(d, hook));
        write_and_look(0, AT(F, 0x88), NEW + 1);
        carried(0x88, NEW + 1);
        write_and_look(0, AT(F, 0x88), NEW + 2);
        carried(0x88, NEW + 2);
        go(1, 0);
        write_at(1, AT(F, 0xff8), NEW + 3);
        carried(0xff8, NEW + 3);
        ck_assert_uint_eq(seen, 0);
        ck_assert_uint_eq(stats().carried, 4);
        ck_assert_uint_eq(stats().patch_hits, 0);
        ck_assert(rights(0, F) == XMEM_RWX && rights(hook, F) == XMEM_RWX);
        end();
    }
}
END_TEST

/* In its own view the guest finds the patch no more written over than anywhere else. */
START_TEST(a_patch_stays)
{
    begin();
    for (unsigned i = 1; i <= 2; i++) {
        struct sim_op op = {.code = SIM_OP_WRITE, .addr = AT(F, HOOK + 1), .len = 1, .value = i};
        run(0, &op, 1);
        ck_assert_uint_eq(stats().patch_hits, 0);
    }
    write_at(0, AT(F, HOOK), NEW);
    ck_assert_uint_eq(word(AT(F, HOOK)), NEW);
    ck_assert_uint_eq(word(AT(COPY, HOOK)), (NEW & ~UINT64_C(0xff)) | 0xcc);
    ck_assert_uint_eq(stats().patch_hits, 1);
    ck_assert_uint_eq(stats().patch_hit, AT(F, HOOK));
    ck_assert_uint_eq(xmi_session_patch_hits(d), 1);
    struct sim_op over = {.code = SIM_OP_WRITE, .addr = AT(F, HOOK), .len = 1, .value = 0xcc};
    run(0, &over, 1); /* the guest's own, which it finds again */
    ck_assert_uint_eq(word(AT(F, HOOK)) & 0xff, 0xcc);
    ck_assert_uint_eq(stats().patch_hits, 2);
    end();
}
END_TEST

/* Read, changed and written as one: of the original, not of the patch. */
START_TEST(a_read_and_write_is_of_the_original)
{
    struct sim_op op = {.code = SIM_OP_RMW, .addr = AT(F, HOOK), .value = 1};
    struct sim_vcpu_info info;
    begin();
    run(0, &op, 1);
    ck_ok(xmi_sim_vcpu_info(g, 0, &info));
    ck_assert_uint_eq(info.result, 0);
    ck_assert_uint_eq(word(AT(COPY, HOOK)) & 0xff, 0xcc);
    ck_assert_uint_eq(stats().patch_hits, 1);
    end();
}
END_TEST

/* Whatever the tool sets, the rights in force are narrower, and answered as they were set. */
START_TEST(rights_are_as_asked_for)
{
    uint64_t gfns[] = {F - 1, F, F + 1, G};
    uint8_t list[] = {XMEM_RW, XMEM_RW, XMEM_RW, XMEM_RW};
    uint16_t views[] = {0, 0};
    begin();
    views[1] = hook;
    for (int i = 0; i < 2; i++) {
        go(0, views[i]);
        ck_ok(xmem_domain_set_rights(d, views[i], F, XMEM_RW));
        write_at(0, AT(F, 0x80), NEW + 1);
        carried(0x80, NEW + 1);
        ck_assert_int_eq(rights(views[i], F), XMEM_RW);
        ck_ok(xmem_domain_set_rights_range(d, views[i], F - 2, 8, XMEM_RWX));
        write_at(0, AT(F, 0x80), NEW + 2);
        carried(0x80, NEW + 2);
        ck_ok(xmem_domain_set_rights_many(d, views[i], gfns, list, 4));
        write_at(0, AT(F, 0x80), NEW + 3);
        carried(0x80, NEW + 3);
        ck_assert_int_eq(rights(views[i], F), XMEM_RW);
        ck_assert_int_eq(rights(views[i], F + 1), XMEM_RW);
        ck_assert_uint_eq(seen, 0);
        write_at(0, AT(F - 1, 0x80), NEW); /* the neighbours are not guarded */
        ck_assert_uint_eq(stats().carried, 3u * (unsigned)(i + 1));
    }
    ck_ok(xmem_domain_set_rights(d, hook, F, XMEM_RX));
    write_at(0, AT(F, 0x80), NEW + 4); /* the caller's, and carried over too */
    ck_assert_uint_eq(seen, 1);
    carried(0x80, NEW + 4);
    end();
}
END_TEST

/* Rights that an access turns are turned, and told as far as they are. */
START_TEST(rights_that_turn)
{
    begin();
    ck_ok(xmem_domain_set_rights(d, hook, F, XMEM_RX2RW));
    write_at(0, AT(F, 0x80), NEW);
    carried(0x80, NEW);
    ck_assert_uint_eq(seen, 0);
    ck_assert_int_eq(rights(hook, F), XMEM_RW);
    ck_ok(xmem_domain_set_rights(d, hook, F, XMEM_N2RWX));
    write_at(0, AT(F, 0x80), NEW + 1);
    carried(0x80, NEW + 1);
    ck_assert_uint_eq(seen, 1);
    ck_assert_int_eq(rights(hook, F), XMEM_RWX);
    write_at(0, AT(F, 0x80), NEW + 2);
    carried(0x80, NEW + 2);
    ck_assert_uint_eq(seen, 1);
    end();
}
END_TEST

/* A view that comes later is guarded; when no view shows a copy any more, nothing is. */
START_TEST(views_come_and_go)
{
    static const uint32_t releases[] = {11, 17, 20, 22};
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        uint16_t later, second;
        begin_with(releases[i], NULL);
        ck_ok(xmem_view_create(d, NULL, &later));
        go(0, later);
        write_at(0, AT(F, 0x80), NEW);
        carried(0x80, NEW);
        ck_ok(xmem_view_create(d, NULL, &second));
        uint64_t page = show_copy(second);
        write_at(0, AT(F, 0x80), NEW + 1);
        carried(0x80, NEW + 1);
        ck_assert_uint_eq(word(AT(page, 0x80)), NEW + 1);
        ck_ok(xmem_view_change_gfn(d, second, F, XMEM_GFN_UNDO));
        write_at(0, AT(F, 0x80), NEW + 2);
        carried(0x80, NEW + 2);
        ck_assert_uint_eq(word(AT(page, 0x80)), NEW + 1);
        ck_ok(xmem_view_destroy(d, hook));
        uint64_t events = stats().events;
        write_at(0, AT(F, 0x80), NEW + 3);
        go(0, 0);
        write_at(0, AT(F, 0x80), NEW + 4);
        ck_assert_uint_eq(stats().events, events);
        ck_assert_uint_eq(seen, 0);
        end();
    }
}
END_TEST

/* By each means, from the view with the copy. What is under the patch is not lost. */
START_TEST(by_each_means)
{
    static const uint32_t means[] = {XMEM_STEP_VIEW, XMEM_STEP_SINGLE,
                                     XMEM_STEP_SINGLE | XMEM_STEP_EMULATE, XMEM_STEP_RELAX};
    for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++) {
        struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means[i]};
        begin_with(20, &o);
        write_at(1, AT(F, 0x88), NEW + 1);
        carried(0x88, NEW + 1);
        ck_ok(xmem_view_switch(d, hook));
        write_at(0, AT(F, 0x80), NEW);
        carried(0x80, NEW);
        write_at(0, AT(F, HOOK), NEW);
        carried(HOOK + 8, 0);
        ck_assert_uint_eq(word(AT(F, HOOK)), NEW);
        ck_assert_uint_eq(stats().patch_hits, 1);
        ck_assert_uint_eq(seen, 0);
        end();
    }
}
END_TEST

/* An instruction that meets another page of the caller's first, or after. */
START_TEST(instructions_of_two_pages)
{
    struct sim_op ops[] = {{.code = SIM_OP_COPY, .addr = AT(G, 0), .to = AT(F, 0x80)},
                           {.code = SIM_OP_COPY, .addr = AT(H, 0), .to = AT(F, 0x88)},
                           {.code = SIM_OP_WRITE, .addr = AT(F, 0xffc), .value = NEW},
                           {.code = SIM_OP_READ, .addr = AT(H, 0)}};
    for (uint16_t way = 0; way < 2; way++) {
        begin();
        go(0, way ? hook : 0);
        uint64_t a = NEW + 5, b = NEW + 6;
        ck_ok(xmem_domain_write(d, AT(G, 0), &a, sizeof(a)));
        ck_ok(xmem_domain_write(d, AT(H, 0), &b, sizeof(b)));
        ck_ok(xmem_domain_set_rights(d, way ? hook : 0, G, XMEM_N));
        ck_ok(xmem_domain_set_rights(d, way ? hook : 0, F + 1, XMEM_R));
        for (unsigned i = 1; i <= 3; i++) {
            run(0, ops, 1); /* and nothing else, so that no event comes behind it */
            carried(0x80, a);
            run(0, ops + 1, 3);
            carried(0x88, b);
            ck_assert_uint_eq(word(AT(COPY, 0xff8)), NEW << 32);
            ck_assert_uint_eq(word(AT(F + 1, 0)) & 0xffffffff, NEW & 0xffffffff);
            ck_assert_uint_eq(seen, 2 * i);
            a++;
            b++;
            ck_ok(xmem_domain_write(d, AT(G, 0), &a, sizeof(a)));
            ck_ok(xmem_domain_write(d, AT(H, 0), &b, sizeof(b)));
        }
        end();
    }
}
END_TEST

/* The caller's own single stepping, and its emulation of the write. */
START_TEST(the_callers_own_ways)
{
    struct xmem_reply r = XMEM_INIT(r);
    const struct xmem_event *ev;
    struct sim_op ops[] = {{.code = SIM_OP_WRITE, .addr = AT(F, 0x80), .value = NEW},
                           {.code = SIM_OP_READ, .addr = AT(H, 0)}};
    begin();
    go(0, 0);
    ck_ok(xmem_domain_set_rights(d, 0, F, XMEM_RX));
    ck_ok(xmi_sim_vcpu_script(g, 0, ops, 2, 1));
    ck_ok(xmem_event_wait(d, 100));
    ck_ok(xmem_event_next(d, &ev));
    r.action = XMEM_REPLY_EMULATE;
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    carried(0x80, NEW);
    end();
}
END_TEST

/* What the tool writes into the original is carried over, into the copy it is a patch. */
START_TEST(the_tool_writes)
{
    uint8_t byte = 0xcc;
    uint64_t value = NEW;
    begin();
    ck_ok(xmem_domain_write(d, AT(F, 0x80), &value, sizeof(value)));
    carried(0x80, NEW);
    ck_ok(xmem_domain_write(d, AT(COPY, 0x84), &byte, 1));
    write_at(0, AT(F, 0x80), NEW + 1);
    ck_assert_uint_eq(word(AT(F, 0x80)), NEW + 1);
    ck_assert_uint_eq(word(AT(COPY, 0x80)),
                      (NEW & ~(UINT64_C(0xff) << 32)) + 1 + (UINT64_C(0xcc) << 32));
    ck_assert_uint_eq(stats().patch_hits, 0);
    end();
}
END_TEST

/* Rights that the caller keeps are those that were asked for. */
START_TEST(kept_rights)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .restore = XMEM_RESTORE_KEEP};
    begin_with(20, &o);
    ck_ok(xmem_domain_set_rights(d, 0, F, XMEM_RW));
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_domain_enable(d));
    ck_assert_int_eq(rights(0, F), XMEM_RW);
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* Both vCPUs write into it, for a while; also where one gets through by the other's open page. */
START_TEST(two_vcpus)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = 1u << _i};
    if (_i == 2) /* which does not do it in a view with copies */
        o.step_means |= XMEM_STEP_SINGLE;
    struct sim_op ops[2][2] = {{{.code = SIM_OP_WRITE, .addr = AT(F, 0x80), .value = 1},
                                {.code = SIM_OP_WRITE, .addr = AT(F, 0x80), .value = 2}},
                               {{.code = SIM_OP_WRITE, .addr = AT(F, 0x88), .value = 3},
                                {.code = SIM_OP_WRITE, .addr = AT(F, 0x88), .value = 4}}};
    begin_with(20, &o);
    ck_ok(xmem_view_switch(d, hook));
    go(1, 0);
    for (unsigned i = 0; i < 20; i++) {
        ck_ok(xmi_sim_vcpu_script(g, 1, ops[1], 2, 1 + i % 4));
        run(0, ops[0], 2);
        carried(0x80, 2);
        carried(0x88, 4);
    }
    carried(0x80, 2);
    carried(0x88, 4);
    ck_assert_uint_eq(seen, 0);
    end();
}
END_TEST

/* In the middle of it; by each means, and by disabling first. */
START_TEST(closing_while_the_guest_writes)
{
    struct sim_op ops[] = {{.code = SIM_OP_WRITE, .addr = AT(F, 0x80), .value = NEW},
                           {.code = SIM_OP_RMW, .addr = AT(F, HOOK), .value = 3},
                           {.code = SIM_OP_COPY, .addr = AT(G, 0), .to = AT(F, 0x88)}};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = 1u << _i % 4};
    const struct xmem_event *ev;
    if (_i % 4 == 2)
        o.step_means |= XMEM_STEP_SINGLE;
    begin_with(_i < 8 ? 17 : 20, &o);
    ck_ok(xmem_view_switch(d, hook));
    ck_ok(xmem_domain_set_rights(d, hook, G, XMEM_N));
    ck_ok(xmi_sim_vcpu_script(g, 1, ops, 3, 0));
    ck_ok(xmi_sim_vcpu_script(g, 0, ops + 1, 2, 0));
    for (int i = 0; i < 3 + _i; i++)
        if (!xmem_event_next(d, &ev))
            ck_ok(xmem_event_step_over(d, ev));
    if (_i & 1)
        ck_ok(xmem_domain_disable(d));
    end();
}
END_TEST

#define ROUNDS 6u

/*
 * vCPU 1 writes a number into the page, and then into a page that nobody guards; who reads it there
 * in the view of the copy finds at least that number in the copy.
 */
START_TEST(never_behind)
{
    struct sim_op writer[2 * ROUNDS], reader[2 * ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        writer[2 * i] = (struct sim_op){.code = SIM_OP_WRITE, .addr = AT(F, 0x80), .value = i + 1};
        writer[2 * i + 1] = (struct sim_op){.code = SIM_OP_WRITE, .addr = AT(G, 0), .value = i + 1};
        reader[2 * i] = (struct sim_op){.code = SIM_OP_COPY, .addr = AT(G, 0), .to = AT(H, i * 16)};
        reader[2 * i + 1] = (struct sim_op){
            .code = SIM_OP_COPY, .addr = AT(F, 0x80), .to = AT(H, i * 16 + 8)};
    }
    open_seeded(20, NULL, (uint64_t)_i + 1);
    ck_ok(xmem_view_create(d, NULL, &hook));
    (void)show_copy(hook);
    ck_ok(xmem_view_switch(d, hook));
    go(1, _i % 2 ? hook : 0);
    ck_ok(xmi_sim_vcpu_script(g, 1, writer, 2 * ROUNDS, 1));
    run(0, reader, 2 * ROUNDS);
    for (unsigned i = 0; i < ROUNDS; i++)
        ck_assert_uint_ge(word(AT(H, i * 16 + 8)), word(AT(H, i * 16)));
    carried(0x80, ROUNDS);
    ck_assert_uint_eq(seen, 0);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("copies");
    TCase *c = tcase_create("copies");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, writes_reach_both);
    tcase_add_test(c, a_patch_stays);
    tcase_add_test(c, a_read_and_write_is_of_the_original);
    tcase_add_test(c, rights_are_as_asked_for);
    tcase_add_test(c, rights_that_turn);
    tcase_add_test(c, views_come_and_go);
    tcase_add_test(c, by_each_means);
    tcase_add_test(c, instructions_of_two_pages);
    tcase_add_test(c, the_callers_own_ways);
    tcase_add_test(c, the_tool_writes);
    tcase_add_test(c, kept_rights);
    tcase_add_loop_test(c, two_vcpus, 0, 4);
    tcase_add_loop_test(c, closing_while_the_guest_writes, 0, 16);
    tcase_add_loop_test(c, never_behind, 0, 60);
    suite_add_tcase(s, c);
    return unit_run(s);
}
