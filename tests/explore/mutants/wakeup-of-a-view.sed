# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-few -s view,
# A step that waits for a view has the fd say nothing.
s/^        if (d->ops->event_soon) .*/        if (!d->ops)/
