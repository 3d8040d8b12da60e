/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Simulated machines from their JSON descriptions: xmem-machine(5). */
#include "doc/sim-file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"

#define DOMAINS_MAX 1024u
#define DOMID_MAX 0x7feeu /* what the simulator takes */
#define NAME_MAX_BYTES 63u
#define PAGES_MAX (UINT64_C(1) << 28) /* 1 TiB */
#define GFN_LIMIT (UINT64_C(1) << 40)
#define PCPUS_MAX 64u
#define VIEWS_MAX 512u
#define FAULTS_MAX 16u
#define LOOK_MAX 1000000u
#define MPU_REGIONS_MIN 8u
#define MPU_REGIONS_MAX 256u

/* ---- faults ---- */

static const struct {
    const char *name;
    int err;
} errnos[] = {
    {"EPERM", EPERM},     {"ENOENT", ENOENT}, {"ESRCH", ESRCH},   {"E2BIG", E2BIG},
    {"EAGAIN", EAGAIN},   {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EFAULT", EFAULT},
    {"EBUSY", EBUSY},     {"EEXIST", EEXIST}, {"ENODEV", ENODEV}, {"EINVAL", EINVAL},
    {"ENOSPC", ENOSPC},   {"ERANGE", ERANGE}, {"ENOSYS", ENOSYS}, {"EOPNOTSUPP", EOPNOTSUPP},
    {"ENODATA", ENODATA},
};
#define N_ERRNOS (sizeof(errnos) / sizeof(errnos[0]))

/* In the order of enum xm_hc. */
static const char *const hypercalls[] = {"any",
                                         "access_set",
                                         "access_get",
                                         "access_set_multi",
                                         "vm_event",
                                         "monitor",
                                         "access_required",
                                         "pause",
                                         "unpause",
                                         "vcpu_pause",
                                         "vcpu_unpause",
                                         "domctl_other",
                                         "altp2m_state",
                                         "altp2m_create",
                                         "altp2m_destroy",
                                         "altp2m_switch",
                                         "altp2m_set",
                                         "altp2m_set_multi",
                                         "altp2m_get",
                                         "altp2m_change_gfn",
                                         "altp2m_other",
                                         "inject_event",
                                         "vcpu_get",
                                         "vcpu_set",
                                         NULL};
_Static_assert(sizeof(hypercalls) / sizeof(hypercalls[0]) == XM_HC_COUNT + 1,
               "a name for each kind of hypercall");

static bool get_errno(struct json_doc *doc, const struct json_value *v, int *out)
{
    const char *words[N_ERRNOS + 1] = {NULL};
    size_t i;

    for (i = 0; i < N_ERRNOS; i++)
        words[i] = errnos[i].name;
    if (!xmi_json_get_word(doc, v, "an errno", words, &i))
        return false;
    *out = errnos[i].err;
    return true;
}

static void parse_errno_fault(struct sim_file_domain *fd, const struct json_value *v)
{
    const struct json_value *err_v = xmi_json_need(fd->doc, v, "errno");
    const struct json_value *op_v = xmi_json_find(fd->doc, v, "op");
    uint64_t nth = 0;
    size_t op = 0;
    int err = 0;

    xmi_json_get_u64(fd->doc, xmi_json_find(fd->doc, v, "hypercall"), 1, JSON_MAX_PLAIN, &nth);
    if (err_v)
        get_errno(fd->doc, err_v, &err);
    if (op_v)
        xmi_json_get_word(fd->doc, op_v, "a kind of hypercall", hypercalls, &op);
    if (fd->dom && xmi_json_doc_errors(fd->doc) == 0)
        xmi_sim_inject_errno(fd->dom, nth, (int)op, err);
}

static void parse_fault(struct sim_file_domain *fd, const struct json_value *v)
{
    static const char *const keys[] = {"hypercall",     "op", "errno", "death_after_events",
                                       "dead_listener", NULL};
    const struct json_value *death, *dead;
    bool errno_fault;
    uint64_t events;

    if (!xmi_json_want_keys(fd->doc, v, keys))
        return;
    death = xmi_json_find(fd->doc, v, "death_after_events");
    dead = xmi_json_find(fd->doc, v, "dead_listener");
    errno_fault = xmi_json_find(fd->doc, v, "hypercall") != NULL;
    if (errno_fault + !!death + !!dead != 1 || (!errno_fault && v->count > 1)) {
        xmi_json_error(fd->doc, v, XM_MSG_FAULT,
                       "a fault is \"hypercall\" with \"errno\", or \"death_after_events\" or "
                       "\"dead_listener\" alone");
        return;
    }
    if (dead) /* before the others */
        return;
    if (errno_fault)
        parse_errno_fault(fd, v);
    else if (xmi_json_get_u64(fd->doc, death, 1, JSON_MAX_PLAIN, &events) && fd->dom)
        xmi_sim_inject_death(fd->dom, events);
}

/* Its hypercalls and its events are of the time before: no other fault meets them. */
static void parse_dead(struct sim_file_domain *fd, const struct json_value *faults)
{
    const struct json_value *dead, *first = NULL;

    json_for_each(fd->doc, it, faults)
    {
        dead = it->kind == JSON_OBJECT ? xmi_json_find(fd->doc, it, "dead_listener") : NULL;
        if (dead && first)
            xmi_json_key_error(fd->doc, dead, XM_MSG_FAULT, "a domain has one dead listener");
        else if (dead)
            xmi_sim_file_dead_listener(fd, first = dead);
    }
}

static void parse_faults(struct sim_file_domain *fd, const struct json_value *v)
{
    if (!xmi_json_want(fd->doc, v, JSON_ARRAY) || !xmi_json_want_count(fd->doc, v, 0, FAULTS_MAX))
        return;
    parse_dead(fd, v);
    json_for_each(fd->doc, it, v) parse_fault(fd, it);
}

/* ---- domains ---- */

struct machine_file {
    struct json_doc *doc;
    struct sim_machine *m;
    struct sim_machine_cfg cfg;
    const char **names; /* of the domains so far */
    uint32_t *domids;
    size_t n;
};

static void get_kind(struct sim_file_domain *fd, const struct json_value *v)
{
    static const char *const words[] = {"x86-ept",    "arm-s2",  "x86-pv",
                                        "armv8r-mpu", "x86-npt", NULL};
    static const enum sim_kind kinds[] = {SIM_X86_EPT, SIM_ARM_S2, SIM_X86_PV, SIM_ARMV8R_MPU,
                                          SIM_X86_NPT};
    size_t i;

    if (xmi_json_get_word(fd->doc, v, "a kind of domain", words, &i))
        fd->cfg.kind = kinds[i];
}

static void get_names(struct sim_file_domain *fd, const struct json_value *v,
                      struct machine_file *mf)
{
    const struct json_value *name = xmi_json_need(fd->doc, v, "name");
    const struct json_value *domid = xmi_json_find(fd->doc, v, "domid");
    const char *text = NULL;

    if (name && xmi_json_get_text(fd->doc, name, NAME_MAX_BYTES, &text))
        memcpy(fd->cfg.name, text, strlen(text) + 1);
    if (domid)
        xmi_json_get_u32(fd->doc, domid, 1, DOMID_MAX, &fd->cfg.domid);
    for (size_t i = 0; i < mf->n; i++) {
        if (text && mf->names[i] && strcmp(mf->names[i], text) == 0)
            xmi_json_error(fd->doc, name, XM_MSG_DOMAIN_TWICE, "there are two domains \"%s\"",
                           text);
        if (fd->cfg.domid && mf->domids[i] == fd->cfg.domid)
            xmi_json_error(fd->doc, domid, XM_MSG_DOMAIN_TWICE,
                           "there are two domains with number %u", fd->cfg.domid);
    }
    mf->names[mf->n] = text;
    mf->domids[mf->n++] = fd->cfg.domid;
}

static void get_memory(struct sim_file_domain *fd, const struct json_value *v)
{
    const struct json_value *m;

    if ((m = xmi_json_find(fd->doc, v, "pages")))
        xmi_json_get_u64(fd->doc, m, 1, PAGES_MAX, &fd->cfg.pages);
    if ((m = xmi_json_find(fd->doc, v, "first_gfn")))
        xmi_json_get_u64(fd->doc, m, 0, GFN_LIMIT - 1 - fd->cfg.pages, &fd->cfg.first_gfn);
    if ((m = xmi_json_find(fd->doc, v, "superpages")))
        xmi_json_get_bool(fd->doc, m, &fd->cfg.superpages);
}

static void get_altp2m(struct sim_file_domain *fd, const struct json_value *v)
{
    const struct json_value *m = xmi_json_find(fd->doc, v, "altp2m");

    fd->cfg.altp2m = fd->cfg.kind == SIM_X86_EPT;
    if (m && xmi_json_get_bool(fd->doc, m, &fd->cfg.altp2m) && fd->cfg.altp2m &&
        fd->cfg.kind != SIM_X86_EPT)
        xmi_json_key_error(fd->doc, m, XM_MSG_KIND_OPTION, "only x86-ept has altp2m");
}

/* Of an armv8r-mpu's cores; what is wrong with the numbers themselves the machine says. */
static void get_mpu(struct sim_file_domain *fd, const struct json_value *v)
{
    static const char *const keys[] = {"regions", "whole", "codes", NULL};
    static const char *const codes[] = {"silicon", "qemu", NULL};
    const struct json_value *m = xmi_json_find(fd->doc, v, "mpu"), *k;
    size_t i = 0;

    if (!m || !xmi_json_want(fd->doc, m, JSON_OBJECT) || !xmi_json_want_keys(fd->doc, m, keys))
        return;
    if (fd->cfg.kind != SIM_ARMV8R_MPU) {
        xmi_json_key_error(fd->doc, m, XM_MSG_KIND_OPTION, "only armv8r-mpu has an mpu");
        return;
    }
    if ((k = xmi_json_find(fd->doc, m, "regions")))
        xmi_json_get_u32(fd->doc, k, MPU_REGIONS_MIN, MPU_REGIONS_MAX, &fd->cfg.regions);
    if ((k = xmi_json_find(fd->doc, m, "whole")))
        xmi_json_get_bool(fd->doc, k, &fd->cfg.whole);
    if ((k = xmi_json_find(fd->doc, m, "codes")) &&
        xmi_json_get_word(fd->doc, k, "a kind of status codes", codes, &i))
        fd->cfg.qemu_codes = i == 1;
}

/* Behind the frames of all x86-pv domains, their page tables too. */
static uint64_t free_frame(struct sim_machine *m)
{
    struct sim_domain_info i;
    struct sim_domain *d;
    uint64_t free = 0;

    for (size_t n = 0; (d = xmi_sim_domain_at(m, n)); n++) {
        xmi_sim_domain_info(d, &i);
        if (i.kind == SIM_X86_PV && i.highest_gfn >= free)
            free = i.highest_gfn + 1;
    }
    return free;
}

/* What a domain asks for is another's. */
static void say_taken(struct machine_file *mf, const struct sim_file_domain *fd,
                      const struct json_value *v)
{
    struct sim_domain *other = fd->cfg.domid ? xmi_sim_domain_find(mf->m, fd->cfg.domid) : NULL;
    struct sim_domain_info i;

    if (other) {
        xmi_sim_domain_info(other, &i);
        xmi_json_error(
            mf->doc, v, XM_MSG_DOMAIN_TWICE,
            "number %u is the domain's before it, \"%s\", which names none; give both one",
            fd->cfg.domid, i.name);
        return;
    }
    xmi_json_error(mf->doc, v, XM_MSG_MACHINE,
                   "the gfns of x86-pv domains are frames of the machine, and those from 0x%" PRIx64
                   " on are another domain's or its page tables'; \"first_gfn\": \"0x%" PRIx64
                   "\" is free",
                   fd->cfg.first_gfn, free_frame(mf->m));
}

static void make_domain(struct machine_file *mf, struct sim_file_domain *fd,
                        const struct json_value *v)
{
    int err;

    if (xmi_json_doc_errors(mf->doc))
        return;
    err = xmi_sim_domain_create(mf->m, &fd->cfg, &fd->dom);
    if (err == -EEXIST)
        say_taken(mf, fd, v);
    else if (err)
        sim_file_refuse(mf->doc, v, err);
}

static void parse_domain(struct machine_file *mf, const struct json_value *v)
{
    static const char *const keys[] = {"name",  "description", "domid",      "kind",   "vcpus",
                                       "pages", "first_gfn",   "superpages", "altp2m", "holds",
                                       "look",  "mpu",         "programs",   "faults", NULL};
    struct sim_file_domain fd = {
        .doc = mf->doc,
        .m = mf->m,
        .cfg = {.kind = SIM_X86_EPT, .vcpus = 1, .pages = 1024, .superpages = true},
        .seed = mf->cfg.seed + 1000 * mf->n,
    };
    uint8_t has_program[128] = {0};
    const struct json_value *m;

    fd.has_program = has_program;
    if (!xmi_json_want(mf->doc, v, JSON_OBJECT))
        return;
    xmi_json_want_keys(mf->doc, v, keys);
    get_names(&fd, v, mf);
    if ((m = xmi_json_find(mf->doc, v, "description")))
        xmi_json_want(mf->doc, m, JSON_STRING);
    if ((m = xmi_json_need(mf->doc, v, "kind")))
        get_kind(&fd, m);
    if ((m = xmi_json_find(mf->doc, v, "vcpus")))
        xmi_json_get_u32(mf->doc, m, 1, 128, &fd.cfg.vcpus);
    get_memory(&fd, v);
    get_altp2m(&fd, v);
    if ((m = xmi_json_find(mf->doc, v, "holds")))
        xmi_json_get_bool(mf->doc, m, &fd.cfg.holds);
    if ((m = xmi_json_find(mf->doc, v, "look")))
        xmi_json_get_u32(mf->doc, m, 1, LOOK_MAX, &fd.cfg.look);
    get_mpu(&fd, v);
    make_domain(mf, &fd, v);
    if ((m = xmi_json_find(mf->doc, v, "programs")))
        xmi_sim_file_programs(&fd, m);
    if ((m = xmi_json_find(mf->doc, v, "faults")))
        parse_faults(&fd, m);
}

/* ---- the machine ---- */

static void get_release(struct json_doc *doc, const struct json_value *v, uint32_t *minor)
{
    const char *text;
    unsigned n;
    char end;

    if (!xmi_json_get_text(doc, v, 15, &text))
        return;
    if (sscanf(text, "4.%2u%c", &n, &end) == 1 && n >= 11 && n <= 23)
        *minor = n;
    else
        xmi_json_error(doc, v, XM_MSG_RELEASE, "\"%s\" is not a release from \"4.11\" to \"4.23\"",
                       text);
}

static void parse_machine(struct machine_file *mf, const struct json_value *root)
{
    static const char *const keys[] = {"description", "seed",    "xen", "max_views",
                                       "pcpus",       "domains", NULL};
    const struct json_value *m;

    xmi_json_want_keys(mf->doc, root, keys);
    if ((m = xmi_json_find(mf->doc, root, "description")))
        xmi_json_want(mf->doc, m, JSON_STRING);
    if ((m = xmi_json_find(mf->doc, root, "seed")))
        xmi_json_get_u64(mf->doc, m, 0, UINT64_MAX, &mf->cfg.seed);
    if ((m = xmi_json_find(mf->doc, root, "xen")))
        get_release(mf->doc, m, &mf->cfg.xen_minor);
    if ((m = xmi_json_find(mf->doc, root, "max_views")))
        xmi_json_get_u32(mf->doc, m, 1, VIEWS_MAX, &mf->cfg.max_views);
    if ((m = xmi_json_find(mf->doc, root, "pcpus")))
        xmi_json_get_u32(mf->doc, m, 1, PCPUS_MAX, &mf->cfg.pcpus);
}

static void parse_domains(struct machine_file *mf, const struct json_value *root)
{
    const struct json_value *v = xmi_json_need(mf->doc, root, "domains");
    int err;

    if (!v || !xmi_json_want(mf->doc, v, JSON_ARRAY) ||
        !xmi_json_want_count(mf->doc, v, 1, DOMAINS_MAX))
        return;
    mf->names = calloc(v->count, sizeof(*mf->names));
    mf->domids = calloc(v->count, sizeof(*mf->domids));
    err = mf->names && mf->domids ? xmi_sim_machine_create(&mf->cfg, &mf->m) : -ENOMEM;
    if (err)
        sim_file_refuse(mf->doc, root, err);
    else
        json_for_each(mf->doc, it, v) parse_domain(mf, it);
}

/* Takes doc. */
static int build(struct json_doc *doc, const struct xmem_open_opts *opts, struct sim_machine **out)
{
    struct machine_file mf = {.doc = doc};
    const struct json_value *root = xmi_json_doc_root(doc);
    int err = 0;

    mf.cfg.seed = opts ? opts->seed : 0;
    if (xmi_json_want(doc, root, JSON_OBJECT)) {
        parse_machine(&mf, root);
        parse_domains(&mf, root);
    }
    if (xmi_json_doc_errors(doc))
        err = -EINVAL;
    free(mf.names);
    free(mf.domids);
    xmi_json_doc_free(doc);
    if (err)
        xmi_sim_machine_destroy(mf.m);
    else
        *out = mf.m;
    return err;
}

/* What the caller of xmem_open() may get; the text says the rest. */
static int public_error(int err)
{
    return err == -ENOENT || err == -EACCES || err == -ENOMEM ? err : -EINVAL;
}

/* The first message of those behind the ones that were there. */
static int set_text(struct xmem_error *err, int code, const struct xmem_report *r, size_t before,
                    const char *path)
{
    struct xmem_diag diag = XMEM_INIT(diag);
    size_t n = xmem_report_count(r) - before;

    if (xmem_report_get(r, before, &diag))
        return xmi_error_set(err, code, "%.200s: %s", path, strerror(-code));
    if (n > 1)
        return xmi_error_set(err, code, "%.440s (and %zu more)", diag.full, n - 1);
    return xmi_error_set(err, code, "%s", diag.full);
}

int xmi_sim_file_load(const char *path, const struct xmem_open_opts *opts, struct sim_machine **out,
                      struct xmem_error *err)
{
    struct xmem_report *own = NULL, *r = opts ? opts->report : NULL;
    int code = r ? 0 : xmem_report_new(&own);
    struct json_doc *doc;
    size_t before;

    if (code)
        return xmi_error_set(err, code, "out of memory");
    r = r ? r : own;
    before = xmem_report_count(r);
    code = xmi_json_doc_load(path, r, &doc);
    if (code == 0)
        code = build(doc, opts, out);
    if (code)
        code = set_text(err, public_error(code), r, before, path);
    xmem_report_free(own);
    return code;
}
