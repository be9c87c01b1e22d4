/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of containers, and references to one. */
#include "container/container.h"

#include <systemd/sd-event.h>

#include "container/manager.h"
#include "container/save.h"
#include "unit.h"

static unsigned int closed;

static void close_group(struct group *group)
{
	closed++;
}

static int read_all_as_zero(struct group *group, struct counters *ret)
{
	return 0;
}

static const struct controller_ops ops = {
	.name = "fake",
	.group_close = close_group,
	.read_counters = read_all_as_zero,
};

static struct container *new_container(struct manager *m, const char *name)
{
	static struct controller controller = { .ops = &ops };
	struct container *c = container_new(m, name);

	c->group = calloc(1, sizeof(*c->group));
	c->group->controller = &controller;
	c->group->fd = c->group->procs_fd = -1;
	return c;
}

static void count_event(struct group *group, const struct group_event *event, void *userdata)
{
	(*(unsigned int *)userdata)++;
}

TEST(removed_container_lives_while_it_is_held)
{
	struct manager m = { 0 };
	struct container *c = new_container(&m, "web");
	unsigned int events = 0;

	closed = 0;
	CHECK_INT(manager_insert(&m, c), 0);
	CHECK(container_is_shared(c));
	c->group->event = count_event;
	c->group->userdata = &events;
	group_wake(c->group);
	CHECK_UINT(events, 1);

	manager_take_out(&m, c);
	CHECK(c->removed && !manager_find(&m, "web"));
	CHECK_UINT(closed, 0);
	/* Its events are no longer reported. */
	group_wake(c->group);
	CHECK_UINT(events, 1);
	CHECK(!container_unref(c));
	CHECK_UINT(closed, 1);
	free(m.containers);
}

TEST(container_that_is_being_removed_is_not_saved)
{
	struct manager m = { 0 };
	struct container *c = new_container(&m, "web");

	/* Without jobs and a state: a save that began would crash. */
	c->removing = true;
	manager_save(c);
	CHECK(!c->saving && c->save_again);
	container_unref(c);
}

TEST_MAIN({ "container: a reference keeps a removed one",
	    removed_container_lives_while_it_is_held },
	  { "container: one that is being removed is not saved",
	    container_that_is_being_removed_is_not_saved })
