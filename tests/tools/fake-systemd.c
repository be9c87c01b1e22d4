/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-systemd DIR MOUNT: what rssd uses of systemd, on a private bus. A unit is a file
 * DIR/units/NAME of lines "KEY=VALUE": LoadState, Slice, ControlGroup, MemoryMax, Transient.
 * A limit that is set is written to that file, to a drop-in below DIR, and a moment after the
 * reply to the control file of the cgroup below MOUNT, as systemd does. It prints each change. A
 * unit whose file is written is reported as changed to the clients whose number is in DIR/subscribers.
 * DIR/mood decides about replies: "silent" (none), "refuse", "lazy" (the control file stays), or
 * "hold" (a limit is set without a reply).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define PREFIX	   "/org/freedesktop/systemd1/unit"
#define INTERFACE  "org.freedesktop.systemd1."
#define WRITE_USEC (20 * 1000)

static const char *dir, *mount;
static sd_event *event;
static sd_bus_track *subscribers;

static void read_text(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, size - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
}

static int write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	int r = f && fputs(text, f) >= 0 ? 0 : -1;

	return f && fclose(f) == 0 ? r : -1;
}

static int is_mood(const char *wanted)
{
	char path[512], mood[32];

	(void)snprintf(path, sizeof(path), "%s/mood", dir);
	read_text(path, mood, sizeof(mood));
	mood[strcspn(mood, "\n")] = '\0';
	return !strcmp(mood, wanted);
}

/* The value of a key of a unit; "" if it has none. */
static char *get(const char *unit, const char *key, char *value, size_t size)
{
	char path[512], text[4096];

	(void)snprintf(path, sizeof(path), "%s/units/%s", dir, unit);
	read_text(path, text, sizeof(text));
	*value = '\0';
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t length = strlen(key);

		if (!strncmp(line, key, length) && line[length] == '=')
			(void)snprintf(value, size, "%s", line + length + 1);
	}
	return value;
}

static void dropin_of(const char *unit, int runtime, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/%s/system.control/%s.d/50-MemoryMax.conf", dir,
		       runtime ? "run" : "etc", unit);
}

static void make_parents(const char *path)
{
	char copy[1024];

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (char *at = copy + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(copy, 0755);
		*at = '/';
	}
}

struct write {
	char path[1024], text[32];
};

/* The file "writes" lists what was written, for tests that change the same file next. */
static int write_later(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct write *write = userdata;
	char path[1024];
	FILE *list;

	(void)write_text(write->path, write->text);
	(void)snprintf(path, sizeof(path), "%s/writes", dir);
	list = fopen(path, "a");
	if (list) {
		(void)fprintf(list, "%s %s\n", write->path, write->text);
		(void)fclose(list);
	}
	free(write);
	sd_event_source_unref(source);
	return 0;
}

/* Only one of the files exists. */
static void write_limit(const char *unit, uint64_t limit)
{
	static const char *const files[] = { "memory.max", "memory.limit_in_bytes" };
	char cgroup[512];

	get(unit, "ControlGroup", cgroup, sizeof(cgroup));
	for (size_t i = 0; i < 2 && *cgroup; i++) {
		struct write *write = calloc(1, sizeof(*write));
		sd_event_source *source;

		(void)snprintf(write->path, sizeof(write->path), "%s%s/%s", mount, cgroup,
			       files[i]);
		if (access(write->path, F_OK) < 0) {
			free(write);
			continue;
		}
		if (limit == UINT64_MAX)
			(void)snprintf(write->text, sizeof(write->text), "%s", i ? "-1" : "max");
		else
			(void)snprintf(write->text, sizeof(write->text), "%" PRIu64, limit);
		(void)sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, WRITE_USEC, 1,
						 write_later, write);
	}
}

static void store_limit(const char *unit, int runtime, uint64_t limit)
{
	char path[1024], text[4096], rest[5000] = "";

	dropin_of(unit, runtime, path, sizeof(path));
	make_parents(path);
	(void)snprintf(text, sizeof(text), "MemoryMax=%" PRIu64 "\n", limit);
	(void)write_text(path, text);
	(void)snprintf(path, sizeof(path), "%s/units/%s", dir, unit);
	read_text(path, text, sizeof(text));
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "MemoryMax=", 10) != 0)
			(void)snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest), "%s\n",
				       line);
	}
	(void)snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest), "MemoryMax=%" PRIu64 "\n",
		       limit);
	(void)write_text(path, rest);
}

static int set_properties(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *unit, *name;
	uint64_t limit;
	int runtime, r = sd_bus_message_read(m, "sba(sv)", &unit, &runtime, 1, &name, "t", &limit);

	if (r < 0)
		return r;
	if (is_mood("silent"))
		return 1;
	if (is_mood("refuse"))
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "No, thank you");
	printf("set %s %s %s %" PRIu64 "\n", unit, runtime ? "runtime" : "persistent", name, limit);
	fflush(stdout);
	store_limit(unit, runtime, limit);
	if (!is_mood("lazy"))
		write_limit(unit, limit);
	return is_mood("hold") ? 1 : sd_bus_reply_method_return(m, "");
}

static int load_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	char *path = NULL;
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0)
		return r;
	if (is_mood("silent"))
		return 1;
	if (sd_bus_path_encode(PREFIX, name, &path) < 0)
		return -ENOMEM;
	r = sd_bus_reply_method_return(m, "o", path);
	free(path);
	return r;
}

static int reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	puts("reload");
	fflush(stdout);
	return sd_bus_reply_method_return(m, "");
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const char *unit = userdata;
	char value[512], file[512];

	if (!strcmp(property, "Id"))
		return sd_bus_message_append(reply, "s", unit);
	get(unit, property, value, sizeof(value));
	(void)snprintf(file, sizeof(file), "%s/units/%s", dir, unit);
	if (!strcmp(property, "LoadState") && !*value)
		return sd_bus_message_append(reply, "s",
					     access(file, F_OK) < 0 ? "not-found" : "loaded");
	return sd_bus_message_append(reply, "s", value);
}

static int get_transient(sd_bus *bus, const char *path, const char *interface, const char *property,
			 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	char value[16];

	return sd_bus_message_append(reply, "b", *get(userdata, property, value, 16) != '\0');
}

static int get_limit(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	char value[64];

	get(userdata, property, value, sizeof(value));
	return sd_bus_message_append(reply, "t", *value ? strtoull(value, NULL, 10) : UINT64_MAX);
}

static int get_dropins(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	int r = sd_bus_message_open_container(reply, 'a', "s");

	for (int runtime = 0; runtime < 2 && r >= 0; runtime++) {
		char file[1024];

		dropin_of(userdata, runtime, file, sizeof(file));
		if (access(file, F_OK) == 0)
			r = sd_bus_message_append(reply, "s", file);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The unit of an object path; it is freed at the next call. */
static int find(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
		sd_bus_error *error)
{
	static char *unit;

	free(unit);
	unit = NULL;
	*ret = sd_bus_path_decode(path, PREFIX, &unit) > 0 ? unit : NULL;
	return *ret != NULL;
}

/* A unit's file was written: its state has changed, which systemd reports while it has subscribers. */
static int on_file(sd_event_source *source, const struct inotify_event *file, void *userdata)
{
	sd_bus *bus = userdata;
	sd_bus_message *signal = NULL;
	char *path = NULL;
	int r = sd_bus_track_count(subscribers) > 0 &&
				sd_bus_path_encode(PREFIX, file->name, &path) >= 0
			? 0
			: -1;

	if (r >= 0)
		r = sd_bus_message_new_signal(bus, &signal, path, "org.freedesktop.DBus.Properties",
					      "PropertiesChanged");
	if (r >= 0)
		r = sd_bus_message_append(signal, "sa{sv}as", INTERFACE "Unit", 0, 0);
	if (r >= 0)
		(void)sd_bus_send(bus, signal, NULL);
	sd_bus_message_unref(signal);
	free(path);
	return 0;
}

static int subscribe(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	char path[512], count[16];

	if (strcmp(sd_bus_message_get_member(m), "Subscribe") == 0)
		(void)sd_bus_track_add_sender(subscribers, m);
	else
		(void)sd_bus_track_remove_sender(subscribers, m);
	(void)snprintf(path, sizeof(path), "%s/subscribers", dir);
	(void)snprintf(count, sizeof(count), "%u\n", sd_bus_track_count(subscribers));
	(void)write_text(path, count);
	return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable manager[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Subscribe", "", "", subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Unsubscribe", "", "", subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("LoadUnit", "s", "o", load_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", set_properties,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Reload", "", "", reload, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit_properties[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Id", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("LoadState", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Transient", "b", get_transient, 0, 0),
	SD_BUS_PROPERTY("DropInPaths", "as", get_dropins, 0, 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable type_properties[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("ControlGroup", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Slice", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("MemoryMax", "t", get_limit, 0, 0),
	SD_BUS_VTABLE_END,
};

int main(int argc, char *argv[])
{
	static const char *const types[] = { INTERFACE "Service", INTERFACE "Scope",
					     INTERFACE "Slice" };
	sd_bus *bus = NULL;
	char units[512];
	int r;

	if (argc != 3)
		return 2;
	dir = argv[1];
	mount = argv[2];
	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_track_new(bus, &subscribers, NULL, NULL);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/systemd1",
					     INTERFACE "Manager", manager, NULL);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(bus, NULL, PREFIX, INTERFACE "Unit", unit_properties,
					       find, NULL);
	for (size_t i = 0; i < 3 && r >= 0; i++)
		r = sd_bus_add_fallback_vtable(bus, NULL, PREFIX, types[i], type_properties, find,
					       NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.freedesktop.systemd1", 0);
	(void)snprintf(units, sizeof(units), "%s/units", dir);
	if (r >= 0)
		r = sd_event_add_inotify(event, NULL, units, IN_CLOSE_WRITE | IN_MOVED_TO, on_file,
					 bus);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, 0);
	if (r >= 0) {
		puts("ready");
		fflush(stdout);
		r = sd_event_loop(event);
	}
	fprintf(stderr, "fake-systemd: %s\n", strerror(-r));
	return 1;
}
