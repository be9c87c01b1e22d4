/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of a container, in rssd's state and in the declarations of
 * containers.d, as JSON. Reading is strict: a truncated text, invalid JSON, a value
 * of a wrong type and an unknown key are refused, with file, line and reason.
 * Pure: works on texts, not on files.
 */
#ifndef RSSD_RECORD_H
#define RSSD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/cleanup.h"
#include "policy/access-policy.h"
#include "policy/counters.h"
#include "policy/settings.h"

struct failure;
struct oom_record;
struct place;
struct rules;

/* The version of the format, which is in each record. */
#define RECORD_VERSION 1

struct record {
	char *name;
	struct settings settings; /* canonical, as all settings that record_parse() reads */
	bool transient;
	/* The settings of the declaration when it was applied to it; NULL: none was. */
	struct settings *declaration;
	uint64_t oom_events;	  /* counted before the current watch began */
	uint64_t inner_oom_kills; /* OOM kills in inner cgroups that are not containers */
	struct oom_record *last_oom;
	struct place *place;		 /* NULL: a cgroup made by rssd */
	struct earlier_counters earlier; /* of a place */
	char *joined_unit;		 /* the unit whose processes are attached, or NULL */

	/* In a declaration a user ID; owner_name is a user that is to be looked up, or NULL. */
	struct access_owner owner;
	char *owner_name;

	struct rules *join; /* of the declaration, or set at run time; or NULL */

	/* Of a declaration only. */
	char *oom_hook; /* path of a command, or NULL */
	char *file;	/* the file that was parsed */
};

enum record_kind {
	RECORD_STATE,	    /* written by rssd */
	RECORD_DECLARATION, /* written by an administrator: other keys; sizes may be "512M" */
};

/**
 * record_parse() - read one record
 * @text: the whole file, NUL-terminated
 * @length: its length; a NUL byte before its end is an error
 * @file: the name of the file, for messages
 */
int record_parse(const char *text, size_t length, const char *file, enum record_kind kind,
		 struct record **ret, struct failure *failure);

/* Formats a record of the state, with a newline at the end, to be freed; NULL when out of memory. */
char *record_format(const struct record *record);

struct record *record_free(struct record *record);
DEFINE_CLEANUP(struct record *, record_free);

#endif
