/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OOM detection, attribution: finds the container whose limit was hit, the killed
 * process, and its container. They come from the kernel's events or its log, or else
 * from the counters. Each kill becomes one OOM event. See detection.h.
 */
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "cgroup/cgroup-path.h"
#include "container/manager.h"
#include "host/kmsg-parser.h"
#include "host/process.h"
#include "monitor/detection-state.h"
#include "monitor/detection.h"
#include "monitor/oom-snapshot.h"
#include "policy/oom-record.h"
#include "shared/name.h"
#include "shared/text.h"

/* How long the kernel's log may lag behind its counters. */
#define LOG_LAG_USEC (1000 * 1000)
/* In a storm, kills that the log does not report are reported after this time. */
#define STORM_USEC (10 * LOG_LAG_USEC)
/* At most this many kills with unknown victims are reported per container and poll. */
#define PENDING_KILLS_MAX 16
/* With more containers than this, victims without a cgroup are not attributed. */
#define POLLS_MAX 1000

static bool has_pending_kills(const struct container *c)
{
	return c->seen.oom_kills != COUNTER_ABSENT &&
	       c->seen.oom_kills > c->detection->kills_reported;
}

/* --- the record ------------------------------------------------------------------------- */

static struct oom_record unknown_oom(void)
{
	return (struct oom_record){
		.victim_uid = (uid_t)-1,
		.requester_uid = (uid_t)-1,
		.usage = OOM_ABSENT,
		.limit = OOM_ABSENT,
		.snapshot = oom_snapshot_unknown(),
	};
}

/* Keeps the kernel's list of processes if there is one: rssd's is taken later. */
static void take_snapshot(struct container *on, struct oom_record *oom)
{
	struct oom_processes listed = oom->snapshot.processes;

	oom_snapshot_take(on, &oom->snapshot);
	if (listed.count)
		oom->snapshot.processes = listed;
}

/* Emits an OOM event of the container whose limit was hit, or else of the victim's. */
static void emit_oom(struct manager *m, struct container *limited, struct container *victim,
		     struct oom_record *oom)
{
	struct container *on = limited ? limited : victim;
	struct event event = {
		.kind = EVENT_OOM,
		.container = on,
		.usage = oom->usage,
		.limit = oom->limit,
		.oom = oom,
	};

	if (oom->snapshot.parts.anon == OOM_ABSENT && oom->snapshot.failures == OOM_ABSENT)
		take_snapshot(on, oom);
	/* If rssd carries it out, this record is of the one process that the kernel killed. */
	oom->group = !(on->manager->controller->kept & SETTING_OOM_GROUP) &&
		     (on->settings.oom_group || (victim && victim->settings.oom_group));
	manager_emit(m, &event);
}

/* Sets the facts of the limit from its container, if the log did not have them. */
static void set_limit_container(struct oom_record *oom, struct container *limited)
{
	if (!limited)
		return;
	oom->container = limited->name;
	oom->limit = limited->settings.limit;
}

/* --- the container whose limit was hit ------------------------------------------------------ */

/* The container whose group is the cgroup itself. */
static struct container *find_by_cgroup(struct manager *m, const char *cgroup)
{
	bool inner = false;
	struct container *c = cgroup[0] ? manager_find_by_cgroup(m, cgroup, &inner) : NULL;

	return inner ? NULL : c;
}

static struct container *find_victim_by_cgroup(struct manager *m, const char *cgroup,
					       bool *ret_inner)
{
	return cgroup[0] ? manager_find_by_cgroup(m, cgroup, ret_inner) : NULL;
}

static struct container *find_victim_by_pid(struct manager *m, pid_t pid, bool *ret_inner)
{
	cleanup_free char *cgroup = NULL;

	if (controller_cgroup_of_process(m->controller, pid, &cgroup) < 0)
		return NULL;
	return manager_find_by_cgroup(m, cgroup, ret_inner);
}

/* The counters of the container's group do not include kills in inner cgroups. */
static void count_kill(struct container *victim, bool inner)
{
	victim->detection->kills_reported++;
	if (inner)
		__atomic_fetch_add(&victim->inner_oom_kills, 1, __ATOMIC_RELAXED);
}

/*
 * Returns true if @c had an OOM of its own limit a moment ago that is not reported yet. What was counted for a
 * container that has no limit now is older than the OOM that is to be attributed.
 */
static bool has_local_oom(const struct container *c)
{
	return c->detection->local_ooms > 0 && c->settings.limit != LIMIT_INFINITY &&
	       c->detection->local_ooms_at + OOM_TO_KILL_USEC + LOG_LAG_USEC >=
		       detection_now(c->manager);
}

/* OOMs may pile up before the first is reported; each is reported once. */
static void subtract_local_ooms(struct container *c, uint64_t count)
{
	struct container_detection *d = c->detection;

	d->local_ooms -= count < d->local_ooms ? count : d->local_ooms;
}

/*
 * Uses the counters only: returns the nearest of the victim's container and its parents
 * that had an OOM of its own limit a moment ago.
 */
static struct container *find_by_local_oom(struct container *victim)
{
	cleanup_free char *name = strdup(victim->name);

	while (name) {
		struct container *c = manager_find(victim->manager, name);
		char *parent = name_parent(name);

		if (c)
			poll_counters(c);
		if (c && has_local_oom(c)) {
			free(parent);
			return c;
		}
		free(name);
		name = parent;
	}
	return NULL;
}

/* Uses the kernel's events: returns the one of them with the latest OOM, a moment ago. */
static struct container *find_by_last_oom(struct container *victim)
{
	cleanup_free char *name = strdup(victim->name);
	uint64_t now = detection_now(victim->manager);
	struct container *last = NULL;

	while (name) {
		struct container *c = manager_find(victim->manager, name);
		char *parent = name_parent(name);

		if (c && c->detection->last_oom.at &&
		    c->detection->last_oom.at + OOM_TO_KILL_USEC >= now &&
		    (!last || c->detection->last_oom.at > last->detection->last_oom.at))
			last = c;
		free(name);
		name = parent;
	}
	return last;
}

/* --- kills that only the counters report --------------------------------------------------- */

/* Returns how many containers have pending kills; *ret is the last of them. */
static unsigned int count_pending(struct manager *m, struct container **ret)
{
	unsigned int n = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (!has_pending_kills(m->containers[i]))
			continue;
		*ret = m->containers[i];
		n++;
	}
	return n;
}

static void report_kills_of(struct container *c, struct detection *victims)
{
	uint64_t pending = c->seen.oom_kills - c->detection->kills_reported;
	struct container *limited = find_by_local_oom(c);

	/* The poll of the limited container may have found more kills; they are reported later. */
	c->detection->kills_reported += pending;
	for (uint64_t i = 0; i < pending && i < PENDING_KILLS_MAX; i++) {
		struct oom_record oom = unknown_oom();

		oom.victim_container = c->name;
		set_limit_container(&oom, limited);
		if (victims && victims->n_victims > 0) {
			struct victim *victim = &victims->victims[--victims->n_victims];

			oom.victim_pid = victim->pid;
			oom.victim_command = victim->comm;
		}
		emit_oom(c->manager, limited, c, &oom);
	}
	if (limited)
		subtract_local_ooms(limited, pending);
}

static int report_pending_kills(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;
	struct detection *d = m->detection;
	struct container *c = NULL;
	/* Do not poll thousands of containers here: it would block the event loop. */
	bool certain = d->n_victims > 0 && m->count <= POLLS_MAX;
	uint64_t now = detection_now(m), due = d->kill_counted_at + LOG_LAG_USEC;

	/* The log may be about to report a kill that was counted after the timer was set. */
	if (m->kmsg && due > now && d->pending_since + STORM_USEC > now) {
		detection_schedule(m, &d->pending_kills, due - now, report_pending_kills);
		return 0;
	}
	/* The log may have reported kills of containers that were not polled since. */
	for (size_t i = 0; i < m->count && certain; i++)
		poll_counters(m->containers[i]);
	/*
	 * Victims of unknown cgroups are attributed only if exactly one container has pending
	 * kills, and as many as there are victims: a victim may be in no container.
	 */
	certain = certain && count_pending(m, &c) == 1 &&
		  c->seen.oom_kills - c->detection->kills_reported == d->n_victims;

	for (size_t i = 0; i < m->count; i++) {
		if (has_pending_kills(m->containers[i]))
			report_kills_of(m->containers[i], certain ? d : NULL);
	}
	d->n_victims = 0;
	return 0;
}

/* Waits LOG_LAG_USEC for the log to report the kill. Lines that can be read come first. */
static void schedule_report(struct manager *m)
{
	struct detection *d = m->detection;

	if (!d->pending_kills || sd_event_source_get_enabled(d->pending_kills, NULL) == 0)
		d->pending_since = detection_now(m);
	detection_schedule(m, &d->pending_kills, m->kmsg ? LOG_LAG_USEC : 0, report_pending_kills);
	if (d->pending_kills)
		(void)sd_event_source_set_priority(d->pending_kills, SD_EVENT_PRIORITY_NORMAL + 1);
}

void attribution_count(struct container *c, const struct counters *now)
{
	struct container_detection *d = c->detection;

	if (has_increased(c->seen.oom_kills, now->oom_kills))
		c->manager->detection->kill_counted_at = detection_now(c->manager);
	if (!has_increased(c->seen.oom_events, now->oom_events))
		return;
	/* An old OOM that is still not reported killed nothing. */
	if (!has_local_oom(c))
		d->local_ooms = 0;
	d->local_ooms += now->oom_events - c->seen.oom_events;
	d->local_ooms_at = detection_now(c->manager);
}

void attribution_check(struct container *c)
{
	struct manager *m = c->manager;

	if (m->controller->reports_facts)
		return;
	if (has_pending_kills(c))
		schedule_report(m);
	/*
	 * The kernel of v1 reports an OOM before it kills, here or in a nested container, and
	 * without its log nothing reports the kill.
	 */
	if (!m->kmsg && has_local_oom(c))
		schedule_scan(c);
}

/* --- the kernel's log ------------------------------------------------------------------------ */

static void queue_victim(struct manager *m, const struct kmsg_oom *oom)
{
	struct detection *d = m->detection;
	struct victim *victim;

	if (d->n_victims == VICTIMS_MAX)
		memmove(d->victims, d->victims + 1, --d->n_victims * sizeof(*d->victims));
	victim = &d->victims[d->n_victims++];
	victim->pid = oom->pid;
	snprintf(victim->comm, sizeof(victim->comm), "%s", oom->comm);
	/* The kernel reports the OOM before the kill: counters read then do not have it. */
	schedule_report(m);
}

/* Names that any user may have chosen go to the bus and the log: UTF-8, no control characters. */
static struct kmsg_oom make_safe(const struct kmsg_oom *kmsg)
{
	struct kmsg_oom safe = *kmsg;

	text_make_safe(safe.comm);
	text_make_safe(safe.limit_owner);
	text_make_safe(safe.victim_cgroup);
	for (unsigned int i = 0; i < safe.processes.count; i++)
		text_make_safe(safe.processes.list[i].command);
	return safe;
}

void detection_kmsg_oom(const struct kmsg_oom *raw, void *userdata)
{
	struct kmsg_oom safe = make_safe(raw), *kmsg = &safe;
	struct manager *m = userdata;
	struct container *limited = find_by_cgroup(m, kmsg->limit_owner);
	bool inner = false;
	struct container *victim = find_victim_by_cgroup(m, kmsg->victim_cgroup, &inner);
	struct oom_record oom = unknown_oom();

	oom.container = limited ? limited->name : NULL;
	oom.limit_owner = kmsg->limit_owner[0] ? kmsg->limit_owner : NULL;
	oom.victim_pid = kmsg->pid;
	oom.victim_uid = kmsg->uid;
	oom.victim_command = kmsg->comm;
	oom.usage = kmsg->usage;
	oom.limit = kmsg->limit;
	oom.snapshot.processes = kmsg->processes;

	/* The kernel limits the rate of headers. The victim may not have ended yet: read its cgroup. */
	if (!kmsg->victim_cgroup[0] && kmsg->memcg) {
		victim = find_victim_by_pid(m, kmsg->pid, &inner);
		if (!victim) {
			queue_victim(m, kmsg);
			return;
		}
		limited = find_by_local_oom(victim);
		set_limit_container(&oom, limited);
	}
	if (!limited && !victim)
		return; /* an OOM of cgroups that rssd does not manage */
	if (!kmsg->memcg)
		oom.limit_owner = (char *)"/";
	if (victim) {
		oom.victim_container = victim->name;
		count_kill(victim, inner);
	}
	if (limited) {
		/* The counter may lag behind the log: this OOM must not be counted again later. */
		poll_counters(limited);
		subtract_local_ooms(limited, 1);
	}
	emit_oom(m, limited, victim, &oom);
}

/* --- the kernel's events ---------------------------------------------------------------------- */

void attribution_on_oom(struct container *c, const struct group_event *fact)
{
	struct container_detection *d = c->detection;

	d->last_oom.at = detection_now(c->manager);
	d->last_oom.usage = fact->usage;
	d->last_oom.limit = fact->limit;
	/* Take it now instead of at the kill: the victim may still have its memory. */
	if (!d->last_oom.snapshot)
		d->last_oom.snapshot = malloc(sizeof(*d->last_oom.snapshot));
	if (d->last_oom.snapshot)
		oom_snapshot_take(c, d->last_oom.snapshot);
}

void attribution_on_kill(struct container *c, const struct group_event *fact)
{
	struct container *limited = find_by_last_oom(c);
	struct oom_record oom = unknown_oom();
	char comm[TASK_COMM_MAX];

	(void)snprintf(comm, sizeof(comm), "%s", fact->comm);
	text_make_safe(comm);
	oom.victim_container = c->name;
	oom.victim_pid = fact->victim;
	oom.victim_command = comm;
	/* The uid is unknown if the victim was already reaped. */
	(void)process_read_uid(fact->victim, &oom.victim_uid);
	if (limited) {
		oom.container = limited->name;
		oom.usage = limited->detection->last_oom.usage;
		oom.limit = limited->detection->last_oom.limit;
		/* Each victim of one OOM has the same snapshot. */
		if (limited->detection->last_oom.snapshot)
			oom.snapshot = *limited->detection->last_oom.snapshot;
	}
	emit_oom(c->manager, limited, c, &oom);
}
