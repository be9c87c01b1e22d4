/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities that rssd needs, and why: see privileges.h. */
#include "privileges.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/failure.h"
#include "shared/cleanup.h"

static const struct {
	cap_value_t capability;
	bool admin; /* only if the controller needs it */
	const char *reason;
} needed[] = {
	{ CAP_DAC_OVERRIDE, false,
	  "moves processes back into cgroups that are delegated to other users" },
	{ CAP_KILL, false, "signals processes of every user: kill, forced limits and removal" },
	{ CAP_NET_ADMIN, false,
	  "receives fork and exit events for rules, trees and transient containers" },
	{ CAP_SYS_PTRACE, false, "sees processes of other users where /proc hides them" },
	{ CAP_SYS_ADMIN, true,
	  "requests event numbers from the rss controller, which refuses other callers" },
};

/*
 * Used before the drop only: CAP_SYSLOG to open the kernel's log,
 * CAP_SYS_ADMIN to mount the hierarchy and to join its netlink group,
 * CAP_SETPCAP to shrink the bounding set.
 */

static void cap_release(cap_t caps)
{
	cap_free(caps);
}
DEFINE_CLEANUP(cap_t, cap_release);

static bool is_kept(size_t i, bool admin)
{
	return admin || !needed[i].admin;
}

static int keep_only(cap_t now, cap_t keep, bool admin)
{
	cap_flag_value_t has;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		cap_value_t one = needed[i].capability;

		/* A supervisor may have removed some already; they are not regained. */
		if (cap_get_flag(now, one, CAP_PERMITTED, &has) < 0)
			return -errno;
		if (has == CAP_SET && is_kept(i, admin) &&
		    (cap_set_flag(keep, CAP_PERMITTED, 1, &one, CAP_SET) < 0 ||
		     cap_set_flag(keep, CAP_EFFECTIVE, 1, &one, CAP_SET) < 0))
			return -errno;
	}
	return 0;
}

static bool is_needed(cap_value_t capability, bool admin)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (needed[i].capability == capability)
			return is_kept(i, admin);
	}
	return false;
}

static int drop(bool admin)
{
	cleanup_(cap_release_ptr) cap_t now = cap_get_proc();
	cleanup_(cap_release_ptr) cap_t keep = cap_init();
	int r;

	if (!now || !keep)
		return -errno;
	r = keep_only(now, keep, admin);
	if (r < 0)
		return r;
	/* The bounding set first: shrinking it needs a capability that is dropped next. */
	for (cap_value_t capability = 0; cap_get_bound(capability) >= 0; capability++) {
		if (!is_needed(capability, admin) && cap_get_bound(capability) == 1 &&
		    cap_drop_bound(capability) < 0 && errno != EPERM)
			return -errno;
	}
	if (cap_set_proc(keep) < 0)
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int privileges_drop(bool admin, struct failure *failure)
{
	int r = drop(admin);

	if (r < 0)
		return fail(failure, RSS_ERROR_ACCESS_DENIED,
			    "Cannot drop capabilities that are not needed: %s", strerror(-r));
	return 0;
}
