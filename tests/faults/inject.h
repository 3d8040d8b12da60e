/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One failure of a run: the n-th hypercall, or the n-th allocation, of those made while calls are
 * being judged. It comes once, or from then on until somebody was told of it.
 */
#ifndef FAULTS_INJECT_H
#define FAULTS_INJECT_H

#include <stdbool.h>
#include <stdint.h>

struct sim_domain;

enum fault_kind { FAULT_NONE, FAULT_HYPERCALL, FAULT_ALLOCATION };
enum fault_how {
    FAULT_ONCE,
    FAULT_SAME, /* and all later ones of the same op */
    FAULT_ALL,  /* and all later ones */
    FAULT_EVER, /* the same, and it is not over when it was told */
};

struct fault {
    enum fault_kind kind;
    enum fault_how how;
    uint32_t at; /* 1: the first */
    int err;
};

/* A run begins; what was allocated until now is none of it. */
void inject_begin(const struct fault *f);
/* Allocations of the run that were not given back. */
long inject_end(void);
/* The hypercalls of this domain are the run's. */
void inject_into(struct sim_domain *g);
/* Between the two faults may happen, and are counted. */
void inject_arm(void);
void inject_disarm(void);
/* The fault is over. */
void inject_stop(void);

bool inject_once(void);
bool inject_ever(void);
/* How often it happened; of which op (XM_HC_*, SIM_HC_*) it was; what was counted. */
unsigned inject_fired(void);
int inject_op(void);
uint32_t inject_count(enum fault_kind kind);
/* Op of the i-th hypercall counted. */
int inject_op_of(uint32_t i);

/* The i-th errno that a hypercall can give; 0: no more. */
int errno_of(int op, unsigned i);
const char *op_name(int op);

#endif
