/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applying declarations: see declare.h. */
#include "operation/declare.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/failure.h"
#include "base/log.h"
#include "base/message-ids.h"
#include "container/manager.h"
#include "container/save.h"
#include "monitor/oom-hook.h"
#include "operation/change.h"
#include "operation/create.h"
#include "operation/join.h"
#include "policy/place.h"
#include "policy/record.h"
#include "policy/rule.h"
#include "store/config.h"
#include "store/declarations.h"
#include "shared/size.h"

/*
 * The declarations, sorted by name, and the next one to apply. A container is
 * created on a worker, and those nested in it must wait for that, so they are
 * applied one after the other.
 */
struct declarations {
	struct manager *manager;
	struct records records;
	size_t next;
	bool read_again; /* a reload was requested meanwhile */
};

static struct declarations *declarations_free(struct declarations *declarations)
{
	records_free(&declarations->records);
	free(declarations);
	return NULL;
}
DEFINE_CLEANUP(struct declarations *, declarations_free);

/* The declaration counts as applied: it is not applied again until it changes. */
static void mark_declared(struct container *c, const struct settings *declaration)
{
	if (!c->declaration)
		c->declaration = malloc(sizeof(*c->declaration));
	if (!c->declaration) {
		log_message(LOG_ERR, c->name,
			    "no memory to note its declaration; the next reload applies it again");
		return;
	}
	*c->declaration = *declaration;
	manager_emit_changed(c->manager, c, 0);
	manager_save(c);
	join_made(c->manager, c->name);
}

/* Logged now, and a finding of the doctor until the declarations are applied again. */
static void report_uncreated(struct manager *m, const struct record *record,
			     const struct failure *failure)
{
	log_message(LOG_ERR, record->name, "is declared but cannot be created: %s", failure->text);
	problems_add(m->problems, record->file, "Cannot create \"%s\": %s", record->name,
		     failure->text);
}

static void apply_rest(struct declarations *declarations);

static void on_created(int error, const struct failure *failure, struct container *c,
		       void *userdata)
{
	struct declarations *declarations = userdata;
	const struct record *record = declarations->records.list[declarations->next - 1];

	if (error < 0) {
		report_uncreated(declarations->manager, record, failure);
	} else {
		log_fields(LOG_INFO, MESSAGE_CREATED, c->name, NULL, "created as %s declares it",
			   record->file);
		mark_declared(c, &record->settings);
	}
	apply_rest(declarations);
}

/* The owner that a declaration names; root if it names none. */
static struct access_owner declared_owner(const struct record *record)
{
	return record->owner.uid ? record->owner : (struct access_owner){ 0 };
}

/*
 * A declared container has the owner of its declaration, at once, also if another user has created it: its
 * rules and limits are root's.
 */
static void declare_owner(struct container *c, const struct record *record)
{
	struct access_owner owner = declared_owner(record);

	if (c->owner.uid == owner.uid && c->owner.delegated == owner.delegated)
		return;
	c->owner = owner;
	manager_emit_changed(c->manager, c, 0);
	manager_save(c);
}

/* Returns true if the creation was started; then on_created() is called. */
static bool create_declared(struct declarations *declarations, const struct record *record)
{
	struct settings initial = settings_default();
	struct settings_change change = { .to = record->settings };
	struct access_owner owner = declared_owner(record);
	struct failure failure;

	change.set = settings_difference(&initial, &record->settings);
	if (manager_create(declarations->manager, record->name, record->place, &change, false,
			   &owner, on_created, declarations, &failure) == 0)
		return true;
	report_uncreated(declarations->manager, record, &failure);
	return false;
}

static void log_declared(const struct container *c, const struct change_result *result)
{
	struct log_field_list fields = { 0 };
	char limit[SIZE_TEXT_MAX];

	if (result->outcome == CHANGE_UNCHANGED)
		return;
	log_field_add(&fields, "RSSD_LIMIT=%" PRIu64, c->settings.limit);
	log_field_add(&fields, "RSSD_OUTCOME=%s", change_outcome_name(result->outcome));
	log_fields(LOG_INFO, MESSAGE_CHANGED, c->name, fields.list,
		   "settings changed as its declaration says (limit %s, %s)",
		   size_format(c->settings.limit, limit), change_outcome_name(result->outcome));
	log_field_list_done(&fields);
}

static void on_changed(struct container *c, const struct change_result *result, void *userdata)
{
	cleanup_free struct settings *declaration = userdata;

	if (result->error < 0) {
		log_message(LOG_ERR, c->name,
			    "its declaration could not be applied: %s; the next reload tries again",
			    result->failure.text);
	} else {
		log_declared(c, result);
		mark_declared(c, declaration);
	}
}

static void on_repaired(struct container *c, const struct change_result *result, void *userdata)
{
	if (result->error < 0)
		log_message(LOG_ERR, c->name, "its settings could not be restored: %s",
			    result->failure.text);
}

/* The declaration is the same as before, but another program may have written to the kernel. */
static void repair_declared(struct container *c)
{
	struct settings_change change = { .set = container_settings_drift(c),
					  .to = *container_set_last(c) };
	struct change_listener listener = { .done = on_repaired };
	struct failure failure;

	if (!change.set)
		return;
	log_fields(LOG_WARNING, MESSAGE_RESTORED, c->name, NULL,
		   "another program changed its settings in the kernel: restoring them");
	if (change_start(c, &change, LIMIT_MODE_RECLAIM, 0, &listener, &failure) < 0)
		log_message(LOG_ERR, c->name, "its settings could not be restored: %s",
			    failure.text);
}

static void apply_after_change(struct container *c)
{
	if (!c->manager->stopping)
		(void)declarations_apply(c->manager);
}

static void change_declared(struct container *c, const struct record *record)
{
	struct settings_change change = { .to = record->settings };
	struct change_listener listener = { .done = on_changed };
	struct failure failure;

	if (!container_is_at(c, record->place)) {
		(void)fail(&failure, RSS_ERROR_CONFIG,
			   "the container that exists is %s; remove that first",
			   container_place_target(c) ?: "a cgroup made by rssd");
		report_uncreated(c->manager, record, &failure);
		return;
	}
	declare_owner(c, record);
	/* What is under way may be the change to an older declaration. */
	c->change_ended = c->change || c->held_by ? apply_after_change : NULL;
	if (c->change_ended) {
		log_message(LOG_INFO, c->name,
			    "is being changed; its declaration is applied after that");
		return;
	}
	if (c->declaration && !settings_difference(c->declaration, &record->settings)) {
		repair_declared(c);
		return;
	}
	listener.userdata = malloc(sizeof(struct settings));
	if (!listener.userdata)
		return;
	*(struct settings *)listener.userdata = record->settings;
	log_message(LOG_NOTICE, c->name, "its declaration is new or has changed: applying it");
	change.set =
		(settings_difference(&c->settings, &record->settings) & container_supported(c)) |
		container_settings_drift(c);
	if (change_start(c, &change, LIMIT_MODE_RECLAIM, 0, &listener, &failure) < 0) {
		log_message(LOG_ERR, c->name,
			    "its declaration could not be applied: %s; the next reload tries again",
			    failure.text);
		free(listener.userdata);
	}
}

/* Applies the remaining declarations; the last one frees them. */
static void apply_rest(struct declarations *declarations)
{
	struct manager *m = declarations->manager;
	bool again;

	while (declarations->next < declarations->records.count && !m->stopping) {
		size_t i = declarations->next++;
		const struct record *record = declarations->records.list[i];
		struct container *c = manager_find(m, record->name);

		if (records_is_duplicate(&declarations->records, i))
			log_message(LOG_ERR, record->name,
				    "is declared in more than one file: remove all but one");
		else if (c)
			change_declared(c, record);
		else if (create_declared(declarations, record))
			return;
	}
	again = declarations->read_again && !m->stopping;
	m->declarations = declarations_free(declarations);
	if (again)
		(void)declarations_apply(m);
	else
		join_declared(m);
}

/*
 * The rules of the files replace those before. The rules of a file that cannot be
 * read stay: an error in it leaves no process without its limit.
 */
static int declare_rules(struct manager *m, const struct declarations *declarations)
{
	const struct records *records = &declarations->records;
	cleanup_free struct rule_set *sets = calloc(records->count + 1, sizeof(*sets));
	size_t count = 0;

	if (!sets)
		return -ENOMEM;
	for (size_t i = 0; i < records->count; i++) {
		struct record *record = records->list[i];

		if (!record->join || record->join->count == 0 || records_is_duplicate(records, i))
			continue;
		sets[count++] = (struct rule_set){
			.container = record->name,
			.file = record->file,
			.rules = record->join,
		};
	}
	return join_declare(m, sets, count, records->bad, records->n_bad);
}

/*
 * In the unified tree rules take no process out of its unit. A rule of one unit means that the
 * container is the unit, unless a container of that name, which rssd has made, exists already.
 */
static int use_units(struct manager *m, struct records *records)
{
	for (size_t i = 0; i < records->count; i++) {
		struct record *record = records->list[i];
		const char *unit = record->place ? NULL : rules_literal_unit(record->join);
		const struct container *c = manager_find(m, record->name);

		if (!unit || !controller_leaves_units(m->controller) || strchr(record->name, '/') ||
		    m->controller->ops == &rss_ops || (c && !c->place))
			continue;
		record->place = place_new(PLACE_UNIT, unit);
		if (!record->place)
			return -ENOMEM;
		record->join = rules_unref(record->join);
	}
	return 0;
}

/* What is wrong with the files as they are now, also if they are applied later. */
static void take_problems(struct manager *m, struct records *records)
{
	problems_clear(m->problems);
	*m->problems = records->problems;
	records->problems = (struct problems){ 0 };
}

static int read_problems(struct manager *m)
{
	cleanup_(records_free) struct records records = { 0 };
	int r = records_read_declared(m->config->containers_directory, &records);

	take_problems(m, &records);
	return r;
}

int declarations_apply(struct manager *m)
{
	cleanup_(declarations_free_ptr) struct declarations *declarations = NULL;
	int r;

	/* Two runs at a time would conflict. */
	if (m->declarations) {
		m->declarations->read_again = true;
		return read_problems(m);
	}
	declarations = calloc(1, sizeof(*declarations));
	if (!declarations)
		return -ENOMEM;
	declarations->manager = m;
	r = records_read_declared(m->config->containers_directory, &declarations->records);
	take_problems(m, &declarations->records);
	if (r < 0)
		return r;
	if (hooks_declare(m->hooks, &declarations->records) < 0)
		log_error("The hooks of the declarations are not applied: out of memory");
	r = use_units(m, &declarations->records);
	if (r == 0)
		r = declare_rules(m, declarations);
	if (r < 0)
		log_error("The rules of the declarations are not applied: %s", strerror(-r));
	m->declarations = declarations;
	apply_rest(take_ptr(declarations));
	return 0;
}
