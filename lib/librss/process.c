/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes: attached, detached and listed. The bus limits the file descriptors
 * of a message, so many processes go in several messages; the caller gets one
 * report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "librss/client.h"
#include "librss/process-list.h"

/* The default limit of dbus-daemon. */
#define BATCH 16

/* One attach or detach, and its report so far. */
struct move {
	struct rss_client *client;
	const char *container; /* NULL: detach */
	bool tree, dry_run, leave_unit;
	bool asked; /* at least one message was sent */
	struct rss_report *rows;
	size_t count, allocated;
};

static void move_done(struct move *move)
{
	move->rows = rss_report_free(move->rows, move->count);
}

struct rss_report *rss_report_free(struct rss_report *report, size_t count)
{
	for (size_t i = 0; report && i < count; i++)
		free((void *)report[i].reason);
	free(report);
	return NULL;
}

static bool has_row(const struct move *move, pid_t pid)
{
	for (size_t i = 0; i < move->count; i++)
		if (move->rows[i].pid == pid)
			return true;
	return false;
}

static int add_row(struct move *move, pid_t pid, enum rss_outcome outcome, const char *reason)
{
	cleanup_free char *copy = NULL;
	int r;

	/* The caller may name a child that an earlier message found as a descendant. */
	if (move->tree && has_row(move, pid))
		return 0;
	copy = strdup(reason);
	if (!copy)
		return -ENOMEM;
	r = array_reserve(&move->rows, move->count, &move->allocated, sizeof(*move->rows));
	if (r < 0)
		return r;
	move->rows[move->count++] = (struct rss_report){ pid, outcome, take_ptr(copy) };
	return 0;
}

static enum rss_outcome outcome_from_name(const char *name)
{
	if (!strcmp(name, "moved"))
		return RSS_MOVED;
	if (!strcmp(name, "vanished"))
		return RSS_VANISHED;
	if (!strcmp(name, "would-move"))
		return RSS_WOULD_MOVE;
	return RSS_REFUSED;
}

static int read_report(struct move *move, sd_bus_message *reply)
{
	const char *outcome, *reason;
	uint32_t pid;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "(uss)");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(reply, "(uss)", &pid, &outcome, &reason)) > 0) {
		r = add_row(move, (pid_t)pid, outcome_from_name(outcome), reason);
		if (r < 0)
			return r;
	}
	return r;
}

/* If a later message fails, the error says how many processes were moved before. */
static int fail_half_way(struct move *move, int error)
{
	cleanup_free char *message = strdup(rss_error_message(move->client));
	size_t moved = 0;

	for (size_t i = 0; i < move->count; i++)
		moved += move->rows[i].outcome == RSS_MOVED;
	if (!moved)
		return error;
	return client_fail(move->client, error, "%s (%zu processes had been moved before)",
			   message ?: "Out of memory", moved);
}

static int append_options(sd_bus_message *call, const struct move *move)
{
	int r = sd_bus_message_open_container(call, 'a', "{sv}");

	if (r >= 0 && move->tree)
		r = sd_bus_message_append(call, "{sv}", "tree", "b", 1);
	/* Sent only if it is wanted: an older rssd refuses the key. */
	if (r >= 0 && move->dry_run)
		r = sd_bus_message_append(call, "{sv}", "dry-run", "b", 1);
	if (r >= 0 && move->leave_unit)
		r = sd_bus_message_append(call, "{sv}", "leave-unit", "b", 1);
	return r < 0 ? r : sd_bus_message_close_container(call);
}

/* Moves at most BATCH processes. */
static int move_batch(struct move *move, const int pidfds[], size_t count)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int r;

	r = client_method(move->client, move->container, move->container ? "Attach" : "Detach",
			  &call);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(call, 'a', "h");
	if (r < 0)
		return client_fail_message(move->client, r);
	for (size_t i = 0; i < count; i++) {
		r = sd_bus_message_append(call, "h", pidfds[i]);
		if (r < 0)
			return client_fail(move->client, r == -ENOMEM ? r : -EINVAL,
					   "%d is not an open file descriptor", pidfds[i]);
	}
	r = sd_bus_message_close_container(call);
	if (r >= 0)
		r = append_options(call, move);
	if (r < 0)
		return client_fail_message(move->client, r);
	move->asked = true;
	r = client_call(move->client, call, move->container, CALL_FOR_EVER, &reply);
	if (r < 0)
		return fail_half_way(move, r);
	r = read_report(move, reply);
	return r < 0 ? client_fail_message(move->client, r) : 0;
}

static void close_all(const int fds[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* Opens a process. If it has ended or is a thread, it gets its row here and *@ret is unchanged. */
static int open_pid(struct move *move, pid_t pid, int *ret)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0) {
		*ret = fd;
		return 0;
	}
	switch (errno) {
	case ESRCH:
		return add_row(move, pid, RSS_VANISHED, "");
	case EINVAL:
	case ENOENT:
		return add_row(move, pid, RSS_REFUSED, "is a thread; use the PID of its process");
	default:
		return -errno;
	}
}

/* Opens and moves at most BATCH processes. */
static int move_pids(struct move *move, const pid_t pids[], size_t count)
{
	int fds[BATCH], r = 0;
	size_t open = 0;

	for (size_t i = 0; i < count && r >= 0; i++) {
		int fd = -1;

		r = open_pid(move, pids[i], &fd);
		if (fd >= 0)
			fds[open++] = fd;
	}
	if (r < 0)
		r = client_fail(move->client, r == -ENOMEM ? r : -EIO, "Cannot open a process: %s",
				strerror(-r));
	else if (open)
		r = move_batch(move, fds, open);
	close_all(fds, open);
	return r;
}

/* Puts the rows into the order of the caller's processes, then the descendants that were found. */
static void order_rows(struct move *move, const pid_t pids[], size_t count)
{
	size_t placed = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = placed; j < move->count; j++) {
			struct rss_report row = move->rows[j];

			if (row.pid != pids[i])
				continue;
			memmove(&move->rows[placed + 1], &move->rows[placed],
				(j - placed) * sizeof(row));
			move->rows[placed++] = row;
			break;
		}
	}
}

static int move_all_pids(struct move *move, const pid_t pids[], size_t count,
			 struct rss_report **ret, size_t *ret_count)
{
	int r = 0;

	for (size_t i = 0; i < count; i++)
		if (pids[i] <= 0)
			return client_fail(move->client, -EINVAL, "Invalid PID %d", (int)pids[i]);
	for (size_t i = 0; i < count && r >= 0; i += BATCH)
		r = move_pids(move, pids + i, count - i < BATCH ? count - i : BATCH);
	if (r < 0)
		return r;
	order_rows(move, pids, count);
	*ret = take_ptr(move->rows);
	*ret_count = move->count;
	return 0;
}

int rss_attach(struct rss_client *client, const char *name, const int pidfds[], size_t count,
	       bool tree, struct rss_report **ret, size_t *ret_count)
{
	cleanup_(move_done) struct move move = {
		.client = client,
		.container = name,
		.tree = tree,
	};
	int r = 0;

	REQUIRE(client, name && (pidfds || !count) && ret && ret_count);
	for (size_t i = 0; i < count && r >= 0; i += BATCH)
		r = move_batch(&move, pidfds + i, count - i < BATCH ? count - i : BATCH);
	if (r < 0)
		return r;
	*ret = take_ptr(move.rows);
	*ret_count = move.count;
	return 0;
}

static int attach_pids(struct move *move, const pid_t pids[], size_t count, struct rss_report **ret,
		       size_t *ret_count)
{
	struct rss_report *report = NULL;
	size_t rows = 0;
	int r;

	r = move_all_pids(move, pids, count, &report, &rows);
	/* All processes have ended and nothing was sent, but the container may be missing as well. */
	if (r >= 0 && !move->asked) {
		struct rss_container *container = NULL;

		r = rss_get(move->client, move->container, &container);
		rss_container_free(container);
	}
	if (r < 0) {
		rss_report_free(report, rows);
		return r;
	}
	*ret = report;
	*ret_count = rows;
	return 0;
}

int rss_attach_with(struct rss_client *client, const char *name, const pid_t pids[], size_t count,
		    unsigned int how, struct rss_report **ret, size_t *ret_count)
{
	cleanup_(move_done) struct move move = {
		.client = client,
		.container = name,
		.tree = how & RSS_ATTACH_TREE,
		.dry_run = how & RSS_ATTACH_DRY_RUN,
		.leave_unit = how & RSS_ATTACH_LEAVE_UNIT,
	};

	REQUIRE(client, name && (pids || !count) && ret && ret_count);
	return attach_pids(&move, pids, count, ret, ret_count);
}

int rss_attach_pids(struct rss_client *client, const char *name, const pid_t pids[], size_t count,
		    bool tree, struct rss_report **ret, size_t *ret_count)
{
	REQUIRE(client, name && (pids || !count) && ret && ret_count);
	return rss_attach_with(client, name, pids, count, tree ? RSS_ATTACH_TREE : 0, ret,
			       ret_count);
}

int rss_attach_preview(struct rss_client *client, const char *name, const pid_t pids[],
		       size_t count, bool tree, struct rss_report **ret, size_t *ret_count)
{
	REQUIRE(client, name && (pids || !count) && ret && ret_count);
	return rss_attach_with(client, name, pids, count,
			       (tree ? RSS_ATTACH_TREE : 0) | RSS_ATTACH_DRY_RUN, ret, ret_count);
}

int rss_detach_with(struct rss_client *client, const pid_t pids[], size_t count, unsigned int how,
		    struct rss_report **ret, size_t *ret_count)
{
	cleanup_(move_done) struct move move = { .client = client, .tree = how & RSS_ATTACH_TREE };

	REQUIRE(client, (pids || !count) && ret && ret_count);
	return move_all_pids(&move, pids, count, ret, ret_count);
}

int rss_detach_pids(struct rss_client *client, const pid_t pids[], size_t count,
		    struct rss_report **ret, size_t *ret_count)
{
	REQUIRE(client, (pids || !count) && ret && ret_count);
	return rss_detach_with(client, pids, count, 0, ret, ret_count);
}

int rss_processes_with(struct rss_client *client, const char *name, unsigned int whom,
		       struct rss_process **ret, size_t *ret_count)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int r;

	REQUIRE(client, name && ret && ret_count);
	r = client_method(client, name, "ListProcesses", &call);
	if (r < 0)
		return r;
	r = client_append_whom(call, whom);
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, name, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = members_read(reply, ret, ret_count);
	return r < 0 ? client_fail_message(client, r) : 0;
}

int rss_processes(struct rss_client *client, const char *name, struct rss_process **ret,
		  size_t *ret_count)
{
	REQUIRE(client, name && ret && ret_count);
	return rss_processes_with(client, name, 0, ret, ret_count);
}
