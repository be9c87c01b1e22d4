/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creating containers: see create.h. */
#include "operation/create.h"

#include <errno.h>
#include <string.h>

#include "operation/change.h"
#include "operation/create-place.h"
#include "operation/join.h"
#include "operation/look-up-unit.h"
#include "policy/place.h"
#include "store/config.h"
#include "container/manager.h"
#include "container/owner.h"
#include "shared/list.h"
#include "shared/name.h"
#include "monitor/detection.h"
#include "container/save.h"
#include "store/state.h"

struct creation {
	struct list_link link; /* of manager.own_creations */
	struct container *container;
	manager_done_fn done;
	void *userdata;
};

static struct creation *creation_free(struct creation *creation)
{
	list_remove(&creation->link);
	container_unref(creation->container);
	free(creation);
	return NULL;
}
DEFINE_CLEANUP(struct creation *, creation_free);

/* The processes that match its rules are inside. */
static void joined(void *userdata)
{
	cleanup_(creation_free_ptr) struct creation *creation = userdata;

	creation->done(0, NULL, creation->container, creation->userdata);
}

static void creation_done(struct container *c, const struct change_result *result, void *userdata)
{
	cleanup_(creation_free_ptr) struct creation *creation = userdata;
	struct manager *m = c->manager;
	struct failure failure = result->failure;
	int r = result->error;

	list_remove(&creation->link);
	m->creating--;
	if (r == 0 && manager_insert(m, c) < 0) {
		(void)state_forget(m->state, c->name);
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	}
	if (r < 0)
		(void)group_remove(c->group);
	/* The mark of a transient container has become its file. */
	if (r < 0 || state_waits(m->state, &(struct record){ .transient = c->transient }))
		state_end_creation(m->state, c->name);
	if (r < 0) {
		creation->done(r, &failure, NULL, creation->userdata);
		return;
	}
	manager_emit_added(m, c);
	c->fresh = false;
	if (c->save_again)
		manager_save(c);
	/* While declarations are applied, nothing joins: the caller may be one of them. */
	if ((c->joined_unit || c->join) && !m->declarations &&
	    join_wait(m, joined, creation) == 0) {
		(void)take_ptr(creation);
		return;
	}
	creation->done(0, NULL, c, creation->userdata);
}

static int check_new_name(const struct manager *m, const char *name, struct failure *failure)
{
	const char *problem = name_problem(name);

	if (problem)
		return fail(failure, RSS_ERROR_INVALID_NAME, "Invalid name \"%.200s\": it %s", name,
			    problem);
	if (manager_find(m, name) || create_place_is_pending(m, name))
		return fail(failure, RSS_ERROR_CONTAINER_EXISTS, "Container \"%s\" exists already",
			    name);
	if (m->count + m->creating >= m->config->containers_max)
		return fail(failure, RSS_ERROR_TOO_MANY,
			    "Cannot create \"%s\": there are %zu containers, the maximum of "
			    "ContainersMax= in rssd.conf",
			    name, m->count);
	return 0;
}

static int check_parent(const struct manager *m, const char *name, struct failure *failure)
{
	cleanup_free char *parent = name_parent(name);
	char place[PLACE_TEXT_MAX];
	struct container *c;

	if (!parent)
		return 0;
	c = manager_find(m, parent);
	if (!c)
		return fail(failure, RSS_ERROR_NO_SUCH_CONTAINER,
			    "Cannot create \"%s\": parent \"%s\" does not exist; create it first",
			    name, parent);
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "Cannot create \"%s\": its parent \"%s\" is being removed", name,
			    parent);
	if (container_is_elsewhere(c))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "Cannot create \"%s\": its parent \"%s\" is the %s, in which rssd "
			    "creates no cgroups",
			    name, parent, container_describe_place(c, place, sizeof(place)));
	return 0;
}

/* The parent is a container, but its cgroup was removed. */
static int fail_parent_removed(const char *name, struct failure *failure)
{
	cleanup_free char *parent = name_parent(name);

	return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
		    "Cannot create \"%s\": the cgroup of its parent \"%s\" was removed by "
		    "another program; rssctl repair %s creates it again",
		    name, parent ?: "", parent ?: "");
}

static int open_new(struct manager *m, const char *name, struct container **ret,
		    struct failure *failure)
{
	cleanup_(container_unref_ptr) struct container *c = container_new(m, name);
	int r;

	if (!c)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = state_begin_creation(m->state, name);
	if (r == -ENOENT)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "Cannot record the creation of \"%s\": the directory for that was "
			    "removed; restart rssd, which creates it again",
			    name);
	if (r < 0)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "Cannot record the creation of \"%s\": %s", name, strerror(-r));
	r = group_create(m->controller, name, &c->group);
	if (r < 0)
		state_end_creation(m->state, name);
	if (r == -ESTALE)
		return manager_fail_gone(m, failure);
	if (r == -EEXIST)
		return fail(failure, RSS_ERROR_CONTAINER_EXISTS,
			    "Cannot create \"%s\": it exists, is being created, or another "
			    "program created a cgroup of that name; remove that cgroup%s",
			    name, strchr(name, '/') ? "" : ", or restart rssd to take it over");
	if (r == -ENOENT && strchr(name, '/'))
		return fail_parent_removed(name, failure);
	if (r == -EROFS)
		return fail(
			failure, RSS_ERROR_CONTROLLER_FAILED,
			"Cannot create the cgroup of \"%s\": the cgroup tree is mounted read-only",
			name);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot create the cgroup of \"%s\": %s", name, strerror(-r));
	m->gone_logged = false;
	c->fresh = true;
	r = detection_watch(c);
	if (r < 0) {
		(void)group_remove(c->group);
		state_end_creation(m->state, name);
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot watch the events of \"%s\": %s", name, strerror(-r));
	}
	*ret = take_ptr(c);
	return 0;
}

/* Creates a container with a cgroup made by rssd. @unit: its processes join it; or NULL. */
static int create_own(struct manager *m, const char *name, const char *unit,
		      const struct settings_change *settings, bool transient,
		      const struct access_owner *owner, manager_done_fn done, void *userdata,
		      struct failure *failure)
{
	cleanup_(container_unref_ptr) struct container *c = NULL;
	cleanup_(creation_free_ptr) struct creation *creation = calloc(1, sizeof(*creation));
	struct change_listener listener = { .done = creation_done, .userdata = creation };
	struct settings initial = settings_default();
	int r;

	if (!creation)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*creation = (struct creation){ .done = done, .userdata = userdata };
	/* Checked before the cgroup is created, so that a wrong size leaves no cgroup. */
	r = settings_check(&initial, settings, m->controller->settings, m->controller->ops->name,
			   controller_limit_min(m->controller), failure);
	if (r < 0)
		return r;
	r = open_new(m, name, &c, failure);
	if (r < 0)
		return r;
	c->transient = transient;
	c->owned = transient;
	c->owner = *owner;
	/* While a worker waits for the disk, other programs have time to use the cgroup. */
	c->fresh = !state_waits(m->state, &(struct record){ .transient = transient });
	if (unit)
		c->joined_unit = strdup(unit);
	if (unit && !c->joined_unit)
		r = fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	if (r == 0)
		r = change_start(c, settings, LIMIT_MODE_REFUSE, 0, &listener, failure);
	if (r < 0) {
		(void)group_remove(c->group);
		state_end_creation(m->state, name);
		return r;
	}
	m->creating++;
	list_add(&m->own_creations, &creation->link);
	creation->container = take_ptr(c);
	(void)take_ptr(creation);
	return 0;
}

static bool is_joined_by(const struct container *c, const char *unit)
{
	return c->joined_unit && strcmp(c->joined_unit, unit) == 0;
}

/* The container, also one under creation, that the processes of @unit join; NULL if none. */
static const struct container *find_joined(const struct manager *m, const char *unit)
{
	struct creation *creation;

	list_for_each_entry(creation, &m->own_creations, link) {
		if (is_joined_by(creation->container, unit))
			return creation->container;
	}
	for (size_t i = 0; i < m->count; i++) {
		if (is_joined_by(m->containers[i], unit))
			return m->containers[i];
	}
	return NULL;
}

/* systemd knows the unit. */
static int create_joined(struct manager *m, const char *name, const char *unit,
			 const struct settings_change *settings, manager_done_fn done,
			 void *userdata, struct failure *failure)
{
	/* A container of that name may have been created meanwhile. */
	int r = check_new_name(m, name, failure);
	const struct container *other = find_joined(m, unit);

	if (r == 0 && other)
		r = create_place_fail_taken(unit, other->name, failure);
	return r < 0 ? r
		     : create_own(m, name, unit, settings, false, &(struct access_owner){ 0 }, done,
				  userdata, failure);
}

/* The number of containers that one user may create is bounded. */
static int check_budget(const struct manager *m, const struct access_owner *owner,
			struct failure *failure)
{
	struct creation *creation;
	size_t count;

	if (owner->uid == 0 || owner->delegated)
		return 0;
	count = owner_count(m, owner->uid);
	list_for_each_entry(creation, &m->own_creations, link)
		count += creation->container->owner.uid == owner->uid;
	if (count >= ACCESS_OWNED_MAX)
		return fail(failure, RSS_ERROR_TOO_MANY,
			    "User %u has created %zu containers, the maximum of one user; remove "
			    "some",
			    (unsigned int)owner->uid, count);
	return 0;
}

int manager_create(struct manager *m, const char *name, const struct place *place,
		   const struct settings_change *settings, bool transient,
		   const struct access_owner *owner, manager_done_fn done, void *userdata,
		   struct failure *failure)
{
	/* With the rss controller the processes of a unit join a cgroup of rssd. */
	bool in_place = place && (place->kind != PLACE_UNIT || m->controller->ops != &rss_ops);
	int r = check_new_name(m, name, failure);

	if (r == 0 && !in_place)
		r = check_parent(m, name, failure);
	if (r == 0)
		r = check_budget(m, owner, failure);
	if (r < 0)
		return r;
	if (place && owner->uid != 0)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%s\" cannot have an owner: it is a unit or a cgroup of another "
			    "program",
			    name);
	if (place && settings->join)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%s\" takes no rules: it is a unit or a cgroup, and its members are "
			    "the processes in it",
			    name);
	if (!place)
		return create_own(m, name, NULL, settings, transient, owner, done, userdata,
				  failure);
	if (in_place)
		return create_place_start(m, name, place, settings, transient, done, userdata,
					  failure);
	if (transient)
		return fail(
			failure, RSS_ERROR_INVALID_ARGUMENT,
			"\"%s\" cannot be transient: with the rss controller the processes of a "
			"unit join it, again when the unit starts again",
			name);
	return look_up_unit_start(m, name, place, settings, create_joined, done, userdata, failure);
}
