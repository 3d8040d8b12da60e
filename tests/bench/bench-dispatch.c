/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a policy says of an event, with 1, 1,000 and 1,000,000 gfns registered in scattered
 * extents: nanoseconds per event, random gfns, half of them hits.
 */
#include "bench.h"

#include <doc/doc.h>
#include <sim.h>
#include <xmem.h>

#define PAGES 2200000u
#define EVENTS 2000000u

static char *text_of(uint32_t gfns, size_t *len)
{
    char *text = malloc(256 + (size_t)gfns * 14), *p = text;
    if (!text)
        exit(1);
    p += sprintf(p, "{\"version\": 1, \"domains\": [{\"domid\": 1}], \"regions\": {\"r\": [");
    for (uint32_t i = 0; i < gfns; i++)
        p += sprintf(p, "%s\"0x%x\"", i ? "," : "", i * 2);
    p += sprintf(p, "]}, \"rules\": [{\"name\": \"w\", \"region\": \"r\", \"rights\": \"rx\", "
                    "\"on\": \"log\"}]}");
    *len = (size_t)(p - text);
    return text;
}

static struct xmem_policy *policy_of(uint32_t gfns)
{
    struct xmem_report *r;
    struct xmem_policy *p;
    size_t len;
    char *text = text_of(gfns, &len);
    bench_need(xmem_report_new(&r), "report");
    int rc = xmem_policy_parse("bench", text, len, r, &p);
    struct xmem_diag d = XMEM_INIT(d);
    if (rc && !xmem_report_get(r, 0, &d))
        fprintf(stderr, "%s\n", d.full);
    bench_need(rc, "policy");
    xmem_report_free(r);
    free(text);
    return p;
}

static double decide(struct xmem_policy *p, struct xmem_domain *d, uint32_t gfns, uint64_t *hits)
{
    struct xmem_event ev = {.reason = XMEM_EVENT_MEM_ACCESS, .flags = XMEM_EVENT_PAUSED};
    uint64_t state = 88172645463325252u;
    *hits = 0;
    double t = bench_now();
    for (uint32_t i = 0; i < EVENTS; i++) {
        struct xmem_decision out = XMEM_INIT(out);
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ev.u.mem.gfn = state % (gfns * 2);
        ev.u.mem.access = XMEM_ACCESS_W;
        bench_need(xmem_policy_decide(p, d, &ev, &out), "decide");
        *hits += out.action == XMEM_ACTION_LOG;
    }
    return (bench_now() - t) / EVENTS;
}

static void measure(uint32_t gfns)
{
    struct sim_machine_cfg mc = {.seed = 1};
    struct sim_domain_cfg dc = {
        .domid = 1, .kind = SIM_X86_EPT, .vcpus = 1, .pages = PAGES, .name = "bench"};
    struct sim_machine *m;
    struct sim_domain *sd;
    struct xmem *x;
    struct xmem_domain *d;
    double v[BENCH_RUNS];
    uint64_t hits = 0;
    char line[96];
    struct xmem_policy *p = policy_of(gfns);
    bench_need(xmi_sim_machine_create(&mc, &m), "machine");
    bench_need(xmi_sim_domain_create(m, &dc, &sd), "domain");
    bench_need(xmi_open_machine(m, &x), "open");
    bench_need(xmem_domain_open(x, 1, NULL, &d), "session");
    bench_need(xmem_policy_apply(p, d, NULL, NULL, NULL), "apply");
    for (int r = 0; r < BENCH_RUNS; r++)
        v[r] = decide(p, d, gfns, &hits);
    if (hits < EVENTS / 3 || hits > EVENTS * 2 / 3) {
        fprintf(stderr, "bench: %ju hits of %u\n", (uintmax_t)hits, EVENTS);
        exit(1);
    }
    snprintf(line, sizeof(line), "dispatch, %u gfns registered", gfns);
    bench_line(line, bench_median(v, BENCH_RUNS), "ns/event");
    bench_need(xmem_domain_close(d), "close");
    xmem_policy_free(p);
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}

int main(void)
{
    measure(1);
    measure(1000);
    measure(1000000);
    return 0;
}
