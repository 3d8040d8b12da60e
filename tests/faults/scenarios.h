/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FAULTS_SCENARIOS_H
#define FAULTS_SCENARIOS_H

#include "law.h"

#define ALL_KINDS 0u
#define ON(k) (1u << (k))

extern const struct scenario scenario_single, scenario_range, scenario_many, scenario_default;
extern const struct scenario scenario_batch, scenario_enable, scenario_pause;
extern const struct scenario scenario_required, scenario_monitors, scenario_pages;
extern const struct scenario scenario_views, scenario_remap, scenario_visible, scenario_switch;
extern const struct scenario scenario_hidden_host, scenario_suppress;
extern const struct scenario scenario_view_default, scenario_found_views;
extern const struct scenario scenario_step, scenario_step_single, scenario_step_emulate;
extern const struct scenario scenario_step_hypervisor;
extern const struct scenario scenario_step_ahead;
extern const struct scenario scenario_step_relax, scenario_step_in_view, scenario_reply,
    scenario_drop, scenario_pending;
extern const struct scenario scenario_reinject;
extern const struct scenario scenario_policy, scenario_rollback, scenario_recover,
    scenario_bad_policy, scenario_symbols;

#endif
