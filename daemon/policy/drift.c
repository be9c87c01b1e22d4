/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of drift bits: see drift.h. */
#include "policy/drift.h"

#include "policy/settings.h"

const char *drift_name(unsigned int bit)
{
	switch (bit) {
	case DRIFT_FREEZER:
		return "freezer";
	case DRIFT_OOM_KILLER:
		return "oom-killer";
	case DRIFT_CGROUP:
		return "cgroup";
	default:
		return bit & SETTINGS_ALL ? setting_by_bit(bit)->key : "unknown";
	}
}
