/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A loaded policy. It uses the public API and session.h; the seam is not seen here. */
#ifndef XMEM_POLICY_INT_H
#define XMEM_POLICY_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xmem.h>

#include "doc/doc.h"

#define POLICY_GFN_BITS 40
#define POLICY_GFN_LAST ((UINT64_C(1) << POLICY_GFN_BITS) - 1)
#define POLICY_NAME_MAX 63u
#define POLICY_MAX_TARGETS 1024u
#define POLICY_MAX_VIEWS 255u
#define POLICY_MAX_REMAPS 65536u         /* entries of a view, and gfns of an entry */
#define POLICY_MAX_REMAP_GFNS (1u << 20) /* of a view */
#define POLICY_MAX_PATCHES 64u
#define POLICY_MAX_RULES 65535u
#define POLICY_MAX_MONITORS 256u
#define POLICY_MAX_ANCHORS 64u
#define POLICY_MAX_RANGES (4u << 20) /* of a region, and of all rules together */
#define POLICY_MAX_DOMID 0x7fefu     /* DOMID_FIRST_RESERVED - 1, Xen's public/xen.h */
#define POLICY_ACCESS_ALL (XMEM_ACCESS_R | XMEM_ACCESS_W | XMEM_ACCESS_X)
#define POLICY_HOST 0u /* place of the host view in views[] */

/* Where something stood, for messages about it after the document is gone. */
struct policy_pos {
    uint32_t line, column;
};

/* Which domains are meant; what is set must all be true. */
struct policy_target {
    char *glob, *name;
    bool has_domid, has_kind;
    uint32_t domid, kind;
};

struct policy_extent {
    uint64_t first, last;
};

/* A range by symbols of a file whose anchors have a slide; where it is with slide 0. */
struct policy_slid {
    uint64_t first, last;
    uint32_t group; /* number of the slide, from 1 */
};

struct policy_region {
    char *name;
    struct policy_extent *extents; /* sorted, merged */
    size_t n, room;
    uint64_t gfns;
    /* where some move with a slide: those, and the others as they stood in the document */
    struct policy_slid *slid;
    size_t n_slid, room_slid;
    struct policy_extent *fixed;
    size_t n_fixed;
    /* of the session that was asked last: holes.c */
    bool looked, has_hole;
    bool skipped; /* by some rule: what is there is kept */
    uint64_t hole, gfns_there;
    struct policy_extent *there;
    size_t n_there, room_there;
};

struct policy_action {
    uint32_t action; /* enum xmem_action */
    uint32_t access; /* XMEM_ACCESS_R, W, X: for which */
    uint32_t view;   /* SWITCH: place in views[] */
    struct policy_pos pos;
};

struct policy_rule {
    char *name;
    uint32_t region, view; /* places in regions[], views[] */
    enum xmem_rights rights;
    struct policy_action actions[3]; /* that decide for some access: strict.c */
    uint8_t n_actions;
    uint8_t decides[8];         /* by the kinds of an access: place in actions[] and 1, 0: none */
    uint64_t log_limit, logged; /* limit 0: none */
    bool strict;                /* stepped over only by what nobody else passes beside */
    bool skip_holes;
    struct policy_pos step_pos;
    struct policy_pos region_pos, rights_pos;
};

/* An action in a rule's list that never decides; only as many are kept as a report shows. */
struct policy_unused {
    uint32_t rule, place;
    struct policy_pos pos, by_pos;
    uint32_t by;     /* action that decides instead */
    bool by_reading; /* since a write counts as a read */
};

struct policy_patch {
    uint32_t offset, len;
    uint8_t *bytes;
};

struct policy_remap {
    uint64_t gfn, count, to;
    bool copy; /* to a page of its own, a copy with the patches */
    struct policy_patch *patches;
    size_t n_patches;
    struct policy_pos pos;
};

struct policy_view {
    char *name;
    enum xmem_rights default_rights;
    bool hidden; /* not visible to the guest */
    struct policy_remap *remaps;
    size_t n_remaps;
    struct policy_pos pos;
    uint16_t id; /* when applied */
};

struct policy_monitor {
    char *name;
    struct xmem_monitor m;
    bool has_action;
    struct policy_action action;
    struct policy_pos pos;
};

/* One extent of one rule; small, since a look-up costs the cache lines that it touches. */
struct policy_entry {
    uint64_t first : POLICY_GFN_BITS, rule : 64 - POLICY_GFN_BITS;
    uint64_t last : POLICY_GFN_BITS, unused : 64 - POLICY_GFN_BITS;
};

/* A table over a piece of the space of gfns: 2^shift of them to each bucket. */
struct policy_part {
    uint64_t base;
    unsigned shift;
    uint32_t buckets; /* where in buckets[] its own begin */
};

/* Entries of one view, sorted, and where to begin to look: index.c. */
struct policy_index {
    struct policy_entry *entries;
    uint32_t n;
    uint32_t *buckets; /* number of an entry, or of a part */
    size_t n_buckets;
    struct policy_part *parts;
    size_t n_parts;
};

/* What must stand at a symbol in the guest's memory. */
struct policy_anchor {
    char *file, *symbol;
    uint64_t gpa; /* with slide 0 */
    uint8_t *bytes;
    uint32_t len;
    uint32_t group; /* number of the slide that the file has, from 1; 0: it has none */
    uint64_t step;  /* of looking for it; 0: another anchor of the group has one, or none has */
    struct policy_pos pos;
};

/* A symbol file that no anchor is for. */
struct policy_unanchored {
    char *file, *path;
    struct policy_pos pos;
};

struct xmem_policy {
    char *name; /* of the document */
    struct policy_target *targets;
    size_t n_targets;
    bool has_default_rights, has_access_required, access_required;
    enum xmem_rights default_rights;
    bool strict;     /* what no rule speaks of, and rules that do not say otherwise */
    bool skip_holes; /* rules that do not say otherwise */
    struct policy_pos default_rights_pos, start_view_pos, step_pos;
    struct policy_region *regions;
    size_t n_regions;
    struct policy_view *views; /* the first is the host view */
    size_t n_views;
    struct policy_index *indexes; /* one for each view */
    uint32_t start_view;
    bool has_start_view;
    struct policy_rule *rules;
    size_t n_rules;
    struct policy_pos rules_pos;
    struct policy_monitor *monitors;
    size_t n_monitors;
    struct policy_action default_action; /* XMEM_ACTION_NONE: none */
    struct policy_unused unused[REPORT_MAX];
    size_t n_unused;
    struct policy_anchor *anchors;
    size_t n_anchors;
    uint64_t *slides; /* where the regions are now, see place.c */
    uint32_t n_slides;
    struct policy_unanchored unanchored[REPORT_MAX];
    size_t n_unanchored;

    /* number of the session that it was applied to, and of the one that was asked last */
    uint64_t applied, known;
    uint64_t patch_hits; /* of that session, as told */
    /* what is known of the session that was asked last */
    struct xmem_caps caps;
    uint32_t kind;
    size_t found_views; /* beside the host view */
};

/* ---- parts of loading; false and a message, or 0 and -ENOMEM in *oom ---- */

struct policy_parser {
    struct json_doc *doc;
    struct xmem_policy *p;
    bool oom;
    /* symbolic ranges wait until all are known: each file is read once */
    struct policy_lookup *lookups;
    size_t n_lookups, room_lookups;
};

void xmi_policy_parse_targets(struct policy_parser *pp, const struct json_value *v);
void xmi_policy_parse_regions(struct policy_parser *pp, const struct json_value *v);
void xmi_policy_parse_views(struct policy_parser *pp, const struct json_value *v);
void xmi_policy_parse_remaps(struct policy_parser *pp, const struct json_value *v,
                             struct policy_view *view);
void xmi_policy_parse_rules(struct policy_parser *pp, const struct json_value *v);
void xmi_policy_parse_monitors(struct policy_parser *pp, const struct json_value *v);

/* An array of v->count elements of size bytes, zeroed; at least one. NULL sets pp->oom. */
void *xmi_policy_array(struct policy_parser *pp, const struct json_value *v, size_t size);
char *xmi_policy_copy(struct policy_parser *pp, const char *text);
/* Bytes of two hexadecimal digits each, as far as text has them: *n. NULL sets pp->oom. */
uint8_t *xmi_policy_hex_bytes(struct policy_parser *pp, const char *text, uint32_t *n);
struct policy_pos xmi_policy_pos(const struct policy_parser *pp, const struct json_value *v);
/* A name of at most POLICY_NAME_MAX bytes, copied. */
bool xmi_policy_get_name(struct policy_parser *pp, const struct json_value *v, char **out);
bool xmi_policy_get_rights(struct policy_parser *pp, const struct json_value *v, bool with_default,
                           enum xmem_rights *out);
bool xmi_policy_get_kind(struct policy_parser *pp, const struct json_value *v, uint32_t *out);
bool xmi_policy_get_gfn(struct policy_parser *pp, const struct json_value *v, uint64_t *out);
/* The name of a view: its place. */
bool xmi_policy_get_view(struct policy_parser *pp, const struct json_value *v, uint32_t *out);
/* An action in its short form (a word) or its long one; filter: may have "access". */
bool xmi_policy_get_action(struct policy_parser *pp, const struct json_value *v, bool filter,
                           struct policy_action *out);

/* ---- step.c: how an access is stepped over ---- */

/* "strict" or "any". */
void xmi_policy_get_step(struct policy_parser *pp, const struct json_value *v, bool *strict,
                         struct policy_pos *pos);
/* Is anything stepped over strictly? */
bool xmi_policy_strict(const struct xmem_policy *p);
/* Of these means, those that are good for it. */
uint32_t xmi_policy_strict_means(const struct xmem_caps *caps);
/* Where nothing of this domain's is. */
void xmi_policy_warn_step_here(const struct xmem_policy *p, struct xmem_report *r);

/* ---- holes.c: gfns without a page ---- */

/* "refuse" or "skip". */
void xmi_policy_get_holes(struct policy_parser *pp, const struct json_value *v, bool *skip);
/* Looks for the pages of all rules and remaps. 0, or the first error; all go into r. */
int xmi_policy_check_holes(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r);
/* What of its region a rule is for, and how many gfns; after xmi_policy_check(). */
const struct policy_extent *xmi_policy_rule_extents(const struct xmem_policy *p,
                                                    const struct policy_rule *rule, size_t *n);
uint64_t xmi_policy_rule_gfns(const struct xmem_policy *p, const struct policy_rule *rule);

/* ---- which action decides ---- */

/* Place in the order of strictness, 0 for the strictest. */
unsigned xmi_policy_strictness(uint32_t action);
/* Kinds of access that the rights forbid, so that they may be violated. */
uint32_t xmi_policy_forbidden(enum xmem_rights rights);
/* The rule's actions out of its list, and notes those that never decide. */
void xmi_policy_rule_decide(struct xmem_policy *p, struct policy_rule *rule,
                            const struct policy_action *list, size_t n);
/* What the rule says of an access of these kinds (XMEM_ACCESS_*), or NULL. */
static inline const struct policy_action *policy_rule_action(const struct policy_rule *rule,
                                                             uint32_t access)
{
    unsigned at = rule->decides[access & POLICY_ACCESS_ALL];

    return at ? &rule->actions[at - 1] : NULL;
}

/* ---- regions ---- */

bool xmi_policy_region_add(struct policy_parser *pp, const struct json_value *v,
                           struct policy_region *r, uint64_t first, uint64_t last);
/* One that moves with the slide of its group. */
void xmi_policy_region_add_slid(struct policy_parser *pp, const struct json_value *v,
                                struct policy_region *r, const struct policy_slid *slid);
/* Sorts the extents, merges and counts them. */
void xmi_policy_region_merge(struct policy_region *r);
/* When all ranges are known: merges them, sorts the regions by name. */
void xmi_policy_regions_finish(struct policy_parser *pp);
/* The name of a region: its place. */
bool xmi_policy_get_region(struct policy_parser *pp, const struct json_value *v, uint32_t *out);
/* { "symbols": ... }: taken note of. */
void xmi_policy_symbols_add(struct policy_parser *pp, const struct json_value *v, uint32_t region);
/* The symbol of anchor i, and its file: taken note of. */
void xmi_policy_symbols_anchor(struct policy_parser *pp, const struct json_value *v, uint32_t i);
/* Reads the symbol files and adds the ranges. */
void xmi_policy_symbols_resolve(struct policy_parser *pp);
void xmi_policy_symbols_free(struct policy_parser *pp);

/* ---- anchor.c, place.c ---- */

void xmi_policy_parse_anchors(struct policy_parser *pp, const struct json_value *v);
void xmi_policy_anchors_free(struct xmem_policy *p);
/* Symbol files that no anchor is for. */
void xmi_policy_warn_anchors(const struct xmem_policy *p, struct xmem_report *r);
/* Looks for the anchors in the guest's memory; slides[i]: of group i + 1. -ENOENT: told in r. */
int xmi_policy_anchors_find(const struct xmem_policy *p, struct xmem_domain *d,
                            struct xmem_report *r, uint64_t *slides);

/* Regions that move with slides, and the indexes and slides that belong to where they are. */
struct policy_placement {
    struct policy_region *regions; /* extents, n and gfns of those that move */
    struct policy_index *indexes;  /* NULL: an empty one */
    uint64_t *slides;
};
/* Moves the regions to where they are in this guest. *old: as they were, empty if they stay. */
int xmi_policy_place(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                     struct policy_placement *old);
/* Moves them back to where they were. */
void xmi_policy_placement_undo(struct xmem_policy *p, struct policy_placement *old);
void xmi_policy_placement_free(const struct xmem_policy *p, struct policy_placement *x);

/* ---- index ---- */

/* Fills one for each view, which are empty. -EBADMSG: overlaps and such, told in r; -ENOMEM. */
int xmi_policy_index_build(const struct xmem_policy *p, struct xmem_report *r,
                           struct policy_index *indexes);
void xmi_policy_index_free(struct policy_index *x);
/* The entry that holds gfn, or NULL. */
const struct policy_entry *xmi_policy_index_find(const struct policy_index *x, uint64_t gfn);

/* ---- on a domain ---- */

/* Message about a part of the policy. */
void xmi_policy_error(const struct xmem_policy *p, struct xmem_report *r, enum xm_message m,
                      struct policy_pos pos, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* The same for what is accepted, but may not do what was meant. */
void xmi_policy_warning(const struct xmem_policy *p, struct xmem_report *r, enum xm_message m,
                        struct policy_pos pos, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* Is the host view hidden from the guest? Can the guest go to the view by itself? */
bool xmi_policy_hides_host(const struct xmem_policy *p);
bool xmi_policy_reachable(const struct xmem_policy *p, uint32_t view);
/* Rules that are not in force in a view where the guest can go by itself. */
void xmi_policy_warn_reach(const struct xmem_policy *p, struct xmem_report *r);
/* Pages that a view shows at a second gfn, where what a rule stops passes. */
void xmi_policy_warn_shown(const struct xmem_policy *p, struct xmem_report *r);
/* The same as the first of views that are there already, beside the host view. */
void xmi_policy_warn_others(const struct xmem_policy *p, size_t views, struct xmem_report *r);
/* All warnings about a policy that is valid. */
void xmi_policy_warn(const struct xmem_policy *p, struct xmem_report *r);
/* copy.c: gfn shows page in the view, as a copy with the remap's patches. */
int xmi_policy_copy_show(struct xmem_domain *d, const struct policy_view *v,
                         const struct policy_remap *m, uint64_t gfn, uint64_t page);
/* Whether the guest wrote where one is patched is told once, from when the policy was applied on. */
void xmi_policy_copies_note_hits(struct xmem_policy *p, const struct xmem_domain *d);
void xmi_policy_copies_tell(struct xmem_policy *p, const struct xmem_domain *d,
                            struct xmem_decision *decision);
/*
 * Finds the anchors, and checks the policy against the capabilities. 0, or the first error; all go
 * into r. On success *old is where the regions were before: see xmi_policy_place().
 */
int xmi_policy_check(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                     struct policy_placement *old);
/* 1: monitoring is on, 0: off; or an error. */
int xmi_policy_monitoring(struct xmem_domain *d);
/* Can a denial of these accesses be carried out? */
bool xmi_policy_can_deny(const struct xmem_caps *caps, uint32_t kind, uint32_t access);
uint64_t xmi_policy_total_gfns(const struct xmem_policy *p);

#endif
