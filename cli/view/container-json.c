/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers as JSON: see container-json.h. */
#include "view/container-json.h"

#include "librss/rss.h"
#include "view/json.h"
#include "view/output.h"
#include "view/setting.h"

struct json_object *container_to_json(const struct rss_container *c, bool with_oom)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	json_add_text(object, "name", c->name);
	json_add_settings_of(object, c);
	json_add_flag(object, "transient", c->transient);
	json_add_flag(object, "declared", c->declared);
	json_add_count(object, "processes", c->processes);
	json_add_count(object, "usage", c->usage);
	json_add_count(object, "peak", c->peak);
	json_add_count(object, "failures", c->failures);
	json_add_count(object, "reclaimed", c->reclaimed);
	json_add_count(object, "oom_events", c->oom_events);
	json_add_count(object, "oom_kills", c->oom_kills);
	json_add_count(object, "scanned", c->scanned);
	json_add_flag(object, "frozen", c->frozen);
	json_add_text(object, "place", c->place);
	json_add_text(object, "unit", *c->unit ? c->unit : NULL);
	json_add_flag(object, "running", c->running);
	json_add_count(object, "owner", c->owner);
	json_add_flag(object, "delegated", c->delegated);
	json_add_text(object, "control_group", c->control_group);
	json_add_text(object, "object_path", c->object_path);
	if (with_oom) {
		json_add_count(object, "anonymous", c->anonymous);
		json_add_count(object, "file", c->file);
		json_add_count(object, "shmem", c->shmem);
		json_add_count(object, "mapped", c->mapped);
		json_add_count(object, "kernel", c->kernel);
		json_add_count(object, "locked", c->locked);
		json_add_count(object, "swap", c->swap);
		json_add_count(object, "zswap", c->zswap);
		json_add_count(object, "pressure_some_usec", c->pressure_some);
		json_add_count(object, "pressure_full_usec", c->pressure_full);
		json_add_percent(object, "pressure_some_avg10", c->pressure_some_avg10);
		json_add_percent(object, "pressure_full_avg10", c->pressure_full_avg10);
		json_add_percent(object, "pressure_some_avg60", c->pressure_some_avg60);
		json_add_percent(object, "pressure_full_avg60", c->pressure_full_avg60);
		json_add_percent(object, "pressure_some_avg300", c->pressure_some_avg300);
		json_add_percent(object, "pressure_full_avg300", c->pressure_full_avg300);
		json_add_count(object, "refaults", c->refaults);
		json_add_texts(object, "rules", c->rules);
		json_add_oom(object, "last_oom", c->last_oom);
	}
	return object;
}

struct json_object *container_json_keys(void)
{
	static char none[] = "";
	const struct rss_container container = { .name = none, .unit = none };

	return container_to_json(&container, true);
}
