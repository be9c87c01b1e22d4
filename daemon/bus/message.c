/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and appending of common types: see message.h. */
#include "bus/message.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "shared/name.h"
#include "shared/text.h"
#include "base/failure.h"
#include "base/log.h"
#include "cgroup/controller.h"
#include "operation/attach-policy.h"
#include "policy/access-policy.h"
#include "policy/oom-record.h"
#include "policy/rule-text.h"
#include "policy/rule.h"
#include "policy/settings.h"
#include "shared/array.h"

/* A day: a longer timeout is a mistake, and would overflow the clock. */
#define TIMEOUT_MAX (24ULL * 3600 * 1000000)

void bus_send_failure(sd_bus_message *message, const char *container, const struct failure *failure)
{
	int r = -EAGAIN;

	for (int i = 0; i < 2 && r < 0; i++)
		r = sd_bus_reply_method_errorf(message, rss_error_to_name(failure->error), "%s",
					       failure->text);
	if (r < 0)
		log_message(LOG_WARNING, container, "A reply could not be sent: %s", strerror(-r));
}

int bus_answer_failure(sd_bus_message *message, int r, const struct failure *failure)
{
	if (failure->error == RSS_ERROR_NONE)
		return r;
	bus_send_failure(message, NULL, failure);
	return 1;
}

/* Reads an integer of the D-Bus type @type into *@ret, or into *@ret_negative if it is below 0. */
static int read_integer(sd_bus_message *message, char type, uint64_t *ret, int64_t *ret_negative)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
	} value;
	int64_t number = 0;
	int r = sd_bus_message_read_basic(message, type, &value);

	if (r < 0)
		return r;
	switch (type) {
	case SD_BUS_TYPE_BYTE:
		number = value.y;
		break;
	case SD_BUS_TYPE_INT16:
		number = value.n;
		break;
	case SD_BUS_TYPE_UINT16:
		number = value.q;
		break;
	case SD_BUS_TYPE_INT32:
		number = value.i;
		break;
	case SD_BUS_TYPE_UINT32:
		number = value.u;
		break;
	case SD_BUS_TYPE_INT64:
		number = value.x;
		break;
	default:
		*ret = value.t;
		return 0;
	}
	*ret_negative = number < 0 ? number : 0;
	*ret = (uint64_t)number;
	return 0;
}

static int read_texts(sd_bus_message *message, const char ***ret)
{
	cleanup_free const char **texts = NULL;
	size_t count = 0, allocated = 0;
	const char *text;
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "s");

	while (r >= 0 && (r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &text)) > 0) {
		if (array_reserve(&texts, count + 1, &allocated, sizeof(*texts)) < 0)
			return -ENOMEM;
		texts[count++] = text;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r >= 0 && !texts)
		texts = calloc(1, sizeof(*texts));
	if (r < 0 || !texts)
		return r < 0 ? r : -ENOMEM;
	texts[count] = NULL;
	*ret = take_ptr(texts);
	return 0;
}

/* The type of its value, for messages. */
static const char *option_type(const struct bus_option *option)
{
	switch (option->type) {
	case SD_BUS_TYPE_UINT64:
		return "t or another integer";
	case SD_BUS_TYPE_BOOLEAN:
		return "b";
	case SD_BUS_TYPE_ARRAY:
		return "as";
	default:
		return "s";
	}
}

/* Many clients send a number as the type that their language prefers. */
static bool accepts(const struct bus_option *option, const char *contents)
{
	if (option->type == SD_BUS_TYPE_ARRAY)
		return strcmp(contents, "as") == 0;
	if (!contents[0] || contents[1])
		return false;
	return contents[0] == option->type ||
	       (option->type == SD_BUS_TYPE_UINT64 && strchr("ynqiux", contents[0]));
}

static int read_contents(sd_bus_message *message, struct bus_option *option, char type,
			 struct failure *failure)
{
	int64_t negative = 0;
	uint64_t number = 0;
	int r;

	if (option->type == SD_BUS_TYPE_ARRAY)
		return read_texts(message, option->value);
	if (option->type != SD_BUS_TYPE_UINT64)
		return sd_bus_message_read_basic(message, type, option->value);
	r = read_integer(message, type, &number, &negative);
	if (r < 0)
		return r;
	if (negative)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "%s must not be negative: %" PRIi64, option->key, negative);
	*(uint64_t *)option->value = number;
	return 0;
}

static int read_value(sd_bus_message *message, struct bus_option *option, struct failure *failure)
{
	const char *contents;
	char kind, type[3] = { 0 };
	int r;

	if (option->seen)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "%s is given twice", option->key);
	r = sd_bus_message_peek_type(message, &kind, &contents);
	if (r < 0)
		return r;
	if (kind != SD_BUS_TYPE_VARIANT || !accepts(option, contents))
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "%s must be of the D-Bus type %s, not %.16s", option->key,
			    option_type(option), contents);
	memcpy(type, contents, strlen(contents));
	r = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, type);
	if (r >= 0)
		r = read_contents(message, option, type[0], failure);
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	option->seen = true;
	return 0;
}

static struct bus_option *find_option(struct bus_option options[], const char *key)
{
	for (struct bus_option *option = options; option->key; option++) {
		if (strcmp(option->key, key) == 0)
			return option;
	}
	return NULL;
}

int bus_read_options(sd_bus_message *message, struct bus_option options[], struct failure *failure)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		struct bus_option *option;
		const char *key;

		r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &key);
		if (r < 0)
			return r;
		option = find_option(options, key);
		if (!option)
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "\"%.64s\" is not a known key", key);
		r = read_value(message, option, failure);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int bus_read_mode(const char *text, enum limit_mode *ret, struct failure *failure)
{
	if (text && limit_mode_parse(text, ret) < 0)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%.32s\" is not a mode; use reclaim, refuse or force", text);
	return 0;
}

int bus_read_limit_options(sd_bus_message *message, enum limit_mode *ret_mode,
			   uint64_t *ret_timeout, int *ret_progress, struct failure *failure)
{
	const char *mode = NULL;
	struct bus_option options[] = {
		{ "mode", SD_BUS_TYPE_STRING, &mode, false },
		{ "timeout", SD_BUS_TYPE_UINT64, ret_timeout, false },
		{ ret_progress ? "progress" : NULL, SD_BUS_TYPE_BOOLEAN, ret_progress, false },
		{ 0 },
	};
	int r = bus_read_options(message, options, failure);

	if (r >= 0)
		r = bus_read_mode(mode, ret_mode, failure);
	if (r >= 0 && *ret_timeout > TIMEOUT_MAX)
		r = fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			 "A timeout of %" PRIu64 " microseconds is longer than a day",
			 *ret_timeout);
	return r;
}

int bus_read_fds(sd_bus_message *message, int **ret, size_t *ret_count, struct failure *failure)
{
	cleanup_free int *fds = NULL;
	size_t count = 0, allocated = 0;
	int fd, r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "h");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read_basic(message, SD_BUS_TYPE_UNIX_FD, &fd)) > 0) {
		if (array_reserve(&fds, count, &allocated, sizeof(*fds)) < 0)
			return -ENOMEM;
		fds[count++] = fd;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	*ret = take_ptr(fds);
	*ret_count = count;
	return 0;
}

int bus_append_text(sd_bus_message *message, const char *text)
{
	cleanup_free char *safe = strdup(text);

	if (!safe)
		return -ENOMEM;
	text_make_safe(safe);
	return sd_bus_message_append(message, "s", safe);
}

static int append_text(sd_bus_message *message, const char *key, const char *text)
{
	return text ? sd_bus_message_append(message, "{sv}", key, "s", text) : 0;
}

int bus_append_number(sd_bus_message *message, const char *key, uint64_t number)
{
	return number != COUNTER_ABSENT ? sd_bus_message_append(message, "{sv}", key, "t", number)
					: 0;
}

static int append_largest(sd_bus_message *message, const struct oom_processes *processes)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");

	if (r >= 0)
		r = sd_bus_message_append(message, "s", "Processes");
	if (r >= 0)
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, "a(uuts)");
	if (r >= 0)
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "(uuts)");
	for (unsigned int i = 0; i < processes->count && r >= 0; i++) {
		const struct oom_process *p = &processes->list[i];

		r = sd_bus_message_append(message, "(uuts)", (uint32_t)p->pid, (uint32_t)p->uid,
					  p->resident, p->command);
	}
	for (int i = 0; i < 3 && r >= 0; i++)
		r = sd_bus_message_close_container(message);
	return r;
}

static int append_snapshot(sd_bus_message *message, const struct oom_snapshot *snapshot)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "Failures", snapshot->failures },
		{ "Reclaimed", snapshot->reclaimed },
		{ "Scanned", snapshot->scanned },
		{ "SwapFree", snapshot->swap_free },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && r >= 0; i++)
		r = bus_append_number(message, rows[i].key, rows[i].value);
	if (r >= 0)
		r = bus_append_parts(message, &snapshot->parts);
	if (r >= 0 && snapshot->processes.count)
		r = append_largest(message, &snapshot->processes);
	return r;
}

/* What the record of a kill by rssd has in addition. */
static int append_kill(sd_bus_message *message, const struct oom_record *kill)
{
	int r = append_text(message, "Cause", kill->cause);

	if (r >= 0)
		r = bus_append_number(message, "Killed", kill->killed);
	if (r >= 0 && kill->requester_uid != (uid_t)-1)
		r = sd_bus_message_append(message, "{sv}", "RequesterUID", "u",
					  (uint32_t)kill->requester_uid);
	if (r >= 0 && kill->requester_pid > 0)
		r = sd_bus_message_append(message, "{sv}", "RequesterPID", "u",
					  (uint32_t)kill->requester_pid);
	return r;
}

static int append_oom_entries(sd_bus_message *message, const struct oom_record *oom)
{
	int r = bus_append_number(message, "ID", oom->id);

	if (r >= 0)
		r = bus_append_number(message, "Time", oom->time);
	if (r >= 0)
		r = append_text(message, "Container", oom->container);
	if (r >= 0)
		r = append_text(message, "LimitOwner", oom->limit_owner);
	if (r >= 0)
		r = append_text(message, "VictimContainer", oom->victim_container);
	if (r >= 0 && oom->victim_pid > 0)
		r = sd_bus_message_append(message, "{sv}", "VictimPID", "u",
					  (uint32_t)oom->victim_pid);
	if (r >= 0 && oom->victim_uid != (uid_t)-1)
		r = sd_bus_message_append(message, "{sv}", "VictimUID", "u",
					  (uint32_t)oom->victim_uid);
	if (r >= 0)
		r = append_text(message, "VictimCommand", oom->victim_command);
	if (r >= 0)
		r = sd_bus_message_append(message, "{sv}", "Group", "b", (int)oom->group);
	if (r >= 0)
		r = bus_append_number(message, "Usage", oom->usage);
	if (r >= 0)
		r = bus_append_number(message, "Limit", oom->limit);
	if (r >= 0)
		r = append_snapshot(message, &oom->snapshot);
	return r < 0 || !oom->cause ? r : append_kill(message, oom);
}

int bus_append_oom(sd_bus_message *message, const struct oom_record *oom, uid_t viewer)
{
	struct oom_record seen;
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0 && oom) {
		seen = access_visible_record(oom, viewer);
		r = append_oom_entries(message, &seen);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int bus_append_oom_entry(sd_bus_message *message, const char *key, const struct oom_record *oom,
			 uid_t viewer)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");

	if (r >= 0)
		r = sd_bus_message_append(message, "s", key);
	if (r >= 0)
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, "a{sv}");
	if (r >= 0)
		r = bus_append_oom(message, oom, viewer);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

size_t bus_count_moved(const struct attach_row rows[], size_t count)
{
	size_t moved = 0;

	for (size_t i = 0; i < count; i++)
		moved += rows[i].outcome == ATTACH_MOVED;
	return moved;
}

int bus_append_report(sd_bus_message *message, const struct attach_row rows[], size_t count)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "(uss)");

	for (size_t i = 0; i < count && r >= 0; i++) {
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_STRUCT, "uss");
		if (r >= 0)
			r = sd_bus_message_append(message, "us", (uint32_t)rows[i].pid,
						  attach_outcome_name(rows[i].outcome));
		if (r >= 0)
			r = bus_append_text(message, rows[i].reason);
		if (r >= 0)
			r = sd_bus_message_close_container(message);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static void creds_unref(sd_bus_creds *creds)
{
	sd_bus_creds_unref(creds);
}
DEFINE_CLEANUP(sd_bus_creds *, creds_unref);

int bus_read_caller(sd_bus_message *message, uid_t *ret_uid, pid_t *ret_pid)
{
	cleanup_(creds_unref_ptr) sd_bus_creds *creds = NULL;
	int r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID, &creds);

	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, ret_uid);
	if (r >= 0)
		r = sd_bus_creds_get_pid(creds, ret_pid);
	return r;
}

const struct bus_counter bus_counters[BUS_COUNTERS] = {
	{ "Usage", offsetof(struct counters, usage) },
	{ "Peak", offsetof(struct counters, peak) },
	{ "Failures", offsetof(struct counters, failures) },
	{ "Reclaimed", offsetof(struct counters, reclaimed) },
	{ "OOMEvents", offsetof(struct counters, oom_events) },
	{ "OOMKills", offsetof(struct counters, oom_kills) },
	{ "Scanned", offsetof(struct counters, scanned) },
};

uint64_t bus_counter(const struct counters *counters, size_t i)
{
	assert(i < BUS_COUNTERS);
	return *(const uint64_t *)((const char *)counters + bus_counters[i].offset);
}

const struct bus_counter bus_parts[BUS_PARTS] = {
	{ "Anonymous", offsetof(struct memory_parts, anon) },
	{ "File", offsetof(struct memory_parts, file) },
	{ "Shmem", offsetof(struct memory_parts, shmem) },
	{ "Kernel", offsetof(struct memory_parts, kernel) },
	{ "Mapped", offsetof(struct memory_parts, mapped) },
	{ "Locked", offsetof(struct memory_parts, locked) },
	{ "Swap", offsetof(struct memory_parts, swap) },
	{ "PressureSome", offsetof(struct memory_parts, pressure_some) },
	{ "PressureFull", offsetof(struct memory_parts, pressure_full) },
	{ "PressureSomeAvg10", offsetof(struct memory_parts, pressure_some_avg10) },
	{ "PressureFullAvg10", offsetof(struct memory_parts, pressure_full_avg10) },
	{ "PressureSomeAvg60", offsetof(struct memory_parts, pressure_some_avg60) },
	{ "PressureFullAvg60", offsetof(struct memory_parts, pressure_full_avg60) },
	{ "PressureSomeAvg300", offsetof(struct memory_parts, pressure_some_avg300) },
	{ "PressureFullAvg300", offsetof(struct memory_parts, pressure_full_avg300) },
	{ "ZSwap", offsetof(struct memory_parts, zswap) },
};

uint64_t bus_part(const struct memory_parts *parts, size_t i)
{
	assert(i < BUS_PARTS);
	return *(const uint64_t *)((const char *)parts + bus_parts[i].offset);
}

int bus_append_parts(sd_bus_message *message, const struct memory_parts *parts)
{
	int r = 0;

	for (size_t i = 0; i < BUS_OOM_PARTS && r >= 0; i++)
		r = bus_append_number(message, bus_parts[i].property, bus_part(parts, i));
	return r;
}

int bus_append_rules(sd_bus_message *message, const struct rules *rules)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "s");

	for (size_t i = 0; rules && i < rules->count && r >= 0; i++) {
		cleanup_free char *text = rule_format(&rules->list[i]);

		r = text ? bus_append_text(message, text) : -ENOMEM;
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

char *bus_container_of_call(sd_bus_message *message)
{
	const char *text = "";
	char type, *name;

	if (name_from_object_path(sd_bus_message_get_path(message), &name) == 0)
		return name;
	if (sd_bus_message_peek_type(message, &type, NULL) > 0 && type == SD_BUS_TYPE_STRING &&
	    sd_bus_message_read_basic(message, type, &text) < 0)
		text = "";
	name = strdup(text);
	(void)sd_bus_message_rewind(message, true);
	return name;
}
