/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments in plugstack.conf: see config.h. */
#include "slurm/config.h"

#include <stdlib.h>
#include <string.h>

#include "shared/size.h"

#define DEFAULT_TIMEOUT (5 * 1000 * 1000)
/* Slurm's own messages of a step time out after 10 seconds. */
#define TIMEOUT_MAX (8 * 1000 * 1000)
#define FACTOR_MAX  1000.0

/* Each returns NULL, or what is wrong with @value. */
static const char *read_factor(struct slurm_config *config, const char *value)
{
	char *end;
	double factor = strtod(value, &end);

	/* Not a number fails the comparison. */
	if (end == value || *end || !(factor >= 0 && factor <= FACTOR_MAX))
		return "is no number from 0 to 1000";
	config->mem_factor = factor;
	return NULL;
}

static const char *read_on_failure(struct slurm_config *config, const char *value)
{
	if (strcmp(value, "run") && strcmp(value, "refuse"))
		return "is neither run nor refuse";
	config->refuse = !strcmp(value, "refuse");
	return NULL;
}

static const char *read_timeout(struct slurm_config *config, const char *value)
{
	uint64_t timeout;

	if (duration_parse(value, &timeout) < 0 || timeout == 0 || timeout > TIMEOUT_MAX)
		return "is no time up to 8s";
	config->timeout = timeout;
	return NULL;
}

static const char *read_bus(struct slurm_config *config, const char *value)
{
	if (!strchr(value, ':'))
		return "is no address of a bus, such as unix:path=/run/dbus/system_bus_socket";
	config->bus = value;
	return NULL;
}

static const char *read_record(struct slurm_config *config, const char *value)
{
	if (*value != '/')
		return "is no absolute path";
	config->record = value;
	return NULL;
}

static const char *read_comment(struct slurm_config *config, const char *value)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return "is neither yes nor no";
	config->comment = !strcmp(value, "yes");
	return NULL;
}

static const struct {
	const char *key;
	const char *(*read)(struct slurm_config *config, const char *value);
} keys[] = {
	{ "mem-factor=", read_factor }, { "on-failure=", read_on_failure },
	{ "timeout=", read_timeout },	{ "bus=", read_bus },
	{ "record=", read_record },	{ "comment=", read_comment },
};

static const char *read_argument(struct slurm_config *config, const char *argument)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t length = strlen(keys[i].key);

		if (!strncmp(argument, keys[i].key, length))
			return keys[i].read(config, argument + length);
	}
	return "is not known";
}

void config_read(struct slurm_config *config, int count, char *const arguments[],
		 config_problem_fn problem)
{
	*config = (struct slurm_config){ .mem_factor = 1, .timeout = DEFAULT_TIMEOUT };
	for (int i = 0; i < count; i++) {
		const char *wrong = read_argument(config, arguments[i]);

		if (wrong)
			problem(arguments[i], wrong);
	}
}
