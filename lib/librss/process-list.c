/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading lists of processes: see process-list.h. */
#include "librss/process-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/array.h"
#include "shared/cleanup.h"

struct process_list {
	struct rss_process *processes;
	size_t count, allocated;
};

static void process_list_done(struct process_list *list)
{
	list->processes = rss_processes_free(list->processes, list->count);
}

static int add_process(struct process_list *list, const struct rss_process *row)
{
	struct rss_process *process;
	int r = array_reserve(&list->processes, list->count, &list->allocated,
			      sizeof(*list->processes));

	if (r < 0)
		return r;
	process = &list->processes[list->count++];
	*process = *row;
	process->command = strdup(row->command);
	process->container = row->container ? strdup(row->container) : NULL;
	process->control_group = row->control_group ? strdup(row->control_group) : NULL;
	if (!process->command || !process->container != !row->container ||
	    !process->control_group != !row->control_group)
		return -ENOMEM;
	return 0;
}

static int read_row(sd_bus_message *reply, bool members, struct rss_process *ret)
{
	if (members)
		return sd_bus_message_read(reply, "(uutsss)", &ret->pid, &ret->uid, &ret->resident,
					   &ret->command, &ret->container, &ret->control_group);
	return sd_bus_message_read(reply, "(uuts)", &ret->pid, &ret->uid, &ret->resident,
				   &ret->command);
}

static int read_list(sd_bus_message *message, bool members, struct rss_process **ret,
		     size_t *ret_count)
{
	cleanup_(process_list_done) struct process_list list = { 0 };
	struct rss_process row = { 0 };
	int r = sd_bus_message_enter_container(message, 'a', members ? "(uutsss)" : "(uuts)");

	if (r < 0)
		return r;
	while ((r = read_row(message, members, &row)) > 0) {
		r = add_process(&list, &row);
		if (r < 0)
			return r;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	*ret = take_ptr(list.processes);
	*ret_count = list.count;
	return 0;
}

int processes_read(sd_bus_message *message, struct rss_process **ret, size_t *ret_count)
{
	return read_list(message, false, ret, ret_count);
}

int members_read(sd_bus_message *message, struct rss_process **ret, size_t *ret_count)
{
	return read_list(message, true, ret, ret_count);
}

struct rss_process *rss_processes_free(struct rss_process *processes, size_t count)
{
	for (size_t i = 0; processes && i < count; i++) {
		free((void *)processes[i].command);
		free((void *)processes[i].container);
		free((void *)processes[i].control_group);
	}
	free(processes);
	return NULL;
}
