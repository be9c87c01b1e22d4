/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl run: run a command in a container, from its first instruction on. The
 * exit status is that of the command; an OOM is explained on standard error.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "password-agent.h"
#include "read-settings.h"
#include "shared/clock.h"
#include "shared/name.h"
#include "signals.h"
#include "values.h"
#include "verb.h"
#include "verb/run-child.h"
#include "view/oom-text.h"
#include "view/report.h"
#include "view/status.h"

enum {
	EXEC,
};

static const struct option_spec options[] = {
	[EXEC] = { "exec", 0, NULL, "Replace rssctl by the command, as service managers expect" },
	{ 0 },
};

enum {
	NOT_EXECUTABLE = 126,
	NOT_FOUND = 127,
};

/* How long the OOM event may take after a command was killed. */
#define OOM_PATIENCE_USEC UINT64_C(1000000)

struct run {
	struct cli *cli;
	const char *container;
	pid_t pid;    /* of the command; 0 before it is started */
	bool created; /* the container was created here */
	char *oom;    /* the last OOM as a phrase */
	unsigned int ooms;
};

static void run_done(struct run *run)
{
	free(run->oom);
}

/* Whether the OOM killed the command, or a process in the container. */
static bool is_own_oom(const struct run *run, const struct rss_event *event)
{
	const char *of = event->oom ? event->oom->victim_container : NULL;

	if (event->oom && event->oom->victim_pid == (uint32_t)run->pid)
		return true;
	if (of && (!strcmp(of, run->container) || name_is_inside(of, run->container)))
		return true;
	return !of && !strcmp(event->container, run->container);
}

static void on_oom_event(const struct rss_event *event, void *userdata)
{
	struct run *run = userdata;

	if (event->kind != RSS_EVENT_OOM || !run->pid || !is_own_oom(run, event))
		return;
	run->ooms++;
	free(run->oom);
	run->oom = event->oom ? oom_to_text(event->oom) : NULL;
}

static void print_oom(const struct run *run)
{
	if (!run->ooms)
		return;
	if (run->ooms > 1)
		print_error(STATUS_DONE,
			    "The container \"%s\" ran out of memory %u times; the last time: %s",
			    run->container, run->ooms, run->oom ?: "");
	else
		print_error(STATUS_DONE, "The container \"%s\" ran out of memory: %s",
			    run->container, run->oom ?: "");
}

/* rssd learns of an OOM from the kernel's log, so its event may come after the command's end. */
static void await_oom(struct run *run, int status)
{
	uint64_t end = clock_usec(CLOCK_MONOTONIC) + OOM_PATIENCE_USEC;

	(void)rss_wait(run->cli->client, 0);
	if (status != 128 + SIGKILL)
		return;
	while (!run->ooms && clock_usec(CLOCK_MONOTONIC) < end) {
		int r = rss_wait(run->cli->client, end - clock_usec(CLOCK_MONOTONIC));

		if (r < 0 && r != -EINTR)
			return;
	}
}

/* Whether the kernel sends @signal to the whole foreground process group, as for a key. */
static bool is_for_process_group(int signal)
{
	switch (signal) {
	case SIGINT:
	case SIGQUIT:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGWINCH:
		return true;
	default:
		return false;
	}
}

/*
 * The command gets each signal that rssctl gets, except those that it got from
 * the terminal itself. If it stops, rssctl stops as well, so that the shell takes
 * the terminal back; the SIGCONT of the shell is handed on like any signal.
 */
static void handle_signal(const struct child *child, int signals)
{
	struct signalfd_siginfo info;
	int signal = signals_next(signals, &info);

	if (signal == SIGCHLD && info.ssi_code != SI_USER) {
		if (child_has_stopped(child))
			signals_stop();
		return;
	}
	/* A SIGPIPE of rssctl's own output is not passed to the command. */
	if (!signal || info.ssi_pid == (uint32_t)getpid())
		return;
	if (info.ssi_code != SI_KERNEL || !is_for_process_group(signal))
		child_signal(child, signal);
}

/* Reads what rssd has sent. The descriptor to poll, -1 if the bus is gone. */
static int read_events(const struct run *run)
{
	/* The first -ENOTCONN says that rssd left, which may come back; the second that the bus did. */
	if (rss_wait(run->cli->client, 0) == -ENOTCONN &&
	    rss_wait(run->cli->client, 0) == -ENOTCONN)
		return -1;
	return rss_get_fd(run->cli->client);
}

static int await_child(struct run *run, struct child *child, int signals)
{
	struct pollfd fds[] = {
		{ .fd = child->pidfd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	int status;

	while (!(fds[0].revents & POLLIN)) {
		/* Without rssd the command continues; only the record of an OOM is missing. */
		fds[2].fd = read_events(run);
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return print_error(STATUS_FAILED, "Cannot wait: %s", strerror(errno));
		if (fds[1].revents & POLLIN)
			handle_signal(child, signals);
	}
	status = child_wait(child);
	if (status < 0)
		return print_error(STATUS_FAILED, "Cannot wait for the command: %s",
				   strerror(-status));
	await_oom(run, status);
	print_oom(run);
	return status;
}

static int attach_process(struct run *run, int pidfd)
{
	cleanup_report struct report report = { 0 };
	int r;

	r = rss_attach(run->cli->client, run->container, &pidfd, 1, false, &report.rows,
		       &report.count);
	/* The terminal is the command's from now on. */
	run->cli->password_agent = password_agent_stop(run->cli->password_agent);
	if (r < 0)
		return fail_call(run->cli, r);
	for (size_t i = 0; i < report.count; i++)
		if (report.rows[i].outcome != RSS_MOVED)
			return print_error(
				STATUS_FAILED, "The command could not be attached to \"%s\": %s",
				run->container,
				*report.rows[i].reason ? report.rows[i].reason : "it vanished");
	return STATUS_DONE;
}

static int fail_exec(const char *command, int error)
{
	if (error == -ENOENT)
		return print_error(NOT_FOUND, "%s: command not found", command);
	return print_error(NOT_EXECUTABLE, "%s: %s", command, strerror(-error));
}

static int run_child(struct run *run, char **command, int signals, const sigset_t *mask)
{
	cleanup_(child_done) struct child child = CHILD_NONE;
	int status, r;

	r = child_start(&child, command, mask);
	if (r < 0)
		return print_error(STATUS_FAILED, "Cannot start a process: %s", strerror(-r));
	run->pid = child.pid;
	status = attach_process(run, child.pidfd);
	if (status != STATUS_DONE)
		return status;
	r = child_release(&child);
	if (r < 0)
		return fail_exec(command[0], r);
	return await_child(run, &child, signals);
}

/* Attaches this process and executes the command in it: same process, same parent. */
static int exec_in_place(struct run *run, char **command)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int status;

	if (pidfd < 0)
		return print_error(STATUS_FAILED, "Cannot open a pidfd: %s", strerror(errno));
	status = attach_process(run, pidfd);
	if (status != STATUS_DONE)
		return status;
	execvp(command[0], command);
	return fail_exec(command[0], -errno);
}

/* The name if none was given: "run-4711-0badcafe". */
static int make_name(char **ret)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return print_error(STATUS_FAILED, "Cannot read random numbers: %s",
				   strerror(errno));
	if (asprintf(ret, "run-%d-%08" PRIx32, (int)getpid(), random) < 0) {
		*ret = NULL;
		return fail_memory();
	}
	return STATUS_DONE;
}

static bool wants_new(const struct args *args)
{
	return cli_settings_given(args) || !args->n_operands;
}

static int make_container(struct run *run, const struct args *args)
{
	struct rss_settings settings;
	int status, r;

	status = cli_settings_read_options(args, &settings);
	if (status != STATUS_DONE)
		return status;
	settings.set |= RSS_SET_TRANSIENT;
	settings.transient = true;
	r = rss_create(run->cli->client, run->container, &settings);
	if (r < 0)
		return fail_call(run->cli, r);
	run->created = true;
	return STATUS_DONE;
}

static int check_command(const struct args *args)
{
	if (!args->command)
		return print_error(STATUS_USAGE,
				   "Put the command after --, as in: rssctl run %s -- COMMAND",
				   args->n_operands ? args->operands[0] : "--limit=SIZE");
	if (!args->command[0])
		return print_error(STATUS_USAGE, "No command after --");
	if (wants_new(args) && !args->n_operands && !(cli_settings_given(args) & RSS_SET_LIMIT))
		return print_error(STATUS_USAGE,
				   "Name a container, or give a --limit for a new one");
	return STATUS_DONE;
}

static int run_in_place(struct run *run, const struct args *args)
{
	int status = wants_new(args) ? make_container(run, args) : STATUS_DONE;

	return status == STATUS_DONE ? exec_in_place(run, args->command) : status;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(run_done) struct run state = { .cli = cli };
	cleanup_free char *name = NULL;
	cleanup_close int signals = -1;
	sigset_t mask;
	int status, r;

	status = check_command(args);
	if (status == STATUS_DONE && !args->n_operands)
		status = make_name(&name);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	state.container = name ?: args->operands[0];
	if (args->values[EXEC])
		return run_in_place(&state, args);
	r = rss_subscribe(cli->client, on_oom_event, &state);
	if (r < 0)
		return fail_call(cli, r);
	if (wants_new(args)) {
		status = make_container(&state, args);
		if (status != STATUS_DONE)
			return status;
	}
	/* Before this, a signal ends rssctl, and rssd removes the empty container. */
	signals = signals_open_all(&mask);
	if (signals < 0)
		return print_error(STATUS_FAILED, "Cannot receive signals: %s", strerror(-signals));
	status = run_child(&state, args->command, signals, &mask);
	/* rssd removes it when its last process has left; if it never had one, rssctl removes it. */
	if (state.created)
		(void)rss_remove(cli->client, state.container, false);
	return status;
}

DEFINE_VERB(run) = {
	.name = "run",
	.order = 120,
	.synopsis = "NAME | [NAME] --limit=SIZE [OPTION...] -- COMMAND [ARGUMENT...]",
	.summary = "Run a command inside a container",
	.description =
		"In the container NAME, or in a new one with the given settings, which is removed when\n"
		"its last process has left. The status is that of the command: 126 if it cannot be\n"
		"executed, 127 if it was not found, 128+N if signal N ended it. An OOM is reported on\n"
		"standard error.",
	.options = options,
	.settings = SETTINGS_OPTIONS,
	.max_operands = 1,
	.takes_command = true,
	.changes = true,
	.local = true,
	.run = run,
};
