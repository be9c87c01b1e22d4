/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mask of what another program changed in a container's cgroup: the bits of settings
 * (policy/settings.h), and those below for what is no setting.
 */
#ifndef RSSD_DRIFT_MASK_H
#define RSSD_DRIFT_MASK_H

enum {
	DRIFT_FREEZER = 1 << 28,    /* frozen or thawed, unlike what rssd was asked for */
	DRIFT_OOM_KILLER = 1 << 29, /* the OOM killer is switched off */
	DRIFT_CGROUP = 1 << 30,	    /* the cgroup was removed; nothing else can be known */
};

/* The name of one bit on D-Bus and in messages: "limit", "freezer", "oom-killer", "cgroup". */
const char *drift_name(unsigned int bit);

#endif
