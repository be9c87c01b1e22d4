/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.rssd1.Container about processes. The vtable is at the bottom. */

#include "base/failure.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/options.h"
#include "bus/own-call.h"
#include "bus/pending-call.h"
#include "container/manager.h"
#include "operation/attach-pids.h"
#include "operation/attach.h"
#include "operation/kill.h"
#include "operation/leave.h"
#include "operation/processes.h"

static void attached(const struct attach_row rows[], size_t count, const struct failure *failure,
		     void *userdata)
{
	bus_call_reply_report(userdata, "attached", rows, count, failure);
}

/* ATTACH_*, by the names of the options. */
static int read_how(sd_bus_message *message, unsigned int *ret, struct failure *failure)
{
	int tree = 0, dry_run = 0, leave = 0, r;
	struct bus_option options[] = {
		{ "tree", SD_BUS_TYPE_BOOLEAN, &tree, false },
		{ "dry-run", SD_BUS_TYPE_BOOLEAN, &dry_run, false },
		{ "leave-unit", SD_BUS_TYPE_BOOLEAN, &leave, false },
		{ 0 },
	};

	r = bus_read_options(message, options, failure);
	*ret = (tree ? ATTACH_TREE : 0) | (dry_run ? ATTACH_DRY_RUN : 0) |
	       (leave ? ATTACH_LEAVE_UNIT : 0);
	return r;
}

static int method_attach(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct failure failure = { 0 };
	cleanup_free int *fds = NULL;
	struct bus_call *call;
	unsigned int how;
	size_t count;
	int r = bus_read_fds(message, &fds, &count, &failure);

	if (r >= 0)
		r = read_how(message, &how, &failure);
	if (r >= 0)
		r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	/* Descendants may be in other containers, and a unit may bound more than memory. */
	r = own_call_check_option(call,
				  how & (ATTACH_TREE | ATTACH_LEAVE_UNIT)
					  ? "attach a whole tree, or out of a unit"
					  : NULL,
				  &failure);
	if (r == 0)
		r = attach_start(c, fds, count, how,
				 &(struct attach_caller){
					 .uid = call->uid, .pid = call->pid, .own = call->own },
				 attached, call, &failure);
	return bus_call_begun(call, r, &failure);
}

static int method_attach_pids(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct failure failure = { 0 };
	struct bus_call *call;
	const void *pids;
	unsigned int how;
	size_t size;
	int r = sd_bus_message_read_array(message, SD_BUS_TYPE_UINT32, &pids, &size);

	if (r >= 0)
		r = read_how(message, &how, &failure);
	if (r >= 0)
		r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = attach_pids_start(c, pids, size / sizeof(uint32_t), how,
			      &(struct attach_caller){ .uid = call->uid, .pid = call->pid },
			      attached, call, &failure);
	return bus_call_begun(call, r, &failure);
}

/* Replies with an array of @type, to which @append appends each row that the caller may see. */
static void reply_processes(struct bus_call *call, int error, const struct failure *failure,
			    const char *type,
			    int (*append)(sd_bus_message *, const struct member_process *),
			    const struct member_process rows[], size_t count)
{
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	uid_t viewer = bus_call_viewer(call);
	int r;

	if (!bus_call_begin_reply(call, error, failure, &reply))
		return;
	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, type);
	for (size_t i = 0; i < count && r >= 0; i++)
		if (access_sees(viewer, rows[i].uid))
			r = append(reply, &rows[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	bus_call_reply(call, reply, r);
}

static int append_process(sd_bus_message *reply, const struct member_process *p)
{
	return sd_bus_message_append(reply, "(uuts)", (uint32_t)p->pid, (uint32_t)p->uid,
				     p->resident, p->command);
}

static int append_member(sd_bus_message *reply, const struct member_process *p)
{
	return sd_bus_message_append(reply, "(uutsss)", (uint32_t)p->pid, (uint32_t)p->uid,
				     p->resident, p->command, p->container, p->control_group);
}

static void processes_listed(int error, const struct failure *failure,
			     const struct member_process rows[], size_t count, void *userdata)
{
	reply_processes(userdata, error, failure, "(uuts)", append_process, rows, count);
}

static void members_listed(int error, const struct failure *failure,
			   const struct member_process rows[], size_t count, void *userdata)
{
	reply_processes(userdata, error, failure, "(uutsss)", append_member, rows, count);
}

static int method_get_processes(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call, &failure);

	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = processes_start(c, true, call->uid == 0, processes_listed, call, &failure);
	return bus_call_begun(call, r, &failure);
}

/* The one option of methods on the members: without those of nested containers. */
static int read_nested(sd_bus_message *message, bool *ret, struct failure *failure)
{
	int nested = 1, r;
	struct bus_option options[] = {
		{ "nested", SD_BUS_TYPE_BOOLEAN, &nested, false },
		{ 0 },
	};

	r = bus_read_options(message, options, failure);
	*ret = nested;
	return r;
}

static int method_list_processes(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct failure failure = { 0 };
	struct bus_call *call;
	bool nested;
	int r = read_nested(message, &nested, &failure);

	if (r >= 0)
		r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = processes_start(c, nested, call->uid == 0, members_listed, call, &failure);
	return bus_call_begun(call, r, &failure);
}

static void killed(int error, const struct failure *failure, int signal, uint32_t count,
		   void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	bus_call_log(call, "signal %d sent to %u processes", signal, count);
	if (bus_call_begin_reply(call, error, failure, &reply))
		bus_call_reply(call, reply, sd_bus_message_append(reply, "u", count));
}

static int kill_with(sd_bus_message *message, struct container *c, bool has_options)
{
	struct failure failure = { 0 };
	struct requester requester;
	struct bus_call *call;
	bool nested = true;
	int signal, r = sd_bus_message_read(message, "i", &signal);

	if (r >= 0 && has_options)
		r = read_nested(message, &nested, &failure);
	if (r >= 0)
		r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	requester = bus_call_requester(call);
	if (nested)
		r = own_call_check_nested(call, c, &failure);
	if (r >= 0)
		r = kill_start(c, signal, nested, call->own ? call->uid : KILL_ALL_USERS,
			       &requester, killed, call, &failure);
	return bus_call_begun(call, r, &failure);
}

static int method_kill(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return kill_with(message, userdata, false);
}

static int method_kill_processes(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return kill_with(message, userdata, true);
}

const sd_bus_vtable bus_process_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Attach", SD_BUS_ARGS("ah", pidfds, "a{sv}", options),
				SD_BUS_RESULT("a(uss)", report), method_attach,
				BUS_FOR(ACCESS_ATTACH)),
	/* For root only: a pid may name another process by now, which a user could choose. */
	SD_BUS_METHOD_WITH_ARGS("AttachPIDs", SD_BUS_ARGS("au", pids, "a{sv}", options),
				SD_BUS_RESULT("a(uss)", report), method_attach_pids,
				BUS_FOR(ACCESS_ROOT)),
	SD_BUS_METHOD_WITH_ARGS("GetProcesses", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(uuts)", processes),
				method_get_processes, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("i", signal), SD_BUS_RESULT("u", count),
				method_kill, BUS_FOR(ACCESS_SIGNAL)),
	SD_BUS_METHOD_WITH_ARGS("ListProcesses", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("a(uutsss)", processes), method_list_processes,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("KillProcesses", SD_BUS_ARGS("i", signal, "a{sv}", options),
				SD_BUS_RESULT("u", count), method_kill_processes,
				BUS_FOR(ACCESS_SIGNAL)),
	SD_BUS_VTABLE_END,
};
