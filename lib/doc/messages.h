/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one registry of diagnostics: XM-nnn numbers and what each is about. A number
 * is never given to another message. xmem-policy(5) lists them; a test compares.
 * 1nn: the document and its values; 2nn: policies; 3nn: a policy on a domain; 4nn: machines;
 * 5nn: warnings; the policy is valid.
 */
#ifndef XMEM_POLICY_MESSAGES_H
#define XMEM_POLICY_MESSAGES_H

#include <stddef.h>

#define XM_MESSAGES(X) \
    X(100, MORE, "there are more errors than are shown") \
    X(101, EMPTY, "the document is empty") \
    X(102, UTF8, "not valid UTF-8") \
    X(103, DEPTH, "nested too deeply") \
    X(104, SIZE, "the file is too large") \
    X(105, READ, "the file cannot be read") \
    X(106, SYNTAX, "not JSON at this place") \
    X(107, TRAILING, "text behind the end of the document") \
    X(108, DUPLICATE, "a key occurs twice in one object") \
    X(109, NOT_JSON_WORD, "a word that JSON does not have, as NaN or Infinity") \
    X(110, COMMENT, "a comment; JSON has none") \
    X(111, TRAILING_COMMA, "a comma behind the last element") \
    X(112, QUOTES, "single quotes; JSON has double quotes only") \
    X(113, NUMBER, "a malformed number") \
    X(114, STRING, "a malformed string") \
    X(115, END, "the document ends too early") \
    X(116, VALUES, "too many values") \
    X(120, UNKNOWN_KEY, "a key that is not known here") \
    X(121, MISSING_KEY, "a key that must be here is missing") \
    X(122, TYPE, "a value of the wrong type") \
    X(123, INTEGER, "not an integer") \
    X(124, RANGE, "a number out of range") \
    X(125, HEX, "a malformed number in a string") \
    X(126, WORD, "a word that is not known here") \
    X(127, TEXT_LENGTH, "a text that is empty or too long") \
    X(128, COUNT, "an array or object with too few or too many elements") \
    X(201, VERSION, "a version of the policy language that is not known") \
    X(202, GFN_RANGE, "a malformed range of gfns") \
    X(203, BACKWARDS, "a range that ends before it begins") \
    X(204, GFN_LIMIT, "a gfn of 2^40 or more") \
    X(205, SYMBOL_FILE, "the symbol file cannot be used") \
    X(206, SYMBOL_UNKNOWN, "the symbol file lacks a symbol") \
    X(207, SYMBOL_TWICE, "a symbol with several addresses") \
    X(208, SYMBOL_ORDER, "symbols that do not enclose anything") \
    X(209, SYMBOL_BASE, "a symbol below the base or beyond the address space") \
    X(210, REGION_UNKNOWN, "a region that is not defined") \
    X(211, VIEW_UNKNOWN, "a view that is not defined") \
    X(212, OVERLAP, "two rules speak of the same gfn in the same view") \
    X(213, NAME_TWICE, "a name is used twice") \
    X(214, NAME_RESERVED, "a name that is reserved") \
    X(215, REMAP_TWICE, "a gfn of a view is remapped twice") \
    X(216, REMAP_SELF, "a gfn is remapped to itself") \
    X(217, ACTION_VIEW, "an action with a view that has none, or the reverse") \
    X(218, ACCESS_FILTER, "a malformed access filter") \
    X(219, ACTION_UNREACHABLE, "an action that can never be taken") \
    X(220, MONITOR_REASON, "a reason that has no monitor") \
    X(221, MONITOR_OPTION, "an option that this monitor does not have") \
    X(222, MONITOR_TWICE, "an event is monitored twice") \
    X(223, RIGHTS_HERE, "rights that have no meaning here") \
    X(224, TOO_MANY_RANGES, "too many ranges over all rules") \
    X(225, MONITOR_ACTION, "an action that this event does not allow") \
    X(226, PATCH, "a malformed patch of a copied page") \
    X(227, ANCHOR, "a malformed anchor") \
    X(301, RIGHTS_UNSUPPORTED, "this kind of domain cannot express the rights") \
    X(302, VIEWS_UNSUPPORTED, "this kind of domain has no views, or too few") \
    X(303, GFN_TOO_HIGH, "a gfn above the highest of the domain") \
    X(304, MONITOR_UNSUPPORTED, "this kind of domain does not report the event") \
    X(305, ACTION_UNSUPPORTED, "this kind of domain cannot do the action") \
    X(306, NO_MEM_ACCESS, "the domain has no memory-access control") \
    X(307, APPLY, "a step of applying failed; everything was put back") \
    X(308, CANCELLED, "applying was stopped; says whether all was put back") \
    X(309, ROLLBACK, "a step of putting back failed") \
    X(310, SESSION, "the session could not be asked") \
    X(312, HOLE, "a gfn without a page") \
    X(313, ANCHOR_MISSED, "an anchor that is not in the guest, or may be in two places") \
    X(401, RELEASE, "a Xen release that is not known") \
    X(402, VCPU, "a vCPU that the domain does not have") \
    X(403, PROGRAM, "a program that is not exactly one of script, random and trace") \
    X(404, PROGRAM_GFN, "a gfn outside the domain's frames") \
    X(405, PROGRAM_TWICE, "a vCPU with two programs") \
    X(406, DOMAIN_TWICE, "two domains with one name or number") \
    X(407, TRACE, "the memory trace cannot be used") \
    X(408, FAULT, "a fault that is not exactly one of those that there are") \
    X(409, KIND_OPTION, "an option that this kind of machine does not have") \
    X(410, MACHINE, "the simulated machine refuses the description") \
    X(411, OP_FIELD, "a field that this op does not have, or lacks") \
    X(500, MORE_WARNINGS, "there are more warnings than are shown") \
    X(501, NEVER_DECIDES, "an action that never decides") \
    X(502, REACH, "the guest can go by itself to a view where what a rule stops passes") \
    X(503, REACH_OTHERS, "views that were there before, where the guest may go by itself") \
    X(504, SHOWN_TWICE, "a page shows at a second gfn, where what a rule stops passes") \
    X(505, STRICT_PAUSES, "strict stepping, where nothing steps over an access so") \
    X(506, NO_ANCHOR, "symbols that no anchor holds against the guest") \
    X(521, TRACE_DAMAGED, "lines of a memory trace that cannot be read are left out")

enum xm_message {
#define X(number, id, about) XM_MSG_##id = number,
    XM_MESSAGES(X)
#undef X
};

struct xm_message_info {
    unsigned number;
    const char *about;
};
/* i-th entry of the registry, in order of numbers, or NULL. */
const struct xm_message_info *xm_message_at(size_t i);

#endif
