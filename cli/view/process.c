/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes of containers: see process.h. */
#include "view/process.h"

#include <string.h>

#include "librss/rss.h"
#include "view/json.h"

const char *process_place(const struct rss_process *process)
{
	size_t length = strlen(process->control_group), name = strlen(process->container);

	if (length > name && !strcmp(process->control_group + length - name, process->container) &&
	    process->control_group[length - name - 1] == '/')
		return process->container;
	return process->control_group;
}

struct json_object *process_to_json(const struct rss_process *process)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	json_add_count(object, "pid", (uint64_t)process->pid);
	json_add_count(object, "uid", process->uid);
	json_add_count(object, "resident", process->resident);
	json_add_text(object, "command", process->command);
	json_add_text(object, "container", process->container);
	json_add_text(object, "control_group", process->control_group);
	return object;
}
