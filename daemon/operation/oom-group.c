/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Killing the rest of a container after an OOM: see oom-group.h. */
#include "operation/oom-group.h"

#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"
#include "operation/kill.h"
#include "policy/event.h"
#include "policy/oom-record.h"
#include "shared/name.h"

/* NULL if none of them has oom-group. @owner: whose limit was hit, or NULL if it is no container */
static struct container *choose_group(const struct manager *m, const char *victim,
				      const char *owner)
{
	cleanup_free char *name = strdup(victim);
	struct container *chosen = NULL;

	while (name) {
		struct container *c = manager_find(m, name);
		bool last = owner && strcmp(name, owner) == 0;
		char *parent = last ? NULL : name_parent(name);

		if (c && c->settings.oom_group)
			chosen = c;
		free(name);
		name = parent;
	}
	return chosen;
}

static void on_killed(int error, const struct failure *failure, int signal, uint32_t count,
		      void *userdata)
{
	cleanup_(container_unref_ptr) struct container *c = userdata;

	c->kills_group = false;
	if (error < 0)
		log_message(LOG_ERR, c->name, "it has oom-group, but not all of it is killed: %s",
			    failure->text);
}

static void on_event(const struct event *event, void *userdata)
{
	struct manager *m = userdata;
	const struct oom_record *oom = event->oom;
	struct failure failure = { 0 };
	struct container *c;

	if (event->kind != EVENT_OOM)
		return;
	c = choose_group(m, oom->victim_container ?: event->container->name, oom->container);
	if (!c || c->kills_group || c->removing)
		return;
	c->kills_group = true;
	if (kill_group_start(c, oom, on_killed, container_ref(c), &failure) < 0)
		on_killed(-1, &failure, 0, 0, c);
}

static const struct manager_listener listener = { .event = on_event };

int oom_group_open(struct manager *m)
{
	return m->controller->kept & SETTING_OOM_GROUP ? manager_listen(m, &listener, m) : 0;
}
