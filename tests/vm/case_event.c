// SPDX-License-Identifier: GPL-2.0
/* Events over generic netlink: each kind, their order, losses, and permissions. */
#define _GNU_SOURCE
#include "genl.h"
#include "vm.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES	(4 * (long)MB)
/* More containers than fit into one buffer of a dump. */
#define MANY	300
#define HAS(e, attr) ((e)->has & 1U << RSS_CONTAINER_A_##attr)

/* The last event of each kind, their number, and gaps in the sequence. */
struct collected {
	struct event last[RSS_CONTAINER_EVENT_MAX + 1];
	unsigned int n[RSS_CONTAINER_EVENT_MAX + 1];
	uint64_t seq;
	unsigned int gaps;
};

static uint64_t id_of(const char *box)
{
	struct stat st;

	EXPECT(!stat(box_path(box, ""), &st), "stat: %s", strerror(errno));
	return st.st_ino;
}

/* Receive the events of one container until there are none for a while. */
static void collect(int fd, uint64_t id, struct collected *h, int ms)
{
	struct event e;

	while (genl_next(fd, &e, ms)) {
		if (e.id != id)
			continue;
		EXPECT(HAS(&e, KIND) && HAS(&e, SEQ) && HAS(&e, COUNT) &&
		       HAS(&e, USAGE) && HAS(&e, LIMIT), "attributes %#x", e.has);
		EXPECT(e.kind && e.kind <= RSS_CONTAINER_EVENT_MAX, "kind %u", e.kind);
		EXPECT(e.seq > h->seq, "number %lu after %lu", e.seq, h->seq);
		EXPECT(e.count > h->last[e.kind].count, "kind %u: count %lu after %lu",
		       e.kind, e.count, h->last[e.kind].count);
		h->gaps += e.seq - h->seq - 1;
		h->seq = e.seq;
		h->n[e.kind]++;
		h->last[e.kind] = e;
	}
}

static void event_limit_and_reclaim(void)
{
	struct collected h = { 0 };
	struct event *e;
	struct actor *a;
	int fd;
	long at;

	fd = genl_listen();
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_write, at, 2 * BYTES, 1);
	collect(fd, id_of("a"), &h, 1500);
	EXPECT(!genl_lost(), "the socket overflowed");
	EXPECT_EQ(h.gaps, 0);
	e = &h.last[RSS_CONTAINER_EVENT_LIMIT];
	EXPECT(h.n[RSS_CONTAINER_EVENT_LIMIT] > 0, "no event of the limit");
	EXPECT_EQ(e->limit, BYTES);
	EXPECT(e->usage <= (uint64_t)BYTES + box_slack(1) && e->usage > 0, "usage %lu",
	       e->usage);
	/* rate-limited, but the last count is complete */
	EXPECT_EQ(e->count, box_event("a", "max"));
	e = &h.last[RSS_CONTAINER_EVENT_RECLAIM];
	EXPECT(h.n[RSS_CONTAINER_EVENT_RECLAIM] > 0, "no event of reclaim");
	EXPECT_EQ(e->count, box_event("a", "reclaim"));
	EXPECT(HAS(e, SCANNED) && HAS(e, FREED) && HAS(e, BYTES) && HAS(e, USEC) &&
	       HAS(e, CAUSE), "attributes %#x", e->has);
	EXPECT_EQ(e->cause, RSS_CONTAINER_CAUSE_LIMIT);
	EXPECT(e->freed > 0 && e->scanned >= e->freed, "%lu of %lu", e->freed, e->scanned);
	EXPECT_EQ(e->bytes, e->freed * PAGE);
	actor_end(a);
	close(fd);
}

static void event_causes(void)
{
	struct collected h = { 0 };
	struct actor *a;
	int fd;
	long at;

	fd = genl_listen();
	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, 4 * BYTES, ANON);
	actor_do(a, work_write, at, 4 * BYTES, 1);
	EXPECT_EQ(box_put("a", BOX_RECLAIM, BYTES / 2), 0);
	collect(fd, id_of("a"), &h, 300);
	EXPECT_EQ(h.last[RSS_CONTAINER_EVENT_RECLAIM].cause, RSS_CONTAINER_CAUSE_REQUEST);
	EXPECT_EQ(box_put("a", BOX_LIMIT, 2 * BYTES), 0);
	collect(fd, id_of("a"), &h, 1500);
	EXPECT_EQ(h.last[RSS_CONTAINER_EVENT_RECLAIM].cause, RSS_CONTAINER_CAUSE_RESIZE);
	EXPECT_EQ(box_put("a", BOX_WMARK_LOW, BYTES / 2), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_HIGH, BYTES), 0);
	EXPECT(UNTIL(30, box_usage("a") <= BYTES), "usage %ld", box_usage("a"));
	collect(fd, id_of("a"), &h, 1500);
	EXPECT_EQ(h.last[RSS_CONTAINER_EVENT_RECLAIM].cause,
		  RSS_CONTAINER_CAUSE_BACKGROUND);
	EXPECT_EQ(h.gaps, 0);
	actor_end(a);
	close(fd);
}

static void event_watermarks(void)
{
	struct collected h = { 0 };
	struct actor *a;
	int fd;
	long at;

	fd = genl_listen();
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_WMARK_HIGH, BYTES), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_LOW, BYTES / 2), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_write, at, 2 * BYTES, 1);
	EXPECT(UNTIL(30, box_usage("a") <= BYTES), "usage %ld", box_usage("a"));
	collect(fd, id_of("a"), &h, 1500);
	EXPECT(h.n[RSS_CONTAINER_EVENT_WMARK_HIGH] > 0, "no event above high");
	EXPECT(h.n[RSS_CONTAINER_EVENT_WMARK_LOW] > 0, "no event at low");
	EXPECT(h.last[RSS_CONTAINER_EVENT_WMARK_HIGH].usage > 0, "usage 0");
	EXPECT_EQ(h.n[RSS_CONTAINER_EVENT_LIMIT], 0);
	EXPECT_EQ(h.last[RSS_CONTAINER_EVENT_WMARK_HIGH].limit, ~0UL);
	EXPECT_EQ(h.gaps, 0);
	actor_end(a);
	close(fd);
}

static void event_oom(void)
{
	struct collected h = { 0 };
	struct actor *a;
	struct event *e;
	char comm[32];
	long at, ret;
	int fd;

	fd = genl_listen();
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	text_read("/proc/self/comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = '\0';
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_send(a, (actor_fn)work_write, at, 2 * BYTES, 1, 0);
	EXPECT(!actor_reply(a, &ret, 60), "it lives");
	collect(fd, id_of("a"), &h, 1500);
	EXPECT(h.n[RSS_CONTAINER_EVENT_OOM] > 0, "no OOM event");
	EXPECT_EQ(h.last[RSS_CONTAINER_EVENT_OOM].limit, BYTES);
	e = &h.last[RSS_CONTAINER_EVENT_OOM_KILL];
	EXPECT_EQ(h.n[RSS_CONTAINER_EVENT_OOM_KILL], 1);
	EXPECT_EQ(e->pid, a->pid);
	EXPECT(!strcmp(e->comm, comm), "comm '%s', not '%s'", e->comm, comm);
	EXPECT_EQ(h.gaps, 0);
	EXPECT_EQ(h.last[RSS_CONTAINER_EVENT_OOM].count, box_event("a", "oom"));
	actor_end(a);
	close(fd);
}

/* Each container has its own sequence and its own events. */
static void event_per_container(void)
{
	struct collected a = { 0 }, b = { 0 };
	struct actor *x, *y;
	int fd, other;
	long at;

	fd = genl_listen();
	other = genl_listen();
	box_make("a");
	box_make("b");
	box_put("a", BOX_LIMIT, BYTES / 4);
	box_put("b", BOX_LIMIT, BYTES / 4);
	x = actor_new("a");
	y = actor_new("b");
	at = actor_do(x, work_map, BYTES, ANON);
	actor_do(x, work_write, at, BYTES, 1);
	at = actor_do(y, work_map, BYTES, ANON);
	actor_do(y, work_write, at, BYTES, 1);
	collect(fd, id_of("a"), &a, 1500);
	collect(other, id_of("b"), &b, 1500);
	EXPECT(a.seq > 0 && b.seq > 0, "%lu and %lu", a.seq, b.seq);
	EXPECT_EQ(a.gaps, 0);
	EXPECT_EQ(b.gaps, 0);
	actor_end(x);
	actor_end(y);
	close(fd);
	close(other);
}

/*
 * Events without a message are in the count of the next message, or of one that is
 * sent when the second is over, and not in both.
 */
static void event_left_out_is_sent_once(void)
{
	struct collected h = { 0 };
	struct actor *a;
	long at, i;
	int fd;

	fd = genl_listen();
	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES, ANON);
	actor_do(a, work_write, at, BYTES, 1);
	/* the messages of one second; one more, late in it; and one in the next second */
	for (i = 0; i < 10; i++)
		EXPECT_EQ(box_put("a", BOX_RECLAIM, PAGE), 0);
	pause_ms(500);
	EXPECT_EQ(box_put("a", BOX_RECLAIM, PAGE), 0);
	pause_ms(650);
	EXPECT_EQ(box_put("a", BOX_RECLAIM, PAGE), 0);
	collect(fd, id_of("a"), &h, 1500);
	EXPECT_EQ(h.gaps, 0);
	EXPECT_EQ(h.last[RSS_CONTAINER_EVENT_RECLAIM].count, box_event("a", "reclaim"));
	actor_end(a);
	close(fd);
}

/* A reader that is too slow loses messages, and detects it. */
static void event_lost(void)
{
	uint64_t id;
	struct event e;
	uint32_t group;
	uint16_t family;
	struct actor *a;
	int fd, size = 1, i;
	long at, received = 0;

	fd = genl_open();
	EXPECT(!genl_family(fd, &family, &group) && !genl_join(fd, group), "no events");
	EXPECT(!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
	       "%s", strerror(errno));
	box_make("a");
	id = id_of("a");
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES, ANON);
	for (i = 0; i < 40; i++) {
		actor_do(a, work_write, at, BYTES, 1);
		box_put("a", BOX_RECLAIM, BYTES / 8);
	}
	while (genl_next(fd, &e, 1200))
		received++;
	EXPECT(genl_lost(), "%ld events fitted in the smallest buffer", received);
	close(fd);
	/* the counters now, requested by id */
	fd = genl_open();
	EXPECT_EQ(genl_get(fd, family, &id, &e), 0);
	EXPECT_EQ(e.id, id);
	EXPECT(e.seq > (uint64_t)received, "number %lu, received %ld", e.seq, received);
	EXPECT_NEAR((long)e.usage, box_usage("a"), box_slack(1));
	id = 999999999;
	EXPECT_EQ(genl_get(fd, family, &id, &e), -ENOENT);
	EXPECT_EQ(genl_get(fd, family, NULL, &e), -EINVAL);
	actor_end(a);
	close(fd);
}

static const struct rss_container_state *dumped(const struct rss_container_state *all, int count,
						uint64_t id)
{
	const struct rss_container_state *found = NULL;
	int i;

	for (i = 0; i < count; i++) {
		if (all[i].id != id)
			continue;
		EXPECT(!found, "container %lu is dumped twice", id);
		found = &all[i];
	}
	return found;
}

/* A container is frozen if it was itself frozen, not an ancestor; as the files show. */
static void expect_frozen(const struct rss_container_state all[], int count, const char *name,
			  bool frozen)
{
	const char *file = box_path(name, world.v2 ? "cgroup.freeze" : "freezer.self_freezing");
	const struct rss_container_state *s = dumped(all, count, id_of(name));

	EXPECT(s && s->flags & RSS_CONTAINER_STATE_FREEZER, "%s is missing, or its freezer", name);
	EXPECT(!(s->flags & RSS_CONTAINER_STATE_FROZEN) == !frozen && text_number(file) == frozen,
	       "%s: flags %#x", name, s->flags);
}

/* A dump, the files and a request agree for each container. */
static void event_dump(void)
{
	static struct rss_container_state all[2 * MANY + 64];
	const struct rss_container_state *e;
	struct actor *a, *b;
	struct event one;
	uint32_t group;
	uint16_t family;
	char name[32];
	uint64_t id;
	int fd, count, before, i;
	long at;

	fd = genl_open();
	EXPECT_EQ(genl_family(fd, &family, &group), 0);
	before = genl_dump(fd, family, all, ARRAY_SIZE(all));
	EXPECT(before >= 0, "%s", strerror(-before));
	box_make("a");
	box_make("a/b");
	EXPECT_EQ(box_put("a/b", BOX_LIMIT, BYTES / 4), 0);
	a = actor_new("a/b");
	b = actor_new("a/b");
	at = actor_do(a, work_map, BYTES, ANON);
	actor_do(a, work_write, at, BYTES, 1);
	EXPECT_EQ(box_put("a/b", BOX_WMARK_HIGH, BYTES / 8), 0);
	EXPECT(UNTIL(30, box_event("a/b", "wmark_low")), "usage stays at %ld", box_usage("a/b"));
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		box_make(name);
	}
	count = genl_dump(fd, family, all, ARRAY_SIZE(all));
	EXPECT_EQ(count, before + MANY + 2);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		id = id_of(name);
		e = dumped(all, count, id);
		EXPECT(e, "%s is not dumped", name);
		EXPECT(!e->usage && !e->peak && !e->processes && e->limit == ~0UL,
		       "%s: usage %llu peak %llu limit %llu processes %u", name, e->usage,
		       e->peak, e->limit, e->processes);
	}
	e = dumped(all, count, id_of("a"));
	EXPECT(e && e < dumped(all, count, id_of("a/b")), "a child before its parent");
	EXPECT_EQ(e->processes, 0);
	EXPECT_EQ(e->limit_hits, box_event("a", "max"));
	EXPECT_EQ(e->local_limit_hits + e->local_reclaims + e->local_wmark_highs +
		  e->local_wmark_lows, 0);
	id = id_of("a/b");
	e = dumped(all, count, id);
	EXPECT_EQ(e->limit, BYTES / 4);
	EXPECT_EQ(e->processes, 2);
	EXPECT_NEAR((long)e->usage, box_usage("a/b"), box_slack(2));
	EXPECT_EQ(e->peak, box_get("a/b", BOX_PEAK));
	EXPECT_EQ(e->limit_hits, box_event("a/b", "max"));
	EXPECT_EQ(e->reclaims, box_event("a/b", "reclaim"));
	EXPECT_EQ(e->wmark_highs, box_event("a/b", "wmark_high"));
	EXPECT_EQ(e->wmark_lows, box_event("a/b", "wmark_low"));
	EXPECT_EQ(e->ooms, box_event("a/b", "oom"));
	EXPECT_EQ(e->oom_kills, box_event("a/b", "oom_kill"));
	EXPECT_EQ(e->scanned, box_stat("a/b", "pgscan"));
	EXPECT_EQ(e->freed, box_stat("a/b", "pgsteal") * PAGE);
	EXPECT_EQ(e->refaults, box_stat("a/b", "workingset_refault_anon") +
				       box_stat("a/b", "workingset_refault_file"));
	EXPECT(e->limit_hits && e->wmark_highs && e->freed, "nothing was reclaimed");
	EXPECT_EQ(e->local_limit_hits, box_event_local("a/b", "max"));
	EXPECT_EQ(e->local_reclaims, box_event_local("a/b", "reclaim"));
	EXPECT_EQ(e->local_wmark_highs, box_event_local("a/b", "wmark_high"));
	EXPECT_EQ(e->local_wmark_lows, box_event_local("a/b", "wmark_low"));
	EXPECT_EQ(genl_get(fd, family, &id, &one), 0);
	expect_frozen(all, count, "a", false);
	EXPECT(one.processes == e->processes && one.peak == e->peak && one.limit == e->limit &&
	       one.scanned == e->scanned && one.bytes == e->freed &&
	       one.counts[RSS_CONTAINER_EVENT_LIMIT] == e->limit_hits &&
	       one.counts[RSS_CONTAINER_EVENT_WMARK_HIGH] == e->wmark_highs,
	       "a request is answered otherwise: %#x", one.has);
	id = id_of("a");
	EXPECT_EQ(genl_get(fd, family, &id, &one), 0);
	EXPECT_EQ(one.counts[RSS_CONTAINER_EVENT_LIMIT], box_event("a", "max"));
	EXPECT_EQ(one.counts_local[RSS_CONTAINER_EVENT_LIMIT], 0);
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(text_write(box_path("a", world.v2 ? "cgroup.freeze" : "freezer.state"),
			     world.v2 ? "1" : "FROZEN"), 0);
	count = genl_dump(fd, family, all, ARRAY_SIZE(all));
	expect_frozen(all, count, "a", true);
	expect_frozen(all, count, "a/b", false);
	close(fd);
}

/* The next container of a dump is removed, or its reader exits: nothing leaks. */
static void event_dump_left(void)
{
	uint32_t group;
	uint16_t family;
	char name[32];
	int fd, i, round;

	for (round = 0; round < 3; round++) {
		fd = genl_open();
		EXPECT_EQ(genl_family(fd, &family, &group), 0);
		for (i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "m%d", i);
			box_make(name);
		}
		EXPECT_EQ(genl_dump_begin(fd, family), 0);
		for (i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "m%d", i);
			box_remove(name);
		}
		if (round % 2) {
			/* the dump continues from a removed container */
			struct event e;

			for (i = 0; i < 4 * MANY && genl_next(fd, &e, 200); i++)
				;
		}
		close(fd);
	}
	EXPECT(UNTIL(30, cgroup_dying() <= 1), "%ld cgroups are held", cgroup_dying());
}

/* The v1 hierarchy is unmounted while others ask for its containers. */
static void event_unmounted(void)
{
	static struct rss_container_state all[8];
	const char *why = NULL;
	int status, round;
	uint16_t family;
	uint32_t group;
	pid_t pid;

	if (world.v2)
		skip("the v2 hierarchy stays mounted");
	pid = fork();
	if (!pid) {
		int fd = genl_open();
		struct event e;
		uint64_t id;

		if (genl_family(fd, &family, &group))
			_exit(1);
		for (;;) {
			for (id = 1; id < 4; id++)
				genl_get(fd, family, &id, &e);
			if (genl_dump(fd, family, all, ARRAY_SIZE(all)) < 0)
				_exit(2);
		}
	}
	for (round = 0; round < 20; round++) {
		world_leave();
		EXPECT(world_enter(&why), "cannot mount: %s", why);
	}
	EXPECT(!waitpid(pid, &status, WNOHANG), "the requests ended with %#x", status);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Without CAP_SYS_ADMIN there are no events and no replies. */
static void event_unprivileged(void)
{
	uint32_t group;
	uint16_t family;
	uint64_t id;
	pid_t pid;
	int status, fd;

	fd = genl_open();
	EXPECT_EQ(genl_family(fd, &family, &group), 0);
	close(fd);
	box_make("a");
	id = id_of("a");
	pid = fork();
	if (!pid) {
		struct rss_container_state state;
		struct event e;

		if (setgid(1000) || setuid(1000))
			_exit(1);
		fd = genl_open();
		EXPECT_EQ(genl_join(fd, group), -EPERM);
		EXPECT_EQ(genl_get(fd, family, &id, &e), -EPERM);
		EXPECT_EQ(genl_dump(fd, family, &state, 1), -EPERM);
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && !status, "%s", verdict_why());
}

/* Root in another network namespace has no permission. */
static void event_other_namespace(void)
{
	struct event e;
	uint32_t group;
	uint16_t family, here;
	uint64_t id;
	int status, fd;
	pid_t pid;

	fd = genl_open();
	EXPECT_EQ(genl_family(fd, &here, &group), 0);
	close(fd);
	box_make("a");
	id = id_of("a");
	pid = fork();
	if (!pid) {
		int err;

		if (setgid(1000) || setuid(1000) || unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(3);
		fd = genl_open();
		EXPECT_EQ(genl_family(fd, &family, &group), -ENOENT);
		err = genl_get(fd, here, &id, &e);
		EXPECT(err == -ENOENT || err == -EPERM || err == -EOPNOTSUPP,
		       "asked from another namespace: %s", strerror(-err));
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid, "%s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		skip("no namespaces to be had");
	EXPECT(!status, "%s", verdict_why());
}

const struct vm_case event_cases[] = {
	{ "event_limit_and_reclaim", event_limit_and_reclaim },
	{ "event_causes", event_causes },
	{ "event_watermarks", event_watermarks },
	{ "event_oom", event_oom },
	{ "event_per_container", event_per_container },
	{ "event_left_out_is_sent_once", event_left_out_is_sent_once },
	{ "event_lost", event_lost },
	{ "event_dump", event_dump },
	{ "event_dump_left", event_dump_left },
	{ "event_unmounted", event_unmounted },
	{ "event_unprivileged", event_unprivileged },
	{ "event_other_namespace", event_other_namespace },
	{ }
};
