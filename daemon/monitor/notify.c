/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel lets us notice becomes events: see notice.h. */
#include "monitor/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "container/manager.h"
#include "container/usage.h"
#include "host/kmsg.h"
#include "host/process.h"
#include "monitor/oom-snapshot.h"
#include "policy/oom-record.h"
#include "shared/name.h"
#include "shared/text.h"

/* A container at its limit meets it thousands of times a second; it is told this often. */
#define LIMIT_HIT_USEC (200 * 1000)
/* How long the kernel's log may lag behind its counters. */
#define LOG_LAG_USEC (1000 * 1000)
/* Kills without a victim's name that are told one by one. */
#define UNTOLD_KILLS_MAX 16
/* A kill follows the OOM that it was for within this time; one that comes later was for another. */
#define OOM_TO_KILL_USEC (2 * 1000 * 1000)
/* Containers that are looked at for the sake of one victim, at most. */
#define LOOKS_MAX 1000
/* Numbers of events that are given away for messages of the kernel that were lost. */
#define LOST_MAX 256
/* Victims whose control group the log did not tell. */
#define VICTIMS_MAX   16
#define TASK_COMM_MAX 32

struct victim {
	pid_t pid;
	char comm[32];
};

struct victim_queue {
	struct victim victims[VICTIMS_MAX];
	unsigned int count;
};

int notice_open(struct manager *m)
{
	m->victims = calloc(1, sizeof(*m->victims));
	return m->victims ? 0 : -ENOMEM;
}

void notice_close(struct manager *m)
{
	m->untold_kills = sd_event_source_disable_unref(m->untold_kills);
	m->late_events = sd_event_source_disable_unref(m->late_events);
	m->limit_hits = sd_event_source_disable_unref(m->limit_hits);
	free(m->victims);
	m->victims = NULL;
}

/* Did a counter that the controller knows go up? */
static bool grew(uint64_t before, uint64_t now)
{
	return before != COUNTER_ABSENT && now != COUNTER_ABSENT && now > before;
}

/* --- OOM --------------------------------------------------------------------- */

/* The kernel's own list of processes is of the moment itself; ours comes a little later. */
static void look_around(struct container *on, struct oom_record *oom)
{
	struct oom_processes told = oom->snapshot.processes;

	oom_snapshot_take(on, &oom->snapshot);
	if (told.count)
		oom->snapshot.processes = told;
}

/* Tells an OOM: on the container whose limit it was, or else on the victim's. */
static void tell_oom(struct manager *m, struct container *limited, struct container *victim,
		     struct oom_record *oom)
{
	struct container *on = limited ? limited : victim;
	struct event event = { .kind = EVENT_OOM, .container = on, .oom = oom };

	if (oom->snapshot.anon == OOM_ABSENT && oom->snapshot.failures == OOM_ABSENT)
		look_around(on, oom);
	oom->group = on->settings.oom_group || (victim && victim->settings.oom_group);
	event.usage = oom->usage;
	event.limit = oom->limit;
	manager_emit(m, &event);
}

static struct container *find_by_cgroup(struct manager *m, const char *cgroup)
{
	cleanup_free char *path = NULL;

	if (!cgroup[0] || controller_path_of_cgroup(m->controller, cgroup, &path) < 0)
		return NULL;
	return manager_find(m, path);
}

/* Has its own limit just run out, and no event told it yet? One of long ago killed nobody. */
static bool has_own_oom(const struct container *c)
{
	uint64_t now = 0;

	(void)sd_event_now(c->manager->event, CLOCK_MONOTONIC, &now);
	return c->own_ooms > 0 && c->own_ooms_at + OOM_TO_KILL_USEC + LOG_LAG_USEC >= now;
}

/* In a storm there are many before the first is told: each is told once. */
static void own_ooms_told(struct container *c, uint64_t count)
{
	c->own_ooms -= count < c->own_ooms ? count : c->own_ooms;
}

/*
 * Whose limit it was, by the counters alone: the nearest of the victim's
 * container and those around it whose own limit has just run out.
 */
static struct container *find_limited(struct container *victim)
{
	cleanup_free char *name = strdup(victim->name);

	while (name) {
		struct container *c = manager_find(victim->manager, name);
		char *parent = name_parent(name);

		if (c)
			notice_look(c);
		if (c && has_own_oom(c)) {
			free(parent);
			return c;
		}
		free(name);
		name = parent;
	}
	return NULL;
}

/* What the log did not tell of the limit that ran out is known from its container. */
static void name_limit(struct oom_record *oom, struct container *limited)
{
	if (!limited)
		return;
	oom->container = limited->name;
	oom->limit = limited->settings.limit;
}

static void expect_log(struct manager *m);

static void queue_victim(struct manager *m, const struct kmsg_oom *oom)
{
	struct victim_queue *q = m->victims;

	if (q->count == VICTIMS_MAX)
		memmove(q->victims, q->victims + 1, --q->count * sizeof(*q->victims));
	q->victims[q->count].pid = oom->pid;
	snprintf(q->victims[q->count].comm, sizeof(q->victims[q->count].comm), "%s", oom->comm);
	q->count++;
	/* Whoever looks when the kernel notifies of the OOM is too early for the kill. */
	expect_log(m);
}

/* What any user may have named goes on to the bus and the log: UTF-8, no control characters. */
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

void notice_kmsg_oom(const struct kmsg_oom *raw, void *userdata)
{
	struct kmsg_oom safe = make_safe(raw), *kmsg = &safe;
	struct manager *m = userdata;
	struct container *limited = find_by_cgroup(m, kmsg->limit_owner);
	struct container *victim = find_by_cgroup(m, kmsg->victim_cgroup);
	struct oom_record oom = {
		.container = limited ? limited->name : NULL,
		.limit_owner = kmsg->limit_owner[0] ? kmsg->limit_owner : NULL,
		.victim_pid = kmsg->pid,
		.victim_uid = kmsg->uid,
		.victim_command = kmsg->comm,
		.usage = kmsg->usage,
		.limit = kmsg->limit,
		.snapshot = oom_snapshot_unknown(),
	};

	oom.snapshot.processes = kmsg->processes;

	/* Under a flood the kernel leaves the header out: the victim may still be there to ask. */
	if (!kmsg->victim_cgroup[0] && kmsg->memcg) {
		if (manager_get_by_pid(m, kmsg->pid, &victim, NULL) < 0) {
			queue_victim(m, kmsg);
			return;
		}
		limited = find_limited(victim);
		name_limit(&oom, limited);
	}
	if (!limited && !victim)
		return; /* somebody else's */
	if (!kmsg->memcg)
		oom.limit_owner = (char *)"/";
	if (victim) {
		oom.victim_container = victim->name;
		victim->kills_told++;
	}
	if (limited) {
		/* The log may be ahead of the counter: what it tells now is not to be counted later. */
		notice_look(limited);
		own_ooms_told(limited, 1);
	}
	tell_oom(m, limited, victim, &oom);
}

/* How many containers have kills that no event told yet, and the last of them. */
static unsigned int count_untold(struct manager *m, struct container **ret)
{
	unsigned int n = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct container *c = m->containers[i];

		if (c->seen.oom_kills == COUNTER_ABSENT || c->seen.oom_kills <= c->kills_told)
			continue;
		*ret = c;
		n++;
	}
	return n;
}

static void tell_untold(struct container *c, struct victim_queue *queue)
{
	uint64_t untold = c->seen.oom_kills - c->kills_told;
	struct container *limited = find_limited(c);

	/* Looking for whose limit it was may have seen more of them: those come next. */
	c->kills_told += untold;
	for (uint64_t i = 0; i < untold && i < UNTOLD_KILLS_MAX; i++) {
		struct oom_record oom = {
			.victim_container = c->name,
			.victim_uid = (uid_t)-1,
			.usage = OOM_ABSENT,
			.limit = OOM_ABSENT,
			.snapshot = oom_snapshot_unknown(),
		};

		name_limit(&oom, limited);

		if (queue && queue->count > 0) {
			struct victim *victim = &queue->victims[--queue->count];

			oom.victim_pid = victim->pid;
			oom.victim_command = victim->comm;
		}
		tell_oom(c->manager, limited, c, &oom);
	}
	if (limited)
		own_ooms_told(limited, untold);
}

static int untold_kills(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;
	struct container *c = NULL;
	/* Of thousands, to look at all would keep the loop from everybody else. */
	bool certain = m->victims->count > 0 && m->count <= LOOKS_MAX;

	/* The log has told of kills that nobody has looked at yet: those count, too. */
	for (size_t i = 0; i < m->count && certain; i++)
		notice_look(m->containers[i]);
	/*
	 * Victims of unknown cgroups can only be told apart where one container had kills, and
	 * all of them: others may be nobody's here.
	 */
	certain = certain && count_untold(m, &c) == 1 &&
		  c->seen.oom_kills - c->kills_told == m->victims->count;

	for (size_t i = 0; i < m->count; i++) {
		c = m->containers[i];
		if (c->seen.oom_kills != COUNTER_ABSENT && c->seen.oom_kills > c->kills_told)
			tell_untold(c, certain ? m->victims : NULL);
	}
	m->victims->count = 0;
	return 0;
}

/* Has @fn called once in @usec, unless it is about to be called already. */
static void call_later(struct manager *m, sd_event_source **timer, uint64_t usec,
		       sd_event_time_handler_t fn)
{
	int r;

	if (!*timer) {
		r = sd_event_add_time_relative(m->event, timer, CLOCK_MONOTONIC, usec, 1000, fn, m);
		if (r < 0)
			log_warning("A timer could not be made: %s", strerror(-r));
		return;
	}
	if (sd_event_source_get_enabled(*timer, NULL) > 0)
		return;
	(void)sd_event_source_set_time_relative(*timer, usec);
	(void)sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

/* Gives the log its second to explain a kill. */
static void expect_log(struct manager *m)
{
	call_later(m, &m->untold_kills, m->kmsg ? LOG_LAG_USEC : 0, untold_kills);
}

/* --- limits that were met, as the kernel tells ------------------------------------ */

static int tell_late(sd_event_source *source, uint64_t usec, void *userdata);

/* Does nothing where nothing is kept; keeps it where it is too soon after the one before. */
static void tell_limit_hit(struct container *c)
{
	struct event event = {
		.kind = EVENT_LIMIT_HIT,
		.container = c,
		.usage = c->limit_hit.usage,
		.limit = c->limit_hit.limit,
		.amount = c->limit_hit.count,
	};
	uint64_t usec = 0;

	if (event.amount == 0)
		return;
	(void)sd_event_now(c->manager->event, CLOCK_MONOTONIC, &usec);
	if (usec < c->limit_hit.next) {
		call_later(c->manager, &c->manager->late_events, LIMIT_HIT_USEC, tell_late);
		return;
	}
	c->limit_hit.count = 0;
	/* Told already, when something was lost and the counters were read. */
	if (!grew(c->seen.failures, event.amount))
		return;
	c->limit_hit.next = usec + LIMIT_HIT_USEC;
	c->seen.failures = event.amount;
	manager_emit(c->manager, &event);
}

static int tell_limit_hits(sd_event_source *source, void *userdata)
{
	struct manager *m = userdata;

	for (size_t i = 0; i < m->count; i++)
		tell_limit_hit(m->containers[i]);
	return 0;
}

/*
 * Of what has come from the kernel at once a container's last one is told, with
 * the count of all: who falls behind in a flood tells less often, not later and
 * later.
 */
static void keep_limit_hit(struct container *c, const struct group_event *fact)
{
	struct manager *m = c->manager;
	int r;

	c->limit_hit.count = fact->count;
	c->limit_hit.usage = fact->usage;
	c->limit_hit.limit = fact->limit;
	r = m->limit_hits ? sd_event_source_set_enabled(m->limit_hits, SD_EVENT_ONESHOT)
			  : sd_event_add_defer(m->event, &m->limit_hits, tell_limit_hits, m);
	if (r < 0)
		tell_limit_hit(c);
}

/* --- counters ------------------------------------------------------------------ */

static void tell_counters(struct container *c, const struct counters *now, uint64_t usec)
{
	struct event event = { .container = c, .usage = now->usage, .limit = c->settings.limit };

	if (grew(c->seen.reclaimed, now->reclaimed)) {
		event.kind = EVENT_RECLAIMED;
		event.amount = now->reclaimed - c->seen.reclaimed;
		manager_emit(c->manager, &event);
	}
	if (grew(c->seen.failures, now->failures)) {
		event.kind = EVENT_LIMIT_HIT;
		event.amount = now->failures;
		manager_emit(c->manager, &event);
	}
	c->events_next = usec + LIMIT_HIT_USEC;
}

static int tell_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	for (size_t i = 0; i < m->count; i++) {
		tell_limit_hit(m->containers[i]);
		if (m->containers[i]->events_late)
			notice_look(m->containers[i]);
	}
	return 0;
}

/* What is not told now is told in sum, with the next event or a moment later. */
static void keep_for_later(struct container *c, struct counters *now)
{
	if (grew(c->seen.reclaimed, now->reclaimed) || grew(c->seen.failures, now->failures)) {
		c->events_late = true;
		call_later(c->manager, &c->manager->late_events, LIMIT_HIT_USEC, tell_late);
	}
	now->reclaimed = c->seen.reclaimed;
	now->failures = c->seen.failures;
}

/*
 * The kernel of v1 tells that a limit has run out before it kills, here or in a
 * container inside, and without its log nothing tells of the kill.
 */
static void look_for_kill(struct container *limited)
{
	struct manager *m = limited->manager;

	for (size_t i = manager_index(m, limited->name); i < m->count; i++) {
		struct container *c = m->containers[i];

		if (c == limited || name_is_inside(c->name, limited->name))
			c->events_late = true;
	}
	call_later(m, &m->late_events, LIMIT_HIT_USEC, tell_late);
}

void notice_look(struct container *c)
{
	struct manager *m = c->manager;
	struct counters now;
	uint64_t usec = 0;

	if (container_read_counters(c, &now) < 0)
		return;
	(void)sd_event_now(m->event, CLOCK_MONOTONIC, &usec);
	c->events_late = false;

	if (grew(c->seen.oom_events, now.oom_events)) {
		if (!has_own_oom(c))
			c->own_ooms = 0;
		c->own_ooms += now.oom_events - c->seen.oom_events;
		c->own_ooms_at = usec;
	}
	if (usec >= c->events_next)
		tell_counters(c, &now, usec);
	else
		keep_for_later(c, &now);
	c->seen = now;
	container_note_look(c, &now);

	if (!m->controller->tells_facts && now.oom_kills != COUNTER_ABSENT &&
	    now.oom_kills > c->kills_told)
		expect_log(m);
	if (!m->controller->tells_facts && !m->kmsg && has_own_oom(c))
		look_for_kill(c);
}

/* --- facts ----------------------------------------------------------------------- */

/*
 * The counter has what the kernel left out between two messages. In a burst it
 * is read now and then, not for each message, so that the queue of a flood is
 * worked off quickly.
 */
static void tell_reclaimed(struct container *c, const struct group_event *fact)
{
	struct event event = {
		.kind = EVENT_RECLAIMED,
		.container = c,
		.usage = fact->usage,
		.limit = fact->limit,
	};
	struct counters now;
	uint64_t usec = 0;

	(void)sd_event_now(c->manager->event, CLOCK_MONOTONIC, &usec);
	if (usec < c->events_next) {
		c->events_late = true;
		call_later(c->manager, &c->manager->late_events, LIMIT_HIT_USEC, tell_late);
		return;
	}
	if (container_read_counters(c, &now) < 0 || !grew(c->seen.reclaimed, now.reclaimed))
		return;
	event.amount = now.reclaimed - c->seen.reclaimed;
	c->seen.reclaimed = now.reclaimed;
	c->events_next = usec + LIMIT_HIT_USEC;
	manager_emit(c->manager, &event);
}

static void tell_watermark(struct container *c, const struct group_event *fact, const char *which)
{
	struct event event = {
		.kind = EVENT_WATERMARK,
		.container = c,
		.usage = fact->usage,
		.limit = fact->limit,
		.which = which,
	};

	manager_emit(c->manager, &event);
}

static void keep_oom(struct container *c, const struct group_event *fact)
{
	(void)sd_event_now(c->manager->event, CLOCK_MONOTONIC, &c->ran_out.at);
	c->ran_out.usage = fact->usage;
	c->ran_out.limit = fact->limit;
	/* Now rather than with the kill: the victim may still have its memory. */
	if (!c->ran_out.snapshot)
		c->ran_out.snapshot = malloc(sizeof(*c->ran_out.snapshot));
	if (c->ran_out.snapshot)
		oom_snapshot_take(c, c->ran_out.snapshot);
}

/* Of the container and those around it, the one whose limit ran out last, and just now. */
static struct container *find_ran_out(struct container *victim)
{
	cleanup_free char *name = strdup(victim->name);
	struct container *last = NULL;
	uint64_t now = 0;

	(void)sd_event_now(victim->manager->event, CLOCK_MONOTONIC, &now);
	while (name) {
		struct container *c = manager_find(victim->manager, name);
		char *parent = name_parent(name);

		if (c && c->ran_out.at && c->ran_out.at + OOM_TO_KILL_USEC >= now &&
		    (!last || c->ran_out.at > last->ran_out.at))
			last = c;
		free(name);
		name = parent;
	}
	return last;
}

static void tell_kill(struct container *c, const struct group_event *fact)
{
	struct container *limited = find_ran_out(c);
	char comm[TASK_COMM_MAX];
	struct oom_record oom = {
		.victim_container = c->name,
		.victim_pid = fact->victim,
		.victim_uid = (uid_t)-1,
		.victim_command = comm,
		.usage = OOM_ABSENT,
		.limit = OOM_ABSENT,
		.snapshot = oom_snapshot_unknown(),
	};

	(void)snprintf(comm, sizeof(comm), "%s", fact->comm);
	text_make_safe(comm);
	/* It is still dying, or its parent has not asked for it yet; if not, its user stays unknown. */
	(void)process_read_uid(fact->victim, &oom.victim_uid);
	if (limited) {
		oom.container = limited->name;
		oom.usage = limited->ran_out.usage;
		oom.limit = limited->ran_out.limit;
		/* It is told with each of those who are killed for it. */
		if (limited->ran_out.snapshot)
			oom.snapshot = *limited->ran_out.snapshot;
	}
	tell_oom(c->manager, limited, c, &oom);
}

/*
 * Events were lost: their numbers are given away, so that whoever counts finds
 * the gap explained, and what the counters tell of them is told in sum.
 */
static void tell_lost(struct container *c, const struct group_event *fact)
{
	struct manager *m = c->manager;
	struct event event = {
		.kind = EVENT_LOST,
		.amount = fact->lost < LOST_MAX ? fact->lost : LOST_MAX,
	};

	log_message(LOG_WARNING, c->name,
		    "%" PRIu64 " events of the kernel were lost; its counters are read again",
		    fact->lost);
	manager_emit(m, &event);
	c->events_next = 0;
	notice_look(c);
	/* Whoever was killed meanwhile is not known, and is in the counters. */
	c->kills_told = c->seen.oom_kills;
}

static void group_event(struct group *group, const struct group_event *event, void *userdata)
{
	struct container *c = userdata;

	/* In the order in which it happened. */
	if (event->kind != GROUP_LIMIT)
		tell_limit_hit(c);
	switch (event->kind) {
	case GROUP_CHANGED:
		notice_look(c);
		break;
	case GROUP_LOST:
		tell_lost(c, event);
		break;
	case GROUP_LIMIT:
		keep_limit_hit(c, event);
		break;
	case GROUP_RECLAIMED:
		tell_reclaimed(c, event);
		break;
	case GROUP_HIGH:
		tell_watermark(c, event, "high");
		break;
	case GROUP_LOW:
		tell_watermark(c, event, "low");
		break;
	case GROUP_OOM:
		keep_oom(c, event);
		break;
	case GROUP_OOM_KILL:
		tell_kill(c, event);
		break;
	}
}

int notice_watch(struct container *c)
{
	int r = group_watch(c->group, c->manager->event, group_event, c);

	if (r < 0)
		return r;
	r = container_read_counters(c, &c->seen);
	if (r < 0)
		return r;
	/* Kills from before the watch were told then, or nobody was there to tell them. */
	c->kills_told = c->seen.oom_kills == COUNTER_ABSENT ? 0 : c->seen.oom_kills;
	c->at_oom.failures = c->seen.failures;
	c->at_oom.reclaimed = c->seen.reclaimed;
	c->at_oom.scanned = c->seen.scanned;
	return 0;
}
