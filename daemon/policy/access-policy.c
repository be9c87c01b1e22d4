/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access policy: see access-policy.h. The actions are declared in systemd/org.rssd1.policy. */
#include "policy/access-policy.h"

#include <stddef.h>

#include "base/failure.h"

static const struct {
	const char *action;
	const char *verb; /* "You may not ..." */
} actions[] = {
	[ACCESS_ROOT] = { NULL, "do this" },
	[ACCESS_QUERY] = { NULL, "query containers" },
	[ACCESS_MANAGE] = { "org.rssd1.manage-containers", "create, change or remove containers" },
	[ACCESS_ATTACH] = { "org.rssd1.attach-processes",
			    "move processes in or out of containers" },
	[ACCESS_SIGNAL] = { "org.rssd1.signal-processes",
			    "kill or freeze the processes of a container" },
	[ACCESS_RELOAD] = { "org.rssd1.reload", "reload the configuration" },
};

const char *access_polkit_action(enum access_operation operation)
{
	return actions[operation].action;
}

enum access_verdict access_decide(enum access_operation operation, uid_t caller,
				  enum auth_result result)
{
	if (caller == 0 || operation == ACCESS_QUERY)
		return ACCESS_ALLOW;
	if (!access_polkit_action(operation))
		return ACCESS_REFUSE;
	if (result == AUTH_NOT_ASKED)
		return ACCESS_ASK;
	return result == AUTH_YES ? ACCESS_ALLOW : ACCESS_REFUSE;
}

static const char *reason(enum auth_result result)
{
	switch (result) {
	case AUTH_CHALLENGE:
		return "; polkit requires a password and could not ask for it: start an agent, "
		       "such as pkttyagent, or be root";
	case AUTH_ABSENT:
		return "; without polkit only root may: install polkitd, or be root";
	case AUTH_NO_REPLY:
		return "; polkit did not reply: check its service, or be root";
	default:
		return "; a polkit rule can allow it, see rssd(8)";
	}
}

int access_refuse(enum access_operation operation, uid_t caller, enum auth_result result,
		  struct failure *failure)
{
	const char *action = access_polkit_action(operation);

	if (!action)
		return fail(failure, RSS_ERROR_ACCESS_DENIED, "User %u may not %s; only root may",
			    (unsigned int)caller, actions[operation].verb);
	return fail(failure, RSS_ERROR_ACCESS_DENIED, "User %u may not %s (%s)%s",
		    (unsigned int)caller, actions[operation].verb, action, reason(result));
}

bool access_owns(uid_t caller, uid_t owner)
{
	return caller == 0 || caller == owner;
}

bool access_sees(uid_t viewer, uid_t owner)
{
	return viewer == VIEWER_ALL || (viewer != VIEWER_NONE && viewer == owner);
}

struct oom_record access_visible_record(const struct oom_record *record, uid_t viewer)
{
	struct oom_record seen = *record;
	struct oom_processes *largest = &seen.snapshot.processes;
	unsigned int count = 0;

	if (!access_sees(viewer, record->victim_uid)) {
		seen.victim_pid = 0;
		seen.victim_uid = (uid_t)-1;
		seen.victim_command = NULL;
	}
	if (!access_sees(viewer, record->requester_uid)) {
		seen.requester_pid = 0;
		seen.requester_uid = (uid_t)-1;
	}
	for (unsigned int i = 0; i < largest->count; i++)
		if (access_sees(viewer, largest->list[i].uid))
			largest->list[count++] = largest->list[i];
	largest->count = count;
	return seen;
}
