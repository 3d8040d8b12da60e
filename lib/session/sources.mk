# SPDX-License-Identifier: LGPL-2.1-or-later
# Connections and the state of a session.
session_sources = \
	lib/session/connection.c \
	lib/session/ground.c \
	lib/session/session.h
