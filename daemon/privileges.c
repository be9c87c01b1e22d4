/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one place that says which capabilities rssd needs and why. */
#include "privileges.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "cleanup.h"
#include "failure.h"

static const struct {
	cap_value_t capability;
	const char *reason;
} needed[] = {
	{ CAP_DAC_OVERRIDE, "writes cgroup.procs and limits in folders that others may own" },
	{ CAP_KILL, "signals processes of every user: kill, forced limits, forced removal" },
	{ CAP_NET_ADMIN, "listens to process events, which the kernel gives to it alone" },
	{ CAP_SYS_ADMIN, "mounts the controller's hierarchy and writes below it as its owner" },
	{ CAP_SYS_PTRACE,
	  "reads which cgroup a process of another user is in, and how large it is" },
	{ CAP_SYSLOG, "reads the kernel's log, which names the victims of OOMs" },
};

static void cap_release(cap_t caps)
{
	cap_free(caps);
}
DEFINE_CLEANUP(cap_t, cap_release);

static int keep_only(cap_t now, cap_t keep)
{
	cap_flag_value_t has;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		cap_value_t one = needed[i].capability;

		/* A supervisor may have taken some away already: those stay gone. */
		if (cap_get_flag(now, one, CAP_PERMITTED, &has) < 0)
			return -errno;
		if (has == CAP_SET && (cap_set_flag(keep, CAP_PERMITTED, 1, &one, CAP_SET) < 0 ||
				       cap_set_flag(keep, CAP_EFFECTIVE, 1, &one, CAP_SET) < 0))
			return -errno;
	}
	return 0;
}

static int is_needed(cap_value_t capability)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (needed[i].capability == capability)
			return 1;
	}
	return 0;
}

static int drop(void)
{
	cleanup_(cap_release_ptr) cap_t now = cap_get_proc();
	cleanup_(cap_release_ptr) cap_t keep = cap_init();
	int r;

	if (!now || !keep)
		return -errno;
	r = keep_only(now, keep);
	if (r < 0)
		return r;
	/* The bounding set first: shrinking it needs a capability that goes next. */
	for (cap_value_t capability = 0; cap_get_bound(capability) >= 0; capability++) {
		if (!is_needed(capability) && cap_get_bound(capability) == 1 &&
		    cap_drop_bound(capability) < 0 && errno != EPERM)
			return -errno;
	}
	if (cap_set_proc(keep) < 0)
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int privileges_drop(struct failure *failure)
{
	int r = drop();

	if (r < 0)
		return fail(failure, RSS_ERROR_ACCESS_DENIED,
			    "The capabilities that are not needed cannot be dropped: %s",
			    strerror(-r));
	return 0;
}
