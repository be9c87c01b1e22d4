/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl oci-hook: a hook of container runtimes, see rssd-oci(8). It reads the state of a container from
 * standard input, and ends within two seconds, whatever hangs. Without an annotation of rssd it does
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "args.h"
#include "shared/cleanup.h"
#include "shared/clock.h"
#include "shared/file.h"
#include "shared/name.h"
#include "shared/text.h"
#include "verb.h"
#include "verb/oci-contain.h"
#include "verb/oci-state.h"
#include "view/json.h"
#include "view/status.h"

/* The calls of rssd end before the whole hook does, so that there is time for a message. */
#define CALLS_USEC (1500 * 1000)
#define HOOK_USEC  (2000 * 1000)

struct hook {
	bool starts; /* createRuntime; else poststop */
	uint64_t began;
	struct oci_state state;
	struct oci_request request;
};

static void hook_done(struct hook *hook)
{
	oci_state_done(&hook->state);
}

/* --- the end of its time ----------------------------------------------------------- */

static void refuse_late(int signal)
{
	static const char text[] = "rssctl: The hook is refused: it took more than 2 seconds\n";
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* It may have waited for room in this very pipe. */
	if (poll(&out, 1, 0) > 0 && (out.revents & POLLOUT) &&
	    write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(STATUS_FAILED);
	_exit(STATUS_UNREACHABLE);
}

static void run_late(int signal)
{
	_exit(STATUS_DONE);
}

static void on_late(void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigaction(SIGALRM, &action, NULL);
}

/* Also for what has no timeout: standard input, files, the journal. */
static void bound_time(void)
{
	const struct itimerval timer = { .it_value = { .tv_sec = HOOK_USEC / 1000000 } };
	sigset_t alarm;

	on_late(refuse_late);
	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* --- messages ---------------------------------------------------------------------- */

/* Out of memory, it is only printed. */
static void send_to_journal(const struct hook *hook, int status, const char *text)
{
	cleanup_free char *message = NULL, *of = NULL;
	const char *priority = status ? "PRIORITY=3" : hook->starts ? "PRIORITY=4" : "PRIORITY=5";

	if (asprintf(&message, "MESSAGE=%s", text) < 0)
		message = NULL;
	if (asprintf(&of, "RSSD_OCI_ID=%s", hook->state.id ?: "") < 0)
		of = NULL;
	if (message && of) {
		const char *const fields[] = { message, of, priority, "SYSLOG_IDENTIFIER=rssctl" };
		struct iovec vectors[ARRAY_SIZE(fields)];

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			vectors[i] = (struct iovec){ .iov_base = (char *)fields[i],
						     .iov_len = strlen(fields[i]) };
		(void)sd_journal_sendv(vectors, (int)ARRAY_SIZE(vectors));
	}
}

/* Runtimes drop what a hook prints, so the journal has it as well. Returns @status. */
__attribute__((format(printf, 3, 4))) static int report(const struct hook *hook, int status,
							const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0) {
		text = NULL;
		return fail_memory();
	}
	(void)print_error(status, "%s", text);
	text_make_safe(text);
	send_to_journal(hook, status, text);
	return status;
}

static int refuse(const struct hook *hook, int status, const char *reason)
{
	return report(hook, status, "The start of container \"%.128s\" is refused: %s",
		      hook->state.id ?: "", reason);
}

/* --- what is asked ----------------------------------------------------------------- */

/*
 * Reads and drops what is left of standard input. A runtime that cannot write all of a state may take that
 * for success.
 */
static void drain_input(const struct hook *hook)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char text[4096];
	uint64_t now;

	while ((now = clock_usec(CLOCK_MONOTONIC)) < hook->began + CALLS_USEC) {
		int ready = poll(&in, 1, (int)((hook->began + CALLS_USEC - now) / 1000) + 1);
		ssize_t n = ready > 0 ? read(STDIN_FILENO, text, sizeof(text)) : -1;

		if (ready == 0 || n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return;
	}
}

static int read_state(struct hook *hook)
{
	cleanup_free char *text = NULL;
	const char *problem;
	int r = read_file(STDIN_FILENO, OCI_TEXT_MAX, &text, NULL);

	if (r < 0) {
		drain_input(hook);
		return report(hook, STATUS_USAGE,
			      "The state of the container cannot be read from standard input: %s",
			      strerror(-r));
	}
	problem = oci_state_parse(text, &hook->state);
	if (problem)
		return report(hook, STATUS_USAGE, "The state of the container on standard input %s",
			      problem);
	return STATUS_DONE;
}

/* Some runtimes leave the annotations out of the state. */
static int read_config(struct hook *hook)
{
	cleanup_free char *path = NULL, *text = NULL;
	const char *problem = NULL;
	int r;

	if (hook->state.annotations || !hook->state.bundle)
		return STATUS_DONE;
	if (asprintf(&path, "%s/config.json", hook->state.bundle) < 0) {
		path = NULL;
		return fail_memory();
	}
	r = read_file_at(AT_FDCWD, path, OCI_TEXT_MAX, &text, NULL);
	/* A runtime may have removed the bundle at the end. */
	if (r < 0 && !hook->starts)
		return STATUS_DONE;
	if (r < 0)
		return report(hook, STATUS_FAILED, "%s cannot be read: %s", path, strerror(-r));
	hook->state.annotations = oci_config_annotations(text, &problem);
	return problem ? report(hook, STATUS_FAILED, "%s %s", path, problem) : STATUS_DONE;
}

/* --- what is done ------------------------------------------------------------------ */

static int start(const struct hook *hook, struct oci_call *call)
{
	int r;

	if (hook->state.pid == 0)
		return refuse(hook, STATUS_USAGE, "its state has no pid");
	r = oci_contain(call);
	if (r == 0)
		return STATUS_DONE;
	if (r > 0)
		return report(hook, STATUS_DONE, "Container \"%.128s\" runs without watermarks: %s",
			      hook->state.id, call->message);
	/* A bad value is no failure of rssd. */
	if (hook->request.runs_on_failure && r != -EINVAL)
		return report(hook, STATUS_DONE, "Container \"%.128s\" runs without its limit: %s",
			      hook->state.id, call->message);
	return refuse(hook, status_from_errno(r), call->message);
}

static int stop(const struct hook *hook, struct oci_call *call)
{
	int r = oci_release(call);

	/* After a start that was refused there is none, and rssd removes what is transient. */
	if (r < 0 && !call->exists)
		return report(hook, STATUS_DONE, "If \"%.128s\" exists, rssd removes it later: %s",
			      call->name, call->message);
	return r < 0 ? report(hook, status_from_errno(r), "\"%.128s\" is not removed: %s",
			      call->name, call->message)
		     : STATUS_DONE;
}

static int refuse_name(const struct hook *hook, const char *name, const char *problem)
{
	return report(
		hook, STATUS_USAGE,
		"The start of container \"%.128s\" is refused: Invalid name \"%.200s\": it %s%s",
		hook->state.id, name, problem,
		hook->request.name ? "" : "; choose another by org.rssd.name");
}

static int act(const struct hook *hook)
{
	cleanup_free char *name = oci_container_name(&hook->state, &hook->request);
	const char *problem;
	struct oci_call call = {
		.state = &hook->state,
		.request = &hook->request,
		.name = name,
		.deadline = hook->began + CALLS_USEC,
	};

	if (!name)
		return fail_memory();
	problem = name_problem(name);
	if (problem)
		return hook->starts ? refuse_name(hook, name, problem) : STATUS_DONE;
	return hook->starts ? start(hook, &call) : stop(hook, &call);
}

static int run(struct cli *cli, const struct args *args)
{
	const char *stage = args->operands[0];
	cleanup_(hook_done) struct hook hook = { .began = clock_usec(CLOCK_MONOTONIC) };
	char problem[OCI_PROBLEM_MAX];
	int status;

	bound_time();
	hook.starts = strcmp(stage, "createRuntime") == 0;
	if (!hook.starts && strcmp(stage, "poststop") != 0) {
		drain_input(&hook);
		return print_error(STATUS_USAGE,
				   "Unknown stage \"%.64s\"; the stages are createRuntime and "
				   "poststop",
				   stage);
	}
	status = read_state(&hook);
	if (status == STATUS_DONE)
		status = read_config(&hook);
	if (status != STATUS_DONE)
		return status;
	if (oci_request_read(hook.state.annotations, &hook.request, problem) < 0)
		/* It was not started, so there is nothing to remove. */
		return hook.starts ? refuse(&hook, STATUS_USAGE, problem) : STATUS_DONE;
	if (!hook.request.wanted)
		return STATUS_DONE;
	if (hook.request.runs_on_failure)
		on_late(run_late);
	return act(&hook);
}

DEFINE_VERB(oci_hook) = {
	.name = "oci-hook",
	.order = 235,
	.synopsis = "createRuntime|poststop",
	.summary = "Limit a container of podman, CRI-O or the like, as its hook",
	.description =
		"The runtime writes the state of the container to standard input. Without an annotation\n"
		"org.rssd.* the hook does nothing. See rssd-oci(8).",
	.min_operands = 1,
	.max_operands = 1,
	.local = true,
	.run = run,
};
