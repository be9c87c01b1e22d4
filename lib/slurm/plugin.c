/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plug-in for SPANK, the plug-in interface of Slurm: see rssd-slurm(8). Slurm loads it in srun and
 * sbatch, which only check the options, and in slurmstepd, which runs a step on a node.
 *
 * In slurmstepd the tasks are forked and wait. The hook of the last task makes the containers and moves
 * all of them at once, so nothing is executed outside. No hook fails, and there
 * is none for the epilog: Slurm would drain the node. A step that is refused ends in its own tasks,
 * before they execute their program.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/clock.h"
#include "slurm/comment.h"
#include "slurm/config.h"
#include "slurm/contain.h"
#include "slurm/keeper.h"
#include "slurm/oom.h"
#include "slurm/pause.h"
#include "slurm/place.h"
#include "slurm/record.h"
#include "slurm/request.h"
#include "slurm/step.h"

#pragma GCC visibility push(default)
#include <slurm/spank.h>

SPANK_PLUGIN(rssd, 1)

spank_f slurm_spank_init, slurm_spank_init_post_opt, slurm_spank_task_post_fork,
	slurm_spank_task_init, slurm_spank_task_exit, slurm_spank_exit;
#pragma GCC visibility pop

/* Of an OOM, which ends the task anyway. */
#define SRUN_READS_MS 200

enum { OPTION_LIMIT, OPTION_WMARK };

/* SPANK passes no pointer to its hooks. */
static struct {
	struct slurm_config config;
	struct request request;
	struct step step;
	struct keeper keeper;
	pid_t *pids; /* of the tasks, with room for the keeper */
	uint32_t count;
	uint32_t ended;
	bool contained; /* the step has its container */
	bool recorded;
	struct oom_progress ooms;
	char last_oom[OOM_TEXT_MAX]; /* the sentence about it, or "" */
	/* Shared with the tasks: why they are refused, or "". */
	char *refusal;
} plugin = { .keeper.fd = -1 };

/* --- options -------------------------------------------------------------- */

static int read_option(int option, const char *value, int remote)
{
	const char *name = option == OPTION_LIMIT ? "--rss-limit" : "--rss-wmark";
	const char *wrong = option == OPTION_LIMIT ? request_read_limit(&plugin.request, value)
						   : request_read_wmark(&plugin.request, value);

	if (!wrong)
		return 0;
	if (remote) {
		plugin.request.invalid = name;
		return 0;
	}
	slurm_error("Invalid value \"%s\" of %s: it %s", value ?: "", name, wrong);
	return -1;
}

/* Slurm does not change the texts. */
static struct spank_option limit_option = {
	.name = (char *)"rss-limit",
	.arginfo = (char *)"SIZE",
	.usage = (char *)"limit of the resident memory of each step on each node, such as 4G",
	.has_arg = 1,
	.val = OPTION_LIMIT,
	.cb = read_option,
};

static struct spank_option wmark_option = {
	.name = (char *)"rss-wmark",
	.arginfo = (char *)"HIGH[:LOW]",
	.usage = (char *)"reclaim in the background above HIGH, down to LOW",
	.has_arg = 1,
	.val = OPTION_WMARK,
	.cb = read_option,
};

/* --- what the hooks do ------------------------------------------------------ */

static void log_problem(const char *argument, const char *problem)
{
	slurm_error("rssd: \"%s\" in plugstack.conf is ignored: it %s", argument, problem);
}

static void ignore_problem(const char *argument, const char *problem)
{
}

static int set_names(spank_t spank)
{
	char node[STEP_NAME_MAX] = "";

	if (spank_getenv(spank, "SLURMD_NODENAME", node, sizeof(node)) != ESPANK_SUCCESS) {
		const char *name = getenv("SLURMD_NODENAME");

		if (!name && gethostname(node, sizeof(node) - 1) == 0)
			node[strcspn(node, ".")] = '\0';
		else if (name)
			snprintf(node, sizeof(node), "%s", name);
	}
	return step_set_names(&plugin.step, node);
}

static int describe_step(spank_t spank)
{
	struct step *step = &plugin.step;
	uint64_t megabytes;

	if (spank_get_item(spank, S_JOB_ID, &step->job) != ESPANK_SUCCESS ||
	    spank_get_item(spank, S_JOB_STEPID, &step->id) != ESPANK_SUCCESS ||
	    spank_get_item(spank, S_JOB_UID, &step->uid) != ESPANK_SUCCESS ||
	    spank_get_item(spank, S_JOB_LOCAL_TASK_COUNT, &step->tasks) != ESPANK_SUCCESS)
		return -EINVAL;
	if (spank_get_item(spank, S_JOB_ALLOC_MEM, &megabytes) == ESPANK_SUCCESS)
		step->job_memory = megabytes << 20;
	if (spank_get_item(spank, S_STEP_ALLOC_MEM, &megabytes) == ESPANK_SUCCESS)
		step->memory = megabytes << 20;
	return set_names(spank);
}

static void refuse(const char *reason)
{
	if (plugin.refusal)
		snprintf(plugin.refusal, CONTAIN_MESSAGE_MAX, "%s", reason);
}

/* The step is not limited: on-failure= says what follows. */
static void fail_step(const char *reason)
{
	keeper_end(&plugin.keeper);
	if (step_is_extern(&plugin.step)) {
		slurm_info("rssd: sessions that join job %u are not limited: %s", plugin.step.job,
			   reason);
	} else if (plugin.config.refuse) {
		slurm_info("rssd: the step is refused: %s", reason);
		refuse(reason);
	} else if (plugin.request.settings.set) {
		slurm_spank_log("rssd: this step runs without its limit: %s", reason);
	} else {
		slurm_info("rssd: the step runs without a limit: %s", reason);
	}
}

static bool find_place(void)
{
	if (place_find(&plugin.step) == 0)
		return true;
	fail_step("its cgroup cannot be found");
	return false;
}

static void contain(const struct request *request)
{
	char message[CONTAIN_MESSAGE_MAX] = "";
	uint32_t count = plugin.count;
	int r;

	if (*plugin.step.place) {
		/* The container is there as long as the cgroup. */
		keeper_end(&plugin.keeper);
	} else if (plugin.keeper.fd < 0) {
		fail_step("its keeper cannot be started");
		return;
	} else {
		plugin.pids[count++] = plugin.keeper.pid;
	}
	r = contain_step(&plugin.config, &plugin.step, request, plugin.pids, count, message);
	if (r > 0)
		slurm_spank_log("rssd: --rss-wmark is ignored on this node: %s", message);
	if (r < 0) {
		fail_step(message);
		return;
	}
	plugin.contained = true;
	plugin.ooms.since = clock_usec(CLOCK_REALTIME);
}

/* The container of the extern step has the keeper, and what joins by the rule, if it is no cgroup of Slurm. */
static void contain_extern(void)
{
	struct request request = plugin.request;
	char rule[PLACE_RULE_MAX];
	const char *const rules[] = { rule, NULL };
	int r;

	/* pam_slurm_adopt leaves sessions of root alone. */
	if (plugin.step.uid == 0) {
		keeper_end(&plugin.keeper);
		return;
	}
	if (!find_place())
		return;
	r = *plugin.step.place ? 0 : place_extern_rule(&plugin.step, rule);
	if (r < 0) {
		fail_step(r == -ENOENT ? "they have no cgroup; proctrack/cgroup makes one"
				       : "their cgroup cannot be found");
		return;
	}
	if (!*plugin.step.place) {
		request.settings.set |= RSS_SET_JOIN;
		request.settings.join = rules;
	}
	contain(&request);
}

/*
 * slurm_spank_log() writes to a pipe, and a thread of slurmstepd sends the text to srun. Slurm reports the
 * end of the task after the hook. If a signal ended the task, srun then ends the step without reading what
 * it has not yet read.
 */
static void give_srun_time(void)
{
	pause_ms(SRUN_READS_MS);
}

static void tell_user(const char *sentence)
{
	snprintf(plugin.last_oom, sizeof(plugin.last_oom), "%s", sentence);
	slurm_spank_log("rssd: %s", sentence);
	give_srun_time();
}

/* The counters of the step, when its last task has ended, before Slurm removes its cgroup. */
static void record(void)
{
	int r;

	if (!plugin.contained || !plugin.config.record || plugin.recorded)
		return;
	plugin.recorded = true;
	r = record_write(&plugin.config, &plugin.step);
	if (r < 0)
		slurm_error("rssd: cannot write a record to %s: %s", plugin.config.record,
			    strerror(-r));
}

/* --- hooks ------------------------------------------------------------------- */

int slurm_spank_init(spank_t spank, int argc, char *argv[])
{
	spank_context_t context = spank_context();

	config_read(&plugin.config, argc, argv,
		    context == S_CTX_SLURMD ? log_problem : ignore_problem);
	if (context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR || context == S_CTX_REMOTE) {
		spank_option_register(spank, &limit_option);
		spank_option_register(spank, &wmark_option);
	}
	if (plugin.config.bus && context == S_CTX_REMOTE)
		setenv("DBUS_SYSTEM_BUS_ADDRESS", plugin.config.bus, 1);
	return 0;
}

/* Before the tasks are forked. */
int slurm_spank_init_post_opt(spank_t spank, int argc, char *argv[])
{
	void *page;

	if (!spank_remote(spank))
		return 0;
	page = mmap(NULL, CONTAIN_MESSAGE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	if (page == MAP_FAILED)
		slurm_error("rssd: no memory to tell the tasks of a refusal");
	else
		plugin.refusal = page;
	if (describe_step(spank) < 0)
		plugin.step.tasks = 0;
	plugin.pids = calloc(plugin.step.tasks + 1, sizeof(*plugin.pids));
	/*
	 * Now, because slurmstepd is not yet in the cgroups of task/cgroup: Slurm removes them before
	 * the hook slurm_spank_exit().
	 */
	(void)keeper_start(&plugin.keeper);
	return 0;
}

/* In slurmstepd, once for each task; they wait until it has returned for the last one. */
int slurm_spank_task_post_fork(spank_t spank, int argc, char *argv[])
{
	const struct step *step = &plugin.step;
	pid_t pid;

	if (plugin.pids && step_is_extern(step)) {
		contain_extern();
		return 0;
	}
	if (!plugin.pids || !step->tasks ||
	    spank_get_item(spank, S_TASK_PID, &pid) != ESPANK_SUCCESS) {
		fail_step("Slurm does not describe it");
		return 0;
	}
	if (plugin.count < step->tasks)
		plugin.pids[plugin.count++] = pid;
	if (plugin.count < step->tasks)
		return 0;
	if (plugin.request.invalid) {
		char reason[CONTAIN_MESSAGE_MAX];

		snprintf(reason, sizeof(reason), "the value of %s cannot be read",
			 plugin.request.invalid);
		refuse(reason);
		return 0;
	}
	if (find_place())
		contain(&plugin.request);
	return 0;
}

/* In a task, as its user, before it executes its program. */
int slurm_spank_task_init(spank_t spank, int argc, char *argv[])
{
	if (!plugin.refusal || !*plugin.refusal)
		return 0;
	/* The plug-in may be optional: then Slurm ignores a failure of this hook. */
	dprintf(STDERR_FILENO, "rssd: this step is refused: %s\n", plugin.refusal);
	_exit(EXIT_FAILURE);
}

/* In slurmstepd, after a task has ended. */
int slurm_spank_task_exit(spank_t spank, int argc, char *argv[])
{
	int status;

	if (plugin.contained &&
	    spank_get_item(spank, S_TASK_EXIT_STATUS, &status) == ESPANK_SUCCESS && status != 0)
		oom_report(&plugin.config, &plugin.step, &plugin.ooms, tell_user);
	if (++plugin.ended == plugin.step.tasks)
		record();
	return 0;
}

int slurm_spank_exit(spank_t spank, int argc, char *argv[])
{
	int r;

	if (!spank_remote(spank))
		return 0;
	record();
	if (plugin.config.comment && *plugin.last_oom) {
		r = comment_write(&plugin.config, &plugin.step, plugin.last_oom);
		if (r < 0)
			slurm_error("rssd: scontrol cannot write the comment of job %u: %s",
				    plugin.step.job, strerror(-r));
	}
	keeper_end(&plugin.keeper);
	free(take_ptr(plugin.pids));
	if (plugin.refusal)
		munmap(take_ptr(plugin.refusal), CONTAIN_MESSAGE_MAX);
	return 0;
}
