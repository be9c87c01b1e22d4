/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OOM hooks: see oom-hook.h. */
#include "monitor/oom-hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "container/manager.h"
#include "host/process.h"
#include "policy/oom-json.h"
#include "policy/oom-record.h"
#include "policy/record.h"
#include "shared/cleanup.h"
#include "shared/list.h"
#include "store/declarations.h"

struct declared_hook {
	char *container, *command, *file;
};

/* One run of a command, waiting or running. */
struct hook {
	struct hooks *hooks;
	char *container, *command, *json;
	pid_t pid; /* 0: waiting */
	int pidfd;
	sd_event_source *ended, *deadline;
	struct list_link link; /* in hooks->list */
};

struct hooks {
	struct manager *manager;
	struct declared_hook *declared;
	size_t n_declared;
	struct list list; /* of struct hook, in the order of the OOMs */
	unsigned int running, waiting;
};

const char *hook_refusal(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (!(st->st_mode & 0111))
		return "is not executable";
	if (st->st_uid != 0)
		return "does not belong to root";
	if (st->st_mode & 022)
		return "is writable by users other than root";
	return NULL;
}

/* --- declarations ----------------------------------------------------------- */

static void declared_hook_done(struct declared_hook *hook)
{
	free(hook->container);
	free(hook->command);
	free(hook->file);
}

static bool is_bad(const struct records *records, const char *file)
{
	for (size_t i = 0; i < records->n_bad; i++) {
		if (strcmp(records->bad[i], file) == 0)
			return true;
	}
	return false;
}

static int declare_hook(struct declared_hook *hook, const char *container, const char *command,
			const char *file)
{
	*hook = (struct declared_hook){
		.container = strdup(container),
		.command = strdup(command),
		.file = strdup(file ? file : ""),
	};
	return hook->container && hook->command && hook->file ? 0 : -ENOMEM;
}

int hooks_declare(struct hooks *hooks, const struct records *records)
{
	struct declared_hook *now = calloc(records->count + hooks->n_declared + 1, sizeof(*now));
	size_t count = 0;
	int r = now ? 0 : -ENOMEM;

	for (size_t i = 0; i < hooks->n_declared && r == 0; i++) {
		const struct declared_hook *before = &hooks->declared[i];

		if (is_bad(records, before->file))
			r = declare_hook(&now[count++], before->container, before->command,
					 before->file);
	}
	for (size_t i = 0; i < records->count && r == 0; i++) {
		const struct record *record = records->list[i];

		if (record->oom_hook)
			r = declare_hook(&now[count++], record->name, record->oom_hook,
					 record->file);
	}
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			declared_hook_done(&now[i]);
		free(now);
		return r;
	}
	for (size_t i = 0; i < hooks->n_declared; i++)
		declared_hook_done(&hooks->declared[i]);
	free(hooks->declared);
	hooks->declared = now;
	hooks->n_declared = count;
	return 0;
}

static const char *command_of(const struct hooks *hooks, const char *container)
{
	for (size_t i = 0; container && i < hooks->n_declared; i++) {
		if (strcmp(hooks->declared[i].container, container) == 0)
			return hooks->declared[i].command;
	}
	return NULL;
}

/* --- in the child: only system calls ------------------------------------------- */

__attribute__((noreturn)) static void exec_hook(const char *command, const char *container,
						int input)
{
	static const char score[] = "0\n";
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	struct rlimit files = { 1024, 1024 };
	char *const arguments[] = { (char *)command, (char *)container, NULL };
	char *const environment[] = { path, NULL };
	sigset_t none;
	int fd;

	(void)setpgid(0, 0);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* rssd has its own priority and oom_score_adj; hooks run with the defaults. */
	(void)setpriority(PRIO_PROCESS, 0, 0);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, score, sizeof(score) - 1);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (dup2(input, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
	    chdir("/") < 0)
		_exit(126);
	execve(command, arguments, environment);
	_exit(127);
}

/* --- runs ------------------------------------------------------------------------ */

static void hook_free(struct hook *hook)
{
	list_remove(&hook->link);
	if (hook->pid > 0)
		hook->hooks->running--;
	else
		hook->hooks->waiting--;
	sd_event_source_disable_unref(hook->ended);
	sd_event_source_disable_unref(hook->deadline);
	if (hook->pidfd >= 0)
		close(hook->pidfd);
	free(hook->container);
	free(hook->command);
	free(hook->json);
	free(hook);
}

static void start_next(struct hooks *hooks);

static void kill_hook(const struct hook *hook)
{
	/* The process is not reaped yet, so its pid still refers to its group. */
	(void)kill(-hook->pid, SIGKILL);
	(void)process_signal(hook->pidfd, SIGKILL);
}

static void log_end(const struct hook *hook, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_message(LOG_DEBUG, hook->container, "the hook %s has run", hook->command);
	else if (WIFEXITED(status))
		log_message(LOG_WARNING, hook->container, "the hook %s ended with %d",
			    hook->command, WEXITSTATUS(status));
	else
		log_message(LOG_WARNING, hook->container, "the hook %s was ended by signal %d",
			    hook->command, WTERMSIG(status));
}

static int on_hook_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct hook *hook = userdata;
	struct hooks *hooks = hook->hooks;
	int status;

	/* Kill the processes that are left in its group. */
	kill_hook(hook);
	if (waitpid(hook->pid, &status, 0) == hook->pid)
		log_end(hook, status);
	hook_free(hook);
	start_next(hooks);
	return 0;
}

static int on_hook_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct hook *hook = userdata;

	log_message(LOG_WARNING, hook->container, "the hook %s took longer than %d seconds: killed",
		    hook->command, HOOK_USEC / 1000000);
	kill_hook(hook);
	return 0;
}

/* A memfd with the record, positioned at its beginning. */
static int open_input(const char *json)
{
	cleanup_close int fd = memfd_create("oom", MFD_CLOEXEC);
	size_t length = strlen(json);

	if (fd < 0)
		return -errno;
	if (write(fd, json, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0)
		return -EIO;
	return take_fd(&fd);
}

static int watch_hook(struct hook *hook)
{
	sd_event *event = hook->hooks->manager->event;
	int r;

	hook->pidfd = process_open(hook->pid);
	if (hook->pidfd < 0)
		return hook->pidfd;
	r = sd_event_add_io(event, &hook->ended, hook->pidfd, EPOLLIN, on_hook_ended, hook);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &hook->deadline, CLOCK_MONOTONIC, HOOK_USEC,
					       1000, on_hook_late, hook);
	return r;
}

static int start_hook(struct hook *hook)
{
	cleanup_close int input = open_input(hook->json);
	const char *refusal;
	struct stat st;
	pid_t pid;
	int r;

	if (input < 0)
		return input;
	if (stat(hook->command, &st) < 0)
		return -errno;
	refusal = hook_refusal(&st);
	if (refusal) {
		log_message(LOG_ERR, hook->container, "the hook %s is not run: it %s",
			    hook->command, refusal);
		return 0;
	}
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		exec_hook(hook->command, hook->container, input);
	(void)setpgid(pid, pid);
	hook->pid = pid;
	hook->hooks->waiting--;
	hook->hooks->running++;
	r = watch_hook(hook);
	if (r < 0) {
		(void)kill(-pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return r;
}

static void start_next(struct hooks *hooks)
{
	struct hook *hook;

	list_for_each_entry(hook, &hooks->list, link) {
		int r;

		if (hooks->running >= HOOKS_AT_ONCE)
			break;
		if (hook->pid != 0)
			continue;
		r = start_hook(hook);
		if (r < 0)
			log_message(LOG_ERR, hook->container,
				    "the hook %s could not be started: %s", hook->command,
				    strerror(-r));
		if (r < 0 || hook->pid == 0)
			hook_free(hook);
	}
}

static void enqueue(struct hooks *hooks, const char *container, const char *command,
		    const struct oom_record *record)
{
	struct hook *hook;

	if (hooks->waiting >= HOOKS_WAITING) {
		log_message(LOG_WARNING, container,
			    "the hook %s is not run for this OOM: %d others are waiting", command,
			    HOOKS_WAITING);
		return;
	}
	hook = calloc(1, sizeof(*hook));
	if (!hook)
		return;
	*hook = (struct hook){
		.hooks = hooks,
		.container = strdup(container),
		.command = strdup(command),
		.json = oom_format(record),
		.pidfd = -1,
	};
	hooks->waiting++;
	list_append(&hooks->list, &hook->link);
	if (!hook->container || !hook->command || !hook->json)
		hook_free(hook);
}

static void run_hooks(struct hooks *hooks, const struct oom_record *record)
{
	const char *limited = command_of(hooks, record->container);
	const char *victim = command_of(hooks, record->victim_container);

	if (limited)
		enqueue(hooks, record->container, limited, record);
	if (victim &&
	    (!record->container || strcmp(record->container, record->victim_container) != 0))
		enqueue(hooks, record->victim_container, victim, record);
	start_next(hooks);
}

static void on_event(const struct event *event, void *userdata)
{
	if (event->kind == EVENT_OOM)
		run_hooks(userdata, event->oom);
}

static const struct manager_listener listener = { .event = on_event };

int hooks_listen(struct hooks *hooks)
{
	return manager_listen(hooks->manager, &listener, hooks);
}

int hooks_new(struct manager *m, struct hooks **ret)
{
	struct hooks *hooks = calloc(1, sizeof(*hooks));

	if (!hooks)
		return -ENOMEM;
	hooks->manager = m;
	*ret = hooks;
	return 0;
}

struct hooks *hooks_free(struct hooks *hooks)
{
	struct hook *hook;

	if (!hooks)
		return NULL;
	manager_ignore(hooks->manager, &listener, hooks);
	list_for_each_entry(hook, &hooks->list, link) {
		if (hook->pid > 0) {
			kill_hook(hook);
			(void)waitpid(hook->pid, NULL, 0);
		}
		hook_free(hook);
	}
	for (size_t i = 0; i < hooks->n_declared; i++)
		declared_hook_done(&hooks->declared[i]);
	free(hooks->declared);
	free(hooks);
	return NULL;
}
