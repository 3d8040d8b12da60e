/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XMEM_RIGHTS_INT_H
#define XMEM_RIGHTS_INT_H

#include "rights/rights.h"
#include "session/session.h"

/* What this room keeps of a session. */

#define SEND_FEW 64u

struct rights {
    struct xmem_batch *batches;
    uint64_t *buf_gfns; /* buffers of one hypercall, kept; */
    uint8_t *buf_rights;
    uint32_t buf_cap;
    uint64_t few_gfns[SEND_FEW]; /* these, where there is no memory for larger ones */
    uint8_t few_rights[SEND_FEW];
    struct known split; /* by gfn >> 9: parts of the host view that have no large leaf */
    bool puts_back;     /* rights are being put back: feed.c */
    bool splitting;     /* a large leaf of the host view is being split */
    bool as_said;       /* they are set as a step needs them: xmi_domain_force_open() */
};

/*
 * Changes of rights, from what was asked for to hypercalls: what every set and every
 * batch goes through. Sorted, joined, without what is set already; what was there before is
 * learnt first, so that a failure in the middle can be put back.
 */

/* gfns in one hypercall of scattered ones, and where a run is worth a call of its own. */
#define CHANGES_CHUNK 65536u

struct change {
    uint16_t view;
    struct runs want;  /* as asked for */
    struct runs send;  /* what of it must be sent */
    struct runs undo;  /* rights before, where they are not those that were found */
    struct place done; /* in send */
};

struct changes {
    struct xmem_domain *d;
    struct change *v; /* in order of views */
    size_t n, cap;
    size_t current;
    bool started;
    uint64_t hypercalls_before;
    struct xmem_batch_result res;
};

/* Checks everything that can be checked without asking the hypervisor; text on failure. */
int xmi_changes_check(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr,
                      uint32_t rights);
/* Room for n more in a view, then changes that were checked. -ENOMEM. */
int xmi_changes_reserve(struct changes *c, uint16_t view, size_t n, struct change **out);

/* Checks and adds n gfns, rights[i] for gfns[i]; nothing is added on failure. Text. */
int xmi_changes_add_many(struct changes *c, uint16_t view, const uint64_t *gfns,
                         const uint8_t *rights, size_t n);

/* What would be sent, in c->res; nothing is sent, nothing is kept. */
int xmi_changes_plan(struct changes *c);
/* Sorts, learns, makes room; then xmi_changes_some() until it answers 0. On failure: as before. */
int xmi_changes_start(struct changes *c);
/* 1: there is more, 0: done. On failure everything is put back. */
int xmi_changes_some(struct changes *c, uint64_t max_gfns);
/* Puts back what was sent. */
int xmi_changes_undo(struct changes *c);
/* All of them, in one go. */
int xmi_changes_apply(struct changes *c);
/* Forgets what xmi_changes_start() made, keeps what was asked for. */
void xmi_changes_reset(struct changes *c);
void xmi_changes_free(struct changes *c);

/*
 * learn.c: asks for the rights of what is in list and not known yet, so that they can be put
 * back; a text on failure. And the hypercalls that it would take.
 */
int xmi_changes_learn(struct xmem_domain *d, struct view *v, const struct runs *list);
int xmi_changes_learn_cost(struct xmem_domain *d, const struct view *v, const struct runs *list,
                           uint64_t *calls);

/* The buffers of one hypercall, at the session's end. */
void xmi_send_free(struct rights *r);
/* Hypercalls that xmi_send_runs() makes for a list. */
uint64_t xmi_send_cost(const struct xmem_domain *d, const struct view *v, const struct runs *list);
/*
 * send.c: sends list from *at on, at most max gfns; *at moves over what took effect,
 * failures included. A text on failure, which names the gfn in *failed.
 */
int xmi_send_runs(struct xmem_domain *d, struct view *v, const struct runs *list, struct place *at,
                  uint64_t max, uint64_t *failed);

#endif
