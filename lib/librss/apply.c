/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of several containers: applied together, and compared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"
#include "librss/settings.h"

/* --- apply ----------------------------------------------------------------- */

static int append_changes(sd_bus_message *call, const struct rss_change changes[], size_t count)
{
	int r = sd_bus_message_open_container(call, 'a', "(sa{sv})");

	for (size_t i = 0; i < count && r >= 0; i++) {
		r = sd_bus_message_open_container(call, 'r', "sa{sv}");
		if (r >= 0)
			r = sd_bus_message_append(call, "s", changes[i].name);
		if (r >= 0)
			r = client_settings_append(call, &changes[i].settings);
		if (r >= 0)
			r = sd_bus_message_close_container(call);
	}
	return r < 0 ? r : sd_bus_message_close_container(call);
}

static int append_options(sd_bus_message *call, enum rss_limit_mode mode, uint64_t timeout)
{
	if (timeout)
		return sd_bus_message_append(call, "a{sv}", 2, "mode", "s", limit_mode_names[mode],
					     "timeout", "t", timeout);
	return sd_bus_message_append(call, "a{sv}", 1, "mode", "s", limit_mode_names[mode]);
}

static int read_outcomes(sd_bus_message *reply, struct rss_change changes[], size_t count,
			 bool forecast)
{
	const char *name, *word;
	uint64_t usage;
	int r = sd_bus_message_enter_container(reply, 'a', "(sts)");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(reply, "(sts)", &name, &usage, &word)) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (strcmp(changes[i].name, name))
				continue;
			if (forecast)
				changes[i].verdict = verdict_from_name(word);
			else
				changes[i].outcome = limit_outcome_from_name(word);
			changes[i].usage = usage;
		}
	}
	return r;
}

static int call_apply(struct rss_client *client, struct rss_change changes[], size_t count,
		      enum rss_limit_mode mode, uint64_t timeout, bool forecast)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int r;

	r = client_check_mode(client, mode);
	if (r < 0)
		return r;
	r = client_method(client, NULL, forecast ? "ForecastApply" : "Apply", &call);
	if (r < 0)
		return r;
	r = append_changes(call, changes, count);
	if (r >= 0)
		r = append_options(call, mode, timeout);
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, NULL, forecast ? CALL_SHORT : CALL_FOR_EVER, &reply);
	if (r < 0)
		return r;
	r = read_outcomes(reply, changes, count, forecast);
	return r < 0 ? client_fail_message(client, r) : 0;
}

static bool changes_are_complete(const struct rss_change changes[], size_t count)
{
	if (!changes && count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!changes[i].name)
			return false;
	return true;
}

int rss_apply(struct rss_client *client, struct rss_change changes[], size_t count,
	      enum rss_limit_mode mode, uint64_t timeout)
{
	REQUIRE(client, changes_are_complete(changes, count));
	return call_apply(client, changes, count, mode, timeout, false);
}

int rss_apply_forecast(struct rss_client *client, struct rss_change changes[], size_t count,
		       enum rss_limit_mode mode)
{
	REQUIRE(client, changes_are_complete(changes, count));
	return call_apply(client, changes, count, mode, 0, true);
}

/* --- diff ------------------------------------------------------------------- */

struct differences {
	struct rss_difference *rows;
	size_t count, allocated;
};

static void differences_done(struct differences *differences)
{
	differences->rows = rss_differences_free(differences->rows, differences->count);
}

static int read_difference(sd_bus_message *reply, struct differences *differences)
{
	struct rss_difference *row;
	const char *name;
	int r = array_reserve(&differences->rows, differences->count, &differences->allocated,
			      sizeof(*differences->rows));

	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &name);
	if (r < 0)
		return r;
	row = &differences->rows[differences->count++];
	*row = (struct rss_difference){ .name = strdup(name) };
	if (!row->name)
		return -ENOMEM;
	r = client_settings_read(reply, &row->declared);
	if (r >= 0)
		r = client_settings_read(reply, &row->stored);
	if (r >= 0)
		r = client_kernel_read(reply, row);
	row->differs = client_settings_difference(&row->declared, &row->stored) |
		       client_settings_difference(&row->stored, &row->kernel);
	/* A declared container that does not exist differs in all settings. */
	if (!row->stored.set)
		row->differs = row->declared.set;
	return r;
}

static int read_differences(sd_bus_message *reply, struct differences *differences)
{
	int r = sd_bus_message_enter_container(reply, 'a', "(sa{sv}a{sv}a{sv})");

	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "sa{sv}a{sv}a{sv}")) > 0) {
		r = read_difference(reply, differences);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	return r;
}

int rss_diff(struct rss_client *client, struct rss_difference **ret, size_t *ret_count)
{
	cleanup_(differences_done) struct differences differences = { 0 };
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int r;

	REQUIRE(client, ret && ret_count);
	r = client_method(client, NULL, "Diff", &call);
	if (r >= 0)
		r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = read_differences(reply, &differences);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(differences.rows);
	*ret_count = differences.count;
	return 0;
}

struct rss_difference *rss_differences_free(struct rss_difference *rows, size_t count)
{
	for (size_t i = 0; rows && i < count; i++)
		free((void *)rows[i].name);
	free(rows);
	return NULL;
}
