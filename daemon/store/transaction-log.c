/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transaction log: see transaction-log.h. */
#include "store/transaction-log.h"

#include <errno.h>
#include <string.h>

#include "base/failure.h"
#include "base/json.h"
#include "policy/record.h"
#include "shared/array.h"
#include "store/state.h"

#define TRANSACTION_FILE "transaction.json"

static const char *const phase_names[] = {
	[TRANSACTION_UNDO] = "undo",
	[TRANSACTION_REDO] = "redo",
	[TRANSACTION_DONE] = "done",
};

struct transaction_log *transaction_log_new(enum transaction_phase phase)
{
	struct transaction_log *log = calloc(1, sizeof(*log));

	if (log)
		log->phase = phase;
	return log;
}

struct transaction_log *transaction_log_free(struct transaction_log *log)
{
	if (!log)
		return NULL;
	for (size_t i = 0; i < log->count; i++)
		free(log->entries[i].name);
	free(log->entries);
	free(log);
	return NULL;
}

int transaction_log_add(struct transaction_log *log, const char *name, const struct settings *from,
			const struct settings *to)
{
	cleanup_free char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	if (array_reserve(&log->entries, log->count, &log->allocated, sizeof(*log->entries)) < 0)
		return -ENOMEM;
	log->entries[log->count++] =
		(struct transaction_log_entry){ .name = take_ptr(copy), .from = *from, .to = *to };
	return 0;
}

/* Formats settings as in the file of a container, so that there is one format. */
static struct json_object *settings_to_json(const char *name, const struct settings *settings)
{
	struct record record = { .name = (char *)name, .settings = *settings };
	cleanup_free char *text = record_format(&record);

	return text ? json_tokener_parse(text) : NULL;
}

char *transaction_log_format(const struct transaction_log *log)
{
	cleanup_(json_object_put_ptr) struct json_object *object = json_object_new_object();
	struct json_object *steps = json_object_new_array();
	const char *text;

	if (!object || !steps) {
		json_object_put(steps);
		return NULL;
	}
	json_watch_memory();
	json_object_object_add(object, "phase", json_object_new_string(phase_names[log->phase]));
	json_object_object_add(object, "steps", steps);
	/* record_format() calls json_watch_memory() again. */
	if (json_lacked_memory())
		return NULL;
	for (size_t i = 0; i < log->count; i++) {
		const struct transaction_log_entry *entry = &log->entries[i];
		struct json_object *step = json_object_new_object();
		struct json_object *from = settings_to_json(entry->name, &entry->from);
		struct json_object *to = settings_to_json(entry->name, &entry->to);

		if (!step || !from || !to) {
			json_object_put(step);
			json_object_put(from);
			json_object_put(to);
			return NULL;
		}
		json_object_object_add(step, "from", from);
		json_object_object_add(step, "to", to);
		json_object_array_add(steps, step);
		if (json_lacked_memory())
			return NULL;
	}
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	return text && !json_lacked_memory() ? strdup(text) : NULL;
}

static int read_settings(struct json_object *step, const char *key, const char *file,
			 struct record **ret, struct failure *failure)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_object_object_get_ex(step, key, &value) || !value)
		return fail(failure, RSS_ERROR_CONFIG, "%s: a step lacks \"%s\"", file, key);
	json_watch_memory();
	text = json_object_to_json_string(value);
	if (!text || json_lacked_memory())
		return -ENOMEM;
	return record_parse(text, strlen(text), file, RECORD_STATE, ret, failure);
}

static int read_step(struct json_object *step, const char *file, struct transaction_log *log,
		     struct failure *failure)
{
	cleanup_(record_free_ptr) struct record *from = NULL, *to = NULL;
	int r = read_settings(step, "from", file, &from, failure);

	if (r == 0)
		r = read_settings(step, "to", file, &to, failure);
	if (r < 0)
		return r;
	return transaction_log_add(log, to->name, &from->settings, &to->settings);
}

static int read_phase(struct json_object *object, enum transaction_phase *ret)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_object_object_get_ex(object, "phase", &value))
		return -EBADMSG;
	text = json_object_get_string(value);
	for (size_t i = 0; text && i < ARRAY_SIZE(phase_names); i++) {
		if (strcmp(text, phase_names[i]) == 0) {
			*ret = (enum transaction_phase)i;
			return 0;
		}
	}
	return -EBADMSG;
}

int transaction_log_parse(const char *text, size_t length, const char *file,
			  struct transaction_log **ret, struct failure *failure)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log =
		transaction_log_new(TRANSACTION_UNDO);
	cleanup_(json_object_put_ptr) struct json_object *object = NULL;
	struct json_object *steps = NULL;

	if (!log)
		return -ENOMEM;
	json_watch_memory();
	if (strlen(text) == length)
		object = json_tokener_parse(text);
	if (json_lacked_memory())
		return -ENOMEM;
	if (!json_object_is_type(object, json_type_object) || read_phase(object, &log->phase) < 0 ||
	    !json_object_object_get_ex(object, "steps", &steps) ||
	    !json_object_is_type(steps, json_type_array))
		return fail(failure, RSS_ERROR_CONFIG, "%s: this is not a transaction log", file);
	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		int r = read_step(json_object_array_get_idx(steps, i), file, log, failure);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(log);
	return 0;
}

int transaction_log_write(struct state *state, const struct transaction_log *log)
{
	cleanup_free char *text = transaction_log_format(log);

	return text ? state_write_text(state, TRANSACTION_FILE, text) : -ENOMEM;
}

int transaction_log_end(struct state *state, struct transaction_log *log)
{
	enum transaction_phase before = log->phase;
	int r = state_remove_text(state, TRANSACTION_FILE), done;

	if (r == 0)
		return 0;
	log->phase = TRANSACTION_DONE;
	done = transaction_log_write(state, log);
	if (done < 0)
		log->phase = before;
	return done < 0 ? r : 0;
}

int transaction_log_set_aside(struct state *state, char **ret)
{
	return state_set_text_aside(state, TRANSACTION_FILE, ret);
}

int transaction_log_read(struct state *state, struct transaction_log **ret, struct failure *failure)
{
	cleanup_free char *text = NULL;
	size_t length;
	int r = state_read_text(state, TRANSACTION_FILE, &text, &length);

	if (r == -ENOENT)
		return r;
	if (r < 0) {
		(void)fail(failure, RSS_ERROR_CONFIG, TRANSACTION_FILE ": %s", strerror(-r));
		return r;
	}
	r = transaction_log_parse(text, length, TRANSACTION_FILE, ret, failure);
	return r == 0 || r == -ENOMEM ? r : -EBADMSG;
}
