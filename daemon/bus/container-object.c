/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.rssd1.Container. The vtable is at the bottom. */

#include "base/failure.h"
#include "base/log.h"
#include "base/message-ids.h"
#include "bus/bus.h"
#include "bus/entries.h"
#include "bus/message.h"
#include "bus/options.h"
#include "bus/own-call.h"
#include "bus/peer.h"
#include "bus/pending-call.h"
#include "bus/settings-properties.h"
#include "container/manager.h"
#include "container/usage-clock.h"
#include "container/usage-save.h"
#include "operation/change.h"
#include "operation/freeze.h"
#include "operation/reclaim.h"
#include "operation/repair.h"
#include "policy/limit-policy.h"
#include "policy/place.h"
#include "policy/rule.h"
#include "policy/usage-history.h"
#include "report/forecast.h"
#include "shared/clock.h"
#include "shared/size.h"
#include "store/config.h"

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

	if (result->error < 0) {
		bus_call_log_refused(call, &result->failure);
		return;
	}
	log_field_add(&call->log_fields, "RSSD_LIMIT=%" PRIu64, c->settings.limit);
	log_field_add(&call->log_fields, "RSSD_OUTCOME=%s", change_outcome_name(result->outcome));
	bus_call_log_id(call, MESSAGE_CHANGED, "settings changed (limit %s, %s)",
			size_format(c->settings.limit, limit),
			change_outcome_name(result->outcome));
}

static void limit_set(struct container *c, const struct change_result *result, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	log_change(call, c, result);
	if (bus_call_begin_reply(call, result->error, &result->failure, &reply))
		bus_call_reply(call, reply,
			       sd_bus_message_append(reply, "ts", result->usage,
						     change_outcome_name(result->outcome)));
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
		r = bus_call_new(bus_from_message(message), message, c->name, cancel_change, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	listener.userdata = call;
	listener.progress = progress ? limit_progress : NULL;
	listener.requester = bus_call_requester(call);
	r = own_call_check_settings(call, c->name, &change, &failure);
	if (r == 0 && timeout > c->manager->config->limit_timeout)
		r = own_call_check_option(call, "wait longer than LimitTimeout=", &failure);
	if (r == 0)
		r = own_call_check_option(
			call, mode == LIMIT_MODE_FORCE ? "kill for a limit (mode force)" : NULL,
			&failure);
	if (r == 0)
		r = change_start(c, &change, mode, timeout, &listener, &failure);
	return bus_call_begun(call, r, &failure);
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
		r = bus_append_number(reply, "Shmem", f->of.shmem);
	if (r >= 0)
		r = bus_append_number(reply, "File", f->of.file);
	if (r >= 0)
		r = bus_append_number(reply, "Locked", f->of.locked);
	if (r >= 0)
		r = bus_append_number(reply, "Dirty", f->of.dirty);
	if (r >= 0)
		r = bus_append_number(reply, "SwapFree", f->of.swap);
	if (r >= 0)
		r = bus_append_number(reply, "Swappiness", f->of.swappiness);
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
		return bus_answer_failure(message, r, &failure);
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = append_forecast(reply, &forecast);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void properties_set(struct container *c, const struct change_result *result, void *userdata)
{
	struct bus_call *call = userdata;

	log_change(call, c, result);
	bus_call_reply_empty(call, result->error, &result->failure);
}

static int method_set_properties(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	cleanup_(rules_unref_ptr) struct rules *join = NULL;
	struct change_listener listener = { .done = properties_set };
	struct settings_change change;
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_read_settings(message, &change, NULL, &join, &failure);

	if (r >= 0)
		r = bus_call_new(bus_from_message(message), message, c->name, cancel_change, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	listener.userdata = call;
	r = own_call_check_settings(call, c->name, &change, &failure);
	if (r == 0 && join && call->uid != 0)
		r = bus_refuse_join(call, &failure);
	if (r == 0)
		r = change_start(c, &change, LIMIT_MODE_RECLAIM, 0, &listener, &failure);
	return bus_call_begun(call, r, &failure);
}

static void repaired(struct container *c, const struct change_result *result, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	if (!bus_call_begin_reply(call, result->error, &result->failure, &reply))
		return;
	bus_call_log(call, "repaired");
	bus_call_reply(call, reply, 0);
}

static int method_repair(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct change_listener listener = { .done = repaired };
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_call_new(bus_from_message(message), message, c->name, cancel_change, &call,
			     &failure);

	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	listener.userdata = call;
	listener.requester = bus_call_requester(call);
	r = repair_start(c, &listener, &failure);
	return bus_call_begun(call, r, &failure);
}

/* --- freeze, peak --------------------------------------------------------------------------- */

/* Replies to an operation that is one write to a control file, and logs it. */
static int reply_operation(sd_bus_message *message, const struct container *c, int result,
			   const char *done)
{
	struct failure failure = { 0 };
	struct bus_peer *peer;
	int r = bus_peer_of(bus_from_message(message), message, &peer);

	if (r >= 0 && result == -EOPNOTSUPP)
		r = fail(&failure, RSS_ERROR_NOT_SUPPORTED,
			 "\"%s\" cannot be %s: the %s controller does not support it; rssctl "
			 "doctor lists what this kernel can do",
			 c->name, done, c->manager->controller->ops->name);
	else if (r >= 0 && result < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "\"%s\" could not be %s: %s",
			 c->name, done, strerror(-result));
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	log_message(LOG_INFO, c->name, "%s for user %u (process %d)", done, (unsigned int)peer->uid,
		    (int)peer->pid);
	return sd_bus_reply_method_return(message, "");
}

/* systemd knows whether a unit is frozen. */
static int refuse_unit(const struct container *c, bool wanted, sd_bus_message *message)
{
	const char *verb = wanted ? "freeze" : "thaw";
	struct failure failure = { 0 };
	int r = fail(&failure, RSS_ERROR_NOT_SUPPORTED,
		     "Cannot %s \"%s\": it is the unit %s; use systemctl %s %s", verb, c->name,
		     c->place->unit, verb, c->place->unit);

	return bus_answer_failure(message, r, &failure);
}

static void thawed(int error, const struct failure *failure, void *userdata)
{
	struct bus_call *call = userdata;

	bus_call_log(call, "thawed");
	bus_call_reply_empty(call, error, failure);
}

static int freeze(sd_bus_message *message, struct container *c, bool wanted)
{
	struct failure failure = { 0 };
	struct bus_call *call;
	int r;

	if (container_is_unit(c))
		return refuse_unit(c, wanted, message);
	r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call, &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = freeze_start(c, wanted, wanted ? own_call_frozen : thawed, call, &failure);
	return bus_call_begun(call, r, &failure);
}

/* An owner freezes only its own processes. */
static int freeze_own(sd_bus_message *message, struct container *c, bool wanted)
{
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call, &failure);

	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = own_call_check_nested(call, c, &failure);
	if (r < 0)
		return bus_call_begun(call, r, &failure);
	if (wanted)
		return own_call_freeze(call, c);
	bus_call_free(call);
	return freeze(message, c, false);
}

static int freeze_or_thaw(sd_bus_message *message, struct container *c, bool wanted)
{
	return bus_from_message(message)->own_call ? freeze_own(message, c, wanted)
						   : freeze(message, c, wanted);
}

static int method_freeze(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return freeze_or_thaw(message, userdata, true);
}

static int method_thaw(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return freeze_or_thaw(message, userdata, false);
}

static int method_reset_peak(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	int r = group_reset_peak(c->group);

	/* The usage history has a peak as well. */
	if (r == 0) {
		container_forget_usage(c);
		usage_save_dropped(c->manager);
	}
	return reply_operation(message, c, r, "given a new peak");
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

static int append_histogram(sd_bus_message *reply, const struct container *c, uint64_t now)
{
	struct usage_histogram histogram = usage_history_histogram(c->usage_history, now);
	int r = bus_append_number(reply, "Median", usage_histogram_quantile(&histogram, 50));

	if (r >= 0)
		r = bus_append_number(reply, "Percentile95",
				      usage_histogram_quantile(&histogram, 95));
	if (r >= 0)
		r = bus_append_number(reply, "Highest", usage_histogram_quantile(&histogram, 100));
	if (r >= 0)
		r = bus_append_number(reply, "Observed",
				      usage_histogram_observed(&histogram) * USEC_PER_SEC);
	if (r >= 0)
		r = bus_append_number(reply, "Raises", usage_history_raises(c->usage_history, now));
	return r;
}

static int append_totals(sd_bus_message *reply, const struct container *c, uint64_t now,
			 uint64_t epoch)
{
	struct usage_totals totals = usage_history_totals(c->usage_history);
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0 && c->usage_history)
		r = append_histogram(reply, c, now);

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
		r = append_totals(reply, c, now, wall - now);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* --- reclaim --------------------------------------------------------------------------------- */

static void reclaimed(int error, const struct failure *failure, uint64_t bytes, void *userdata)
{
	struct bus_call *call = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	bus_call_log(call, "reclaimed on request");
	if (bus_call_begin_reply(call, error, failure, &reply))
		bus_call_reply(call, reply, sd_bus_message_append(reply, "t", bytes));
}

static int method_reclaim(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	uint64_t swappiness = 0;
	struct bus_option options[] = {
		{ "swappiness", SD_BUS_TYPE_UINT64, &swappiness, false },
		{ 0 },
	};
	struct failure failure = { 0 };
	struct bus_call *call;
	uint64_t bytes;
	int r = sd_bus_message_read(message, "t", &bytes);

	if (r >= 0)
		r = bus_read_options(message, options, &failure);
	/* A larger one would be negative. */
	if (swappiness > SWAPPINESS_MAX)
		swappiness = SWAPPINESS_MAX + 1;
	if (r >= 0)
		r = bus_call_new(bus_from_message(message), message, c->name, NULL, &call,
				 &failure);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = reclaim_start(c, bytes, options[0].seen ? (int)swappiness : SWAPPINESS_DEFAULT,
			  reclaimed, call, &failure);
	return bus_call_begun(call, r, &failure);
}

const sd_bus_vtable bus_container_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("SetLimit", SD_BUS_ARGS("t", limit, "a{sv}", options),
				SD_BUS_RESULT("t", usage, "s", outcome), method_set_limit,
				BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("ForecastLimit", SD_BUS_ARGS("t", limit, "a{sv}", options),
				SD_BUS_RESULT("a{sv}", forecast), method_forecast_limit,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("SetProperties", SD_BUS_ARGS("a{sv}", properties), SD_BUS_NO_RESULT,
				method_set_properties, BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("Repair", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_repair,
				BUS_FOR(ACCESS_MANAGE)),
	SD_BUS_METHOD_WITH_ARGS("Reclaim", SD_BUS_ARGS("t", bytes, "a{sv}", options),
				SD_BUS_RESULT("t", reclaimed), method_reclaim,
				BUS_FOR(ACCESS_MANAGE)),
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
	SD_BUS_SIGNAL_WITH_ARGS("Threshold",
				SD_BUS_ARGS("t", sequence, "s", which, "t", usage, "t", time), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Drift", SD_BUS_ARGS("t", sequence, "s", which, "t", time), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Progress", SD_BUS_ARGS("t", usage, "t", limit), 0),
	SD_BUS_VTABLE_END,
};
