/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access policy: see access-policy.h. The actions are declared in systemd/org.rssd1.policy. */
#include "policy/access-policy.h"

#include <stddef.h>
#include <string.h>

#include "base/failure.h"
#include "policy/settings.h"
#include "shared/array.h"
#include "shared/size.h"

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
	[ACCESS_OWN] = { "org.rssd1.manage-own", "manage containers of its own" },
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

/* --- owners ------------------------------------------------------------------------ */

static bool is_of(const struct access_link *link, uid_t caller)
{
	return link->owner.uid == caller && !link->elsewhere;
}

enum access_role access_role(uid_t caller, const struct access_link links[], size_t count)
{
	/* Root needs no role, and -1 is no user. */
	if (caller == 0 || caller == (uid_t)-1 || count == 0 || !is_of(&links[0], caller))
		return ROLE_NONE;
	if (links[0].owner.delegated)
		return ROLE_DELEGATE;
	for (size_t i = 1; i < count && is_of(&links[i], caller); i++)
		if (links[i].owner.delegated)
			return ROLE_OWNER;
	return ROLE_NONE;
}

bool access_owner_may(const char *method, enum access_role role)
{
	static const struct {
		const char *method;
		enum access_role least;
	} rights[] = {
		{ "CreateContainer", ROLE_DELEGATE },
		{ "Attach", ROLE_DELEGATE },
		{ "RemoveContainer", ROLE_OWNER },
		{ "SetLimit", ROLE_OWNER },
		{ "SetProperties", ROLE_OWNER },
		{ "Kill", ROLE_OWNER },
		{ "KillProcesses", ROLE_OWNER },
		{ "Freeze", ROLE_OWNER },
		{ "Thaw", ROLE_OWNER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
		if (strcmp(rights[i].method, method) == 0)
			return role >= rights[i].least;
	return false;
}

bool access_may_signal(uid_t owner, uid_t real)
{
	return owner == 0 || owner == real;
}

int access_check_settings(const struct settings_change *change, uint64_t above,
			  struct failure *failure)
{
	const unsigned int allowed = SETTING_LIMIT | SETTING_WMARK_HIGH | SETTING_WMARK_LOW;
	char text[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX];

	for_each_setting(setting) {
		uint64_t value;

		if (!(change->set & setting->bit))
			continue;
		if (!(allowed & setting->bit))
			return fail(failure, RSS_ERROR_ACCESS_DENIED,
				    "An owner may not set %s; only root and users with %s may",
				    setting->key, actions[ACCESS_MANAGE].action);
		value = setting_get(setting, &change->to);
		if (value != LIMIT_INFINITY && value > above)
			return fail(failure, RSS_ERROR_ACCESS_DENIED,
				    "An owner may not set %s to %s: the limit around it is %s",
				    setting->key, size_format(value, text),
				    size_format(above, most));
	}
	return 0;
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
