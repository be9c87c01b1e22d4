/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl create: make a new, empty container. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "read-settings.h"
#include "runtime.h"
#include "shared/cleanup.h"
#include "values.h"
#include "verb.h"
#include "view/container-list.h"
#include "view/status.h"

enum {
	UNIT,
	CGROUP,
	PODMAN,
	POD,
	TRANSIENT,
	OWNER,
	IF_MISSING,
	JOIN,
};

static const struct option_spec options[] = {
	[UNIT] = { "unit", 0, "UNIT",
		   "The container is this systemd unit, which stays where it is" },
	[CGROUP] = { "cgroup", 0, "CGROUP", "The container is this cgroup of another program" },
	[PODMAN] = { "podman", 0, "CONTAINER", "The container is this running one of podman" },
	[POD] = { "pod", 0, "UID", "The container is this Kubernetes pod" },
	[TRANSIENT] = { "transient", 0, NULL, "Remove it when its last process has left" },
	[OWNER] = { "owner", 0, "USER",
		    "This user may create containers below it and attach processes to it" },
	[IF_MISSING] = { "if-missing", 0, NULL, "Do nothing if it exists" },
	[JOIN] = { "join", 0, "RULE...",
		   "Processes that match join it, such as user=www-data or cgroup=/jobs/7" },
	{ 0 },
};

/* As systemctl: a name without a suffix is that of a service. */
static char *complete_unit(const char *unit)
{
	const char *dot = strrchr(unit, '.');
	char *name;

	if (asprintf(&name, "%s%s", unit, dot && dot[1] ? "" : ".service") < 0)
		return NULL;
	return name;
}

/*
 * An existing container is no failure with --if-missing; it keeps its settings. -EEXIST also says
 * that the unit is another container.
 */
static int end_create(struct cli *cli, const struct args *args, int r)
{
	cleanup_(rss_container_free_ptr) struct rss_container *container = NULL;
	int status = end_call(cli, r == -EEXIST && args->values[IF_MISSING] ? 0 : r);

	if (r != -EEXIST || status != STATUS_DONE)
		return status;
	r = rss_get(cli->client, args->operands[0], &container);
	return r == -ENOENT
		       ? print_error(
				 STATUS_EXISTS,
				 "The unit or cgroup is another container already; see: rssctl list")
		       : end_call(cli, r);
}

static int create_at(struct cli *cli, const struct args *args, const char *unit, const char *cgroup,
		     const struct rss_settings *settings)
{
	return end_create(cli, args,
			  rss_create_at(cli->client, args->operands[0], unit, cgroup, settings));
}

static int create_unit(struct cli *cli, const struct args *args,
		       const struct rss_settings *settings)
{
	cleanup_free char *unit = complete_unit(args->values[UNIT]);

	return unit ? create_at(cli, args, unit, NULL, settings) : fail_memory();
}

static int create_of_runtime(struct cli *cli, const struct args *args,
			     const struct rss_settings *settings)
{
	cleanup_(runtime_group_done) struct runtime_group group = { 0 };
	int status = args->values[PODMAN] ? runtime_find_podman(args->values[PODMAN], &group)
					  : runtime_find_pod(args->values[POD], &group);

	if (status != STATUS_DONE)
		return status;
	return create_at(cli, args, group.unit, group.unit ? NULL : group.cgroup, settings);
}

/* The number of options that name what the container is. */
static int count_places(const struct args *args)
{
	return (args->values[UNIT] != NULL) + (args->values[CGROUP] != NULL) +
	       (args->values[PODMAN] != NULL) + (args->values[POD] != NULL);
}

static int run(struct cli *cli, const struct args *args)
{
	struct rss_settings settings;
	int status;

	status = cli_settings_read_options(args, &settings);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	if (count_places(args) > 1)
		return print_error(STATUS_USAGE,
				   "--unit, --cgroup, --podman and --pod exclude each other; give "
				   "one of them");
	if (args->values[TRANSIENT]) {
		settings.set |= RSS_SET_TRANSIENT;
		settings.transient = true;
	}
	if (args->n_repeated) {
		settings.set |= RSS_SET_JOIN;
		settings.join = args->repeated;
	}
	if (args->values[OWNER]) {
		settings.set |= RSS_SET_OWNER;
		status = read_user(args->values[OWNER], &settings.owner);
		if (status != STATUS_DONE)
			return status;
	}
	if (args->values[UNIT])
		return create_unit(cli, args, &settings);
	if (args->values[PODMAN] || args->values[POD])
		return create_of_runtime(cli, args, &settings);
	if (args->values[CGROUP])
		return create_at(cli, args, NULL, args->values[CGROUP], &settings);
	return end_create(cli, args, rss_create(cli->client, args->operands[0], &settings));
}

DEFINE_VERB(create) = {
	.name = "create",
	.order = 10,
	.synopsis = "NAME [OPTION...]",
	.summary = "Create a container",
	.description =
		"A name consists of letters, digits and : _ . @ -, with slashes between the names of\n"
		"nested containers: web/worker1 is inside web, which must exist.\n"
		"With --unit or --cgroup the members are the processes of that unit or cgroup, which stay\n"
		"where they are. --podman and --pod find the unit or cgroup of a container of podman, by\n"
		"its name or ID, or of a Kubernetes pod.\n"
		"A rule has conditions that all have to match: unit, executable, user, command, cgroup or\n"
		"pod, as in --join='user=www-data command=php*'.",
	.options = options,
	.settings = SETTINGS_OPTIONS,
	.min_operands = 1,
	.max_operands = 1,
	.changes = true,
	.run = run,
};
