/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssd: the daemon. Reads its configuration, opens what needs a privilege, takes
 * its name on the bus, drops the privileges that it no longer needs, restores the
 * containers, and serves until a signal stops it. Containers and their limits stay
 * in force when it stops; the next start takes them over.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/failure.h"
#include "base/log.h"
#include "base/worker.h"
#include "bus/connection.h"
#include "cgroup/controller.h"
#include "container/manager.h"
#include "host/proc-visibility.h"
#include "monitor/sampler.h"
#include "operation/declare.h"
#include "privileges.h"
#include "service.h"
#include "store/config.h"
#include "store/declarations.h"

/* How long cancelled jobs may take to end on stop. */
#define STOP_USEC (10 * 1000 * 1000)

struct daemon {
	sd_event *event;
	const char *config_file; /* NULL: the default */
	struct config *config;
	struct manager *manager;
	struct bus *bus;
	bool stopping;
};

static void daemon_close(struct daemon *d)
{
	bus_free(d->bus);
	manager_free(d->manager);
	config_free(d->config);
	sd_event_unref(d->event);
}

/* --- reload and stop ----------------------------------------------------------------- */

static bool differs(const char *a, const char *b)
{
	return strcmp(a, b) != 0;
}

static bool hides_processes(const struct config *config)
{
	return config->visibility == VISIBILITY_AUTO ? proc_hides_processes_here()
						     : config->visibility == VISIBILITY_OWN;
}

/* Declarations are read again even if rssd.conf is bad. */
static int reload(void *userdata, struct failure *failure)
{
	struct daemon *d = userdata;
	cleanup_(config_free_ptr) struct config *config = NULL;
	struct config *now = d->config;
	int r;

	(void)sd_notify(0, "RELOADING=1");
	r = config_load(d->config_file, &config, failure);
	if (r < 0) {
		log_error("%s; the previous configuration remains in force", failure->text);
	} else {
		if (differs(config->controller, now->controller) ||
		    config->hierarchy != now->hierarchy ||
		    config->favor_dynmods != now->favor_dynmods ||
		    differs(config->root, now->root) ||
		    differs(config->state_directory, now->state_directory) ||
		    differs(config->runtime_directory, now->runtime_directory) ||
		    differs(config->containers_directory, now->containers_directory))
			log_warning(
				"Controller, Hierarchy, FavorDynMods, Root and the directories are read at "
				"the start only: restart rssd to change them");
		now->limit_timeout = config->limit_timeout;
		now->containers_max = config->containers_max;
		now->pending_max = config->pending_max;
		now->sample_interval = config->sample_interval;
		now->visibility = config->visibility;
		now->log_level = config->log_level;
		log_open(now->log_level);
		d->manager->hides_processes = hides_processes(now);
		if (sampler_apply(d->manager) < 0)
			log_warning("SampleInterval= is not applied: out of memory");
	}
	(void)declarations_apply(d->manager);
	log_info("Reloaded, %zu containers", d->manager->count);
	(void)sd_notify(0, "READY=1");
	return r;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct failure failure = { 0 };

	(void)reload(userdata, &failure);
	return 0;
}

static int stop_now(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	log_warning("Jobs did not end in time; stopping without them");
	return sd_event_exit(d->event, EXIT_SUCCESS);
}

/* Cancelled jobs still reply to their callers before the loop ends. */
static int stop_when_idle(sd_event_source *source, void *userdata)
{
	struct daemon *d = userdata;

	if (d->stopping && !manager_is_busy(d->manager))
		return sd_event_exit(d->event, EXIT_SUCCESS);
	return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct daemon *d = userdata;

	if (d->stopping)
		return 0;
	d->stopping = true;
	(void)sd_notify(0, "STOPPING=1");
	log_info("Stopping; containers and their limits stay");
	manager_cancel_all(d->manager);
	return sd_event_add_time_relative(d->event, NULL, CLOCK_MONOTONIC, STOP_USEC, 1000,
					  stop_now, d);
}

/* --- start ------------------------------------------------------------------------------ */

static void nothing(int signal)
{
}

/*
 * A worker's signal only ends its system call. Others that would end rssd by
 * default and report no fault of it do nothing either. A handler, unlike an
 * ignored signal, is not inherited by hooks.
 */
static int handle_signals(void)
{
	static const int stray[] = { SIGUSR1, SIGALRM,	 SIGVTALRM, SIGPROF, SIGIO,
				     SIGPWR,  SIGSTKFLT, SIGXCPU,   SIGXFSZ };
	struct sigaction action = { .sa_handler = nothing };
	int r = sigaction(WORKER_SIGNAL, &action, NULL);

	action.sa_flags = SA_RESTART;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(stray); i++)
		r = sigaction(stray[i], &action, NULL);
	for (int signal = SIGRTMIN; r == 0 && signal <= SIGRTMAX; signal++)
		r = sigaction(signal, &action, NULL);
	return r < 0 ? -errno : 0;
}

static int open_loop(struct daemon *d)
{
	sigset_t ours;
	int r = sd_event_new(&d->event);

	if (r < 0)
		return r;
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &ours, NULL) < 0)
		return -errno;
	(void)signal(SIGPIPE, SIG_IGN);
	r = handle_signals();
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGTERM, on_stop, d);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGINT, on_stop, d);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
	if (r >= 0)
		r = sd_event_add_post(d->event, NULL, stop_when_idle, d);
	if (r >= 0)
		r = sd_event_set_watchdog(d->event, true);
	return r;
}

/* Each container keeps a few descriptors open, and a machine may have ten thousand of them. */
#define DESCRIPTORS (1024 * 1024)

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max < DESCRIPTORS) {
		struct rlimit more = { DESCRIPTORS, DESCRIPTORS };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return;
	}
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(struct daemon *d, struct failure *failure)
{
	int r = config_load(d->config_file, &d->config, failure);

	if (r < 0)
		return r;
	log_open(d->config->log_level);
	raise_descriptor_limit();
	r = open_loop(d);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot create the event loop: %s", strerror(-r));
	r = manager_new(d->event, d->config, &d->manager, failure);
	if (r == 0)
		d->manager->hides_processes = hides_processes(d->config);
	if (r == 0)
		r = bus_new(d->event, d->manager, reload, d, &d->bus, failure);
	if (r == 0)
		r = privileges_drop(d->manager->controller->needs_admin, failure);
	if (r == 0)
		r = manager_start(d->manager, failure);
	return r;
}

/* A job that did not end still uses the manager: the kernel cleans up, as after a crash. */
static int leave(struct daemon *d, int status)
{
	if (d->manager && manager_is_busy(d->manager)) {
		bus_free(d->bus);
		_exit(status);
	}
	return status;
}

/* Errors of the loop itself in a row, 10 ms apart, before rssd gives up. */
#define LOOP_ERRORS_MAX 500

/*
 * Runs the loop until something exits it. A timer or a poll that fails for want of
 * memory or watches (ENOMEM, ENOSPC) is tried again: the containers need rssd.
 */
static int serve(sd_event *event)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	unsigned int errors = 0;
	int code = 0;

	while (sd_event_get_state(event) != SD_EVENT_FINISHED) {
		int r = sd_event_run(event, UINT64_MAX);

		if (r >= 0) {
			errors = 0;
			continue;
		}
		if (errors++ == 0)
			log_error("The event loop failed: %s; trying again", strerror(-r));
		if (errors == LOOP_ERRORS_MAX)
			return r;
		(void)nanosleep(&pause, NULL);
	}
	(void)sd_event_get_exit_code(event, &code);
	return code;
}

static int run(const char *config_file)
{
	cleanup_(daemon_close) struct daemon d = { .config_file = config_file };
	struct failure failure = { 0 };
	int r = start(&d, &failure);

	if (r < 0) {
		log_error("%s", failure.text[0] ? failure.text : strerror(-r));
		(void)sd_notifyf(0, "STATUS=%s\nERRNO=%i", failure.text, -r);
		return leave(&d, EXIT_FAILURE);
	}
	log_info("Ready: controller %s, %zu containers", d.manager->controller->ops->name,
		 d.manager->count);
	(void)sd_notify(0, "READY=1\nSTATUS=Ready");
	r = serve(d.event);
	return leave(&d, r < 0 ? EXIT_FAILURE : r);
}

/*
 * A service manager that gives rssd a mount namespace runs this first, outside of the
 * namespace, so that other processes see the hierarchy. Errors are not reported here:
 * the start that follows has them again.
 */
static int mount_hierarchy(const char *config_file)
{
	cleanup_(controller_free_ptr) struct controller *controller = NULL;
	cleanup_(config_free_ptr) struct config *config = NULL;

	if (config_load(config_file, &config, NULL) == 0)
		(void)manager_open_controller(config, &controller, NULL);
	return EXIT_SUCCESS;
}

/* Reads the configuration and the declarations, prints what is wrong, and changes nothing. */
static int check(const char *config_file)
{
	cleanup_(config_free_ptr) struct config *config = NULL;
	cleanup_(records_free) struct records records = { 0 };
	struct failure failure = { 0 };

	if (config_load(config_file, &config, &failure) < 0) {
		fprintf(stderr, "%s\n", failure.text);
		return EXIT_FAILURE;
	}
	/* Its log lines would repeat the problems. */
	log_open(LOG_EMERG);
	if (records_read_declared(config->containers_directory, &records) < 0) {
		fprintf(stderr, "Cannot read the directory \"%s\"; check ContainersDirectory=\n",
			config->containers_directory);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < records.problems.count; i++)
		fprintf(stderr, "%s: %s\n", records.problems.list[i].file,
			records.problems.list[i].text);
	return records.problems.count ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const char usage[] =
	"rssd [OPTION...]\n"
	"\n"
	"Manages containers of processes whose resident memory is limited.\n"
	"\n"
	"  -c, --config=FILE   read FILE instead of " CONFIG_FILE "\n"
	"      --check         check FILE and the declarations, and exit\n"
	"      --mount         mount the hierarchy of the controller if it needs one\n"
	"                      of its own, and exit\n"
	"  -h, --help          show this help\n"
	"      --version       show the version\n"
	"\n"
	"rssd stays in the foreground. See rssd(8); its command line is rssctl(1).\n";

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'k' },
		{ "mount", no_argument, NULL, 'm' },	    { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },	    { 0 },
	};
	const char *config_file = NULL;
	int (*action)(const char *config_file) = run;
	int option;

	log_open(LOG_INFO);
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			config_file = optarg;
			break;
		case 'k':
			action = check;
			break;
		case 'm':
			action = mount_hierarchy;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("rssd " RSSD_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("Try rssd --help\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "rssd: Unexpected argument \"%s\"\nTry rssd --help\n",
			argv[optind]);
		return 2;
	}
	return action(config_file);
}
