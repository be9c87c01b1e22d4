/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving containers to users: see delegate.h. */
#include "operation/delegate.h"

#include <stdlib.h>

#include "container/manager.h"
#include "operation/change.h"

struct delegation {
	struct access_owner before;
	delegate_done_fn done;
	void *userdata;
};

static void saved(struct container *c, const struct change_result *result, void *userdata)
{
	cleanup_free struct delegation *delegation = userdata;

	if (result->error < 0)
		c->owner = delegation->before;
	else
		manager_emit_changed(c->manager, c, 0);
	delegation->done(result->error, &result->failure, c, delegation->userdata);
}

static int check(const struct container *c, uid_t owner, struct failure *failure)
{
	char place[PLACE_TEXT_MAX];

	if (owner == (uid_t)-1)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "Invalid user ID %u",
			    (unsigned int)owner);
	if (container_is_elsewhere(c))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%s\" cannot have an owner: it is the %s", c->name,
			    container_describe_place(c, place, sizeof(place)));
	if (c->declaration)
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%s\" is declared: write its owner into the declaration, then reload",
			    c->name);
	/* A save would take the settings of the kernel for those that were set. */
	if (c->drifted)
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "The settings of \"%s\" in the kernel differ from those that were set; "
			    "rssctl repair %s first",
			    c->name, c->name);
	return 0;
}

int delegate_start(struct container *c, uid_t owner, delegate_done_fn done, void *userdata,
		   struct failure *failure)
{
	cleanup_free struct delegation *delegation = malloc(sizeof(*delegation));
	struct change_listener listener = { .done = saved, .userdata = delegation };
	struct settings_change nothing = { 0 };
	int r = check(c, owner, failure);

	if (r < 0)
		return r;
	if (!delegation)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*delegation = (struct delegation){ c->owner, done, userdata };
	/* A change saves the container even if no setting differs. */
	c->owner = (struct access_owner){ .uid = owner, .delegated = owner != 0 };
	r = change_start(c, &nothing, LIMIT_MODE_REFUSE, 0, &listener, failure);
	if (r < 0)
		c->owner = delegation->before;
	else
		(void)take_ptr(delegation);
	return r;
}
