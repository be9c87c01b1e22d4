/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failing-client PID CGROUP: calls each function of librss with a real rssd, and lets each of its
 * allocations fail once, those of libsystemd included. The call then succeeds, or returns -ENOMEM or
 * -ENOTCONN; it leaves no descriptor open and loses no memory (with ASan), and the same client, or
 * after -ENOTCONN a new one, works. Needs a container "a" with no process, which it changes, and
 * "b" with the process PID; CGROUP is an existing one that becomes a container, and ssh reaches the
 * host "there". Prints what is wrong, then how many calls there were.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../unit/failing-malloc.h"
#include "librss/rss.h"
#include "shared/cleanup.h"
#include "shared/file.h"

#define ALLOCATIONS_MAX 2000

static pid_t member;
static int member_fd; /* its pidfd */
static const char *existing_cgroup;
static unsigned int wrong;

struct operation {
	const char *name;
	int (*call)(struct rss_client *client);
	void (*prepare)(struct rss_client *client); /* may be NULL */
};

static void on_event(const struct rss_event *event, void *userdata)
{
}

/* Functions that return something to be freed. */
#define WITH_RESULT(name, type, call_it, free_it)  \
	static int name(struct rss_client *client) \
	{                                          \
		type result = { 0 };               \
		size_t count = 0;                  \
		int r = call_it;                   \
                                                   \
		(void)count;                       \
		if (r >= 0)                        \
			free_it;                   \
		return r;                          \
	}

WITH_RESULT(daemon_info, struct rss_daemon_info *, rss_daemon_info(client, &result),
	    rss_daemon_info_free(result))
WITH_RESULT(get, struct rss_container *, rss_get(client, "b", &result), rss_container_free(result))
WITH_RESULT(get_by_pid, struct rss_container *, rss_get_by_pid(client, member, &result),
	    rss_container_free(result))
WITH_RESULT(get_by_pidfd, struct rss_container *, rss_get_by_pidfd(client, member_fd, &result),
	    rss_container_free(result))
WITH_RESULT(list, struct rss_container **, rss_list(client, &result, &count),
	    rss_list_free(result, count))
/* Ends at the second container, with a value of its own. */
static int see(const struct rss_container *container, void *userdata)
{
	return ++*(int *)userdata == 2 ? 42 : 0;
}

static int each(struct rss_client *client)
{
	int seen = 0, r = rss_for_each(client, see, &seen);

	return r < 0 || (r == 42 && seen == 2) ? r : -EBADMSG;
}

WITH_RESULT(usage_history, struct rss_usage_history *, rss_get_usage_history(client, "b", &result),
	    rss_usage_history_free(result))
WITH_RESULT(diff, struct rss_difference *, rss_diff(client, &result, &count),
	    rss_differences_free(result, count))
WITH_RESULT(forecast, struct rss_forecast *,
	    rss_forecast_limit(client, "b", 64 << 20, RSS_LIMIT_REFUSE, &result),
	    rss_forecast_free(result))
WITH_RESULT(attach, struct rss_report *,
	    rss_attach_pids(client, "b", &member, 1, false, &result, &count),
	    rss_report_free(result, count))
WITH_RESULT(attach_by_pidfd, struct rss_report *,
	    rss_attach(client, "b", &member_fd, 1, false, &result, &count),
	    rss_report_free(result, count))
WITH_RESULT(attach_tree, struct rss_report *,
	    rss_attach_with(client, "b", &member, 1, RSS_ATTACH_TREE, &result, &count),
	    rss_report_free(result, count))
WITH_RESULT(preview, struct rss_report *,
	    rss_attach_preview(client, "a", &member, 1, true, &result, &count),
	    rss_report_free(result, count))
WITH_RESULT(detach, struct rss_report *, rss_detach_pids(client, &member, 1, &result, &count),
	    rss_report_free(result, count))
WITH_RESULT(detach_tree, struct rss_report *,
	    rss_detach_with(client, &member, 1, RSS_ATTACH_TREE, &result, &count),
	    rss_report_free(result, count))
WITH_RESULT(processes, struct rss_process *, rss_processes(client, "b", &result, &count),
	    rss_processes_free(result, count))
WITH_RESULT(own_processes, struct rss_process *,
	    rss_processes_with(client, "b", RSS_NO_NESTED, &result, &count),
	    rss_processes_free(result, count))
WITH_RESULT(ooms, struct rss_oom **, rss_list_ooms(client, NULL, &result, &count),
	    rss_ooms_free(result, count))
WITH_RESULT(diagnose, struct rss_finding *, rss_diagnose(client, &result, &count),
	    rss_findings_free(result, count))
WITH_RESULT(reload_findings, struct rss_finding *, rss_reload_findings(client, &result, &count),
	    rss_findings_free(result, count))
WITH_RESULT(metrics, int, rss_dump_metrics(client, &result), close(result))
WITH_RESULT(check_declaration, char *,
	    rss_check_declaration(client, "c.json", "{\"name\": \"c\"}", &result), free(result))
WITH_RESULT(kill_none, uint32_t, rss_kill(client, "a", 15, &result), (void)result)
WITH_RESULT(kill_none_of_its_own, uint32_t, rss_kill_with(client, "a", 15, RSS_NO_NESTED, &result),
	    (void)result)
WITH_RESULT(open_another, struct rss_client *, rss_open(&result), rss_close(result))
WITH_RESULT(open_within, struct rss_client *, rss_open_within(60 * 1000 * 1000, &result),
	    rss_close(result))
WITH_RESULT(open_host, struct rss_client *, rss_open_host("there", &result), rss_close(result))

static int create(struct rss_client *client)
{
	struct rss_settings settings = { .set = RSS_SET_LIMIT, .limit = 32 << 20 };

	return rss_create(client, "new", &settings);
}

/* rssd may still carry out a call that failed here after it was sent. */
static bool is_under_way(int r)
{
	static unsigned int times;

	if (r != -EINPROGRESS && r != -EEXIST)
		return false;
	usleep(1000);
	return ++times < 10000;
}

static void remove_new(struct rss_client *client)
{
	while (rss_remove(client, "new", false) < 0 && is_under_way(create(client)))
		;
	(void)rss_remove(client, "new", false);
}

static int remove_it(struct rss_client *client)
{
	return rss_remove(client, "new", false);
}

static void create_new(struct rss_client *client)
{
	remove_new(client);
	(void)create(client);
}

static int create_at(struct rss_client *client)
{
	return rss_create_at(client, "placed", NULL, existing_cgroup, NULL);
}

static void remove_placed(struct rss_client *client)
{
	while (rss_remove(client, "placed", false) < 0 && is_under_way(create_at(client)))
		;
	(void)rss_remove(client, "placed", false);
}

/* What the kernel lacks is refused whatever fails. */
static int if_supported(int r)
{
	return r == -EOPNOTSUPP ? 0 : r;
}

static int reclaim(struct rss_client *client)
{
	uint64_t reclaimed;

	return if_supported(rss_reclaim(client, "a", 1 << 20, &reclaimed));
}

static int reclaim_swappiness(struct rss_client *client)
{
	uint64_t reclaimed;

	return if_supported(rss_reclaim_swappiness(client, "a", 1 << 20, 100, &reclaimed));
}

static int freeze(struct rss_client *client)
{
	return if_supported(rss_freeze(client, "a"));
}

static int thaw(struct rss_client *client)
{
	return if_supported(rss_thaw(client, "a"));
}

static int reload(struct rss_client *client)
{
	return rss_reload(client);
}

static int set(struct rss_client *client)
{
	struct rss_settings settings = { .set = RSS_SET_LIMIT, .limit = 48 << 20 };

	return rss_set(client, "a", &settings);
}

static int limit(struct rss_client *client)
{
	return rss_limit(client, "a", 40 << 20, RSS_LIMIT_RECLAIM, 0, NULL, NULL, NULL);
}

static int apply(struct rss_client *client)
{
	struct rss_change changes[] = {
		{ .name = "a", .settings = { .set = RSS_SET_LIMIT, .limit = 36 << 20 } },
		{ .name = "b", .settings = { .set = RSS_SET_LIMIT, .limit = 96 << 20 } },
	};

	return rss_apply(client, changes, 2, RSS_LIMIT_REFUSE, 0);
}

static void await_changes(struct rss_client *client)
{
	while (is_under_way(set(client)) || is_under_way(apply(client)))
		;
}

static int apply_forecast(struct rss_client *client)
{
	struct rss_change change = { .name = "a",
				     .settings = { .set = RSS_SET_LIMIT, .limit = 36 << 20 } };

	return rss_apply_forecast(client, &change, 1, RSS_LIMIT_REFUSE);
}

static int repair(struct rss_client *client)
{
	return rss_repair(client, "a");
}

static int delegate(struct rss_client *client)
{
	return rss_delegate(client, "a", 65534);
}

static int reset_peak(struct rss_client *client)
{
	return rss_reset_peak(client, "a");
}

static void attach_again(struct rss_client *client)
{
	(void)attach(client);
}

/* With events in the history, and the end of the subscription. */
static int subscribe_since(struct rss_client *client)
{
	struct rss_client *other;
	int r = rss_open(&other);

	if (r < 0)
		return r;
	r = rss_subscribe_since(other, 0, on_event, NULL);
	if (r >= 0)
		r = rss_wait(other, 0);
	rss_close(other);
	return r;
}

static int subscribe(struct rss_client *client)
{
	int r = rss_subscribe(client, on_event, NULL);

	return r < 0 ? r : rss_wait(client, 0);
}

#define OPERATION(name)           \
	{                         \
#name, name, NULL \
	}

static const struct operation operations[] = {
	OPERATION(open_another),
	OPERATION(open_within),
	OPERATION(open_host),
	OPERATION(daemon_info),
	OPERATION(get),
	OPERATION(get_by_pid),
	OPERATION(get_by_pidfd),
	OPERATION(list),
	OPERATION(each),
	OPERATION(usage_history),
	OPERATION(diff),
	OPERATION(forecast),
	OPERATION(attach),
	OPERATION(preview),
	{ "detach", detach, attach_again },
	{ "detach_tree", detach_tree, attach_again },
	OPERATION(attach_tree),
	OPERATION(attach_by_pidfd),
	OPERATION(processes),
	OPERATION(own_processes),
	OPERATION(ooms),
	OPERATION(diagnose),
	OPERATION(reload_findings),
	OPERATION(reload),
	OPERATION(check_declaration),
	OPERATION(metrics),
	OPERATION(kill_none),
	OPERATION(kill_none_of_its_own),
	OPERATION(reclaim),
	OPERATION(reclaim_swappiness),
	OPERATION(freeze),
	OPERATION(thaw),
	{ "create", create, remove_new },
	{ "remove", remove_it, create_new },
	{ "create_at", create_at, remove_placed },
	{ "set", set, await_changes },
	{ "limit", limit, await_changes },
	{ "apply", apply, await_changes },
	OPERATION(apply_forecast),
	OPERATION(repair),
	OPERATION(reset_peak),
	{ "delegate", delegate, await_changes },
	OPERATION(subscribe_since),
	OPERATION(subscribe),
};

static unsigned int count_descriptors(void)
{
	cleanup_(closedir_ptr) DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (dir && readdir(dir))
		count++;
	return count;
}

__attribute__((format(printf, 3, 4))) static void report(const struct operation *operation,
							 unsigned int n, const char *format, ...)
{
	va_list args;

	wrong++;
	printf("%s, allocation %u: ", operation->name, n);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* Returns the client to go on with. */
static struct rss_client *check(struct rss_client *client, const struct operation *operation,
				unsigned int n, int r, unsigned int before)
{
	struct rss_daemon_info *info;

	if (r < 0 && r != -ENOMEM && r != -ENOTCONN)
		report(operation, n, "%s: %s", strerror(-r), rss_error_message(client));
	if (r == -ENOTCONN) {
		rss_close(client);
		if (rss_open(&client) < 0) {
			report(operation, n, "there is no new client");
			exit(EXIT_FAILURE);
		}
	}
	r = rss_daemon_info(client, &info);
	if (r < 0)
		report(operation, n, "afterwards: %s", rss_error_message(client));
	else
		rss_daemon_info_free(info);
	/* By now a late reply with a descriptor was dropped. */
	if (count_descriptors() != before)
		report(operation, n, "%u descriptors, before %u", count_descriptors(), before);
	return client;
}

/* No allocation fails in the child that becomes ssh: the client could not know. */
static void spare_child(void)
{
	(void)malloc_has_failed();
}

int main(int argc, char *argv[])
{
	struct rss_client *client;
	unsigned int calls = 0;
	const char *only = getenv("ONLY");

	if (argc != 3 || rss_open(&client) < 0)
		return EXIT_FAILURE;
	member = (pid_t)atol(argv[1]);
	member_fd = (int)syscall(SYS_pidfd_open, member, 0);
	existing_cgroup = argv[2];
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	(void)pthread_atfork(NULL, NULL, spare_child);
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		const struct operation *operation = &operations[i];
		bool failed = true;

		for (unsigned int n = 1;
		     failed && n < ALLOCATIONS_MAX && (!only || !strcmp(only, operation->name));
		     n++) {
			unsigned int before;
			int r;

			if (operation->prepare)
				operation->prepare(client);
			before = count_descriptors();
			malloc_fail_at(n);
			r = operation->call(client);
			failed = malloc_has_failed();
			client = check(client, operation, n, r, before);
			if (!failed && r < 0)
				report(operation, n, "fails without cause: %s", strerror(-r));
			calls++;
		}
		if (failed && !only)
			report(operation, ALLOCATIONS_MAX, "never ends");
	}
	close(member_fd);
	rss_close(client);
	if (malloc_has_leaked())
		wrong++;
	printf("%u calls, %u wrong\n", calls, wrong);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
