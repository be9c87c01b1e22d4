/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The place of a container: a cgroup made by rssd, a systemd unit, or another cgroup that
 * exists. Checks the names of units and cgroups that a container can be. Pure.
 */
#ifndef RSSD_PLACE_H
#define RSSD_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/settings.h"
#include "shared/cleanup.h"

struct failure;

enum place_kind {
	PLACE_OWN,    /* a cgroup made by rssd */
	PLACE_UNIT,   /* a systemd unit; its limit is set through systemd */
	PLACE_CGROUP, /* a cgroup of another program */
};

/* The smallest limit of a unit, in bytes: below it systemd could not start the unit. */
#define PLACE_UNIT_LIMIT_MIN (4ULL << 20)

/* The place of a container that is a unit or another existing cgroup. */
struct place {
	enum place_kind kind;
	char *unit;   /* PLACE_UNIT: its name; else NULL */
	char *cgroup; /* as in /proc/PID/cgroup; NULL if it was not looked up yet */
	/* The settings before the container: its removal restores those in @managed. */
	struct settings found;
	char *found_dropins;  /* drop-ins of set-property before the container, one path per line */
	unsigned int managed; /* the SETTING_* that rssd has set; the others are only read */
	bool runtime;	 /* the unit is gone after a boot, so its limit is set until then only */
	bool unfinished; /* its creation was not acknowledged */
};

/* "own", "unit" or "cgroup". */
const char *place_kind_name(enum place_kind kind);

struct place *place_new(enum place_kind kind, const char *what);
/* NULL if out of memory. */
struct place *place_copy(const struct place *place);
struct place *place_free(struct place *place);
DEFINE_CLEANUP(struct place *, place_free);

/* Returns true if both are the same unit or the same cgroup. */
bool place_is_same(const struct place *a, const struct place *b);

/* The name of the unit, or the path of the cgroup. */
const char *place_target(const struct place *place);

/* A place that is described for a message; a longer path is cut. */
#define PLACE_TEXT_MAX 288

/**
 * place_check() - check the name of the unit, or the path of the cgroup
 * @root: rssd's root directory in the hierarchy, "rssd"
 *
 * Return: 0, or a failure that says why no container can be there.
 */
int place_check(const struct place *place, const char *root, struct failure *failure);

/* Returns true if the cgroup @path is @cgroup or inside it. */
bool place_contains(const char *cgroup, const char *path);

/* The cgroup of a unit in a slice ("system.slice"), to be freed; NULL if out of memory. */
char *place_cgroup_of_unit(const char *unit, const char *slice);

#endif
