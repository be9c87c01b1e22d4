/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mask of what another program changed in a container's cgroup: the bits of settings
 * (policy/settings.h), and the DRIFT_* bits for everything else.
 */
#ifndef RSSD_DRIFT_MASK_H
#define RSSD_DRIFT_MASK_H

enum {
	DRIFT_FREEZER = 1 << 28,    /* frozen or thawed, unlike the last request */
	DRIFT_OOM_KILLER = 1 << 29, /* the OOM killer is switched off */
	DRIFT_CGROUP = 1 << 30,	    /* the cgroup was removed, so nothing else can be read */
};

/* The name of one bit on D-Bus and in messages: "limit", "freezer", "oom-killer", "cgroup". */
const char *drift_name(unsigned int bit);

#endif
