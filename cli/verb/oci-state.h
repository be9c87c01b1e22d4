/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container runtime passes to a hook: the state of a container, and its annotations, as the
 * runtime specification of the OCI describes them. Pure: any text is parsed, or refused with a reason.
 */
#ifndef RSSCTL_OCI_STATE_H
#define RSSCTL_OCI_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct json_object;

/* A longer state or config.json is refused. */
#define OCI_TEXT_MAX (1024 * 1024)

struct oci_state {
	char *id;
	pid_t pid;    /* 0: it has no process */
	char *bundle; /* the directory of config.json; NULL: none was named */
	/* NULL: the state has none, and those of config.json count. */
	struct json_object *annotations;
};

/* Returns NULL, or what is wrong, as the end of a sentence. *@ret is passed to oci_state_done() in any case. */
const char *oci_state_parse(const char *text, struct oci_state *ret);
void oci_state_done(struct oci_state *state);

/* The annotations of a config.json, to be put: NULL if there are none; and *@ret_problem as above. */
struct json_object *oci_config_annotations(const char *text, const char **ret_problem);

/* What the annotations org.rssd.* of a container ask for. */
struct oci_request {
	bool wanted;			       /* there is one */
	bool runs_on_failure;		       /* the container runs also if rssd cannot limit it */
	unsigned int set;		       /* those of the following, as OCI_SET_* */
	uint64_t limit, wmark_high, wmark_low; /* in bytes */
	bool oom_group;
	const char *name; /* of the container of rssd; part of the annotations; NULL: not given */
};

enum {
	OCI_SET_LIMIT = 1 << 0,
	OCI_SET_WMARK_HIGH = 1 << 1,
	OCI_SET_WMARK_LOW = 1 << 2,
	OCI_SET_OOM_GROUP = 1 << 3,
};

/* Room for a sentence about an annotation. */
#define OCI_PROBLEM_MAX 512

/*
 * Reads @annotations, which may be NULL; other ones than org.rssd.* are ignored. Return: 0, or -EINVAL
 * with a sentence without a full stop in @problem.
 */
int oci_request_read(struct json_object *annotations, struct oci_request *ret,
		     char problem[static OCI_PROBLEM_MAX]);

/* The name of the container of rssd, "oci-ID" without a request; NULL if out of memory. To be freed. */
char *oci_container_name(const struct oci_state *state, const struct oci_request *request);

#endif
