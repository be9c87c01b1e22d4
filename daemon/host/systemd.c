/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls to systemd: see systemd.h. */
#include "host/systemd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/failure.h"
#include "policy/place.h"
#include "shared/cleanup.h"
#include "shared/text.h"

#define SYSTEMD_BUS	"org.freedesktop.systemd1"
#define SYSTEMD_PATH	"/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT	"org.freedesktop.systemd1.Unit"

/* The longest wait for a reply. */
#define REPLY_USEC (5 * 1000 * 1000)
/* A reload reads all units. */
#define RELOAD_USEC (30 * 1000 * 1000)
#define DROPIN_ROOT "/system.control/"
/* The directories of drop-ins are /etc and /run; the last round finds none. */
#define RESTORE_ROUNDS 3
/* The directory of the drop-ins of transient units. */
#define TRANSIENT_ROOT "/systemd/transient/"
#define RUNTIME_ROOT   "/run/"

/* The properties that are settings. MemoryZSwapMax= is known since systemd 253. */
static const struct {
	unsigned int setting;
	const char *name;
	const char *dropin; /* of `systemctl set-property` */
} properties[] = {
	{ SETTING_LIMIT, "MemoryMax", "/50-MemoryMax.conf" },
	{ SETTING_HIGH, "MemoryHigh", "/50-MemoryHigh.conf" },
	{ SETTING_LOW, "MemoryLow", "/50-MemoryLow.conf" },
	{ SETTING_MIN, "MemoryMin", "/50-MemoryMin.conf" },
	{ SETTING_SWAP_LIMIT, "MemorySwapMax", "/50-MemorySwapMax.conf" },
	{ SETTING_ZSWAP_LIMIT, "MemoryZSwapMax", "/50-MemoryZSwapMax.conf" },
};

static void bus_close(sd_bus *bus)
{
	sd_bus_flush_close_unref(bus);
}
DEFINE_CLEANUP(sd_bus *, bus_close);

static void message_unref(sd_bus_message *message)
{
	sd_bus_message_unref(message);
}
DEFINE_CLEANUP(sd_bus_message *, message_unref);

static void free_strings(char ***strings)
{
	for (char **at = *strings; at && *at; at++)
		free(*at);
	free(*strings);
}

void systemd_unit_done(struct systemd_unit *unit)
{
	free(unit->id);
	free(unit->cgroup);
	free(unit->dropins);
	*unit = (struct systemd_unit){ 0 };
}

static int connect_bus(sd_bus **ret, struct failure *failure)
{
	int r = sd_bus_open_system(ret);

	return r < 0 ? fail(failure, RSS_ERROR_SYSTEMD_FAILED,
			    "Cannot ask systemd: the system bus cannot be reached: %s",
			    strerror(-r))
		     : 0;
}

/* Explains a call about @unit that failed. */
static int fail_call(const char *unit, int r, const sd_bus_error *error, struct failure *failure)
{
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	    sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		return fail(failure, RSS_ERROR_SYSTEMD_FAILED,
			    "systemd is not on the system bus, so the unit %s cannot be limited; "
			    "on a machine with another init, use rules",
			    unit);
	if (r == -ETIMEDOUT || sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
	    sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT))
		return fail(failure, RSS_ERROR_SYSTEMD_FAILED,
			    "systemd did not answer about the unit %s within %d seconds; try "
			    "again later",
			    unit, REPLY_USEC / 1000000);
	return fail(failure, RSS_ERROR_SYSTEMD_FAILED,
		    "systemd refused a call about the unit %s: %.200s", unit,
		    error->message ?: strerror(-r));
}

/* --- reading a unit ---------------------------------------------------------------- */

static int load_unit(sd_bus *bus, const char *name, char **ret_path, struct failure *failure)
{
	cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	cleanup_(message_unref_ptr) sd_bus_message *call = NULL, *reply = NULL;
	const char *path;
	int r = sd_bus_message_new_method_call(bus, &call, SYSTEMD_BUS, SYSTEMD_PATH,
					       SYSTEMD_MANAGER, "LoadUnit");

	if (r >= 0)
		r = sd_bus_message_append(call, "s", name);
	if (r >= 0)
		r = sd_bus_call(bus, call, REPLY_USEC, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return fail_call(name, r, &error, failure);
	*ret_path = strdup(path);
	return *ret_path ? 0 : fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
}

/* Reads all properties of an interface; the reply is at the first entry. */
static int get_all(sd_bus *bus, const char *path, const char *interface, sd_bus_message **ret,
		   sd_bus_error *error)
{
	cleanup_(message_unref_ptr) sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(bus, &call, SYSTEMD_BUS, path,
					       "org.freedesktop.DBus.Properties", "GetAll");

	if (r >= 0)
		r = sd_bus_message_append(call, "s", interface);
	if (r >= 0)
		r = sd_bus_call(bus, call, REPLY_USEC, error, ret);
	return r < 0 ? r : sd_bus_message_enter_container(*ret, SD_BUS_TYPE_ARRAY, "{sv}");
}

/* A property that is wanted, and where its value is stored. */
struct wanted {
	const char *name, *type; /* "s": a char *, "as": a char **, "t": a uint64_t, "b": an int */
	void *value;
};

static int read_value(sd_bus_message *reply, const struct wanted *wanted)
{
	const char *text;
	int r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, wanted->type);

	if (r < 0)
		return r;
	if (strcmp(wanted->type, "as") == 0) {
		r = sd_bus_message_read_strv(reply, wanted->value);
	} else if (strcmp(wanted->type, "s") != 0) {
		r = sd_bus_message_read(reply, wanted->type, wanted->value);
	} else {
		r = sd_bus_message_read(reply, "s", &text);
		if (r >= 0 && !(*(char **)wanted->value = strdup(text)))
			r = -ENOMEM;
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int read_properties(sd_bus *bus, const char *path, const char *interface,
			   const struct wanted wanted[], sd_bus_error *error)
{
	cleanup_(message_unref_ptr) sd_bus_message *reply = NULL;
	int r = get_all(bus, path, interface, &reply, error);

	while (r >= 0 &&
	       (r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		const struct wanted *at = wanted;
		const char *name;

		r = sd_bus_message_read(reply, "s", &name);
		if (r < 0)
			return r;
		while (at->name && strcmp(at->name, name) != 0)
			at++;
		r = at->name ? read_value(reply, at) : sd_bus_message_skip(reply, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	return r < 0 ? r : 0;
}

static const char *interface_of(const char *unit)
{
	const char *suffix = strrchr(unit, '.');

	if (suffix && strcmp(suffix, ".scope") == 0)
		return "org.freedesktop.systemd1.Scope";
	if (suffix && strcmp(suffix, ".slice") == 0)
		return "org.freedesktop.systemd1.Slice";
	return "org.freedesktop.systemd1.Service";
}

/* Returns true if it is a drop-in of set-property for one of the settings in @which. */
static bool is_control_dropin(const char *path, unsigned int which)
{
	if (!strstr(path, DROPIN_ROOT) && !strstr(path, TRANSIENT_ROOT))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if ((which & properties[i].setting) &&
		    text_ends_with(path, strlen(path), properties[i].dropin))
			return true;
	}
	return false;
}

/* Selects the drop-ins of set-property, one path per line; *ret is NULL if there are none. */
static int keep_control_dropins(char **paths, char **ret)
{
	cleanup_free char *kept = NULL;

	for (char **path = paths; path && *path; path++) {
		char *more;

		if (!is_control_dropin(*path, SETTINGS_OF_UNITS))
			continue;
		if (asprintf(&more, "%s%s\n", kept ?: "", *path) < 0)
			return -ENOMEM;
		free(kept);
		kept = more;
	}
	*ret = take_ptr(kept);
	return 0;
}

static int read_unit(sd_bus *bus, const char *name, const char *path, struct systemd_unit *ret,
		     struct failure *failure)
{
	cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	cleanup_free char *state = NULL, *slice = NULL;
	cleanup_(free_strings) char **dropins = NULL;
	int transient = 0;
	const struct wanted of_unit[] = {
		{ "Id", "s", &ret->id },
		{ "LoadState", "s", &state },
		{ "DropInPaths", "as", &dropins },
		{ "Transient", "b", &transient },
		{ 0 },
	};
	struct wanted of_type[2 + ARRAY_SIZE(properties) + 1] = {
		{ "ControlGroup", "s", &ret->cgroup },
		{ "Slice", "s", &slice },
	};
	int r = read_properties(bus, path, SYSTEMD_UNIT, of_unit, &error);

	if (r < 0)
		return fail_call(name, r, &error, failure);
	if (!state || strcmp(state, "not-found") == 0)
		return fail(
			failure, RSS_ERROR_NO_SUCH_UNIT,
			"systemd knows no unit %s; systemctl lists all units. A unit of a user's "
			"manager is limited by the user: use user@UID.service, which has them all",
			name);
	if (strcmp(state, "masked") == 0)
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "The unit %s is masked, so it never runs; systemctl unmask it first",
			    name);
	if (strcmp(state, "loaded") != 0)
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "systemd cannot load the unit %s (%.32s); systemctl status says why",
			    name, state);
	ret->transient = transient;
	ret->settings = settings_default();
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		of_type[2 + i] =
			(struct wanted){ properties[i].name, "t",
					 (char *)&ret->settings +
						 setting_by_bit(properties[i].setting)->offset };
	r = read_properties(bus, path, interface_of(ret->id ?: name), of_type, &error);
	if (r < 0)
		return fail_call(name, r, &error, failure);
	if (keep_control_dropins(dropins, &ret->dropins) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	if (!ret->id)
		ret->id = strdup(name);
	ret->running = ret->cgroup && *ret->cgroup;
	if (!ret->running) {
		free(ret->cgroup);
		ret->cgroup = place_cgroup_of_unit(name, slice && *slice ? slice : "system.slice");
	}
	return ret->id && ret->cgroup ? 0
				      : fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
}

int systemd_read_unit(const char *name, struct systemd_unit *ret, struct failure *failure)
{
	cleanup_(bus_close_ptr) sd_bus *bus = NULL;
	cleanup_free char *path = NULL;
	int r = connect_bus(&bus, failure);

	if (r == 0)
		r = load_unit(bus, name, &path, failure);
	return r < 0 ? r : read_unit(bus, name, path, ret, failure);
}

/* --- changing a unit ---------------------------------------------------------------- */

static int append_property(sd_bus_message *call, const char *property, uint64_t value)
{
	return sd_bus_message_append(call, "(sv)", property, "t", value);
}

static int append_properties(sd_bus_message *call, unsigned int which,
			     const struct settings *settings)
{
	int r = sd_bus_message_open_container(call, SD_BUS_TYPE_ARRAY, "(sv)");

	for (size_t i = 0; i < ARRAY_SIZE(properties) && r >= 0; i++) {
		if (which & properties[i].setting)
			r = append_property(call, properties[i].name,
					    setting_get(setting_by_bit(properties[i].setting),
							settings));
	}
	return r < 0 ? r : sd_bus_message_close_container(call);
}

static int set_properties(sd_bus *bus, const char *unit, unsigned int which,
			  const struct settings *settings, bool runtime, struct failure *failure)
{
	cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	cleanup_(message_unref_ptr) sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(bus, &call, SYSTEMD_BUS, SYSTEMD_PATH,
					       SYSTEMD_MANAGER, "SetUnitProperties");

	if (r >= 0)
		r = sd_bus_message_append(call, "sb", unit, (int)runtime);
	if (r >= 0)
		r = append_properties(call, which, settings);
	if (r >= 0)
		r = sd_bus_call(bus, call, REPLY_USEC, &error, NULL);
	return r < 0 ? fail_call(unit, r, &error, failure) : 0;
}

int systemd_set_properties(const char *unit, unsigned int which, const struct settings *settings,
			   bool runtime, struct failure *failure)
{
	cleanup_(bus_close_ptr) sd_bus *bus = NULL;
	int r = connect_bus(&bus, failure);

	return r < 0 ? r : set_properties(bus, unit, which, settings, runtime, failure);
}

static int reload(sd_bus *bus, const char *unit, struct failure *failure)
{
	cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	cleanup_(message_unref_ptr) sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(bus, &call, SYSTEMD_BUS, SYSTEMD_PATH,
					       SYSTEMD_MANAGER, "Reload");

	if (r >= 0)
		r = sd_bus_call(bus, call, RELOAD_USEC, &error, NULL);
	return r < 0 ? fail_call(unit, r, &error, failure) : 0;
}

static bool has_line(const char *lines, const char *line, size_t length)
{
	while (lines && *lines) {
		size_t at = strcspn(lines, "\n");

		if (at == length && strncmp(lines, line, length) == 0)
			return true;
		lines += at + (lines[at] == '\n');
	}
	return false;
}

/* Removes a drop-in, and its directory if that is then empty. */
static int remove_dropin(char *path)
{
	char *slash = strrchr(path, '/');

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	*slash = '\0';
	(void)rmdir(path);
	*slash = '/';
	return 0;
}

/* Removes the drop-ins of @now for settings in @which that are not in @before. Return: their number, or a failure. */
static int remove_dropins(const char *now, const char *before, unsigned int which,
			  struct failure *failure)
{
	int removed = 0;

	for (const char *line = now; line && *line;) {
		size_t length = strcspn(line, "\n");
		cleanup_free char *path = strndup(line, length);
		int r = 0;

		if (!path)
			return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
		if (is_control_dropin(path, which) && !has_line(before, line, length)) {
			r = remove_dropin(path);
			removed++;
		}
		if (r < 0)
			return fail(failure, RSS_ERROR_SYSTEMD_FAILED,
				    "The drop-in %.256s cannot be removed: %s; remove it, then run "
				    "systemctl daemon-reload",
				    path, strerror(-r));
		line += length + (line[length] == '\n');
	}
	return removed;
}

int systemd_restore_properties(const char *unit, unsigned int which,
			       const struct settings *settings, const char *dropins,
			       struct failure *failure)
{
	cleanup_(systemd_unit_done) struct systemd_unit now = { 0 };
	cleanup_(bus_close_ptr) sd_bus *bus = NULL;
	cleanup_free char *path = NULL;
	bool runtime = !dropins || strncmp(dropins, RUNTIME_ROOT, strlen(RUNTIME_ROOT)) == 0;
	int r = connect_bus(&bus, failure);

	if (r == 0)
		r = load_unit(bus, unit, &path, failure);
	if (r == 0)
		r = read_unit(bus, unit, path, &now, failure);
	if (r < 0)
		return failure->error == RSS_ERROR_NO_SUCH_UNIT ? 0 : r;
	/* Nothing was set, so there is nothing to restore. */
	if (!(settings_difference(&now.settings, settings) & which) &&
	    strcmp(now.dropins ?: "", dropins ?: "") == 0)
		return 0;
	r = set_properties(bus, unit, which, settings, runtime, failure);
	if (r < 0)
		return r;
	/*
	 * That call has made drop-ins, which are removed as well. If there was one of the same name
	 * in another directory, systemd only reports the new one after it has been reloaded.
	 */
	for (int round = 0; round < RESTORE_ROUNDS; round++) {
		systemd_unit_done(&now);
		r = read_unit(bus, unit, path, &now, failure);
		if (r == 0)
			r = remove_dropins(now.dropins, dropins, which, failure);
		if (r <= 0)
			return r;
		r = reload(bus, unit, failure);
		if (r < 0)
			return r;
	}
	return 0;
}
