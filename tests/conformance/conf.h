/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conformance: statements about the public API that hold on every machine. A statement
 * sees a connection, a domain and a guest that does one access when it is told to; where
 * these come from (the simulator, a real hypervisor) is behind struct guest_ops. What a
 * kind cannot do it says by its capabilities, and the statement is skipped, and counted so.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <xmem.h>

enum guest_act {
    ACT_READ = 1,
    ACT_WRITE,
    ACT_EXEC,
    ACT_RMW,
    ACT_GUEST_REQUEST,
    ACT_BREAKPOINT,
    ACT_CPUID,
    ACT_CTRLREG3,
    ACT_MSR,
    ACT_PRIVCALL,
    ACT_HYPERCALL_BUF,
    /*
     * One instruction, more than one page. The first three: four bytes at the end of the page gfn and
     * four at the begin of gfn + 1, the halves of `value` or of the result (Arm: of a register pair,
     * with zeros beside them); offset is not used.
     */
    ACT_READ_CROSSING,
    ACT_WRITE_CROSSING,
    ACT_RMW_CROSSING,
    ACT_EXEC_CROSSING, /* fetched from gfn and gfn + 1, does nothing */
    ACT_EXEC_WRITE,    /* fetched from gfn at offset, writes value into gfn + 1 at offset */
    ACT_FOUR_PAGES, /* fetched from gfn and gfn + 1, writes as WRITE_CROSSING into gfn + 2 and + 3 */
    ACT_CALL,       /* calls the code that is at offset, with value and the address of gfn + 1 */
    ACT_DEBUG,      /* a debug exception behind its instruction */
    ACT_DESCRIPTOR, /* stores GDTR */
    ACT_IN,         /* a byte from a port */
    ACT_OUT,
    ACT_VMEXIT, /* an exit that nothing else tells of */
    /* Arm, for loop_arm: each adds 1 to what is there. */
    ACT_ADD_EXCLUSIVE, /* load- and store-exclusive, until it succeeded */
    ACT_ADD_ORDERED,   /* load-acquire, store-release */
    ACT_ADD_INDEXED,   /* with write-back of the base */
    ACT_ADD_PAIR,      /* and to the number behind it, by pairs */
    ACT_ADD_VECTOR,    /* by SIMD registers, 16 bytes */
    ACT_ADD_ATOMIC,    /* one LSE instruction */
    ACT_ADD_SWAP,      /* LSE compare and swap, until it succeeded */
    ACT_EXEC_VECTOR /* x86: as ACT_EXEC_WRITE, by an instruction that PV's emulator does not do */
};

struct guest_loop {
    enum guest_act act;
    uint64_t gfn, count;
    uint32_t offset, work;
    uint32_t bytes;  /* of an access; 0: 8 */
    bool translated; /* by the guest's MMU, to another virtual address */
};

/* What ACT_MSR writes: SYSENTER_CS, harmless in a guest that has no system calls. */
#define CONF_MSR 0x174u

struct conf;

/* The guest under test. Negative errno on failure; -EOPNOTSUPP: this guest cannot do that. */
struct guest_ops {
    const char *name;
    /* Fills x, domid, first_gfn, gfns, vcpus of c. Called before each statement. */
    int (*setup)(struct conf *c);
    void (*teardown)(struct conf *c);
    /* Tells a vCPU to do one thing; returns at once. offset: bytes in the page. */
    int (*start)(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn, uint32_t offset,
                 uint64_t value);
    /*
     * The same thing `count` times in a row, with `work` turns of what touches no memory of the
     * statement's behind each; `counted`: how many the guest has done so far.
     */
    int (*loop)(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn, uint32_t offset,
                uint64_t count, uint32_t work);
    /* ACT_RMW or one of Arm's own; NULL: another guest, -EOPNOTSUPP: its processor cannot do that. */
    int (*loop_arm)(struct conf *c, uint32_t vcpu, const struct guest_loop *l);
    uint64_t (*counted)(struct conf *c, uint32_t vcpu);
    bool adds; /* a loop of ACT_RMW adds 1 each time; else the value is not told */
    bool (*done)(struct conf *c, uint32_t vcpu);
    /* What the last read returned. */
    uint64_t (*result)(struct conf *c, uint32_t vcpu);
    /* The number of the exception that ended the last act, or -1. NULL: this guest has none. */
    int (*fault)(struct conf *c, uint32_t vcpu);
    /* Breakpoints and debug exceptions that its own handlers saw. NULL: nobody counts them. */
    uint64_t (*exceptions)(struct conf *c, uint32_t vcpu);
    /* Lets the guest go on for a moment where nobody else does. */
    void (*run)(struct conf *c);
    /* The listener dies: c->x is forgotten, not closed. -EOPNOTSUPP where that ends this process. */
    int (*abandon)(struct conf *c);
    int (*kill)(struct conf *c); /* the domain dies */
};

struct conf {
    const struct guest_ops *ops;
    const char *arg; /* of the machine: "x86-ept", a domid, ... */
    void *guest;     /* the ops' own */
    struct xmem *x;
    struct xmem_domain *d; /* open, monitoring on */
    uint32_t domid;
    uint32_t vcpus;
    uint64_t first_gfn; /* gfns that statements may use as they like, */
    uint64_t gfns;      /* 64 or more, mapped, rwx, not used by the guest itself */
    struct xmem_caps caps;
    const char *statement;
    int failed;
    const char *skipped;
    bool listener_died; /* what it left in the ring is not counted against the library */
    bool relaxes;       /* what passes by open pages is looked at by the statement itself */
};

extern const struct guest_ops guest_sim;
extern const struct guest_ops guest_xen;

typedef void (*statement_fn)(struct conf *c);
struct statement {
    const char *text; /* a sentence that holds */
    statement_fn fn;
    bool closed; /* c->d is not opened for it */
};
/* Ends with an element whose text is NULL. */
extern const struct statement statements_session[], statements_rights[], statements_batch[],
    statements_events[], statements_reply[], statements_views[], statements_errors[],
    statements_death[], statements_pages[], statements_unseen[], statements_policy[],
    statements_steps[], statements_finish[];

void conf_fail(struct conf *c, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void conf_skip(struct conf *c, const char *why);

#define EXPECT(c, cond) \
    do { \
        if (!(cond)) { \
            conf_fail((c), __FILE__, __LINE__, "%s", "not so: " #cond); \
            return; \
        } \
    } while (0)
#define EXPECT_RC(c, call, want) \
    do { \
        int rc_ = (call), want_ = (want); \
        if (rc_ != want_) { \
            conf_fail((c), __FILE__, __LINE__, "%s answered %d, not %d: %s", #call, rc_, want_, \
                      (c)->d ? xmem_domain_last_error((c)->d) : xmem_last_error((c)->x)); \
            return; \
        } \
    } while (0)
#define NEED(c, cond, why) \
    do { \
        if (!(cond)) { \
            conf_skip((c), (why)); \
            return; \
        } \
    } while (0)

/* Opens the session and turns monitoring on; conf_close the reverse. */
int conf_open(struct conf *c, const struct xmem_domain_opts *opts);
int conf_close(struct conf *c);
/*
 * How long to wait for what must happen: success returns at once, and an emulated machine whose host is
 * busy may stand still for many seconds.
 */
#define CONF_PATIENCE_MS 60000
/* Waits that long for an event; -ETIMEDOUT. */
int conf_next(struct conf *c, const struct xmem_event **ev);
/* Waits that long until the vCPU has done what it was told; -ETIMEDOUT, or -EEXIST: an event came (in *ev). */
int conf_finish(struct conf *c, uint32_t vcpu, const struct xmem_event **ev);
/* start + finish without an event; -EEXIST if one came (it is dropped). */
int conf_do(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn);
/* start + the event that it must cause. */
int conf_do_event(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn,
                  const struct xmem_event **ev);
/*
 * Answers an event whose instruction would cause it again (CPUID, breakpoint, privileged call):
 * the vCPU goes on behind it. -EOPNOTSUPP: registers cannot be set.
 */
int conf_answer_past(struct conf *c, const struct xmem_event *ev);
/* The i-th gfn for statements. */
uint64_t conf_gfn(const struct conf *c, unsigned i);
/* XMEM_ACCESS_* bits that the plain rights (N to RWX) allow. */
uint32_t conf_allowed(enum xmem_rights r);

#endif
