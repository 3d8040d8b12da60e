/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl doctor: what works here, and for each thing that does not, what to do. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

struct doctor {
    struct ctl *ctl;
    bool works; /* what is needed does; the rest is extra */
};

enum level { EXTRA, NEEDED };

/* One finding. remedy is told when it is not ok. */
static void tell(struct doctor *dr, enum level level, bool ok, const char *what, const char *detail,
                 const char *remedy)
{
    if (!ok && level == NEEDED) {
        dr->works = false;
    }
    if (dr->ctl->json) {
        js_begin(NULL, '{');
        js_str("check", what);
        js_bool("ok", ok);
        js_bool("needed", level == NEEDED);
        js_str("detail", detail);
        js_str("remedy", ok ? NULL : remedy);
        js_end('}');
        return;
    }
    printf("%-4s %s%s",
           ok                ? "yes"
           : level == NEEDED ? "NO"
                             : "no",
           what, detail[0] != '\0' ? ": " : "");
    ctl_put_text(stdout, detail);
    putchar('\n');
    if (!ok && remedy != NULL) {
        printf("       -> %s\n", remedy);
    }
}

/* ---- the connection ---- */

static const char *open_remedy(int err, bool sim)
{
    if (sim) {
        return err == -ENOENT ? "the file behind sim: is not there"
                              : "the machine file is described in xmem-machine(5)";
    }
    if (access("/dev/xen/privcmd", F_OK) != 0) {
        return "this is no Xen control domain, or the module xen_privcmd is not loaded; "
               "'-c sim:' is a machine that needs no Xen";
    }
    if (err == -EACCES || err == -EPERM) {
        return geteuid() != 0 ? "run it as root"
                              : "install the libxenctrl that belongs to the running Xen; if it "
                                "does, Xen's security policy (XSM) must allow it";
    }
    return "install the libxenctrl that belongs to the running Xen";
}

static bool check_connection(struct doctor *dr)
{
    struct ctl *ctl = dr->ctl;
    int rc = xmem_open(ctl->uri, NULL, &ctl->x);

    tell(dr, NEEDED, rc == 0, "connection", rc == 0 ? ctl->uri : xmem_last_error(NULL),
         open_remedy(rc, ctl_is_sim(ctl)));
    return rc == 0;
}

static const char *platform_remedy(uint32_t kind)
{
    switch (kind) {
    case XMEM_KIND_X86_NPT: return "Xen has it on Intel processors with EPT only";
    case XMEM_KIND_X86_PV:
        return "make it an HVM or PVH guest, or use a Xen with the PV extension of this project";
    case XMEM_KIND_ARM_S2:
        return "build Xen with CONFIG_MEM_ACCESS (CONFIG_VM_EVENT from 4.21 on), which is off by "
               "default on Arm from 4.12 on";
    case XMEM_KIND_ARMV8R_MPU: return "use a Xen with the MPU extension of this project";
    default: return "it needs an HVM or PVH guest on an Intel processor with EPT, or Arm";
    }
}

static void check_domains(struct doctor *dr)
{
    struct xmem_domain_info *v = NULL;
    size_t n = 0;
    char text[64];
    int rc = ctl_domains(dr->ctl->x, &v, &n);

    snprintf(text, sizeof(text), "%zu", n);
    tell(dr, NEEDED, rc == 0 && n > 0, "domains", rc == 0 ? text : xmem_last_error(dr->ctl->x),
         "start one; 'xl list' shows those of Xen");
    free(v);
}

/* ---- one domain ---- */

static void check_listening(struct doctor *dr, struct xmem_domain *d)
{
    int rc = xmem_domain_enable(d);
    char text[256];

    snprintf(text, sizeof(text), "%s", rc == 0 ? "tried it" : xmem_domain_last_error(d));
    if (rc == 0) {
        rc = xmem_domain_disable(d);
        if (rc != 0) {
            snprintf(text, sizeof(text), "%s", xmem_domain_last_error(d));
        }
    }
    tell(dr, NEEDED, rc == 0, "listening for events", text,
         rc == -EBUSY ? "another tool listens: stop it; if it died: xmemctl recover DOMAIN"
                      : "see the message; the hypervisor's log (xl dmesg) may tell more");
}

struct means {
    uint32_t means;
    const char *name, *passes, *alone; /* passes where it is not airtight; alone: with one vCPU */
};
/* In the order in which they are taken, but for a single step beside which nothing passes. */
static const struct means all_means[] = {
    {XMEM_STEP_HYPERVISOR, "the hypervisor itself", "nothing passes", "nothing passes"},
    {XMEM_STEP_VIEW, "view", "the guest may enter it", "the guest may enter it"},
    {XMEM_STEP_EMULATE, "emulation", "further pages of an instruction that is not known pass",
     "further pages of an instruction that is not known pass"},
    {XMEM_STEP_SINGLE, "single step", "other vCPUs pass", "nothing passes"},
    {XMEM_STEP_RELAX, "relaxing",
     "the page is open meanwhile: further accesses of the vCPU pass, and of others that are not held",
     "the page is open meanwhile: further accesses of the vCPU pass"},
};
#define MEANS (sizeof(all_means) / sizeof(all_means[0]))

static const char *passes_text(const struct xmem_caps *c, const struct means *m, uint32_t vcpus)
{
    if ((c->step_airtight & m->means) != 0) {
        return "nothing passes";
    }
    return vcpus > 1 ? m->passes : m->alone;
}

/* The best means there is, and what can pass beside it. */
static const char *means_text(const struct xmem_caps *c, uint32_t vcpus, char text[128])
{
    uint32_t best = c->step_airtight != 0 ? c->step_airtight : c->step_means;
    size_t i = 0;

    while (i < MEANS && (best & all_means[i].means) == 0) {
        i++;
    }
    text[0] = '\0';
    if (i < MEANS && c->step_airtight != 0) {
        snprintf(text, 128, "by %s", all_means[i].name);
    } else if (i < MEANS) {
        snprintf(text, 128, "only by %s: %s", all_means[i].name,
                 passes_text(c, &all_means[i], vcpus));
    }
    return text;
}

static void tell_means(struct doctor *dr, const struct xmem_caps *c, const struct means *m,
                       uint32_t vcpus, unsigned *nth)
{
    char what[64], text[192];

    if ((c->step_means & m->means) == 0) {
        return;
    }
    snprintf(what, sizeof(what), "step by %s", m->name);
    snprintf(text, sizeof(text), "%s; %s", ++*nth == 1 ? "first" : "where those before cannot",
             passes_text(c, m, vcpus));
    tell(dr, EXTRA, (c->step_airtight & m->means) != 0, what, text, NULL);
}

/* Each that there is, in the order in which they are taken. */
static void check_means(struct doctor *dr, const struct xmem_caps *c, uint32_t vcpus)
{
    uint32_t early = c->step_airtight & XMEM_STEP_SINGLE;
    unsigned nth = 0;

    for (size_t i = 0; i < MEANS; i++) {
        if (all_means[i].means == XMEM_STEP_EMULATE && early != 0) {
            tell_means(dr, c, &all_means[i + 1], vcpus, &nth);
        }
        if ((all_means[i].means & early) == 0) {
            tell_means(dr, c, &all_means[i], vcpus, &nth);
        }
    }
}

static const char *airtight_remedy(const struct xmem_caps *c, bool ept)
{
    if (ept) {
        return "turn views on";
    }
    return (c->step_means & XMEM_STEP_EMULATE) != 0
               ? "this kind has no views; instructions that touch one page let nothing pass"
               : "this kind can only open the page until the vCPU went on";
}

static void check_caps(struct doctor *dr, const struct xmem_caps *c, uint32_t kind, uint32_t vcpus)
{
    bool x86 = kind == XMEM_KIND_X86_EPT;
    char text[128];

    tell(dr, NEEDED, (c->flags & XMEM_CAP_MEM_ACCESS) != 0, "rights of pages",
         xmem_kind_name((enum xmem_kind)kind), platform_remedy(kind));
    tell(dr, EXTRA, (c->flags & XMEM_CAP_SET_MANY) != 0, "scattered pages in one call", "",
         "nothing to do: ranges are used, and single calls for the rest");
    snprintf(text, sizeof(text), "%u at the most", c->max_views);
    tell(dr, EXTRA, c->max_views > 1, "views", text,
         x86 ? "set altp2m=1 for Xen and altp2m=\"external\" for the domain"
             : "this kind has none");
    tell(dr, EXTRA, c->step_means != 0, "stepping over an access", "",
         "violations can only be denied, or the page relaxed for good");
    tell(dr, EXTRA, c->step_airtight != 0, "airtight steps", means_text(c, vcpus, text),
         airtight_remedy(c, x86));
    check_means(dr, c, vcpus);
    tell(dr, EXTRA, (c->replies >> XMEM_REPLY_EMULATE & 1u) != 0, "answering with emulation", "",
         "this kind has none");
}

static int check_domain(struct doctor *dr, const char *who)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_caps caps = XMEM_INIT(caps);
    struct xmem_domain *d = NULL;
    int rc = ctl_session(dr->ctl, who, XMEM_RESTORE_AUTO, &d, &info);

    if (rc != CTL_OK) {
        tell(dr, NEEDED, false, "session", who, "see the message");
        return rc;
    }
    int err = xmem_domain_get_caps(d, &caps);
    if (err != 0) {
        tell(dr, NEEDED, false, "capabilities", xmem_domain_last_error(d), "see the message");
    } else {
        tell(dr, NEEDED, (info.flags & XMEM_DOMAIN_DYING) == 0, "domain", who, "it is dying");
        check_caps(dr, &caps, info.kind, info.vcpus);
    }
    if (err == 0 && (caps.flags & XMEM_CAP_MEM_ACCESS) != 0) {
        check_listening(dr, d);
    }
    return ctl_session_end(dr->ctl, d, ctl_exit_of(err));
}

static int examine(struct doctor *dr, const char *who)
{
    tell(dr, EXTRA, strncmp(xmem_version(), "0.1.", 4) == 0, "library", xmem_version(),
         "xmemctl was built for 0.1");
    if (!check_connection(dr)) {
        return CTL_UNSUPPORTED;
    }
    check_domains(dr);
    int rc = who != NULL ? check_domain(dr, who) : CTL_OK;
    return rc == CTL_OK && !dr->works ? CTL_UNSUPPORTED : rc;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct doctor dr = {.ctl = ctl, .works = true};
    int rc = ctl_plain_options(ctl, argc, argv, 0, 1);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    if (ctl->json) {
        js_begin(NULL, '[');
    }
    rc = examine(&dr, optind < argc ? argv[optind] : NULL);
    if (ctl->json) {
        js_end(']');
        js_newline();
    }
    return rc;
}

const struct ctl_command cmd_doctor = {
    .name = "doctor",
    .args = "[DOMAIN]",
    .summary = "Tell what works here, and for each thing that does not, what to do",
    .help = "\nWith a domain, listening is tried for a moment; nothing else is touched.\n\n",
    .run = run,
};
