/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties that a worker reads: see property-reads.h. */
#include "bus/property-reads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/job.h"
#include "base/worker.h"
#include "bus/bus.h"
#include "bus/list-methods.h"
#include "bus/message.h"
#include "bus/pending-call.h"
#include "cgroup/subtree.h"
#include "container/container.h"
#include "container/manager.h"
#include "container/usage.h"
#include "monitor/collect.h"
#include "shared/name.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

struct read {
	struct bus_call *call;
	struct container *container;
	struct job job;
	struct collect_row row;
	struct memory_parts parts; /* of the row */
	bool all;		   /* GetAll; else Get of Processes */
};

static struct read *read_free(struct read *read)
{
	job_end(&read->job);
	container_unref(read->container);
	free(read);
	return NULL;
}
DEFINE_CLEANUP(struct read *, read_free);

static void read_run(struct worker *worker, void *data)
{
	struct read *read = data;
	struct collect_row *row = &read->row;
	struct group *group = read->container->group;
	struct subtree tree = { .group = group };
	uint32_t inner = 0;

	(void)group_count_processes(group, &row->processes);
	(void)subtree_count_inner(&tree, 0, &inner);
	row->processes += inner;
	if (!read->all)
		return;
	if (container_read_counters(read->container, &row->counters) < 0)
		memset(&row->counters, 0xff, sizeof(row->counters));
	(void)group_read_frozen(group, &row->frozen);
	row->takes_totals = true;
	row->parts = &read->parts;
	group_read_parts(group, row->parts);
	row->refaults = row->parts->refaults;
}

static int append_result(sd_bus_message *reply, const struct read *read)
{
	int r;

	if (!read->all)
		return sd_bus_message_append(reply, "v", "u", read->row.processes);
	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = bus_append_properties(reply, &read->row, bus_call_viewer(read->call));
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void read_done(void *data)
{
	cleanup_(read_free_ptr) struct read *read = data;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	struct bus_call *call = read->call;
	struct failure failure = { 0 };
	struct container *c;
	int r = manager_get(call->bus->manager, read->container->name, &c, &failure);

	if (r == 0 && read->all)
		container_note_look(read->container, &read->row.counters);
	if (bus_call_begin_reply(call, r, &failure, &reply))
		bus_call_reply(call, reply, append_result(reply, read));
}

static int start_read(struct bus *bus, struct container *c, sd_bus_message *message, bool all)
{
	cleanup_(read_free_ptr) struct read *read = calloc(1, sizeof(*read));
	struct failure failure = { 0 };
	int r;

	if (!read)
		return -ENOMEM;
	read->all = all;
	read->container = container_ref(c);
	read->row.container = c;
	r = bus_call_new(bus, message, c->name, NULL, &read->call, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = job_start_query(&read->job, bus->manager->jobs, read->call->uid == 0, read_run,
			    read_done, read);
	if (r < 0) {
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot read the properties: %s",
			 strerror(-r));
		return bus_call_begun(read->call, r, &failure);
	}
	return bus_call_begun(take_ptr(read)->call, r, &failure);
}

/* Returns true for Get of Processes, with *ret_all false, and for GetAll, of a container. */
static bool is_long_read(sd_bus_message *message, bool *ret_all)
{
	const char *interface = NULL, *property = NULL;
	bool found = false;

	*ret_all = sd_bus_message_is_method_call(message, PROPERTIES, "GetAll") > 0;
	if (*ret_all && sd_bus_message_has_signature(message, "s"))
		found = sd_bus_message_read(message, "s", &interface) > 0;
	else if (sd_bus_message_is_method_call(message, PROPERTIES, "Get") > 0 &&
		 sd_bus_message_has_signature(message, "ss"))
		found = sd_bus_message_read(message, "ss", &interface, &property) > 0;
	(void)sd_bus_message_rewind(message, true);
	return found && strcmp(interface, BUS_CONTAINER) == 0 &&
	       (*ret_all || strcmp(property, "Processes") == 0);
}

int bus_property_reads_filter(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_free char *name = NULL;
	struct container *c;
	bool all;

	if (!is_long_read(message, &all) ||
	    name_from_object_path(sd_bus_message_get_path(message), &name) < 0)
		return 0;
	c = manager_find(bus->manager, name);
	return c ? start_read(bus, c, message, all) : 0;
}
