/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of owners: see own-call.h. */
#include "bus/own-call.h"

#include <string.h>

#include "base/failure.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/pending-call.h"
#include "container/manager.h"
#include "container/owner.h"
#include "operation/freeze.h"
#include "operation/processes.h"
#include "shared/name.h"

/* The container whose owner decides: of a creation the parent; NULL if there is none. */
static char *deciding_container(const char *method, const char *name)
{
	if (name_problem(name))
		return NULL;
	return strcmp(method, "CreateContainer") == 0 ? name_parent(name) : strdup(name);
}

bool own_call_may(const struct bus *bus, const char *method, const char *name, uid_t user)
{
	cleanup_free char *container = deciding_container(method, name);

	return container && access_owner_may(method, owner_role(bus->manager, container, user));
}

bool own_call_is(const struct bus *bus, sd_bus_message *message, uid_t user)
{
	const char *method = sd_bus_message_get_member(message);
	cleanup_free char *name = NULL;

	/* Most calls are decided without reading them. */
	if (user == 0 || !access_owner_may(method, ROLE_OWNER))
		return false;
	name = bus_container_of_call(message);
	return name && own_call_may(bus, method, name, user);
}

int own_call_check_settings(const struct bus_call *call, const char *name,
			    const struct settings_change *change, struct failure *failure)
{
	return call->own
		       ? access_check_settings(change, owner_limit_around(call->bus->manager, name),
					       failure)
		       : 0;
}

int own_call_check_option(const struct bus_call *call, const char *what, struct failure *failure)
{
	return call->own && what ? fail(failure, RSS_ERROR_ACCESS_DENIED,
					"An owner may not %s; only root may", what)
				 : 0;
}

int own_call_check_nested(const struct bus_call *call, const struct container *c,
			  struct failure *failure)
{
	return call->own && owner_has_others(c)
		       ? fail(failure, RSS_ERROR_ACCESS_DENIED,
			      "There are containers of other users in \"%s\"; only root may do this",
			      c->name)
		       : 0;
}

/* --- freeze ------------------------------------------------------------------------- */

void own_call_frozen(int error, const struct failure *failure, void *userdata)
{
	struct bus_call *call = userdata;

	bus_call_log(call, "frozen");
	bus_call_reply_empty(call, error, failure);
}

static int freeze_checked(struct bus_call *call, const struct member_process rows[], size_t count,
			  struct failure *failure)
{
	const struct manager *m = call->bus->manager;
	struct container *c;
	int r = manager_get(m, call->container, &c, failure);

	if (r < 0)
		return r;
	/* While the processes were read, root may have given it to another user. */
	if (!access_owner_may("Freeze", owner_role(m, c->name, call->uid)))
		return fail(failure, RSS_ERROR_ACCESS_DENIED,
			    "\"%s\" does not belong to user %u any more", c->name,
			    (unsigned int)call->uid);
	r = own_call_check_nested(call, c, failure);
	for (size_t i = 0; i < count && r == 0; i++)
		if (!access_may_signal(call->uid, rows[i].uid))
			r = fail(
				failure, RSS_ERROR_ACCESS_DENIED,
				"Process %d in \"%s\" belongs to another user; only root and users "
				"with org.rssd1.signal-processes may freeze it",
				(int)rows[i].pid, c->name);
	if (r < 0)
		return r;
	return freeze_start(c, true, own_call_frozen, call, failure);
}

static void processes_read(int error, const struct failure *failed,
			   const struct member_process rows[], size_t count, void *userdata)
{
	struct bus_call *call = userdata;
	struct failure failure = { 0 };

	if (error == 0) {
		error = freeze_checked(call, rows, count, &failure);
		failed = &failure;
	}
	if (error < 0)
		own_call_frozen(error, failed, call);
}

int own_call_freeze(struct bus_call *call, struct container *c)
{
	struct failure failure = { 0 };
	int r = processes_start(c, true, false, processes_read, call, &failure);

	return bus_call_begun(call, r, &failure);
}
