/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a container of a runtime: see oci-state.h. */
#include "verb/oci-state.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read-json.h"
#include "shared/cleanup.h"
#include "shared/size.h"
#include "shared/text.h"

#define PREFIX "org.rssd."
/* Runtimes allow shorter ones only. */
#define ID_MAX 1024

#define OUT_OF_MEMORY "needs more memory than there is"

DEFINE_CLEANUP(struct json_object *, json_object_put);

/* --- the state --------------------------------------------------------------------- */

/* Returns NULL, or what is wrong with @text. */
static const char *read_object(const char *text, struct json_object **ret)
{
	const char *problem;
	int r = json_read(text, strlen(text), ret, &problem);

	if (r == -ENOMEM)
		return OUT_OF_MEMORY;
	return json_object_is_type(*ret, json_type_object) ? NULL : "is not a JSON object";
}

/* The text of a string without NUL bytes, or NULL. */
static const char *text_of(struct json_object *value)
{
	const char *text =
		json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;

	return text && strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static const char *read_id(struct json_object *state, char **ret)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_object_object_get_ex(state, "id", &value))
		return "has no id";
	text = text_of(value);
	if (!text || !*text || strlen(text) > ID_MAX || strchr(text, '/'))
		return "has an invalid id";
	*ret = strdup(text);
	return *ret ? NULL : OUT_OF_MEMORY;
}

/* There is no process after the end of the container. */
static const char *read_process(struct json_object *state, pid_t *ret)
{
	struct json_object *value = NULL;
	int64_t pid;

	if (!json_object_object_get_ex(state, "pid", &value))
		return NULL;
	pid = json_object_get_int64(value);
	if (!json_object_is_type(value, json_type_int) || pid < 0 || pid > INT_MAX)
		return "has an invalid pid";
	*ret = (pid_t)pid;
	return NULL;
}

static const char *read_bundle(struct json_object *state, char **ret)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_object_object_get_ex(state, "bundle", &value))
		return NULL;
	text = text_of(value);
	if (!text || *text != '/' || strlen(text) >= PATH_MAX)
		return "has an invalid bundle";
	*ret = strdup(text);
	return *ret ? NULL : OUT_OF_MEMORY;
}

/* The annotations of a state or a config.json, with a reference; NULL also if it has none. */
static const char *read_annotations(struct json_object *object, struct json_object **ret)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, "annotations", &value) || !value)
		return NULL;
	if (!json_object_is_type(value, json_type_object))
		return "has invalid annotations";
	*ret = json_object_get(value);
	return NULL;
}

const char *oci_state_parse(const char *text, struct oci_state *ret)
{
	cleanup_(json_object_put_ptr) struct json_object *state = NULL;
	const char *problem = read_object(text, &state);

	*ret = (struct oci_state){ 0 };
	if (problem)
		return problem;
	problem = read_id(state, &ret->id);
	problem = problem ?: read_process(state, &ret->pid);
	problem = problem ?: read_bundle(state, &ret->bundle);
	return problem ?: read_annotations(state, &ret->annotations);
}

void oci_state_done(struct oci_state *state)
{
	free(state->id);
	free(state->bundle);
	json_object_put(state->annotations);
	*state = (struct oci_state){ 0 };
}

struct json_object *oci_config_annotations(const char *text, const char **ret_problem)
{
	cleanup_(json_object_put_ptr) struct json_object *config = NULL, *annotations = NULL;

	*ret_problem = read_object(text, &config) ?: read_annotations(config, &annotations);
	return take_ptr(annotations);
}

/* --- the annotations --------------------------------------------------------------- */

/* Each returns NULL, or what is wrong with @value, as the end of a sentence. */
static const char *read_size(const char *value, uint64_t *size, unsigned int bit,
			     struct oci_request *ret)
{
	int r = size_parse(value, size);

	if (r < 0)
		return r == -ERANGE ? "is too large" : "is not a size, such as 512M, 2G or 20%";
	ret->set |= bit;
	return NULL;
}

static const char *read_limit(const char *value, struct oci_request *ret)
{
	return read_size(value, &ret->limit, OCI_SET_LIMIT, ret);
}

static const char *read_wmark_high(const char *value, struct oci_request *ret)
{
	return read_size(value, &ret->wmark_high, OCI_SET_WMARK_HIGH, ret);
}

static const char *read_wmark_low(const char *value, struct oci_request *ret)
{
	return read_size(value, &ret->wmark_low, OCI_SET_WMARK_LOW, ret);
}

static const char *read_oom_group(const char *value, struct oci_request *ret)
{
	ret->oom_group = ascii_equal(value, "yes") || ascii_equal(value, "true");
	if (!ret->oom_group && !ascii_equal(value, "no") && !ascii_equal(value, "false"))
		return "is neither yes nor no";
	ret->set |= OCI_SET_OOM_GROUP;
	return NULL;
}

static const char *read_name(const char *value, struct oci_request *ret)
{
	/* rssd checks the name. */
	if (!*value)
		return "is not a name";
	ret->name = value;
	return NULL;
}

static const char *read_on_failure(const char *value, struct oci_request *ret)
{
	if (strcmp(value, "run") != 0 && strcmp(value, "refuse") != 0)
		return "is neither run nor refuse";
	ret->runs_on_failure = strcmp(value, "run") == 0;
	return NULL;
}

static const struct {
	const char *key;
	const char *(*read)(const char *value, struct oci_request *ret);
} keys[] = {
	{ "limit", read_limit },	 { "wmark-high", read_wmark_high },
	{ "wmark-low", read_wmark_low }, { "oom-group", read_oom_group },
	{ "name", read_name },		 { "on-failure", read_on_failure },
};

static const char *read_annotation(const char *key, const char *value, struct oci_request *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].read(value, ret);
	}
	return "is not known; the annotations are limit, wmark-high, wmark-low, oom-group, name "
	       "and on-failure";
}

static int set_problem(char problem[static OCI_PROBLEM_MAX], const char *key, const char *value,
		       const char *what)
{
	(void)snprintf(problem, OCI_PROBLEM_MAX,
		       "The annotation \"%.64s\" with the value \"%.64s\" %s", key, value, what);
	return -EINVAL;
}

int oci_request_read(struct json_object *annotations, struct oci_request *ret,
		     char problem[static OCI_PROBLEM_MAX])
{
	*ret = (struct oci_request){ 0 };
	if (!annotations)
		return 0;
	json_object_object_foreach(annotations, key, value)
	{
		const char *text = text_of(value), *what;

		if (strncmp(key, PREFIX, strlen(PREFIX)) != 0)
			continue;
		ret->wanted = true;
		what = text ? read_annotation(key + strlen(PREFIX), text, ret)
			    : "is not a string, such as \"64M\"";
		if (what)
			return set_problem(problem, key,
					   text ?: json_object_to_json_string(value) ?: "", what);
	}
	if ((ret->set & OCI_SET_WMARK_LOW) && (ret->set & OCI_SET_WMARK_HIGH) &&
	    ret->wmark_low > ret->wmark_high) {
		(void)snprintf(problem, OCI_PROBLEM_MAX,
			       "The annotation \"" PREFIX "wmark-low\" is above \"" PREFIX
			       "wmark-high\"");
		return -EINVAL;
	}
	return 0;
}

char *oci_container_name(const struct oci_state *state, const struct oci_request *request)
{
	char *name;

	if (request->name)
		return strdup(request->name);
	return asprintf(&name, "oci-%s", state->id) < 0 ? NULL : name;
}
