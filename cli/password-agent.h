/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that asks for a password on the terminal when polkit wants one, as systemctl
 * starts it: pkttyagent, in the background while rssctl runs.
 */
#ifndef RSSCTL_PASSWORD_AGENT_H
#define RSSCTL_PASSWORD_AGENT_H

#include <sys/types.h>

/*
 * Starts it, and waits until polkit knows it. Returns its pid; or 0 if it is not installed or not
 * needed, as for root and without a terminal: a desktop may have an agent of its own.
 */
pid_t password_agent_start(void);

/* Ends it and waits for its end; 0 is allowed. Returns 0. */
pid_t password_agent_stop(pid_t agent);

#endif
