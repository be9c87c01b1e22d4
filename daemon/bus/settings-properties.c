/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings on D-Bus: see settings-properties.h. */
#include "bus/settings-properties.h"

#include <errno.h>
#include <stdlib.h>

#include "base/failure.h"
#include "bus/entries.h"
#include "bus/options.h"
#include "container/container.h"
#include "policy/place.h"
#include "policy/rule-text.h"
#include "policy/settings.h"
#include "shared/cleanup.h"
#include "shared/pressure-trigger.h"

static char bus_type(const struct setting *setting)
{
	static const char types[] = {
		[SETTING_SIZE] = SD_BUS_TYPE_UINT64,
		[SETTING_FLAG] = SD_BUS_TYPE_BOOLEAN,
		[SETTING_PRESSURE_TRIGGER] = SD_BUS_TYPE_STRING,
	};

	return types[setting->type];
}

static bool may_be_unlimited(const struct setting *setting)
{
	return setting->type == SETTING_SIZE;
}

/* The settings that are named in Unlimited become infinite. */
static int put_unlimited(const char *const names[], struct settings_change *change,
			 struct failure *failure)
{
	for (; names && *names; names++) {
		const struct setting *setting = setting_by_property(*names);

		if (!setting || !may_be_unlimited(setting))
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "Unlimited names no setting with a size: %.50s", *names);
		if (change->set & setting->bit)
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "%s is given twice: Unlimited names it, too",
				    setting->property);
		change->set |= setting->bit;
		setting_put(setting, &change->to, LIMIT_INFINITY);
	}
	return 0;
}

int bus_read_settings(sd_bus_message *message, struct settings_change *ret,
		      struct bus_creation *ret_creation, struct rules **ret_join,
		      struct failure *failure)
{
	/* A row for each setting, in the order of the table, the other keys, and the end. */
	struct bus_option options[SETTINGS_MAX + 7] = { 0 };
	cleanup_free const char **texts = NULL, **unlimited = NULL;
	struct bus_option *place;
	const char *unit = NULL, *cgroup = NULL;
	union {
		uint64_t size;
		int flag;
		const char *text;
	} values[SETTINGS_MAX] = { 0 };
	const char *problem = NULL;
	uint64_t pressure = 0;
	struct settings_change change = { 0 };
	uint64_t owner = 0;
	int transient = 0, r;
	size_t n = 0;

	for_each_setting(setting) {
		options[n] = (struct bus_option){ .key = setting->property,
						  .type = bus_type(setting),
						  .value = &values[n] };
		n++;
	}
	options[n++] = (struct bus_option){ .key = "Unlimited",
					    .type = SD_BUS_TYPE_ARRAY,
					    .value = &unlimited };
	if (ret_join)
		options[n++] = (struct bus_option){ .key = "Join",
						    .type = SD_BUS_TYPE_ARRAY,
						    .value = &texts };
	place = &options[n];
	if (ret_creation) {
		place[0] = (struct bus_option){ "Unit", SD_BUS_TYPE_STRING, &unit, false };
		place[1] =
			(struct bus_option){ "ControlGroup", SD_BUS_TYPE_STRING, &cgroup, false };
		place[2] =
			(struct bus_option){ "Transient", SD_BUS_TYPE_BOOLEAN, &transient, false };
		place[3] = (struct bus_option){ "Owner", SD_BUS_TYPE_UINT64, &owner, false };
	}
	r = bus_read_options(message, options, failure);
	if (r < 0)
		return r;
	if (place[0].seen && place[1].seen)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "Unit and ControlGroup exclude each other; give one of them");
	if (owner >= (uid_t)-1)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "Invalid user ID");
	n = 0;
	for_each_setting(setting) {
		if (options[n].seen) {
			change.set |= setting->bit;
			if (setting->type == SETTING_PRESSURE_TRIGGER)
				problem = pressure_trigger_parse(values[n].text, &pressure);
			setting_put(setting, &change.to,
				    setting->type == SETTING_PRESSURE_TRIGGER ? pressure
				    : setting->type == SETTING_FLAG ? (uint64_t)values[n].flag
								    : values[n].size);
			if (problem)
				return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "%s %s",
					    setting->property, problem);
		}
		n++;
	}
	r = put_unlimited(unlimited, &change, failure);
	if (r < 0)
		return r;
	if (texts) {
		r = rules_parse_texts(texts, ret_join, failure);
		if (r < 0)
			return r;
		change.join = *ret_join;
	}
	*ret = change;
	if (!ret_creation)
		return 0;
	*ret_creation = (struct bus_creation){
		.transient = transient,
		.has_owner = place[3].seen,
		.owner = (uid_t)owner,
	};
	if (place[0].seen || place[1].seen) {
		ret_creation->place = place_new(unit ? PLACE_UNIT : PLACE_CGROUP, unit ?: cgroup);
		if (!ret_creation->place)
			return -ENOMEM;
	}
	return 0;
}

static int append_value(sd_bus_message *message, const struct setting *setting,
			const struct settings *settings)
{
	uint64_t value = setting_get(setting, settings);
	char text[PRESSURE_TRIGGER_TEXT_MAX];

	if (setting->type == SETTING_PRESSURE_TRIGGER)
		return sd_bus_message_append(message, "s", pressure_trigger_format(value, text));
	if (setting->type == SETTING_FLAG)
		return sd_bus_message_append(message, "b", (int)value);
	return sd_bus_message_append(message, "t", value);
}

static int append_entry(sd_bus_message *message, const struct setting *setting,
			const struct settings *settings)
{
	const char type[] = { bus_type(setting), '\0' };
	int r = bus_open_entry(message, setting->property, type);

	if (r >= 0)
		r = append_value(message, setting, settings);
	return r < 0 ? r : bus_close_entry(message);
}

/* Appends the names of the settings in the mask @which. */
static int append_names(sd_bus_message *message, unsigned int which)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "s");

	for_each_setting(setting) {
		if (r >= 0 && (which & setting->bit))
			r = sd_bus_message_append(message, "s", setting->property);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

/* The same as an entry of an a{sv}. */
static int append_names_entry(sd_bus_message *message, const char *key, unsigned int which)
{
	int r = bus_open_entry(message, key, "as");

	if (r >= 0)
		r = append_names(message, which);
	return r < 0 ? r : bus_close_entry(message);
}

/* A mask of the settings that are infinite. */
static unsigned int unlimited_in(const struct settings *settings)
{
	unsigned int unlimited = 0;

	for_each_setting(setting) {
		if (may_be_unlimited(setting) && setting_get(setting, settings) == LIMIT_INFINITY)
			unlimited |= setting->bit;
	}
	return unlimited;
}

int bus_append_settings(sd_bus_message *message, unsigned int which,
			const struct settings *settings)
{
	int r = 0;

	for_each_setting(setting) {
		if (r >= 0 && (which & setting->bit))
			r = append_entry(message, setting, settings);
	}
	return r;
}

int bus_append_unlimited(sd_bus_message *message, unsigned int which,
			 const struct settings *settings)
{
	return append_names_entry(message, "Unlimited", which & unlimited_in(settings));
}

int bus_append_supported(sd_bus_message *message, unsigned int supported)
{
	return append_names(message, supported);
}

int bus_append_supported_entry(sd_bus_message *message, unsigned int supported)
{
	return append_names_entry(message, "Settings", supported);
}

static int get_setting(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct setting *setting = setting_by_property(property);
	const struct container *c = userdata;

	return setting ? append_value(reply, setting, &c->settings) : -EINVAL;
}

static int get_unlimited(sd_bus *bus, const char *path, const char *interface, const char *property,
			 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;

	return append_names(reply, container_supported(c) & unlimited_in(&c->settings));
}

sd_bus_vtable *bus_settings_properties(void)
{
	static const char *const signatures[] = {
		[SETTING_SIZE] = "t",
		[SETTING_FLAG] = "b",
		[SETTING_PRESSURE_TRIGGER] = "s",
	};
	sd_bus_vtable *vtable = calloc(SETTINGS_MAX + 3, sizeof(*vtable)), *at = vtable;

	if (!vtable)
		return NULL;
	*at++ = (sd_bus_vtable)SD_BUS_VTABLE_START(0);
	for_each_setting(setting) {
		*at++ = (sd_bus_vtable)SD_BUS_PROPERTY(setting->property, signatures[setting->type],
						       get_setting, 0,
						       SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE);
	}
	*at++ = (sd_bus_vtable)SD_BUS_PROPERTY("Unlimited", "as", get_unlimited, 0,
					       SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE);
	*at = (sd_bus_vtable)SD_BUS_VTABLE_END;
	return vtable;
}
