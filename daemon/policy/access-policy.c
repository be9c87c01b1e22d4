/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what: see access.h. The actions stand in systemd/org.rssd1.policy, too. */
#include "policy/access-policy.h"

#include <string.h>

#include "base/failure.h"
#include "shared/cleanup.h"

static const struct {
	const char *member;
	enum access_deed deed;
} deeds[] = {
	/* Names and counters are properties, which everybody may read; the rest is in /proc. */
	{ "GetContainer", ACCESS_LOOK },
	{ "GetContainerByPID", ACCESS_LOOK },
	{ "GetContainerByPIDFD", ACCESS_LOOK },
	{ "ListContainers", ACCESS_LOOK },
	{ "ListCounters", ACCESS_LOOK },
	{ "GetProcesses", ACCESS_LOOK },
	{ "Diagnose", ACCESS_LOOK },
	{ "DumpMetrics", ACCESS_LOOK },
	{ "ForecastLimit", ACCESS_LOOK },
	{ "ForecastApply", ACCESS_LOOK },
	{ "Diff", ACCESS_LOOK },
	{ "ListOOMs", ACCESS_LOOK },
	{ "GetEvents", ACCESS_LOOK },
	{ "GetUsageHistory", ACCESS_LOOK },

	{ "CreateContainer", ACCESS_MANAGE },
	{ "RemoveContainer", ACCESS_MANAGE },
	{ "SetLimit", ACCESS_MANAGE },
	{ "SetProperties", ACCESS_MANAGE },
	{ "Apply", ACCESS_MANAGE },
	{ "Reclaim", ACCESS_MANAGE },
	{ "ResetPeak", ACCESS_MANAGE },

	{ "Attach", ACCESS_ATTACH },
	{ "Detach", ACCESS_ATTACH },

	{ "Kill", ACCESS_SIGNAL },
	{ "Freeze", ACCESS_SIGNAL },
	{ "Thaw", ACCESS_SIGNAL },

	{ "Reload", ACCESS_RELOAD },
};

static const struct {
	const char *action;
	const char *verb; /* "You may not ..." */
} actions[] = {
	[ACCESS_ROOT] = { NULL, "do this" },
	[ACCESS_LOOK] = { NULL, "look at containers" },
	[ACCESS_MANAGE] = { "org.rssd1.manage-containers", "make, change or remove containers" },
	[ACCESS_ATTACH] = { "org.rssd1.attach-processes",
			    "move processes in or out of containers" },
	[ACCESS_SIGNAL] = { "org.rssd1.signal-processes", "kill or stop what is in a container" },
	[ACCESS_RELOAD] = { "org.rssd1.reload", "make rssd read its configuration again" },
};

enum access_deed access_deed_of(const char *member)
{
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		if (!strcmp(deeds[i].member, member))
			return deeds[i].deed;
	}
	return ACCESS_ROOT;
}

const char *access_action(enum access_deed deed)
{
	return actions[deed].action;
}

enum access_verdict access_decide(enum access_deed deed, uid_t caller, enum access_opinion opinion)
{
	if (caller == 0 || deed == ACCESS_LOOK)
		return ACCESS_ALLOW;
	if (!access_action(deed))
		return ACCESS_REFUSE;
	if (opinion == ACCESS_NOT_ASKED)
		return ACCESS_ASK;
	return opinion == ACCESS_YES ? ACCESS_ALLOW : ACCESS_REFUSE;
}

static const char *reason(enum access_opinion opinion)
{
	switch (opinion) {
	case ACCESS_CHALLENGE:
		return "; polkit wants a password for it and could not ask: start an agent, "
		       "such as pkttyagent, or be root";
	case ACCESS_ABSENT:
		return "; without polkit only root may: install polkitd, or be root";
	case ACCESS_SILENT:
		return "; polkit did not answer: look at its service, or be root";
	default:
		return "; a rule of polkit can allow it, see rssd(8)";
	}
}

int access_explain(enum access_deed deed, uid_t caller, enum access_opinion opinion,
		   struct failure *failure)
{
	const char *action = access_action(deed);

	if (!action)
		return fail(failure, RSS_ERROR_ACCESS_DENIED, "User %u may not %s; only root may",
			    (unsigned int)caller, actions[deed].verb);
	return fail(failure, RSS_ERROR_ACCESS_DENIED, "User %u may not %s (%s)%s",
		    (unsigned int)caller, actions[deed].verb, action, reason(opinion));
}

bool access_owns(uid_t caller, uid_t owner)
{
	return caller == 0 || caller == owner;
}
