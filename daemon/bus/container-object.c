/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.rssd1.Container. The vtable is at the bottom. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/failure.h"
#include "base/log.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/peer.h"
#include "bus/pending-call.h"
#include "cgroup/subtree.h"
#include "bus/settings-properties.h"
#include "container/manager.h"
#include "container/usage.h"
#include "host/process.h"
#include "operation/attach.h"
#include "operation/change.h"
#include "operation/join.h"
#include "operation/kill.h"
#include "operation/leave.h"
#include "operation/processes.h"
#include "operation/reclaim.h"
#include "policy/limit-policy.h"
#include "policy/usage-history.h"
#include "report/forecast.h"
#include "shared/name.h"
#include "shared/size.h"

/* userdata is the container, by bus_container_find(); the message's slot has the bus. */
static struct bus *bus_of(sd_bus *bus)
{
	return sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));
}

static struct bus *bus_of_message(sd_bus_message *message)
{
	return bus_of(sd_bus_message_get_bus(message));
}

/* --- limit and settings ------------------------------------------------------------- */

static void cancel_change(struct bus_call *call)
{
	struct container *c = manager_find(call->bus->manager, call->container);

	if (c && c->change)
		change_cancel(c->change, CHANGE_CALLER_LEFT);
}

static void log_change(struct bus_call *call, const struct container *c,
		       const struct change_result *result)
{
	char limit[SIZE_TEXT_MAX];

	bus_call_log(call, "settings changed (limit %s, %s)", size_format(c->settings.limit, limit),
		     change_outcome_name(result->outcome));
}

static void limit_set(struct container *c, const struct change_result *result, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (result->error < 0) {
		bus_call_fail(call, &result->failure);
		return;
	}
	log_change(call, c, result);
	r = sd_bus_message_new_method_return(call->message, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "ts", result->usage,
					  change_outcome_name(result->outcome));
	bus_call_reply(call, reply, r);
}

/* Progress is sent to the caller only. */
static void limit_progress(struct container *c, uint64_t usage, uint64_t limit, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *signal = NULL;
	int r = sd_bus_message_new_signal(call->bus->bus, &signal,
					  sd_bus_message_get_path(call->message), BUS_CONTAINER,
					  "Progress");

	if (r >= 0)
		r = sd_bus_message_append(signal, "tt", usage, limit);
	if (r >= 0)
		(void)sd_bus_send_to(call->bus->bus, signal,
				     sd_bus_message_get_sender(call->message), NULL);
}

static int method_set_limit(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct change_listener listener = { .done = limit_set };
	struct settings_change change = { .set = SETTING_LIMIT };
	enum limit_mode mode = LIMIT_MODE_RECLAIM;
	struct failure failure = { 0 };
	struct bus_call *call;
	uint64_t timeout = 0;
	int progress = 0, r;

	r = sd_bus_message_read(message, "t", &change.to.limit);
	if (r >= 0)
		r = bus_read_limit_options(message, &mode, &timeout, &progress, &failure);
	if (r >= 0)
		r = bus_call_new(bus_of_message(message), message, c->name, cancel_change, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	listener.userdata = call;
	listener.progress = progress ? limit_progress : NULL;
	listener.requester = bus_call_requester(call);
	r = change_start(c, &change, mode, timeout, &listener, &failure);
	return bus_call_begun(call, r, &failure, error);
}

static int append_forecast(sd_bus_message *reply, const struct forecast *f)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}", "Verdict", "s",
					  forecast_verdict_name(f->verdict), "Reason", "s",
					  f->reason);
	if (r >= 0)
		r = bus_append_number(reply, "Usage", f->of.usage);
	if (r >= 0)
		r = bus_append_number(reply, "ToFree", f->to_free);
	if (r >= 0)
		r = bus_append_number(reply, "Reclaimable", f->reclaimable);
	if (r >= 0)
		r = bus_append_number(reply, "Anonymous", f->of.anon);
	if (r >= 0)
		r = bus_append_number(reply, "File", f->of.file);
	if (r >= 0)
		r = bus_append_number(reply, "Locked", f->of.locked);
	if (r >= 0)
		r = bus_append_number(reply, "SwapFree", f->of.swap);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_forecast_limit(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	enum limit_mode mode = LIMIT_MODE_RECLAIM;
	struct failure failure = { 0 };
	const char *mode_text = NULL;
	struct forecast forecast;
	uint64_t limit;
	struct bus_option options[] = {
		{ "mode", SD_BUS_TYPE_STRING, &mode_text, false },
		{ 0 },
	};
	int r = sd_bus_message_read(message, "t", &limit);

	if (r >= 0)
		r = bus_read_options(message, options, &failure);
	if (r >= 0)
		r = bus_read_mode(mode_text, &mode, &failure);
	if (r >= 0)
		r = forecast_container(c, limit, mode, &forecast, &failure);
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = append_forecast(reply, &forecast);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void properties_set(struct container *c, const struct change_result *result, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (result->error < 0) {
		bus_call_fail(call, &result->failure);
		return;
	}
	log_change(call, c, result);
	r = sd_bus_message_new_method_return(call->message, &reply);
	bus_call_reply(call, reply, r);
}

static int method_set_properties(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct change_listener listener = { .done = properties_set };
	struct settings_change change;
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_read_settings(message, &change, NULL, &failure);

	if (r >= 0)
		r = bus_call_new(bus_of_message(message), message, c->name, cancel_change, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	listener.userdata = call;
	r = change_start(c, &change, LIMIT_MODE_RECLAIM, 0, &listener, &failure);
	return bus_call_begun(call, r, &failure, error);
}

/* --- processes ---------------------------------------------------------------------------- */

static void attached(const struct attach_row rows[], size_t count, const struct failure *failure,
		     void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (failure) {
		bus_call_fail(call, failure);
		return;
	}
	bus_call_log(call, "%zu of %zu processes attached", bus_count_moved(rows, count), count);
	r = sd_bus_message_new_method_return(call->message, &reply);
	if (r >= 0)
		r = bus_append_report(reply, rows, count);
	bus_call_reply(call, reply, r);
}

static int method_attach(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct failure failure = { 0 };
	cleanup_free int *fds = NULL;
	struct bus_call *call;
	size_t count;
	int tree = 0, dry_run = 0, leave = 0, r = bus_read_fds(message, &fds, &count, &failure);
	struct bus_option options[] = {
		{ "tree", SD_BUS_TYPE_BOOLEAN, &tree, false },
		{ "dry-run", SD_BUS_TYPE_BOOLEAN, &dry_run, false },
		{ "leave-unit", SD_BUS_TYPE_BOOLEAN, &leave, false },
		{ 0 },
	};

	if (r >= 0)
		r = bus_read_options(message, options, &failure);
	if (r >= 0)
		r = bus_call_new(bus_of_message(message), message, c->name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	r = attach_start(c, fds, count,
			 (tree ? ATTACH_TREE : 0) | (dry_run ? ATTACH_DRY_RUN : 0) |
				 (leave ? ATTACH_LEAVE_UNIT : 0),
			 &(struct attach_caller){ .uid = call->uid, .pid = call->pid }, attached,
			 call, &failure);
	return bus_call_begun(call, r, &failure, error);
}

/* Replies with what @append makes of each row, an array of @type. */
static void reply_processes(struct bus_call *call, int error, const struct failure *failure,
			    const char *type,
			    int (*append)(sd_bus_message *, const struct member_process *),
			    const struct member_process rows[], size_t count)
{
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (error < 0) {
		bus_call_fail(call, failure);
		return;
	}
	r = sd_bus_message_new_method_return(call->message, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, type);
	for (size_t i = 0; i < count && r >= 0; i++)
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
	int r = bus_call_new(bus_of_message(message), message, c->name, NULL, &call, &failure);

	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	r = processes_start(c, true, processes_listed, call, &failure);
	return bus_call_begun(call, r, &failure, error);
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
		r = bus_call_new(bus_of_message(message), message, c->name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	r = processes_start(c, nested, members_listed, call, &failure);
	return bus_call_begun(call, r, &failure, error);
}

static void killed(int error, const struct failure *failure, int signal, uint32_t count,
		   void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (error < 0) {
		bus_call_fail(call, failure);
		return;
	}
	bus_call_log(call, "signal %d sent to %u processes", signal, count);
	r = sd_bus_message_new_method_return(call->message, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "u", count);
	bus_call_reply(call, reply, r);
}

static int kill_with(sd_bus_message *message, struct container *c, bool has_options,
		     sd_bus_error *error)
{
	struct failure failure = { 0 };
	struct requester requester;
	struct bus_call *call;
	bool nested = true;
	int signal, r = sd_bus_message_read(message, "i", &signal);

	if (r >= 0 && has_options)
		r = read_nested(message, &nested, &failure);
	if (r >= 0)
		r = bus_call_new(bus_of_message(message), message, c->name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	requester = bus_call_requester(call);
	r = kill_start(c, signal, nested, &requester, killed, call, &failure);
	return bus_call_begun(call, r, &failure, error);
}

static int method_kill(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return kill_with(message, userdata, false, error);
}

static int method_kill_processes(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return kill_with(message, userdata, true, error);
}

/* --- freeze, peak --------------------------------------------------------------------------- */

/* Replies to an operation that is one write to a control file, and logs it. */
static int reply_operation(sd_bus_message *message, const struct container *c, int result,
			   const char *done, sd_bus_error *error)
{
	struct failure failure = { 0 };
	struct bus_peer *peer;
	int r = bus_peer_of(bus_of_message(message), message, &peer);

	if (r >= 0 && result == -EOPNOTSUPP)
		r = fail(&failure, RSS_ERROR_NOT_SUPPORTED,
			 "%s cannot be %s by the %s controller here; rssctl doctor tells what this "
			 "kernel can do",
			 c->name, done, c->manager->controller->ops->name);
	else if (r >= 0 && result < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "%s could not be %s: %s", c->name,
			 done, strerror(-result));
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	log_message(LOG_INFO, c->name, "%s for user %u (process %d)", done, (unsigned int)peer->uid,
		    (int)peer->pid);
	return sd_bus_reply_method_return(message, "");
}

static int method_freeze(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;

	return reply_operation(message, c, group_freeze(c->group, true), "frozen", error);
}

static int method_thaw(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;

	return reply_operation(message, c, group_freeze(c->group, false), "thawed", error);
}

static int method_reset_peak(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	int r = group_reset_peak(c->group);

	/* The usage history has a peak as well. */
	if (r == 0)
		container_forget_usage(c);
	return reply_operation(message, c, r, "given a new peak", error);
}

/* --- usage history ------------------------------------------------------------------- */

static int append_samples(sd_bus_message *reply, const struct container *c, uint64_t now,
			  uint64_t epoch)
{
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	size_t count = usage_history_samples(c->usage_history, now, samples);
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(tt)");

	for (size_t i = 0; i < count && r >= 0; i++)
		r = sd_bus_message_append(reply, "(tt)", epoch + samples[i].time, samples[i].usage);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_totals(sd_bus_message *reply, const struct container *c, uint64_t epoch)
{
	struct usage_totals totals = usage_history_totals(c->usage_history);
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0 && totals.time) {
		r = bus_append_number(reply, "Time", epoch + totals.time);
		if (r >= 0)
			r = bus_append_number(reply, "Failures", totals.failures);
		if (r >= 0)
			r = bus_append_number(reply, "Reclaimed", totals.reclaimed);
		if (r >= 0)
			r = bus_append_number(reply, "OOMEvents", totals.oom_events);
		if (r >= 0)
			r = bus_append_number(reply, "OOMKills", totals.oom_kills);
		if (r >= 0)
			r = bus_append_number(reply, "Refaults", totals.refaults);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_get_usage_history(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	uint64_t now = container_history_time(c->manager), wall = 0;
	int r = sd_bus_message_new_method_return(message, &reply);

	(void)sd_event_now(c->manager->event, CLOCK_REALTIME, &wall);
	if (r >= 0)
		r = append_samples(reply, c, now, wall - now);
	if (r >= 0)
		r = append_totals(reply, c, wall - now);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* --- reclaim --------------------------------------------------------------------------------- */

static void reclaimed(int error, const struct failure *failure, uint64_t bytes, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (error < 0) {
		bus_call_fail(call, failure);
		return;
	}
	bus_call_log(call, "reclaimed on request");
	r = sd_bus_message_new_method_return(call->message, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "t", bytes);
	bus_call_reply(call, reply, r);
}

static int method_reclaim(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct bus_option none[] = { { 0 } };
	struct failure failure = { 0 };
	struct bus_call *call;
	uint64_t bytes;
	int r = sd_bus_message_read(message, "t", &bytes);

	if (r >= 0)
		r = bus_read_options(message, none, &failure);
	if (r >= 0)
		r = bus_call_new(bus_of_message(message), message, c->name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	r = reclaim_start(c, bytes, reclaimed, call, &failure);
	return bus_call_begun(call, r, &failure, error);
}

/* --- properties ------------------------------------------------------------------------------- */

static int get_flag(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;

	if (strcmp(property, "Transient") == 0)
		return sd_bus_message_append(reply, "b", (int)c->transient);
	if (strcmp(property, "Declared") == 0)
		return sd_bus_message_append(reply, "b", (int)c->declared);
	return -EINVAL;
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;
	cleanup_free char *control_group = NULL;

	if (strcmp(property, "Name") == 0)
		return sd_bus_message_append(reply, "s", c->name);
	control_group = group_control_group(c->group);
	return control_group ? sd_bus_message_append(reply, "s", control_group) : -ENOMEM;
}

/* The counters, read once in an iteration of the loop; absent if they cannot be read. */
static const struct counters *counters_now(sd_bus *bus, struct container *c)
{
	struct bus *b = bus_of(bus);
	uint64_t iteration = 0;

	(void)sd_event_get_iteration(b->event, &iteration);
	if (b->seen.of != c || b->seen.iteration != iteration) {
		/* A group that something else removed has none. */
		if (container_read_counters(c, &b->seen.counters) < 0)
			memset(&b->seen.counters, 0xff, sizeof(b->seen.counters));
		container_note_look(c, &b->seen.counters);
		b->seen.of = c;
		b->seen.iteration = iteration;
	}
	return &b->seen.counters;
}

static int get_counter(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct counters *now = counters_now(bus, userdata);

	for (size_t i = 0; i < BUS_COUNTERS; i++) {
		if (strcmp(property, bus_counters[i].property) == 0)
			return sd_bus_message_append(reply, "t", bus_counter(now, i));
	}
	return -EINVAL;
}

static int get_refaults(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	uint64_t refaults = COUNTER_ABSENT;

	(void)group_read_refaults(c->group, &refaults);
	return sd_bus_message_append(reply, "t", refaults);
}

static int get_frozen(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	bool frozen = false;

	(void)group_read_frozen(c->group, &frozen);
	return sd_bus_message_append(reply, "b", (int)frozen);
}

static int get_processes(sd_bus *bus, const char *path, const char *interface, const char *property,
			 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct subtree tree = { .group = c->group };
	uint32_t count = 0, inner = 0;

	(void)group_count_processes(c->group, &count);
	(void)subtree_count_inner(&tree, 0, &inner);
	return sd_bus_message_append(reply, "u", count + inner);
}

static int get_last_oom(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;

	return bus_append_oom(reply, c->last_oom);
}

static int get_rules(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;

	return bus_append_rules(reply, join_find(c->manager, c->name));
}

const sd_bus_vtable bus_container_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Name", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Transient", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Declared", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("ControlGroup", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Processes", "u", get_processes, 0, 0),
	SD_BUS_PROPERTY("Usage", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Peak", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Failures", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Reclaimed", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("OOMEvents", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("OOMKills", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Scanned", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Refaults", "t", get_refaults, 0, 0),
	SD_BUS_PROPERTY("Frozen", "b", get_frozen, 0, 0),
	SD_BUS_PROPERTY("LastOOM", "a{sv}", get_last_oom, 0, 0),
	SD_BUS_PROPERTY("Rules", "as", get_rules, 0, 0),
	SD_BUS_METHOD_WITH_ARGS("SetLimit", SD_BUS_ARGS("t", limit, "a{sv}", options),
				SD_BUS_RESULT("t", usage, "s", outcome), method_set_limit,
				BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("ForecastLimit", SD_BUS_ARGS("t", limit, "a{sv}", options),
				SD_BUS_RESULT("a{sv}", forecast), method_forecast_limit,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("SetProperties", SD_BUS_ARGS("a{sv}", properties), SD_BUS_NO_RESULT,
				method_set_properties, BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("Attach", SD_BUS_ARGS("ah", pidfds, "a{sv}", options),
				SD_BUS_RESULT("a(uss)", report), method_attach,
				BUS_FOR(ACCESS_ATTACH)),
	SD_BUS_METHOD_WITH_ARGS("GetProcesses", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(uuts)", processes),
				method_get_processes, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("Reclaim", SD_BUS_ARGS("t", bytes, "a{sv}", options),
				SD_BUS_RESULT("t", reclaimed), method_reclaim,
				BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("i", signal), SD_BUS_RESULT("u", count),
				method_kill, BUS_FOR(ACCESS_SIGNAL)),
	SD_BUS_METHOD_WITH_ARGS("ListProcesses", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("a(uutsss)", processes), method_list_processes,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("KillProcesses", SD_BUS_ARGS("i", signal, "a{sv}", options),
				SD_BUS_RESULT("u", count), method_kill_processes,
				BUS_FOR(ACCESS_SIGNAL)),
	SD_BUS_METHOD_WITH_ARGS("Freeze", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_freeze,
				BUS_FOR(ACCESS_SIGNAL)),
	SD_BUS_METHOD_WITH_ARGS("Thaw", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_thaw,
				BUS_FOR(ACCESS_SIGNAL)),
	SD_BUS_METHOD_WITH_ARGS("ResetPeak", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reset_peak,
				BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("GetUsageHistory", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("a(tt)", samples, "a{sv}", totals),
				method_get_usage_history, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_SIGNAL_WITH_ARGS(
		"LimitHit",
		SD_BUS_ARGS("t", sequence, "t", usage, "t", limit, "t", failures, "t", time), 0),
	SD_BUS_SIGNAL_WITH_ARGS(
		"Reclaimed",
		SD_BUS_ARGS("t", sequence, "t", bytes, "t", usage, "t", limit, "t", time), 0),
	SD_BUS_SIGNAL_WITH_ARGS("OOM", SD_BUS_ARGS("t", sequence, "a{sv}", record), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Killed", SD_BUS_ARGS("t", sequence, "a{sv}", record), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Watermark",
				SD_BUS_ARGS("t", sequence, "s", which, "t", usage, "t", time), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Progress", SD_BUS_ARGS("t", usage, "t", limit), 0),
	SD_BUS_VTABLE_END,
};
