/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.rssd1.Manager. The vtable is at the bottom. */
#include <errno.h>
#include <string.h>

#include "base/failure.h"
#include "base/message-ids.h"
#include "bus/bus.h"
#include "bus/entries.h"
#include "bus/list-methods.h"
#include "bus/message.h"
#include "bus/options.h"
#include "bus/own-call.h"
#include "bus/owner.h"
#include "bus/peer.h"
#include "bus/pending-call.h"
#include "bus/settings-properties.h"
#include "container/manager.h"
#include "host/process.h"
#include "operation/create.h"
#include "operation/delegate.h"
#include "operation/remove.h"
#include "policy/place.h"
#include "policy/record.h"
#include "policy/rule.h"
#include "report/diagnose.h"
#include "report/metrics-file.h"
#include "shared/file.h"
#include "shared/name.h"
#include "store/config.h"
#include "store/declarations.h"

static int reply_path(sd_bus_message *message, const struct container *c)
{
	cleanup_free char *path = name_to_object_path(c->name);

	if (!path)
		return -ENOMEM;
	return sd_bus_reply_method_return(message, "o", path);
}

/* --- create and remove -------------------------------------------------------------- */

static void created(int error, const struct failure *failure, struct container *c, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	cleanup_free char *path = NULL;

	bus_call_log_id(call, MESSAGE_CREATED, "created");
	if (error == 0 && c->transient && bus_owner_new(call->bus, call->message, c->name) < 0)
		c->owned = false;
	if (!bus_call_begin_reply(call, error, failure, &reply))
		return;
	path = name_to_object_path(c->name);
	bus_call_reply(call, reply, path ? sd_bus_message_append(reply, "o", path) : -ENOMEM);
}

static void free_creation(struct bus_creation *creation)
{
	place_free(creation->place);
}

/* What only root may give for a new container; the rights of an owner bound its settings. */
static int check_creation(const struct bus_call *call, const char *name,
			  const struct settings_change *settings,
			  const struct bus_creation *creation, const struct rules *join,
			  struct failure *failure)
{
	/*
	 * A polkit rule that allows making containers must not allow limiting and killing
	 * services.
	 */
	if (creation->place && call->uid != 0)
		return fail(failure, RSS_ERROR_ACCESS_DENIED,
			    "User %u may not create a container with Unit or ControlGroup; only "
			    "root may",
			    (unsigned int)call->uid);
	if (join && call->uid != 0)
		return bus_refuse_join(call, failure);
	if (creation->has_owner && call->uid != 0)
		return fail(failure, RSS_ERROR_ACCESS_DENIED,
			    "User %u may not create a container with Owner; only root may",
			    (unsigned int)call->uid);
	return own_call_check_settings(call, name, settings, failure);
}

static int method_create(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_(free_creation) struct bus_creation creation = { 0 };
	cleanup_(rules_unref_ptr) struct rules *join = NULL;
	struct access_owner owner = { 0 };
	struct settings_change settings;
	struct failure failure = { 0 };
	struct bus_call *call;
	const char *name;
	int r = sd_bus_message_read(message, "s", &name);

	if (r >= 0)
		r = bus_read_settings(message, &settings, &creation, &join, &failure);
	if (r >= 0)
		r = bus_call_new(bus, message, name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = check_creation(call, name, &settings, &creation, join, &failure);
	if (creation.has_owner && creation.owner)
		owner = (struct access_owner){ creation.owner, true };
	/* What a manager creates in its own container is its own as well. */
	else if (call->own || own_call_may(bus, "CreateContainer", name, call->uid))
		owner = (struct access_owner){ call->uid, false };
	if (r == 0)
		r = manager_create(bus->manager, name, creation.place, &settings,
				   creation.transient, &owner, created, call, &failure);
	return bus_call_begun(call, r, &failure);
}

static void removed(int error, const struct failure *failure, void *userdata)
{
	struct bus_call *call = userdata;

	bus_call_log_id(call, MESSAGE_REMOVED, "removed");
	bus_call_reply_empty(call, error, failure);
}

static int method_remove(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	struct requester requester;
	struct container *c;
	struct bus_call *call;
	const char *name;
	int force = 0, r = sd_bus_message_read(message, "s", &name);
	struct bus_option options[] = {
		{ "force", SD_BUS_TYPE_BOOLEAN, &force, false },
		{ 0 },
	};

	if (r >= 0)
		r = bus_read_options(message, options, &failure);
	if (r >= 0)
		r = manager_get(bus->manager, name, &c, &failure);
	if (r >= 0)
		r = bus_call_new(bus, message, name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	requester = bus_call_requester(call);
	r = own_call_check_option(
		call, force ? "remove with force; kill its processes first" : NULL, &failure);
	if (r == 0)
		r = removal_start(c, force, &requester, removed, call, &failure);
	return bus_call_begun(call, r, &failure);
}

/* --- owners ---------------------------------------------------------------------------- */

static void delegated(int error, const struct failure *failure, struct container *c, void *userdata)
{
	struct bus_call *call = userdata;

	bus_call_log(call, "belongs to user %u now", (unsigned int)c->owner.uid);
	bus_call_reply_empty(call, error, failure);
}

static int method_delegate(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	struct container *c;
	struct bus_call *call;
	const char *name;
	uint32_t owner;
	int r = sd_bus_message_read(message, "su", &name, &owner);

	if (r >= 0)
		r = manager_get(bus->manager, name, &c, &failure);
	if (r >= 0)
		r = bus_call_new(bus, message, name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = delegate_start(c, (uid_t)owner, delegated, call, &failure);
	return bus_call_begun(call, r, &failure);
}

/* --- look-ups -------------------------------------------------------------------------- */

static int method_get(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	struct container *c;
	const char *name;
	int r = sd_bus_message_read(message, "s", &name);

	if (r >= 0)
		r = manager_get(bus->manager, name, &c, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	return reply_path(message, c);
}

/* A process that the caller may not see is reported as one that does not exist. */
static int find_by_pid(struct bus *bus, sd_bus_message *message, pid_t pid, struct container **ret,
		       struct failure *failure)
{
	uid_t viewer = bus_viewer(bus, message), owner = (uid_t)-1;

	if (viewer != VIEWER_ALL &&
	    (process_read_uid(pid, &owner) < 0 || !access_sees(viewer, owner)))
		return fail(failure, RSS_ERROR_NO_SUCH_PROCESS, "No such process: %d", (int)pid);
	return manager_get_by_pid(bus->manager, pid, ret, failure);
}

static int method_get_by_pid(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	struct container *c;
	uint32_t pid;
	int r = sd_bus_message_read(message, "u", &pid);

	if (r >= 0 && (pid == 0 || pid > INT32_MAX))
		r = fail(&failure, RSS_ERROR_INVALID_ARGUMENT, "Invalid PID %u", pid);
	if (r >= 0)
		r = find_by_pid(bus, message, (pid_t)pid, &c, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	return reply_path(message, c);
}

static int method_get_by_pidfd(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	struct container *c;
	pid_t pid;
	int fd, r = sd_bus_message_read(message, "h", &fd);

	if (r < 0)
		return r;
	r = process_pid_of(fd, &pid);
	if (r == -ESRCH)
		r = fail(&failure, RSS_ERROR_NO_SUCH_PROCESS, "The process has ended");
	else if (r < 0)
		r = fail(&failure, RSS_ERROR_INVALID_ARGUMENT, "The descriptor is not a pidfd");
	if (r >= 0)
		r = find_by_pid(bus, message, pid, &c, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	return reply_path(message, c);
}

/* --- rssd itself -------------------------------------------------------------------------- */

static void detached(const struct attach_row rows[], size_t count, const struct failure *failure,
		     void *userdata)
{
	bus_call_reply_report(userdata, "detached", rows, count, failure);
}

static int method_detach(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	int tree = 0;
	struct bus_option options[] = {
		{ "tree", SD_BUS_TYPE_BOOLEAN, &tree, false },
		{ 0 },
	};
	struct failure failure = { 0 };
	cleanup_free int *fds = NULL;
	struct bus_call *call;
	size_t count;
	int r = bus_read_fds(message, &fds, &count, &failure);

	if (r >= 0)
		r = bus_read_options(message, options, &failure);
	if (r >= 0)
		r = bus_call_new(bus, message, "", NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = detach_start(bus->manager, fds, count, tree ? ATTACH_TREE : 0, call->uid, detached,
			 call, &failure);
	return bus_call_begun(call, r, &failure);
}

/* The declarations that are not in force, in the form of Diagnose. */
static int append_problems(sd_bus_message *reply, const struct problems *problems)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ssss)");

	for (size_t i = 0; i < problems->count && r >= 0; i++) {
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "ssss");
		if (r >= 0)
			r = sd_bus_message_append(reply, "s", severity_name(SEVERITY_ERROR));
		if (r >= 0)
			r = bus_append_text(reply, problems->list[i].file);
		if (r >= 0)
			r = bus_append_text(reply, problems->list[i].text);
		if (r >= 0)
			r = sd_bus_message_append(reply, "s", "Correct the file, then reload.");
		if (r >= 0)
			r = sd_bus_message_close_container(reply);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_reload(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	int r = bus->reload(bus->userdata, &failure);

	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = append_problems(reply, bus->manager->problems);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_finding(sd_bus_message *reply, const struct finding *finding)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "ssss");

	if (r >= 0)
		r = sd_bus_message_append(reply, "ss", severity_name(finding->severity),
					  finding->subject);
	if (r >= 0)
		r = bus_append_text(reply, finding->text);
	if (r >= 0)
		r = bus_append_text(reply, finding->advice);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The text alone is read, so this needs no disk and no right. */
static int method_check_declaration(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	struct failure failure = { 0 };
	const char *file, *text;
	int r = sd_bus_message_read(message, "ss", &file, &text);

	if (r >= 0 && strlen(text) > FILE_FOREIGN_MAX)
		r = fail(&failure, RSS_ERROR_INVALID_ARGUMENT,
			 "%s is longer than a declaration may be", file);
	if (r >= 0)
		r = record_parse(text, strlen(text), file, RECORD_DECLARATION, &record, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	return sd_bus_reply_method_return(message, "s", record->name);
}

static int method_diagnose(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	struct finding findings[FINDINGS_MAX];
	size_t count = diagnose_manager(bus->manager, findings);
	int r = sd_bus_message_new_method_return(message, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ssss)");
	for (size_t i = 0; i < count && r >= 0; i++)
		r = append_finding(reply, &findings[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void dumped(int error, const struct failure *failure, int fd, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	if (bus_call_begin_reply(call, error, failure, &reply))
		bus_call_reply(call, reply, sd_bus_message_append(reply, "h", fd));
}

static int method_dump_metrics(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_call_new(bus, message, "", NULL, &call, &failure);

	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = metrics_file_get(bus->manager, dumped, call, &failure);
	return bus_call_begun(call, r, &failure);
}

static int get_version(sd_bus *b, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", RSSD_VERSION);
}

static int get_controller(sd_bus *b, const char *path, const char *interface, const char *property,
			  sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;

	return sd_bus_message_append(reply, "s", bus->manager->controller->ops->name);
}

static int get_features(sd_bus *b, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	unsigned int features = bus->manager->controller->features;
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");

	for (unsigned int bit = 0; controller_feature_name(bit) && r >= 0; bit++) {
		if (features & (1U << bit))
			r = sd_bus_message_append(reply, "s", controller_feature_name(bit));
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_containers_directory(sd_bus *sdbus, const char *path, const char *interface,
				    const char *property, sd_bus_message *reply, void *userdata,
				    sd_bus_error *error)
{
	struct bus *bus = userdata;

	return sd_bus_message_append(reply, "s", bus->manager->config->containers_directory);
}

const sd_bus_vtable bus_manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Controller", "s", get_controller, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Features", "as", get_features, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("ContainersDirectory", "s", get_containers_directory, 0,
			SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_METHOD_WITH_ARGS("CreateContainer", SD_BUS_ARGS("s", name, "a{sv}", properties),
				SD_BUS_RESULT("o", container), method_create,
				BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("RemoveContainer", SD_BUS_ARGS("s", name, "a{sv}", options),
				SD_BUS_NO_RESULT, method_remove, BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("DelegateContainer", SD_BUS_ARGS("s", name, "u", owner),
				SD_BUS_NO_RESULT, method_delegate, BUS_FOR(ACCESS_ROOT)),
	SD_BUS_METHOD_WITH_ARGS("GetContainer", SD_BUS_ARGS("s", name),
				SD_BUS_RESULT("o", container), method_get, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("GetContainerByPID", SD_BUS_ARGS("u", pid),
				SD_BUS_RESULT("o", container), method_get_by_pid,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("GetContainerByPIDFD", SD_BUS_ARGS("h", pidfd),
				SD_BUS_RESULT("o", container), method_get_by_pidfd,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("ListContainers", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("a(soa{sv})", containers), bus_list_containers,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS(
		"ListCounters", SD_BUS_NO_ARGS,
		SD_BUS_RESULT("s", root, "s", names, "au", flags, "at", limit, "at", wmark_high,
			      "at", wmark_low, "au", processes, "at", usage, "at", peak, "at",
			      failures, "at", reclaimed, "at", oom_events, "at", oom_kills, "at",
			      scanned, "a(ubss)", places, "a(uub)", owners, "at", high, "at", low,
			      "at", min, "at", swap_limit, "at", zswap_limit, "at", threshold),
		bus_list_counters, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("Detach", SD_BUS_ARGS("ah", pidfds, "a{sv}", options),
				SD_BUS_RESULT("a(uss)", report), method_detach,
				BUS_FOR(ACCESS_ATTACH)),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssss)", findings),
				method_reload, BUS_FOR(ACCESS_RELOAD)),
	SD_BUS_METHOD_WITH_ARGS("CheckDeclaration", SD_BUS_ARGS("s", file, "s", text),
				SD_BUS_RESULT("s", name), method_check_declaration,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("Diagnose", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssss)", findings),
				method_diagnose, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("DumpMetrics", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", text),
				method_dump_metrics, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_SIGNAL_WITH_ARGS("EventsLost", SD_BUS_ARGS("t", first, "t", last, "t", time), 0),
	SD_BUS_VTABLE_END,
};
