/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.rssd1.Manager for settings of several containers. The vtable is at the bottom. */
#include <errno.h>
#include <string.h>

#include "base/failure.h"
#include "base/message-ids.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/options.h"
#include "bus/pending-call.h"
#include "bus/settings-properties.h"
#include "container/manager.h"
#include "operation/transaction.h"
#include "policy/drift.h"
#include "report/diff.h"
#include "report/forecast-transaction.h"
#include "shared/array.h"

/* --- a transaction ------------------------------------------------------------------- */

/* Only one transaction runs at a time, so this call's transaction is the manager's. */
static void cancel_transaction(struct bus_call *call)
{
	struct transaction *transaction = call->bus->manager->transaction;

	if (transaction)
		transaction_cancel(transaction);
}

static void applied(int error, const struct failure *failure, const struct transaction_step steps[],
		    size_t count, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (error < 0)
		bus_call_log_refused(call, failure);
	for (size_t i = 0; error == 0 && i < count; i++)
		log_field_add(&call->log_fields, "RSSD_CONTAINER=%s", steps[i].name);
	bus_call_log_id(call, MESSAGE_APPLIED, "settings of %zu containers changed together",
			count);
	if (!bus_call_begin_reply(call, error, failure, &reply))
		return;
	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sts)");
	for (size_t i = 0; i < count && r >= 0; i++)
		r = sd_bus_message_append(reply, "(sts)", steps[i].name, steps[i].usage,
					  change_outcome_name(steps[i].outcome));
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	bus_call_reply(call, reply, r);
}

static int read_steps(sd_bus_message *message, struct transaction_step **ret, size_t *ret_count,
		      struct failure *failure)
{
	cleanup_free struct transaction_step *steps = NULL;
	size_t count = 0, allocated = 0;
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(sa{sv})");

	while (r >= 0 &&
	       (r = sd_bus_message_enter_container(message, SD_BUS_TYPE_STRUCT, "sa{sv}")) > 0) {
		if (array_reserve(&steps, count, &allocated, sizeof(*steps)) < 0)
			return -ENOMEM;
		steps[count] = (struct transaction_step){ 0 };
		r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &steps[count].name);
		if (r >= 0)
			r = bus_read_settings(message, &steps[count].change, NULL, NULL, failure);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
		if (++count > TRANSACTION_MAX)
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "More than %d containers in one transaction; use several",
				    TRANSACTION_MAX);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	*ret = take_ptr(steps);
	*ret_count = count;
	return 0;
}

static int method_apply(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_free struct transaction_step *steps = NULL;
	enum limit_mode mode = LIMIT_MODE_RECLAIM;
	struct transaction *transaction;
	struct failure failure = { 0 };
	struct requester requester;
	uint64_t timeout = 0;
	struct bus_call *call;
	size_t count = 0;
	int r = read_steps(message, &steps, &count, &failure);

	if (r >= 0)
		r = bus_read_limit_options(message, &mode, &timeout, NULL, &failure);
	if (r >= 0)
		r = bus_call_new(bus, message, "", cancel_transaction, &call, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	requester = bus_call_requester(call);
	r = transaction_start(bus->manager, steps, count, mode, timeout, &requester, applied, call,
			      &transaction, &failure);
	return bus_call_begun(call, r, &failure);
}

/* --- forecast ----------------------------------------------------------------------------- */

/* The verdicts in the caller's order. */
static int append_verdicts(sd_bus_message *reply, const struct transaction_step steps[],
			   const struct forecast forecasts[], size_t count)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sts)");

	for (size_t i = 0; i < count && r >= 0; i++)
		r = sd_bus_message_append(reply, "(sts)", steps[i].name, forecasts[i].of.usage,
					  forecast_verdict_name(forecasts[i].verdict));
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_forecast_apply(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	cleanup_free struct transaction_step *steps = NULL;
	cleanup_free struct forecast *forecasts = NULL;
	enum limit_mode mode = LIMIT_MODE_RECLAIM;
	struct failure failure = { 0 };
	const char *text = NULL;
	struct bus_option options[] = { { "mode", SD_BUS_TYPE_STRING, &text, false }, { 0 } };
	size_t count = 0;
	int r = read_steps(message, &steps, &count, &failure);

	if (r >= 0)
		r = bus_read_options(message, options, &failure);
	if (r >= 0)
		r = bus_read_mode(text, &mode, &failure);
	if (r >= 0)
		r = transaction_check(bus->manager, steps, count, &failure);
	if (r >= 0)
		r = forecast_transaction(bus->manager, steps, count, mode, &forecasts, &failure);
	if (r >= 0)
		r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = append_verdicts(reply, steps, forecasts, count);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	return sd_bus_send(NULL, reply, NULL);
}

/* --- differences ---------------------------------------------------------------------- */

static int append_settings(sd_bus_message *reply, unsigned int set, const struct settings *settings)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0)
		r = bus_append_settings(reply, set, settings);
	if (r >= 0 && set)
		r = bus_append_unlimited(reply, set, settings);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Keys that are not settings are appended only if they differ. */
static int append_kernel(sd_bus_message *reply, const struct diff_row *row)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0)
		r = bus_append_settings(reply, row->kernel_set, &row->kernel);
	if (r >= 0 && row->kernel_set)
		r = bus_append_unlimited(reply, row->kernel_set, &row->kernel);
	if (r >= 0 && (row->drift & DRIFT_CGROUP))
		r = sd_bus_message_append(reply, "{sv}", "CgroupRemoved", "b", 1);
	if (r >= 0 && (row->drift & DRIFT_OOM_KILLER))
		r = sd_bus_message_append(reply, "{sv}", "OOMKillerDisabled", "b", 1);
	if (r >= 0 && (row->drift & DRIFT_FREEZER))
		r = sd_bus_message_append(reply, "{sv}", "Frozen", "b", (int)row->frozen);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_difference(sd_bus_message *reply, const struct diff_row *row)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "sa{sv}a{sv}a{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "s", row->name);
	if (r >= 0)
		r = append_settings(reply, row->declared_set, &row->declared);
	if (r >= 0)
		r = append_settings(reply, row->stored_set, &row->stored);
	if (r >= 0)
		r = append_kernel(reply, row);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void compared(int error, const struct failure *failure, const struct diff_row rows[],
		     size_t count, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	int r;

	if (!bus_call_begin_reply(call, error, failure, &reply))
		return;
	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sa{sv}a{sv}a{sv})");
	for (size_t i = 0; i < count && r >= 0; i++)
		r = append_difference(reply, &rows[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	bus_call_reply(call, reply, r);
}

static int method_diff(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_call_new(bus, message, "", NULL, &call, &failure);

	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = diff_start(bus->manager, compared, call, &failure);
	return bus_call_begun(call, r, &failure);
}

const sd_bus_vtable bus_settings_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Apply", SD_BUS_ARGS("a(sa{sv})", changes, "a{sv}", options),
				SD_BUS_RESULT("a(sts)", outcomes), method_apply,
				BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS(
		"ForecastApply", SD_BUS_ARGS("a(sa{sv})", changes, "a{sv}", options),
		SD_BUS_RESULT("a(sts)", verdicts), method_forecast_apply, BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("Diff", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("a(sa{sv}a{sv}a{sv})", differences), method_diff,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_VTABLE_END,
};
