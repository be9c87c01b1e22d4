/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last OOM of each container, and their number: see oom-last.h. */
#include "monitor/oom-last.h"

#include <stddef.h>

#include "container/manager.h"
#include "container/save.h"
#include "policy/oom-record.h"

static void store_last_oom(struct container *c, const struct oom_record *oom)
{
	struct oom_record *record = oom_record_copy(oom);

	if (!record)
		return;
	oom_record_free(c->last_oom);
	c->last_oom = record;
	manager_save(c);
}

static void on_event(const struct event *event, void *userdata)
{
	struct manager *m = userdata;
	struct container *victim;

	if (event->kind != EVENT_OOM)
		return;
	m->ooms_count++;
	store_last_oom(event->container, event->oom);
	if (!event->oom->victim_container)
		return;
	victim = manager_find(m, event->oom->victim_container);
	if (victim && victim != event->container)
		store_last_oom(victim, event->oom);
}

static const struct manager_listener listener = { .event = on_event };

int oom_last_open(struct manager *m)
{
	return manager_listen(m, &listener, m);
}
