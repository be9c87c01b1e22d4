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
	[JOURNAL_UNDO] = "undo",
	[JOURNAL_REDO] = "redo",
	[JOURNAL_DONE] = "done",
};

struct journal *journal_new(enum journal_phase phase)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal)
		journal->phase = phase;
	return journal;
}

struct journal *journal_free(struct journal *journal)
{
	if (!journal)
		return NULL;
	for (size_t i = 0; i < journal->count; i++)
		free(journal->entries[i].name);
	free(journal->entries);
	free(journal);
	return NULL;
}

int journal_add(struct journal *journal, const char *name, const struct settings *from,
		const struct settings *to)
{
	cleanup_free char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	if (array_reserve(&journal->entries, journal->count, &journal->allocated,
			  sizeof(*journal->entries)) < 0)
		return -ENOMEM;
	journal->entries[journal->count++] =
		(struct journal_entry){ .name = take_ptr(copy), .from = *from, .to = *to };
	return 0;
}

/* Formats settings as in the file of a container, so that there is one format. */
static struct json_object *settings_to_json(const char *name, const struct settings *settings)
{
	struct record record = { .name = (char *)name, .settings = *settings };
	cleanup_free char *text = record_format(&record);

	return text ? json_tokener_parse(text) : NULL;
}

char *journal_format(const struct journal *journal)
{
	cleanup_(json_object_put_ptr) struct json_object *object = json_object_new_object();
	struct json_object *steps = json_object_new_array();
	const char *text;

	if (!object || !steps)
		return NULL;
	json_object_object_add(object, "phase",
			       json_object_new_string(phase_names[journal->phase]));
	json_object_object_add(object, "steps", steps);
	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entries[i];
		struct json_object *step = json_object_new_object();
		struct json_object *from = settings_to_json(entry->name, &entry->from);
		struct json_object *to = settings_to_json(entry->name, &entry->to);

		json_object_object_add(step, "from", from);
		json_object_object_add(step, "to", to);
		json_object_array_add(steps, step);
		if (!from || !to)
			return NULL;
	}
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	return text ? strdup(text) : NULL;
}

static int read_settings(struct json_object *step, const char *key, const char *file,
			 struct record **ret, struct failure *failure)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_object_object_get_ex(step, key, &value) || !value)
		return fail(failure, RSS_ERROR_CONFIG, "%s: a step lacks \"%s\"", file, key);
	text = json_object_to_json_string(value);
	return record_parse(text, strlen(text), file, RECORD_STATE, ret, failure);
}

static int read_step(struct json_object *step, const char *file, struct journal *journal,
		     struct failure *failure)
{
	cleanup_(record_free_ptr) struct record *from = NULL, *to = NULL;
	int r = read_settings(step, "from", file, &from, failure);

	if (r == 0)
		r = read_settings(step, "to", file, &to, failure);
	if (r < 0)
		return r;
	return journal_add(journal, to->name, &from->settings, &to->settings);
}

static int read_phase(struct json_object *object, enum journal_phase *ret)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_object_object_get_ex(object, "phase", &value))
		return -EBADMSG;
	text = json_object_get_string(value);
	for (size_t i = 0; text && i < ARRAY_SIZE(phase_names); i++) {
		if (strcmp(text, phase_names[i]) == 0) {
			*ret = (enum journal_phase)i;
			return 0;
		}
	}
	return -EBADMSG;
}

int journal_parse(const char *text, size_t length, const char *file, struct journal **ret,
		  struct failure *failure)
{
	cleanup_(journal_free_ptr) struct journal *journal = journal_new(JOURNAL_UNDO);
	cleanup_(json_object_put_ptr) struct json_object *object = NULL;
	struct json_object *steps = NULL;

	if (!journal)
		return -ENOMEM;
	if (strlen(text) == length)
		object = json_tokener_parse(text);
	if (!json_object_is_type(object, json_type_object) ||
	    read_phase(object, &journal->phase) < 0 ||
	    !json_object_object_get_ex(object, "steps", &steps) ||
	    !json_object_is_type(steps, json_type_array))
		return fail(failure, RSS_ERROR_CONFIG, "%s: this is no transaction", file);
	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		int r = read_step(json_object_array_get_idx(steps, i), file, journal, failure);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(journal);
	return 0;
}

int journal_write(struct state *state, const struct journal *journal)
{
	cleanup_free char *text = journal_format(journal);

	return text ? state_write_text(state, TRANSACTION_FILE, text) : -ENOMEM;
}

int journal_end(struct state *state, struct journal *journal)
{
	enum journal_phase before = journal->phase;
	int r = state_remove_text(state, TRANSACTION_FILE), done;

	if (r == 0)
		return 0;
	journal->phase = JOURNAL_DONE;
	done = journal_write(state, journal);
	if (done < 0)
		journal->phase = before;
	return done < 0 ? r : 0;
}

int journal_set_aside(struct state *state, char **ret)
{
	return state_set_text_aside(state, TRANSACTION_FILE, ret);
}

int journal_read(struct state *state, struct journal **ret, struct failure *failure)
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
	r = journal_parse(text, length, TRANSACTION_FILE, ret, failure);
	return r == 0 || r == -ENOMEM ? r : -EBADMSG;
}
