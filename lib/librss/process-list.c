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

static int read_rows(sd_bus_message *reply, struct process_list *list)
{
	struct rss_process process;
	const char *command;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "(uuts)");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(reply, "(uuts)", &process.pid, &process.uid,
					&process.resident, &command)) > 0) {
		r = array_reserve(&list->processes, list->count, &list->allocated,
				  sizeof(*list->processes));
		if (r < 0)
			return r;
		process.command = strdup(command);
		if (!process.command)
			return -ENOMEM;
		list->processes[list->count++] = process;
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

int processes_read(sd_bus_message *message, struct rss_process **ret, size_t *ret_count)
{
	cleanup_(process_list_done) struct process_list list = { 0 };
	int r = read_rows(message, &list);

	if (r < 0)
		return r;
	*ret = take_ptr(list.processes);
	*ret_count = list.count;
	return 0;
}

struct rss_process *rss_processes_free(struct rss_process *processes, size_t count)
{
	for (size_t i = 0; processes && i < count; i++)
		free((void *)processes[i].command);
	free(processes);
	return NULL;
}
