/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Restoring containers: see restore.h. */
#include "operation/restore.h"

#include <errno.h>
#include <string.h>

#include "base/failure.h"
#include "base/log.h"
#include "base/message-ids.h"
#include "cgroup/hierarchy.h"
#include "container/manager.h"
#include "container/save.h"
#include "monitor/detection.h"
#include "operation/change.h"
#include "operation/declare.h"
#include "operation/names.h"
#include "operation/place-watch.h"
#include "operation/release.h"
#include "operation/transaction.h"
#include "policy/place.h"
#include "policy/record.h"
#include "shared/name.h"
#include "shared/size.h"
#include "store/declarations.h"
#include "store/state.h"
#include "store/transaction-log.h"

/* --- state ------------------------------------------------------------------- */

/* The saved state, and the names of containers with a malformed file. */
struct loaded {
	struct records records;
	struct names aside;
};

static void loaded_done(struct loaded *loaded)
{
	names_done(&loaded->aside);
	records_free(&loaded->records);
}

static int record_found(struct record **record, void *userdata)
{
	struct loaded *loaded = userdata;

	return records_add(record, &loaded->records);
}

static bool is_saved(const struct loaded *loaded, const char *path)
{
	for (size_t i = 0; i < loaded->records.count; i++)
		if (strcmp(loaded->records.list[i]->name, path) == 0)
			return true;
	return false;
}

/* If out of memory, a nested container is treated as a cgroup of another program. */
static void record_aside(const char *name, const char *reason, void *userdata)
{
	struct loaded *loaded = userdata;

	if (name)
		(void)names_add(&loaded->aside, name);
	log_error("%s; its container keeps the kernel's settings", reason);
}

static void applied(struct container *c, const struct change_result *result, void *userdata)
{
	if (result->error < 0)
		log_message(LOG_ERR, c->name, "its settings could not be restored: %s",
			    result->failure.text);
}

/* Starts a change to @to; the outcome is logged. */
static void bring_to(struct container *c, const struct settings *to)
{
	struct settings_change change = { .to = *to };
	struct change_listener listener = { .done = applied };
	struct failure failure;

	change.set = settings_difference(&c->settings, to) & container_managed(c);
	if (change_start(c, &change, LIMIT_MODE_RECLAIM, 0, &listener, &failure) < 0)
		log_message(LOG_ERR, c->name, "its settings could not be restored: %s",
			    failure.text);
}

/*
 * Sets what needs no reclaim, so that no write blocks: the settings of a new group, which is
 * empty, or a limit that is not lower. After a reboot all groups are new, and a worker for each would
 * start thousands of threads.
 */
static void set_at_once(struct container *c, const struct settings *to)
{
	unsigned int differs = settings_difference(&c->settings, to);
	int r = group_write_settings(c->group, differs, to);

	if (r == 0 && (differs & SETTING_LIMIT))
		r = group_write_limit(c->group, to->limit);
	if (r < 0)
		log_message(LOG_ERR, c->name, "its settings could not be restored: %s",
			    strerror(-r));
	c->settings = r < 0 ? container_read_settings(c, to) : *to;
	c->written = *to;
	c->drifted = settings_difference(&c->settings, to) != 0;
}

static int enter(struct manager *m, struct container *c)
{
	int r = detection_watch(c);

	container_note_frozen(c);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		log_message(LOG_ERR, c->name,
			    "its events cannot be watched: %s; its counters can still be read",
			    strerror(-r));
	r = manager_insert(m, c);
	if (r < 0)
		return r;
	manager_emit_added(m, c);
	return 0;
}

/* Another program may have switched it off while rssd did not run. */
static void switch_oom_killer_on(struct container *c)
{
	bool on = true;
	int r;

	if (group_read_oom_killer(c->group, &on) < 0 || on)
		return;
	r = group_switch_oom_killer(c->group, true);
	if (r < 0)
		log_message(LOG_ERR, c->name, "its OOM killer is off and cannot be switched on: %s",
			    strerror(-r));
	else
		log_message(LOG_WARNING, c->name,
			    "another program had switched off its OOM killer: it is on again");
}

/* It keeps its limit: the next start tries again. */
static void unfinished_undone(int error, const struct failure *failure, void *userdata)
{
	cleanup_free char *name = userdata;

	if (error < 0)
		log_message(LOG_ERR, name,
			    "its creation was interrupted and cannot be undone: %s; the next "
			    "start of rssd tries again",
			    failure->text);
	else
		log_message(LOG_NOTICE, name,
			    "its creation was interrupted: the limit that was there is restored");
}

/* Restores a container at a place. Its unit or cgroup may not be there now. */
static int restore_place(struct manager *m, struct record *record)
{
	cleanup_(container_unref_ptr) struct container *c = container_new(m, record->name);
	struct settings wanted = record->settings;
	struct failure failure;
	int r;

	if (!c)
		return -ENOMEM;
	r = group_open_foreign(m->controller, record->place->cgroup, &c->group);
	if (r < 0) {
		log_message(LOG_ERR, record->name,
			    "its cgroup cannot be opened: %s; its state is kept for the next start",
			    strerror(-r));
		return 0;
	}
	container_from_record(c, record);
	if (c->place->unfinished) {
		char *name = strdup(c->name);

		return name ? release_unfinished(c, unfinished_undone, name, &failure) : -ENOMEM;
	}
	c->settings = container_read_settings(c, &wanted);
	if (settings_difference(&c->settings, &wanted) & container_managed(c)) {
		log_fields(LOG_WARNING, MESSAGE_RESTORED, c->name, NULL,
			   "its settings in the kernel have drifted; restoring them");
		c->written = wanted;
		c->drifted = true;
	}
	r = enter(m, c);
	if (r < 0)
		return r;
	r = place_watch(c);
	if (r < 0)
		log_message(LOG_ERR, c->name, "its cgroup cannot be watched: %s", strerror(-r));
	if (c->drifted)
		bring_to(c, &wanted);
	return 0;
}

/* Returns true if there is no record of one of the container's parents. */
static bool is_orphan(const struct loaded *loaded, const char *name)
{
	cleanup_free char *parent = name_parent(name);

	return parent && ((!names_have(&loaded->aside, parent) && !is_saved(loaded, parent)) ||
			  is_orphan(loaded, parent));
}

/* An orphan that was kept would come back with a later container of its parent's name. */
static void set_orphan_aside(struct manager *m, const char *name)
{
	cleanup_free char *kept = NULL;
	int r = state_set_aside(m->state, name, &kept);

	log_message(LOG_ERR, name,
		    "its parent does not exist, so it is not restored; its file %s%s",
		    r < 0 ? "could not be set aside: " : "is kept as ",
		    r < 0 ? strerror(-r) : kept);
}

/*
 * The machine may have booted with another controller. The rss controller has units by a rule, the
 * others by their own cgroups; outside the unified tree the rule works with them as well.
 */
static void fit_to_controller(const struct manager *m, struct record *record)
{
	if (m->controller->ops == &rss_ops && record->place && record->place->kind == PLACE_UNIT) {
		if (record->settings.limit != LIMIT_INFINITY)
			log_message(
				LOG_WARNING, record->name,
				"its limit counts mapped memory now, and systemd keeps the one "
				"that was set with another controller, which counts all memory; "
				"to remove that: systemctl set-property %s MemoryMax=infinity",
				record->place->unit);
		record->joined_unit = take_ptr(record->place->unit);
		record->place = place_free(record->place);
	} else if (record->joined_unit && controller_leaves_units(m->controller)) {
		log_message(
			LOG_WARNING, record->name,
			"was created for %s in a hierarchy of its own: in the unified cgroup tree "
			"the unit is not limited; remove it and create it again",
			record->joined_unit);
	}
}

/* Restores a saved container: its group is opened or created again. */
static int restore_record(struct manager *m, const struct loaded *loaded, struct record *record)
{
	cleanup_(container_unref_ptr) struct container *c = container_new(m, record->name);
	struct settings wanted = record->settings;
	bool made = false;
	int r;

	if (!c)
		return -ENOMEM;
	r = group_open(m->controller, record->name, &c->group);
	if (r == -ENOENT && record->transient) {
		(void)state_forget(m->state, record->name);
		return 0;
	}
	if (r == -ENOENT) {
		made = true;
		r = group_create(m->controller, record->name, &c->group);
	}
	if (r == -ENOENT && is_orphan(loaded, record->name)) {
		set_orphan_aside(m, record->name);
		return 0;
	}
	if (r < 0) {
		log_message(LOG_ERR, record->name,
			    "its cgroup cannot be %s: %s; its state is kept for the next start",
			    made ? "made" : "opened", strerror(-r));
		return 0;
	}
	container_from_record(c, record);
	c->settings = container_read_settings(c, &wanted);
	if (made) {
		c->oom_events_base = 0;
		set_at_once(c, &wanted);
	} else if (settings_difference(&c->settings, &wanted)) {
		char kernel[SIZE_TEXT_MAX], state[SIZE_TEXT_MAX];

		log_fields(
			LOG_WARNING, MESSAGE_RESTORED, c->name, NULL,
			"the kernel's settings have drifted (limit %s, saved %s); restoring them",
			size_format(c->settings.limit, kernel), size_format(wanted.limit, state));
		c->written = wanted;
		c->drifted = true;
	}
	if (!made)
		switch_oom_killer_on(c);
	r = enter(m, c);
	if (r < 0)
		return r;
	if (made || !settings_difference(&c->settings, &wanted))
		return 0;
	/* Like a lower limit, a lower high reclaims. */
	if (wanted.limit >= c->settings.limit && wanted.high >= c->settings.high)
		set_at_once(c, &wanted);
	else
		bring_to(c, &wanted);
	return 0;
}

/* If the log is malformed, its containers keep the settings of their files. */
static int set_log_aside(struct manager *m, const struct failure *why)
{
	cleanup_free char *kept = NULL;
	int r = transaction_log_set_aside(m->state, &kept);

	if (r < 0)
		return r;
	log_error("The transaction log is malformed: %s; it is kept as %s, and its containers keep "
		  "their saved settings",
		  why->text, kept);
	return 0;
}

/* An interrupted transaction is undone or finished before its containers are restored. */
static int settle_transaction(struct manager *m, struct records *records, struct failure *failure)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log = NULL;
	int r = transaction_log_read(m->state, &log, failure);

	if (r == -ENOENT)
		return 0;
	if (r == -EBADMSG)
		return set_log_aside(m, failure);
	if (r < 0)
		return r;
	if (log->phase == TRANSACTION_DONE)
		return transaction_log_end(m->state, log);
	log_notice("A transaction over %zu containers was interrupted: it is %s", log->count,
		   log->phase == TRANSACTION_UNDO ? "undone" : "finished");
	for (size_t i = 0; i < records->count && r == 0; i++) {
		struct record *record = records->list[i];
		const struct settings *settings = transaction_settle(log, record->name);
		struct state_write *write;

		if (!settings)
			continue;
		record->settings = *settings;
		r = state_prepare(m->state, record, &write);
		if (r == 0)
			r = state_commit(write);
	}
	return r < 0 ? r : transaction_log_end(m->state, log);
}

static int restore_state(struct manager *m, struct loaded *loaded, struct failure *failure)
{
	struct records *records = &loaded->records;
	struct failure why = { 0 };
	int r = state_load(m->state, record_found, record_aside, loaded, &why);

	if (r == 0)
		r = settle_transaction(m, records, &why);
	if (r < 0)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "Cannot read the saved state: %.400s; no container was changed; start "
			    "rssd again when it can be read",
			    why.text[0] ? why.text : strerror(-r));
	records_sort(records);
	for (size_t i = 0; i < records->count; i++)
		fit_to_controller(m, records->list[i]);
	for (size_t i = 0; i < records->count && r == 0; i++)
		r = records->list[i]->place ? restore_place(m, records->list[i])
					    : restore_record(m, loaded, records->list[i]);
	return r < 0 ? fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r)) : 0;
}

/* --- the tree ------------------------------------------------------------------ */

/* Interrupted creations whose cgroups are still there. */
struct restore {
	struct manager *manager;
	struct names unfinished;
};

static void restore_done(struct restore *restore)
{
	names_done(&restore->unfinished);
}

/*
 * A creation that a crash interrupted was not acknowledged: its cgroup is removed. If it cannot
 * be removed now, it is left to the next start.
 */
static bool undo_creation(const char *name, void *userdata)
{
	cleanup_(group_free_ptr) struct group *group = NULL;
	struct restore *restore = userdata;
	struct manager *m = restore->manager;
	int r;

	if (manager_find(m, name))
		return true;
	r = group_open(m->controller, name, &group);
	if (r == -ENOENT)
		return true;
	if (r == 0)
		r = group_remove(group);
	if (r == 0) {
		log_message(LOG_NOTICE, name,
			    "its creation was interrupted: the cgroup is removed");
		return true;
	}
	log_message(LOG_WARNING, name,
		    "its creation was interrupted and its cgroup cannot be removed: %s",
		    strerror(-r));
	return r == -EBUSY || names_add(&restore->unfinished, name) < 0;
}

static int adopt(struct manager *m, const char *path)
{
	cleanup_(container_unref_ptr) struct container *c = container_new(m, path);
	char limit[SIZE_TEXT_MAX];
	int r;

	if (!c)
		return -ENOMEM;
	r = group_open(m->controller, path, &c->group);
	if (r < 0) {
		log_message(LOG_WARNING, path, "its cgroup cannot be opened: %s", strerror(-r));
		return 0;
	}
	c->settings = container_read_settings(c, &c->settings);
	log_message(LOG_NOTICE, path,
		    "found in the cgroup tree but not in the state: taken over with the limit %s",
		    size_format(c->settings.limit, limit));
	r = enter(m, c);
	if (r == 0)
		manager_save(c);
	return r;
}

/*
 * A cgroup inside a container without saved state belongs to another program, and its
 * processes to the container. If its state file is malformed, it is a container.
 */
static bool is_inner(struct manager *m, const struct loaded *loaded, const char *path)
{
	return manager_find_enclosing(m, path) && !names_have(&loaded->aside, path);
}

static int restore_tree(struct manager *m, const struct loaded *loaded, struct failure *failure)
{
	cleanup_(restore_done) struct restore restore = { .manager = m };
	cleanup_(hierarchy_list_free) char **paths = NULL;
	int r = state_each_creation(m->state, undo_creation, &restore);

	if (r == 0)
		r = controller_list_groups(m->controller, &paths);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot read the cgroup tree: %s",
			    strerror(-r));
	for (char **path = paths; path && *path; path++) {
		/* One whose cgroup could not be opened keeps its saved state. */
		if (manager_find(m, *path) || is_saved(loaded, *path) ||
		    names_have(&restore.unfinished, *path))
			continue;
		if (is_inner(m, loaded, *path)) {
			log_debug(
				"The cgroup %s inside a container was created by another program: left alone",
				*path);
			continue;
		}
		if (name_problem(*path)) {
			log_warning("The cgroup %s below %s is not one of rssd's: left alone",
				    *path, m->controller->root);
			continue;
		}
		r = adopt(m, *path);
		if (r < 0)
			return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r));
	}
	return 0;
}

int restore_all(struct manager *m, struct failure *failure)
{
	cleanup_(loaded_done) struct loaded loaded = { 0 };
	int r = restore_state(m, &loaded, failure);

	if (r == 0)
		r = restore_tree(m, &loaded, failure);
	if (r == 0)
		(void)declarations_apply(m);
	return r;
}
