/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the vCPUs of a described machine do: scripts, random accesses, recordings. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "doc/sim-file.h"

#define OPS_MAX 1000000u
#define ACCESS_MAX 64u
#define PATH_BYTES 4095u

/* ---- scripts ---- */

enum {
    F_ADDR = 1,
    F_VALUE = 2,
    F_INDEX = 4,
    F_LENGTH = 8,
    F_WALK = 16,
    F_USER = 32,
    F_FETCH = 64,
    F_TO = 128,
    F_EMULATE = 256
};
#define F_ACCESS (F_ADDR | F_LENGTH | F_WALK | F_EMULATE)
#define F_DATA (F_ACCESS | F_FETCH)

/* By op: the fields it may have, and those that it must have. */
static const struct op_form {
    const char *name;
    uint8_t code;
    uint16_t may, must;
    uint32_t index_min, index_max;
} forms[] = {
    {"read", SIM_OP_READ, F_DATA, F_ADDR, 0, 0},
    {"write", SIM_OP_WRITE, F_DATA | F_VALUE, F_ADDR, 0, 0},
    {"exec", SIM_OP_EXEC, F_ACCESS, F_ADDR, 0, 0},
    {"rmw", SIM_OP_RMW, F_DATA | F_VALUE, F_ADDR, 0, 0},
    {"copy", SIM_OP_COPY, F_DATA | F_TO, F_ADDR | F_TO, 0, 0},
    {"guest_request", SIM_OP_GUEST_REQUEST, F_USER, 0, 0, 0},
    {"breakpoint", SIM_OP_BREAKPOINT, F_ADDR, F_ADDR, 0, 0},
    {"cpuid", SIM_OP_CPUID, F_INDEX | F_VALUE, F_INDEX, 0, UINT32_MAX},
    {"ctrlreg", SIM_OP_CTRLREG, F_INDEX | F_VALUE, F_INDEX | F_VALUE, 0, 3},
    {"msr", SIM_OP_MSR, F_INDEX | F_VALUE, F_INDEX | F_VALUE, 0, UINT32_MAX},
    {"descriptor", SIM_OP_DESCRIPTOR, F_INDEX | F_VALUE, F_INDEX, 1, 4},
    {"privileged_call", SIM_OP_PRIVCALL, 0, 0, 0, 0},
    {"debug", SIM_OP_DEBUG, F_ADDR | F_VALUE, F_ADDR, 0, 0},
    {"io", SIM_OP_IO, F_INDEX | F_VALUE | F_LENGTH, F_INDEX, 0, UINT16_MAX},
    {"vmexit", SIM_OP_VMEXIT, F_INDEX | F_VALUE, F_INDEX, 0, UINT32_MAX},
    {"hypercall_buf", SIM_OP_HYPERCALL_BUF, F_ADDR | F_LENGTH, F_ADDR, 0, 0},
    {"vmfunc", SIM_OP_VMFUNC, F_VALUE, F_VALUE, 0, 0},
    {"halt", SIM_OP_HALT, F_VALUE, 0, 0, 0},
    {"wake", SIM_OP_WAKE, F_INDEX, F_INDEX, 0, 127},
    {"poweroff", SIM_OP_POWEROFF, 0, 0, 0, 0},
    {"exclusive", SIM_OP_EXCL, F_ADDR | F_LENGTH, F_ADDR, 0, 0},
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static const struct {
    const char *key;
    uint16_t field;
    const char *of; /* the member that it says more of */
} fields[] = {
    {"gfn", F_ADDR, NULL},
    {"offset", F_ADDR, "gfn"},
    {"value", F_VALUE, NULL},
    {"index", F_INDEX, NULL},
    {"length", F_LENGTH, NULL},
    {"walk", F_WALK, NULL},
    {"user", F_USER, NULL},
    {"fetch", F_FETCH, NULL},
    {"fetch_offset", F_FETCH, "fetch"},
    {"to", F_TO, NULL},
    {"to_offset", F_TO, "to"},
    {"emulate", F_EMULATE, NULL},
    {"unhandleable", F_EMULATE, NULL},
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct op_form *get_form(struct json_doc *doc, const struct json_value *v)
{
    const struct json_value *op = xmi_json_need(doc, v, "op");
    const char *words[N_FORMS + 1] = {NULL};
    size_t i;

    for (i = 0; i < N_FORMS; i++)
        words[i] = forms[i].name;
    if (!op || !xmi_json_get_word(doc, op, "an op", words, &i))
        return NULL;
    return &forms[i];
}

/* Fields that the op does not have, and those that it lacks. */
static bool check_fields(struct json_doc *doc, const struct json_value *v,
                         const struct op_form *form)
{
    bool good = true;
    uint16_t missing = form->must;

    for (size_t i = 0; i < N_FIELDS; i++) {
        const struct json_value *m = xmi_json_find(doc, v, fields[i].key);

        if (m && (form->may & fields[i].field) == 0) {
            xmi_json_key_error(doc, m, XM_MSG_OP_FIELD, "the op \"%s\" has no \"%s\"", form->name,
                               m->key);
            good = false;
        } else if (m && fields[i].of) { /* without what it belongs to it would say nothing */
            missing |= fields[i].field;
        }
    }
    for (size_t i = 0; i < N_FIELDS; i++)
        if (missing & fields[i].field && !fields[i].of && !xmi_json_find(doc, v, fields[i].key)) {
            xmi_json_error(doc, v, XM_MSG_OP_FIELD, "the op \"%s\" needs \"%s\"", form->name,
                           fields[i].key);
            good = false;
        }
    return good;
}

static bool get_gfn(struct sim_file_domain *fd, const struct json_value *v, uint64_t *out)
{
    uint64_t gfn, first = fd->cfg.first_gfn;

    if (!xmi_json_get_u64(fd->doc, v, 0, UINT64_MAX, &gfn))
        return false;
    if (gfn < first || gfn - first >= fd->cfg.pages) {
        xmi_json_error(fd->doc, v, XM_MSG_PROGRAM_GFN,
                       "gfn 0x%" PRIx64 " is outside the domain's frames, 0x%" PRIx64 "-0x%" PRIx64,
                       gfn, first, first + fd->cfg.pages - 1);
        return false;
    }
    *out = gfn;
    return true;
}

static void get_flag(struct json_doc *doc, const struct json_value *v, const char *key,
                     uint16_t flag, struct sim_op *op)
{
    const struct json_value *m = xmi_json_find(doc, v, key);
    bool on = false;

    if (m && xmi_json_get_bool(doc, m, &on) && on)
        op->flags |= flag;
}

/* The address that a gfn and an offset in it make. */
static uint64_t get_place(struct sim_file_domain *fd, const struct json_value *v, const char *key,
                          const char *offset_key)
{
    const struct json_value *m;
    uint64_t gfn = 0;
    uint32_t offset = 0;

    if ((m = xmi_json_find(fd->doc, v, key)))
        get_gfn(fd, m, &gfn);
    if ((m = xmi_json_find(fd->doc, v, offset_key)))
        xmi_json_get_u32(fd->doc, m, 0, PAGE_BYTES - 1, &offset);
    return gfn * PAGE_BYTES + offset;
}

static void get_flags(struct json_doc *doc, const struct json_value *v, struct sim_op *op)
{
    const struct json_value *m = xmi_json_find(doc, v, "emulate");
    bool emulate = true;

    get_flag(doc, v, "walk", SIM_OP_F_WALK, op);
    get_flag(doc, v, "user", SIM_OP_F_USER, op);
    get_flag(doc, v, "unhandleable", SIM_OP_F_UNHANDLEABLE, op);
    if (m && xmi_json_get_bool(doc, m, &emulate) && !emulate)
        op->flags |= SIM_OP_F_NO_EMUL;
    if (xmi_json_find(doc, v, "fetch"))
        op->flags |= SIM_OP_F_FETCH;
}

/* What the machine would refuse without saying why. */
static void check_exclusive(struct sim_file_domain *fd, const struct json_value *v,
                            const struct sim_op *op)
{
    uint32_t len = op->len ? op->len : 8;

    if (fd->cfg.kind != SIM_ARM_S2 && fd->cfg.kind != SIM_ARMV8R_MPU)
        xmi_json_error(fd->doc, v, XM_MSG_KIND_OPTION, "only Arm has the op \"exclusive\"");
    else if (len > 8 || (len & (len - 1)) || (op->addr & (len - 1)))
        xmi_json_error(fd->doc, v, XM_MSG_OP_FIELD,
                       "an \"exclusive\" is of 1, 2, 4 or 8 bytes, at a multiple of that");
}

static void parse_op(struct sim_file_domain *fd, const struct json_value *v, struct sim_op *op)
{
    static const char *const keys[] = {
        "op",    "gfn",          "offset", "value",     "index",   "length",       "walk", "user",
        "fetch", "fetch_offset", "to",     "to_offset", "emulate", "unhandleable", NULL};
    const struct op_form *form;
    const struct json_value *m;
    uint32_t len = 0;

    if (!xmi_json_want_keys(fd->doc, v, keys))
        return;
    form = get_form(fd->doc, v);
    if (!form || !check_fields(fd->doc, v, form))
        return;
    op->code = form->code;
    op->addr = get_place(fd, v, "gfn", "offset");
    op->fetch = get_place(fd, v, "fetch", "fetch_offset");
    op->to = get_place(fd, v, "to", "to_offset");
    if ((m = xmi_json_find(fd->doc, v, "value")))
        xmi_json_get_u64(fd->doc, m, 0, UINT64_MAX, &op->value);
    if ((m = xmi_json_find(fd->doc, v, "index")))
        xmi_json_get_u32(fd->doc, m, form->index_min, form->index_max, &op->index);
    if ((m = xmi_json_find(fd->doc, v, "length")))
        xmi_json_get_u32(fd->doc, m, 1, ACCESS_MAX, &len);
    op->len = (uint8_t)len;
    get_flags(fd->doc, v, op);
    if (op->code == SIM_OP_EXCL)
        check_exclusive(fd, v, op);
}

static void parse_script(struct sim_file_domain *fd, const struct json_value *v, uint32_t vcpu,
                         uint64_t repeat)
{
    struct sim_op *ops;
    size_t n = 0;
    int err = 0;

    if (!xmi_json_want(fd->doc, v, JSON_ARRAY) || !xmi_json_want_count(fd->doc, v, 1, OPS_MAX))
        return;
    ops = calloc(v->count, sizeof(*ops));
    if (!ops) {
        sim_file_refuse(fd->doc, v, -ENOMEM);
        return;
    }
    json_for_each(fd->doc, it, v) parse_op(fd, it, &ops[n++]);
    if (fd->dom && xmi_json_doc_errors(fd->doc) == 0)
        err = xmi_sim_vcpu_script(fd->dom, vcpu, ops, n, repeat);
    if (err)
        sim_file_refuse(fd->doc, v, err);
    free(ops);
}

/* ---- random accesses ---- */

static void parse_weights(struct json_doc *doc, const struct json_value *v,
                          struct sim_random_cfg *cfg)
{
    struct {
        const char *key;
        uint32_t *weight;
    } weights[] = {
        {"read", &cfg->read}, {"write", &cfg->write}, {"exec", &cfg->exec}, {"rmw", &cfg->rmw}};
    bool given = false;

    for (size_t i = 0; i < 4; i++) {
        const struct json_value *m = xmi_json_find(doc, v, weights[i].key);

        given |= m != NULL;
        if (m)
            xmi_json_get_u32(doc, m, 0, 1000000, weights[i].weight);
    }
    if (!given)
        cfg->read = cfg->write = cfg->exec = 1;
    else if ((cfg->read | cfg->write | cfg->exec | cfg->rmw) == 0)
        xmi_json_error(doc, v, XM_MSG_RANGE, "all weights are 0");
}

static void parse_random(struct sim_file_domain *fd, const struct json_value *v, uint32_t vcpu)
{
    static const char *const keys[] = {"seed",  "count", "first_gfn", "gfns", "read",
                                       "write", "exec",  "rmw",       NULL};
    struct sim_random_cfg cfg = {.seed = fd->seed + vcpu, .first_gfn = fd->cfg.first_gfn};
    const struct json_value *m;
    int err = 0;

    if (!xmi_json_want_keys(fd->doc, v, keys))
        return;
    if ((m = xmi_json_find(fd->doc, v, "seed")))
        xmi_json_get_u64(fd->doc, m, 0, UINT64_MAX, &cfg.seed);
    if ((m = xmi_json_find(fd->doc, v, "count")))
        xmi_json_get_u64(fd->doc, m, 0, JSON_MAX_PLAIN, &cfg.count);
    if ((m = xmi_json_find(fd->doc, v, "first_gfn")) && !get_gfn(fd, m, &cfg.first_gfn))
        return;
    cfg.gfns = fd->cfg.first_gfn + fd->cfg.pages - cfg.first_gfn;
    if ((m = xmi_json_find(fd->doc, v, "gfns")))
        xmi_json_get_u64(fd->doc, m, 1, cfg.gfns, &cfg.gfns);
    parse_weights(fd->doc, v, &cfg);
    if (fd->dom && xmi_json_doc_errors(fd->doc) == 0)
        err = xmi_sim_vcpu_random(fd->dom, vcpu, &cfg);
    if (err)
        sim_file_refuse(fd->doc, v, err);
}

/* ---- recordings ---- */

static void trace_error(struct sim_file_domain *fd, const struct json_value *v, const char *file,
                        int err)
{
    if (err == -ENOSPC)
        xmi_json_error(fd->doc, v, XM_MSG_TRACE,
                       "\"%.200s\" uses more pages than the domain has, %" PRIu64, file,
                       fd->cfg.pages);
    else if (err == -EINVAL)
        xmi_json_error(fd->doc, v, XM_MSG_TRACE, "\"%.200s\" has no accesses", file);
    else
        xmi_json_error(fd->doc, v, XM_MSG_TRACE, "\"%.200s\" cannot be read: %s", file,
                       strerror(-err));
}

/* What is replayed all the same. */
static void trace_warning(struct sim_file_domain *fd, const struct json_value *v, const char *file,
                          const struct sim_trace_damage *damage)
{
    if (damage->line)
        xmi_json_warning(
            fd->doc, v, XM_MSG_TRACE_DAMAGED,
            "\"%.200s\", from line %" PRIu64 " on: %" PRIu64 " lines begin as an access "
            "and are cut or something else, and are left out; %" PRIu64 " accesses stand "
            "behind something else, and are replayed",
            file, damage->line, damage->lost, damage->behind);
}

static void parse_trace(struct sim_file_domain *fd, const struct json_value *v, uint32_t vcpu,
                        uint64_t repeat)
{
    struct sim_trace_damage damage = {0};
    const char *file;
    char *path;
    int err;

    if (!xmi_json_get_text(fd->doc, v, PATH_BYTES, &file))
        return;
    if (!fd->dom || xmi_json_doc_errors(fd->doc))
        return;
    path = xmi_json_doc_sibling(fd->doc, file);
    err = path ? xmi_sim_vcpu_trace(fd->dom, vcpu, path, repeat, &damage) : -ENOMEM;
    if (err)
        trace_error(fd, v, file, err);
    else
        trace_warning(fd, v, file, &damage);
    free(path);
}

/* ---- programs ---- */

static void get_vcpu(struct sim_file_domain *fd, const struct json_value *object, uint32_t *vcpu)
{
    const struct json_value *v = xmi_json_find(fd->doc, object, "vcpu");

    if (v && !xmi_json_get_u32(fd->doc, v, 0, UINT32_MAX, vcpu))
        return;
    if (*vcpu >= fd->cfg.vcpus)
        xmi_json_error(fd->doc, v ? v : object, XM_MSG_VCPU, "vCPU %u of a domain that has %u",
                       *vcpu, fd->cfg.vcpus);
    else if (fd->has_program[*vcpu]++)
        xmi_json_error(fd->doc, v ? v : object, XM_MSG_PROGRAM_TWICE,
                       "vCPU %u has a program already", *vcpu);
}

static void parse_program(struct sim_file_domain *fd, const struct json_value *v)
{
    static const char *const keys[] = {"vcpu", "script", "random", "trace", "repeat", NULL};
    const struct json_value *script, *random, *trace, *m;
    uint64_t repeat = 1;
    uint32_t vcpu = 0;

    if (!xmi_json_want_keys(fd->doc, v, keys))
        return;
    get_vcpu(fd, v, &vcpu);
    script = xmi_json_find(fd->doc, v, "script");
    random = xmi_json_find(fd->doc, v, "random");
    trace = xmi_json_find(fd->doc, v, "trace");
    m = xmi_json_find(fd->doc, v, "repeat");
    if (m && random)
        xmi_json_key_error(fd->doc, m, XM_MSG_PROGRAM, "\"repeat\" is not for random programs");
    else if (m)
        xmi_json_get_u64(fd->doc, m, 0, JSON_MAX_PLAIN, &repeat);
    if (!!script + !!random + !!trace != 1)
        xmi_json_error(fd->doc, v, XM_MSG_PROGRAM,
                       "a program is exactly one of \"script\", \"random\" and \"trace\"");
    else if (script)
        parse_script(fd, script, vcpu, repeat);
    else if (random)
        parse_random(fd, random, vcpu);
    else
        parse_trace(fd, trace, vcpu, repeat);
}

void xmi_sim_file_programs(struct sim_file_domain *fd, const struct json_value *v)
{
    if (!xmi_json_want(fd->doc, v, JSON_ARRAY) || !xmi_json_want_count(fd->doc, v, 0, 128))
        return;
    json_for_each(fd->doc, it, v) parse_program(fd, it);
}
