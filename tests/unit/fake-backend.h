/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend without a machine: rights are arrays, the ring is a page that the test fills, and
 * any op can be made to fail at its n-th call. What the library asks of it is counted.
 */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include <backend/backend.h>
#include <session/session.h>
#include <ring/ring.h>

#define FAKE_GFNS 200000u
#define FAKE_VIEWS 5u
#define FAKE_VCPUS 4u
#define FAKE_ANSWERS 512u
#define FAKE_HOLE 0xffu

enum fake_op {
    FAKE_OPEN,
    FAKE_LIST,
    FAKE_DOM_OPEN,
    FAKE_INFO,
    FAKE_CAPS,
    FAKE_PAUSE,
    FAKE_UNPAUSE,
    FAKE_HOLD,
    FAKE_PEEK,
    FAKE_ENABLE,
    FAKE_DISABLE,
    FAKE_ATTACH,
    FAKE_MONITOR,
    FAKE_REQUIRED,
    FAKE_ACK,
    FAKE_IDLE,
    FAKE_NOTIFY,
    FAKE_GET,
    FAKE_SET,
    FAKE_MANY,
    FAKE_GET_STATE,
    FAKE_SET_STATE,
    FAKE_EXISTS,
    FAKE_CREATE,
    FAKE_DESTROY,
    FAKE_SWITCH,
    FAKE_GET_VCPU,
    FAKE_CHANGE,
    FAKE_VISIBLE,
    FAKE_SET_VE,
    FAKE_GET_VE,
    FAKE_VE_PAGE,
    FAKE_MAP,
    FAKE_ADD,
    FAKE_REMOVE,
    FAKE_INJECT,
    FAKE_OPS
};

struct fake {
    /* may be set before the session is opened */
    struct xmem_caps caps;
    struct xmem_domain_info info;
    uint32_t quirks, version, arch;
    bool done_unknown; /* failed sets do not tell how far they came */
    bool no_many;

    uint8_t rights[FAKE_VIEWS][FAKE_GFNS]; /* FAKE_HOLE: nothing mapped */
    bool view_there[FAKE_VIEWS], views_on;
    uint8_t default_rights;
    uint16_t vcpu_view[FAKE_VCPUS];
    bool visible[FAKE_VIEWS], suppress[FAKE_VIEWS];
    uint64_t remapped_to; /* of the last change_gfn */
    int held[FAKE_VCPUS], waits[FAKE_VCPUS];
    uint64_t pc[FAKE_VCPUS], notify_gfn[FAKE_VCPUS];
    int paused;
    bool required, dead;
    uint32_t monitors;                 /* 1 << reason */
    bool monitor_sync;                 /* of the last one that was switched */
    struct backend_exception injected; /* the last one, into this vCPU */
    uint32_t injected_vcpu;
    uint8_t *frame[4];
    uint64_t frames_at; /* the first one's gfn: 0x10 */

    bool ring_on;
    _Alignas(4096) uint8_t page[4096];
    uint32_t req_prod, rsp_cons;
    struct fake_answer {
        struct ring_head head;
        uint8_t data[RING_DATA_MAX];
    } answer[FAKE_ANSWERS];
    unsigned answers;
    int fd[2]; /* a pipe: readable when the test says so */

    unsigned count[FAKE_OPS];
    struct {
        unsigned nth; /* that fails, counted from fake_fail() on; 0: none */
        int rc;
        bool all; /* and all after it */
    } fail[FAKE_OPS];
    uint64_t refused_gfn; /* sets that touch it answer refused_rc */
    int refused_rc;
    void (*on_idle)(struct fake *f); /* a machine that makes progress */
    void (*on_ack)(
        struct fake *f); /* after its channel was quiet for the library, before that is so */
    void (*on_peek)(struct fake *f, uint32_t vcpu);
};

extern const struct xmem_backend_ops fake_ops;

struct fake *fake_new(void);
void fake_free(struct fake *f);
/* The n-th call of op from now on fails; all: the later ones too. */
void fake_fail(struct fake *f, enum fake_op op, unsigned nth, int rc, bool all);
/* A connection over f; xmem_close() leaves f alone. */
struct xmem *fake_connect(struct fake *f);
/* The same with a session, monitoring on where enable. */
struct xmem *fake_session(struct fake *f, const struct xmem_domain_opts *opts, bool enable,
                          struct xmem_domain **d);
/* Puts a request; u: the union's words, or NULL. */
void fake_put(struct fake *f, uint32_t vcpu, uint32_t reason, uint32_t flags, uint16_t view,
              const uint64_t *u);
/* A memory access that waits. */
void fake_access(struct fake *f, uint32_t vcpu, uint64_t gfn, uint32_t access, uint16_t view);
/* The last answer that the library sent. */
const struct fake_answer *fake_last(const struct fake *f);

#endif
