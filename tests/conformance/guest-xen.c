/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest under test on a running Xen: the laboratories' small guest (tests/lab), commanded
 * through its mailbox. "xen/NUMBER" is a domain that is there; with any other name ("xen/4.17")
 * every statement gets a guest of its own, made by the laboratory's domain builder. On x86, where
 * that takes half a second of an emulated processor, the next statement gets the same one, but
 * only if it was left in order.
 *
 * A listener that dies is a process that is killed: abandon() forks, the child goes on with the
 * statements and kills its parent. The process that was started keeps waiting for the last one.
 */
#include "conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lab/common/guest.h"
#include "../lab/guest/arch/arm64.h"
#include "../lab/guest/arch/x86-pvh.h"

#define PAGE 4096u
#define GUEST_VCPUS 12u
#define GUEST_MIB 64u
#define GUEST_RESERVED 16u /* pages at the end of memory that are not for statements */
#define RUN_US 100
#define STATEMENT_SECONDS 240u

/*
 * Where the laboratory guests have their mailbox and free memory: <arch>/guest/layout.h. A PV guest's
 * gfns are machine frames, which its builder has noted (x86-pv/dom/note.c).
 */
struct layout {
    uint64_t ram, mailbox, scratch;
    uint32_t return_insn; /* what a call of a page finds there */
    uint8_t store[8];     /* a call that stores its first argument where the second says */
    uint8_t store_size;
};
static const struct layout arm_layout = {
    0x40000000,
    0x40200000,
    0x40300000,
    0xd65f03c0,
    {0x20, 0x00, 0x00, 0xf9, 0xc0, 0x03, 0x5f, 0xd6},
    8, /* str x0, [x1]; ret */
};
static const struct layout x86_layout = {
    0, 0x200000, 0x300000, 0xc3, {0x48, 0x89, 0x3e, 0xc3}, 4, /* mov %rdi, (%rsi); ret */
};

static const struct layout *layout;
static bool arm, pv;
static uint64_t mailbox_gfn;
static struct lab_guest *guest;
static bool own_guest, killed;
static uint32_t kept; /* a guest in order, for the next statement; 0: none */

/* ---- the domain builder ---- */

/* Runs labdom; what it prints is a number, *out (may be NULL). */
static int labdom(char *const words[], uint32_t *out)
{
    posix_spawn_file_actions_t actions;
    char line[64] = "";
    int ends[2], status = -1;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    int rc = -posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (!rc && (read(ends[0], line, sizeof(line) - 1) < 0 || waitpid(pid, &status, 0) != pid))
        rc = -errno;
    close(ends[0]);
    if (!rc && (status || (out && !line[0])))
        rc = -ECHILD;
    if (!rc && out)
        *out = (uint32_t)strtoul(line, NULL, 10);
    return rc;
}

static int make_guest(uint32_t *domid)
{
    char *image = getenv("LAB_GUEST"), mib[16], vcpus[16];
    char *const words[] = {"labdom", "guest", image ? image : "/lab/guest.img", mib, vcpus, NULL};
    snprintf(mib, sizeof(mib), "%u", GUEST_MIB);
    snprintf(vcpus, sizeof(vcpus), "%u", GUEST_VCPUS);
    return labdom(words, domid);
}

static int destroy_guest(uint32_t domid)
{
    char number[16];
    char *const words[] = {"labdom", "destroy", number, NULL};
    snprintf(number, sizeof(number), "%u", domid);
    return labdom(words, NULL);
}

static void destroy_kept(void)
{
    if (kept)
        destroy_guest(kept);
    kept = 0;
}

/* ---- processes ---- */

/* Waits for whoever goes on, through all that are killed on the way, and ends as the last one does. */
static void keep(void)
{
    int status = 0, last = 1;
    alarm(0); /* each statement's own, in the children */
    for (;;) {
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            _exit(last);
        if (WIFEXITED(status))
            last = WEXITSTATUS(status);
        else if (WTERMSIG(status) != SIGKILL)
            last = 128 + WTERMSIG(status);
    }
}

/* The statements run in a child, so that they can be killed and go on in another one. */
static int start_keeper(void)
{
    static bool started;
    if (started)
        return 0;
    started = true;
    fflush(NULL);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1))
        return -errno;
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid)
        keep();
    atexit(destroy_kept);     /* of whichever process comes to the end */
    alarm(STATEMENT_SECONDS); /* is not inherited */
    return 0;
}

/* What Xen's devices have bound or mapped is the parent's, and must go with it. */
static void close_inherited(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        int fd = atoi(e->d_name);
        if (fd > 2 && fd != dirfd(dir))
            close(fd);
    }
    if (dir)
        closedir(dir);
}

/* ---- the guest ---- */

static int open_mailbox(struct conf *c)
{
    int rc = lab_guest_open(&guest, c->domid, mailbox_gfn);
    return rc ? rc : lab_guest_alive(guest, 0, LAB_PATIENCE_MS);
}

static int start_vcpus(struct conf *c)
{
    for (uint32_t v = 1; v < c->vcpus; v++) {
        struct lab_mailbox on = {.op = LAB_OP_CPU_ON, .value = v};
        if (lab_guest_box(guest, v)->alive == LAB_ALIVE + v)
            continue;
        int rc = lab_guest_run(guest, 0, &on, LAB_PATIENCE_MS);
        if (!rc)
            rc = lab_guest_alive(guest, v, LAB_PATIENCE_MS);
        if (rc)
            return rc;
    }
    return 0;
}

static int find_domain(struct conf *c)
{
    char *end;
    c->domid = (uint32_t)strtoul(c->arg, &end, 10);
    own_guest = end == c->arg || *end;
    c->vcpus = GUEST_VCPUS;
    c->gfns = GUEST_MIB * 256u - (layout->scratch - layout->ram) / PAGE - GUEST_RESERVED;
    if (own_guest) {
        c->domid = kept;
        kept = 0;
        return c->domid ? 0 : make_guest(&c->domid);
    }
    struct xmem_domain_info v[16] = {{.size = sizeof(v[0])}};
    size_t n = 16;
    int rc = xmem_domain_list(c->x, v, &n);
    for (size_t i = 0; !rc && i < n; i++)
        if (v[i].domid == c->domid) {
            c->vcpus = v[i].vcpus;
            c->gfns = v[i].pages - (layout->scratch - layout->ram) / PAGE - GUEST_RESERVED;
            return 0;
        }
    return rc ? rc : -ESRCH;
}

/* Replaces what holds for the other kinds by the builder's note on a PV domain. */
static int find_frames(struct conf *c)
{
    char path[32], name[16];
    uint64_t value;
    c->first_gfn = layout->scratch / PAGE;
    mailbox_gfn = layout->mailbox / PAGE;
    if (!pv)
        return 0;
    snprintf(path, sizeof(path), "/tmp/labdom.%" PRIu32, c->domid);
    FILE *f = fopen(path, "r");
    if (!f)
        return -errno;
    while (fscanf(f, "%15[a-z]=0x%" SCNx64 "\n", name, &value) == 2) {
        if (!strcmp(name, "mailbox"))
            mailbox_gfn = value;
        else if (!strcmp(name, "first"))
            c->first_gfn = value;
        else if (!strcmp(name, "count"))
            c->gfns = value;
    }
    fclose(f);
    return 0;
}

static int xen_setup(struct conf *c)
{
    struct utsname u;
    int rc = start_keeper();
    if (rc || uname(&u))
        return rc ? rc : -errno;
    arm = !strncmp(u.machine, "aarch64", 7);
    pv = getenv("XMEM_LAB_ARCH") && !strcmp(getenv("XMEM_LAB_ARCH"), "x86-pv");
    layout = arm ? &arm_layout : &x86_layout;
    killed = false;
    rc = xmem_open("xen:", NULL, &c->x);
    if (!rc)
        rc = find_domain(c);
    if (!rc)
        rc = find_frames(c);
    if (!rc)
        rc = open_mailbox(c);
    return rc ? rc : start_vcpus(c);
}

/* ---- nothing left behind ---- */

static void check_vcpus(struct conf *c)
{
    for (uint32_t v = 0; v < c->vcpus; v++) {
        struct lab_mailbox nop = {.op = LAB_OP_NOP};
        int rc = lab_guest_wait(guest, v, LAB_PATIENCE_MS);
        if (!rc)
            rc = lab_guest_run(guest, v, &nop, LAB_PATIENCE_MS);
        if (rc) {
            conf_fail(c, __FILE__, __LINE__, "left behind: vCPU %u does not run", v);
            return;
        }
    }
}

static void check_rights(struct conf *c, struct xmem_domain *d)
{
    enum xmem_rights r = XMEM_RWX;
    int rc = xmem_domain_enable(d);
    if (!rc)
        rc = xmem_domain_get_default(d, &r);
    for (unsigned i = 0; !rc && r == XMEM_RWX && i < 64; i++)
        rc = xmem_domain_get_rights(d, 0, conf_gfn(c, i), &r);
    if (rc || r != XMEM_RWX)
        conf_fail(c, __FILE__, __LINE__, "left behind: rights %s (%d %s)", xmem_rights_name(r), rc,
                  xmem_domain_last_error(d));
}

static void check_domain(struct conf *c)
{
    struct xmem_domain *d = NULL;
    struct xmem_domain_info info = XMEM_INIT(info);
    uint16_t views[16];
    size_t n = 16;
    int rc = xmem_domain_open(c->x, c->domid, NULL, &d);
    if (!rc)
        rc = xmem_domain_get_info(d, &info);
    if (!rc)
        rc = xmem_view_list(d, views, &n);
    if (rc || info.flags || n != 1)
        conf_fail(c, __FILE__, __LINE__, "left behind: flags %u views %zu (%d %s)", info.flags, n,
                  rc, xmem_last_error(c->x));
    else
        check_rights(c, d);
    xmem_domain_close(d);
}

static void xen_teardown(struct conf *c)
{
    if (c->x && guest && !killed && !c->failed && !c->d) {
        check_vcpus(c);
        check_domain(c);
    }
    lab_guest_close(guest);
    guest = NULL;
    xmem_close(c->x);
    c->x = NULL;
    if (own_guest && !arm && !killed && !c->failed)
        kept = c->domid;
    else if (own_guest && !killed && c->domid && destroy_guest(c->domid))
        conf_fail(c, __FILE__, __LINE__, "domain %u cannot be destroyed", c->domid);
}

/* ---- acting ---- */

static int x86_op(enum guest_act act, uint64_t value, struct lab_mailbox *m)
{
    m->value = value;
    switch (act) {
    case ACT_CPUID:
        m->op = LAB_X86_CPUID;
        m->addr = m->count = m->value = 0;
        return 0;
    case ACT_BREAKPOINT: m->op = LAB_X86_INT3; return getenv("XMEM_LAB_NO_INT3") ? -EOPNOTSUPP : 0;
    case ACT_CTRLREG3: m->op = LAB_X86_LOAD_CR3; return 0;
    case ACT_RMW_CROSSING:
        m->op = LAB_OP_RMW;
        m->addr = (m->addr | (PAGE - 1)) - 3;
        return 0;
    case ACT_MSR:
        m->op = LAB_X86_WRMSR;
        m->addr = CONF_MSR;
        return 0;
    default: return -EOPNOTSUPP;
    }
}

static int command_of(enum guest_act act, uint64_t value, struct lab_mailbox *m)
{
    m->value = value;
    switch (act) {
    case ACT_READ: m->op = LAB_OP_READ; return 0;
    case ACT_WRITE: m->op = LAB_OP_WRITE; return 0;
    case ACT_EXEC: m->op = LAB_OP_EXEC; return 0;
    case ACT_RMW: m->op = LAB_OP_RMW; return 0;
    case ACT_CALL:
        m->op = LAB_OP_EXEC;
        m->extra = (m->addr | (PAGE - 1)) + 1;
        return 0;
    case ACT_READ_CROSSING: m->op = LAB_OP_READ_CROSSING; return 0;
    case ACT_WRITE_CROSSING: m->op = LAB_OP_WRITE_CROSSING; return 0;
    case ACT_GUEST_REQUEST: m->op = LAB_OP_GUEST_REQUEST; return 0;
    case ACT_PRIVCALL: m->op = LAB_OP_PRIV_CALL; return arm ? 0 : -EOPNOTSUPP;
    case ACT_HYPERCALL_BUF:
        m->op = LAB_OP_XEN_VERSION;
        m->value = 1; /* XENVER_extraversion: 16 bytes */
        return getenv("XMEM_LAB_NO_HCBUF") ? -EOPNOTSUPP : 0;
    default: return arm ? -EOPNOTSUPP : x86_op(act, value, m);
    }
}

/* As lab_guest_poke(), into more than one page as well. */
static int put_code(uint64_t addr, const uint8_t *code, uint64_t size)
{
    uint64_t room = PAGE - addr % PAGE, first = size < room ? size : room;
    int rc = lab_guest_poke(guest, addr, code, first);
    return rc || first == size ? rc
                               : lab_guest_poke(guest, addr + first, code + first, size - first);
}

/* Puts an instruction there that touches more pages than one, and makes m a call of it. */
static int code_of(enum guest_act act, uint64_t gfn, uint32_t offset, uint64_t value,
                   struct lab_mailbox *m)
{
    static const uint8_t x86_nothing[] = {0xb8, 0, 0, 0, 0, 0xc3};     /* mov $0, %eax; ret */
    static const uint8_t x86_vector[] = {0x66, 0x48, 0x0f, 0x6e, 0xc7, /* movq %rdi, %xmm0 */
                                         0x66, 0x0f, 0xd6, 0x06,       /* movq %xmm0, (%rsi) */
                                         0xb8, 0,    0,    0,    0,    0xc3};
    m->op = LAB_OP_EXEC;
    m->value = value;
    m->addr = gfn * PAGE + (act == ACT_EXEC_WRITE || act == ACT_EXEC_VECTOR ? offset : PAGE - 2);
    if (arm && act != ACT_EXEC_WRITE)
        return -EOPNOTSUPP; /* its instructions are aligned */
    if (act == ACT_EXEC_CROSSING)
        return put_code(m->addr, x86_nothing, sizeof(x86_nothing));
    m->extra = act == ACT_EXEC_WRITE || act == ACT_EXEC_VECTOR ? m->addr + PAGE
                                                               : (gfn + 3) * PAGE - 4;
    if (act == ACT_EXEC_VECTOR)
        return put_code(m->addr, x86_vector, sizeof(x86_vector));
    return put_code(m->addr, layout->store, layout->store_size);
}

static int xen_start(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn,
                     uint32_t offset, uint64_t value)
{
    struct lab_mailbox m = {.addr = gfn * PAGE + offset, .count = 1, .stride = 8};
    int rc;
    (void)c;
    if (act == ACT_EXEC_CROSSING || act == ACT_EXEC_WRITE || act == ACT_FOUR_PAGES ||
        act == ACT_EXEC_VECTOR)
        rc = code_of(act, gfn, offset, value, &m);
    else
        rc = command_of(act, value, &m);
    if (!rc && act == ACT_EXEC)
        rc = lab_guest_poke(guest, m.addr, &layout->return_insn, sizeof(layout->return_insn));
    return rc ? rc : lab_guest_start(guest, vcpu, &m);
}

static int xen_loop(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn,
                    uint32_t offset, uint64_t count, uint32_t work)
{
    struct lab_mailbox m = {.addr = gfn * PAGE + offset, .count = count};
    (void)c;
    int rc = command_of(act, 1, &m);
    m.extra = work;
    if (!rc)
        lab_guest_box(guest, vcpu)->progress = 0; /* nobody's until the command is there */
    return rc ? rc : lab_guest_start(guest, vcpu, &m);
}

static int arm_op(enum guest_act act, volatile uint64_t *op)
{
    switch (act) {
    case ACT_RMW: *op = LAB_OP_RMW; return 0;
    case ACT_ADD_EXCLUSIVE: *op = LAB_ARM64_EXCLUSIVE; return 0;
    case ACT_ADD_ORDERED: *op = LAB_ARM64_ORDERED; return 0;
    case ACT_ADD_INDEXED: *op = LAB_ARM64_INDEXED; return 0;
    case ACT_ADD_PAIR: *op = LAB_ARM64_PAIR; return 0;
    case ACT_ADD_VECTOR: *op = LAB_ARM64_VECTOR; return 0;
    case ACT_ADD_ATOMIC: *op = LAB_ARM64_ATOMIC; return 0;
    case ACT_ADD_SWAP: *op = LAB_ARM64_SWAP; return 0;
    default: return -EOPNOTSUPP;
    }
}

/* The MMU as wanted, and a processor that has atomic instructions where they are. */
static int arm_prepare(uint32_t vcpu, const struct guest_loop *l)
{
    struct lab_mailbox features = {.op = LAB_ARM64_FEATURES};
    struct lab_mailbox mmu = {.op = LAB_ARM64_TRANSLATE, .value = l->translated};
    int rc = lab_guest_run(guest, vcpu, &mmu, LAB_PATIENCE_MS);
    if (rc || (l->act != ACT_ADD_ATOMIC && l->act != ACT_ADD_SWAP))
        return rc;
    rc = lab_guest_run(guest, vcpu, &features, LAB_PATIENCE_MS);
    if (!rc && !LAB_ARM64_ATOMICS(lab_guest_box(guest, vcpu)->result))
        rc = -EOPNOTSUPP;
    return rc;
}

static int xen_loop_arm(struct conf *c, uint32_t vcpu, const struct guest_loop *l)
{
    struct lab_mailbox m = {.addr = l->gfn * PAGE + l->offset,
                            .count = l->count,
                            .value = 1,
                            .size = l->bytes,
                            .extra = l->work};
    (void)c;
    if (l->translated)
        m.addr += LAB_ARM64_ALIAS;
    int rc = arm ? arm_op(l->act, &m.op) : -EOPNOTSUPP;
    if (!rc)
        rc = arm_prepare(vcpu, l);
    if (rc)
        return rc;
    lab_guest_box(guest, vcpu)->progress = 0; /* nobody's until the command is there */
    return lab_guest_start(guest, vcpu, &m);
}

static uint64_t xen_counted(struct conf *c, uint32_t vcpu)
{
    (void)c;
    return lab_guest_box(guest, vcpu)->progress;
}

static bool xen_done(struct conf *c, uint32_t vcpu)
{
    (void)c;
    return lab_guest_done(guest, vcpu);
}

static uint64_t xen_result(struct conf *c, uint32_t vcpu)
{
    (void)c;
    return lab_guest_box(guest, vcpu)->result;
}

static int xen_fault(struct conf *c, uint32_t vcpu)
{
    struct lab_mailbox *box = lab_guest_box(guest, vcpu);
    (void)c;
    return box->status == LAB_STATUS_FAULT ? (int)box->fault_kind : -1;
}

static void xen_run(struct conf *c)
{
    const struct timespec moment = {.tv_nsec = RUN_US * 1000};
    (void)c;
    nanosleep(&moment, NULL);
}

/* ---- dying ---- */

static int wait_for_death(pid_t pid)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    for (unsigned i = 0; i < LAB_PATIENCE_MS; i++) {
        if (getppid() != pid)
            return 0;
        nanosleep(&moment, NULL);
    }
    return -ETIMEDOUT;
}

static int xen_abandon(struct conf *c)
{
    pid_t listener = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid)
        for (;;) /* until we are killed */
            pause();
    alarm(STATEMENT_SECONDS);
    close_inherited();
    if (kill(listener, SIGKILL))
        return -errno;
    c->d = NULL;
    c->x = NULL;
    guest = NULL; /* the mappings were the parent's */
    int rc = wait_for_death(listener);
    if (!rc)
        rc = lab_guest_open(&guest, c->domid, mailbox_gfn);
    return rc ? rc : xmem_open("xen:", NULL, &c->x);
}

static int xen_kill(struct conf *c)
{
    killed = true;
    return destroy_guest(c->domid);
}

const struct guest_ops guest_xen = {
    .name = "xen",
    .setup = xen_setup,
    .teardown = xen_teardown,
    .start = xen_start,
    .loop = xen_loop,
    .loop_arm = xen_loop_arm,
    .counted = xen_counted,
    .adds = true,
    .done = xen_done,
    .result = xen_result,
    .fault = xen_fault,
    .run = xen_run,
    .abandon = xen_abandon,
    .kill = xen_kill,
};
