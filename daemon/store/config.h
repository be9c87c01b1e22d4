/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssd.conf: lines of Key=Value, comments with #, an optional [rssd] heading.
 * Strict: an unknown key or a bad value is refused with file and line, so that a
 * typing error is never silently ignored.
 */
#ifndef RSSD_CONFIG_H
#define RSSD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup/controller.h"
#include "shared/cleanup.h"

struct failure;

/* The users that see the processes of a container and of OOM records: see rssd.conf(5). */
enum process_visibility {
	VISIBILITY_AUTO, /* as /proc does */
	VISIBILITY_ALL,	 /* any user */
	VISIBILITY_OWN,	 /* root, and each user its own */
};

struct config {
	char *controller;		    /* Controller=auto */
	enum hierarchy_choice hierarchy;    /* Hierarchy=auto */
	bool favor_dynmods;		    /* FavorDynMods=yes */
	char *root;			    /* Root=rssd */
	char *state_directory;		    /* StateDirectory=/var/lib/rssd */
	char *runtime_directory;	    /* RuntimeDirectory=/run/rssd */
	char *containers_directory;	    /* ContainersDirectory=/etc/rssd/containers.d */
	uint64_t limit_timeout;		    /* LimitTimeout=30s, microseconds */
	uint64_t containers_max;	    /* ContainersMax=20000 */
	uint64_t sample_interval;	    /* SampleInterval=off, microseconds; 0: off */
	uint64_t pending_max;		    /* PendingCallsPerUser=64 */
	enum process_visibility visibility; /* ProcessVisibility=auto */
	int log_level;			    /* LogLevel=info */
};

#define CONFIG_FILE "/etc/rssd/rssd.conf"

/**
 * config_load() - read a configuration file; keys that it lacks have their defaults
 * @path: the file; NULL: CONFIG_FILE, which may be missing
 */
int config_load(const char *path, struct config **ret, struct failure *failure);

/* The same for a text. Pure. @file is its name for messages. */
int config_parse(const char *text, const char *file, struct config **ret, struct failure *failure);

struct config *config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free);

#endif
