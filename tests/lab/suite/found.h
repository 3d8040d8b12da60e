/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain is like, asked of libxenctrl: the yardstick for what a session leaves behind. */
#ifndef SUITE_FOUND_H
#define SUITE_FOUND_H

#include <conf.h>

#define FOUND_GFNS 16u /* from the first one for statements on */
#define FOUND_VCPUS 16u
#define FOUND_VIEW 1u  /* somebody else's, if views are on */

struct found {
    int rights[FOUND_GFNS], view_rights[FOUND_GFNS], usual; /* below 0: Xen answered that */
    uint16_t view_of[FOUND_VCPUS];
    uint64_t shows[2]; /* what vCPU 0 reads in FOUND_VIEW in the first two gfns */
    bool views, view_shown, paused, shut_down;
    uint64_t pages;
};

int found_read(struct conf *c, struct found *f);
/* Says what differs. `over`: the session is, so that its pages and pauses count as well. */
bool found_same(const struct found *was, const struct found *is, bool over);
/* Nobody listens: Xen gives a ring, and lets an access through that nobody is asked about. PV: no ring. */
bool found_unwatched(struct conf *c);
bool found_is_pv(void);
/* Another tool's: turns views on and makes FOUND_VIEW, or turns them off. */
int found_make_view(const struct conf *c);
int found_drop_view(const struct conf *c);

#endif
