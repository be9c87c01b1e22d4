/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl run: run a command in a container, from its first instruction on. The
 * exit status is that of the command; an OOM is explained on standard error.
 */
#include <errno.h>
#include <fcntl.h>
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
#include "shared/size.h"
#include "signals.h"
#include "values.h"
#include "verb.h"
#include "verb/run-child.h"
#include "verb/run-command.h"
#include "verb/run-pty.h"
#include "verb/run-summary.h"
#include "view/oom-text.h"
#include "view/report.h"
#include "view/status.h"

enum {
	UID,
	GID,
	SETENV,
	DIRECTORY,
	PTY,
	WAIT,
	EXEC,
};

static const struct option_spec options[] = {
	[UID] = { "uid", 0, "USER", "Run the command as this user; needs root" },
	[GID] = { "gid", 0, "GROUP", "Run the command with this group; needs root" },
	[SETENV] = { "setenv", 'E', "VARIABLE[=VALUE]...",
		     "Set an environment variable, may be repeated" },
	[DIRECTORY] = { "working-directory", 0, "PATH", "Run the command in this directory" },
	[PTY] = { "pty", 't', NULL, "Run the command on a terminal of its own" },
	[WAIT] = { "wait", 0, NULL, "Print how the command ended, and what it used" },
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
	struct command command;
	struct pty pty;
	bool summary; /* to be printed at the end */
	pid_t pid;    /* of the command; 0 before it is started */
	bool created; /* the container was created here */
	char *oom;    /* the last OOM as a phrase */
	unsigned int ooms;
};

static void run_done(struct run *run)
{
	pty_finish(&run->pty);
	command_done(&run->command);
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
static void handle_signal(struct run *run, const struct child *child, int signals)
{
	struct signalfd_siginfo info;
	int signal = signals_next(signals, &info);
	bool from_terminal = info.ssi_code == SI_KERNEL;

	if (!signal)
		return;
	if (signal == SIGCHLD && info.ssi_code != SI_USER) {
		if (child_has_stopped(child)) {
			pty_flush(&run->pty);
			pty_restore(&run->pty);
			signals_stop();
			pty_make_raw(&run->pty);
		}
		return;
	}
	/* A SIGPIPE of rssctl's own output is not passed to the command. */
	if (info.ssi_pid == (uint32_t)getpid())
		return;
	if (signal == SIGCONT)
		pty_make_raw(&run->pty);
	/* The command gets this one for its own terminal. */
	if (signal == SIGWINCH && from_terminal)
		pty_resize(&run->pty);
	else if (!from_terminal || child->has_session || !is_for_process_group(signal))
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

enum {
	FD_CHILD,
	FD_SIGNALS,
	FD_BUS,
	FD_PTY,
	FDS = FD_PTY + PTY_POLLED,
};

static int await_child(struct run *run, struct child *child, int signals)
{
	struct pollfd fds[FDS] = {
		[FD_CHILD] = { .fd = child->pidfd, .events = POLLIN },
		[FD_SIGNALS] = { .fd = signals, .events = POLLIN },
		[FD_BUS] = { .fd = -1, .events = POLLIN },
	};
	int status;

	pty_make_raw(&run->pty);
	while (!(fds[FD_CHILD].revents & POLLIN)) {
		/* Without rssd the command continues; only the record of an OOM is missing. */
		fds[FD_BUS].fd = read_events(run);
		pty_prepare(&run->pty, &fds[FD_PTY]);
		if (poll(fds, FDS, -1) < 0) {
			if (errno == EINTR)
				continue;
			return print_error(STATUS_FAILED, "Cannot wait: %s", strerror(errno));
		}
		if (fds[FD_SIGNALS].revents & POLLIN)
			handle_signal(run, child, signals);
		pty_copy(&run->pty, &fds[FD_PTY]);
	}
	pty_finish(&run->pty);
	status = child_wait(child);
	if (status < 0)
		return print_error(STATUS_FAILED, "Cannot wait for the command: %s",
				   strerror(-status));
	await_oom(run, status);
	print_oom(run);
	if (run->summary)
		run_summary_print(&child->end, run->ooms > 0);
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

static int fail_command(const struct command *command, struct command_failure failure)
{
	const char *reason = strerror(failure.error);

	switch (failure.step) {
	case COMMAND_TERMINAL:
		return print_error(STATUS_FAILED, "Cannot give the command a terminal: %s", reason);
	case COMMAND_USER:
		return print_error(STATUS_FAILED, "Cannot change the user to \"%s\": %s",
				   command->user ?: "root", reason);
	case COMMAND_DIRECTORY:
		return print_error(STATUS_FAILED, "Cannot change the directory to \"%s\": %s",
				   command->directory, reason);
	case COMMAND_EXECUTE:
		break;
	}
	if (failure.error == ENOENT)
		return print_error(NOT_FOUND, "%s: command not found", command->argv[0]);
	return print_error(NOT_EXECUTABLE, "%s: %s", command->argv[0], reason);
}

static int run_child(struct run *run, int signals, const sigset_t *mask)
{
	cleanup_(child_done) struct child child = CHILD_NONE;
	struct command_failure failure;
	int status, r;

	r = child_start(&child, &run->command, &run->pty, mask);
	if (r < 0)
		return print_error(STATUS_FAILED, "Cannot start a process: %s", strerror(-r));
	run->pid = child.pid;
	status = attach_process(run, child.pidfd);
	if (status != STATUS_DONE)
		return status;
	failure = child_release(&child);
	if (failure.error)
		return fail_command(&run->command, failure);
	return await_child(run, &child, signals);
}

/* Attaches this process and executes the command in it: same process, same parent. */
static int exec_in_place(struct run *run)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int status;

	if (pidfd < 0)
		return print_error(STATUS_FAILED, "Cannot open a pidfd: %s", strerror(errno));
	status = attach_process(run, pidfd);
	if (status != STATUS_DONE)
		return status;
	return fail_command(&run->command, command_execute(&run->command));
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
	if (!args->command || !args->command[0])
		return print_error(STATUS_USAGE, "No command given, as in: rssctl run %s COMMAND",
				   args->n_operands ? args->operands[0] : "--limit=SIZE");
	if (wants_new(args) && !args->n_operands && !(cli_settings_given(args) & RSS_SET_LIMIT))
		return print_error(STATUS_USAGE,
				   "Name a container, or give a --limit for a new one");
	if (args->values[EXEC] && (args->values[PTY] || args->values[WAIT]))
		return print_error(STATUS_USAGE, "--exec leaves no rssctl for --pty or --wait");
	return STATUS_DONE;
}

/* Returns true if this process has a controlling terminal, or one as a standard descriptor. */
static bool has_terminal(void)
{
	cleanup_close int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 || pty_is_on_terminal();
}

static int read_command(const struct args *args, struct command *command)
{
	int status;

	command->argv = args->command;
	command->directory = args->values[DIRECTORY];
	command->variables = args->repeated;
	command->n_variables = args->n_repeated;
	status = command_check_variables(command);
	if (status == STATUS_DONE)
		status = command_read_user(command, args->values[UID], args->values[GID]);
	/* A user who has the terminal of root can type on it. */
	if (status == STATUS_DONE && args->values[EXEC] && command->is_other && has_terminal())
		return print_error(STATUS_USAGE,
				   "--exec would give the user \"%s\" this terminal; leave it out",
				   command->user);
	return status;
}

/* Another user gets a pty in place of each terminal. */
static int open_pty(struct run *run, const struct args *args)
{
	int r;

	if (!args->values[PTY] && !(run->command.is_other && pty_is_on_terminal()))
		return STATUS_DONE;
	r = pty_open(&run->pty, args->values[PTY]);
	if (r >= 0 && run->command.is_other)
		r = pty_give(&run->pty, run->command.uid);
	return r < 0 ? print_error(STATUS_FAILED, "Cannot open a pty: %s", strerror(-r))
		     : STATUS_DONE;
}

static int run_in_place(struct run *run, const struct args *args)
{
	int status = wants_new(args) ? make_container(run, args) : STATUS_DONE;

	return status == STATUS_DONE ? exec_in_place(run) : status;
}

static int run_and_wait(struct run *run, const struct args *args)
{
	cleanup_close int signals = -1;
	sigset_t mask;
	int status, r;

	r = rss_subscribe(run->cli->client, on_oom_event, run);
	if (r < 0)
		return fail_call(run->cli, r);
	status = open_pty(run, args);
	if (status == STATUS_DONE && wants_new(args))
		status = make_container(run, args);
	if (status != STATUS_DONE)
		return status;
	/* Before this, a signal ends rssctl, and rssd removes the empty container. */
	signals = signals_open_all(&mask);
	if (signals < 0)
		return print_error(STATUS_FAILED, "Cannot receive signals: %s", strerror(-signals));
	status = run_child(run, signals, &mask);
	/* rssd removes it when its last process has left; if it never had one, rssctl removes it. */
	if (run->created)
		(void)rss_remove(run->cli->client, run->container, false);
	return status;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(run_done) struct run state = {
		.cli = cli,
		.pty = PTY_NONE,
		.summary = args->values[WAIT] && !args->quiet,
	};
	cleanup_free char *name = NULL;
	int status;

	status = check_command(args);
	if (status == STATUS_DONE)
		status = read_command(args, &state.command);
	if (status == STATUS_DONE && !args->n_operands)
		status = make_name(&name);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	state.container = name ?: args->operands[0];
	return args->values[EXEC] ? run_in_place(&state, args) : run_and_wait(&state, args);
}

DEFINE_VERB(run) = {
	.name = "run",
	.order = 120,
	.synopsis = "NAME | [NAME] --limit=SIZE [OPTION...] [--] COMMAND [ARG...]",
	.summary = "Run a command inside a container",
	.description =
		"In the container NAME, or in a new one with the given settings, which is removed when\n"
		"its last process has left. Without --, the first word that is not an option is NAME, but\n"
		"after --limit or another setting it is the command; options after the command are its\n"
		"own. The status is that of the command: 126 if it cannot be executed, 127 if it was not\n"
		"found, 128+N if signal N ended it. An OOM is reported on standard error.",
	.options = options,
	.settings = SETTINGS_OPTIONS,
	.max_operands = 1,
	.takes_command = true,
	.changes = true,
	.local = true,
	.run = run,
};
