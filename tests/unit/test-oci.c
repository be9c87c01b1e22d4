/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hook of container runtimes: what is read from them, and which cgroup is a container's own. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "shared/cleanup.h"
#include "unit.h"
#include "verb/oci-group.h"
#include "verb/oci-state.h"

/* --- the state --------------------------------------------------------------------- */

TEST(states_are_read)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0\",\"id\":\"c1\",\"pid\":10710,\"root\":\"rootfs\",\"bundle\":\"/b\","
		"\"status\":\"created\",\"annotations\":{\"org.rssd.limit\":\"64M\",\"a\":1}}";
	cleanup_(oci_state_done) struct oci_state state;
	char problem[OCI_PROBLEM_MAX];
	struct oci_request request;
	cleanup_free char *name = NULL;

	CHECK(!oci_state_parse(text, &state));
	CHECK_STR(state.id, "c1");
	CHECK_INT(state.pid, 10710);
	CHECK_STR(state.bundle, "/b");
	CHECK_INT(oci_request_read(state.annotations, &request, problem), 0);
	CHECK(request.wanted && !request.runs_on_failure && !request.name);
	CHECK_UINT(request.set, OCI_SET_LIMIT);
	CHECK_UINT(request.limit, 64 << 20);
	name = oci_container_name(&state, &request);
	CHECK_STR(name, "oci-c1");
}

/* As runc writes it at the end of a container. */
TEST(a_state_without_annotations_is_read)
{
	cleanup_(oci_state_done) struct oci_state state;

	CHECK(!oci_state_parse("{\"id\":\"c\",\"status\":\"stopped\",\"annotations\":null}",
			       &state));
	CHECK_INT(state.pid, 0);
	CHECK(!state.bundle && !state.annotations);
}

static const char *brackets(char bracket)
{
	static char text[2][101];
	char *ret = text[bracket == ']'];

	memset(ret, bracket, 100);
	return ret;
}

TEST(bad_states_are_refused)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{ "", "is not a JSON object" },
		{ "rubbish", "is not a JSON object" },
		{ "{\"id\":\"a\"", "is not a JSON object" },
		{ "[]", "is not a JSON object" },
		{ "null", "is not a JSON object" },
		{ "7", "is not a JSON object" },
		{ "{\"id\":\"a\"} {", "is not a JSON object" },
		{ "{\"id\":\"\xff\"}", "is not a JSON object" },
		{ "{}", "has no id" },
		{ "{\"id\":7}", "has an invalid id" },
		{ "{\"id\":\"\"}", "has an invalid id" },
		{ "{\"id\":\"../a\"}", "has an invalid id" },
		{ "{\"id\":\"a\\u0000b\"}", "has an invalid id" },
		{ "{\"id\":\"a\",\"pid\":\"1\"}", "has an invalid pid" },
		{ "{\"id\":\"a\",\"pid\":-1}", "has an invalid pid" },
		{ "{\"id\":\"a\",\"pid\":4294967297}", "has an invalid pid" },
		{ "{\"id\":\"a\",\"pid\":1.5}", "has an invalid pid" },
		{ "{\"id\":\"a\",\"bundle\":\"b\"}", "has an invalid bundle" },
		{ "{\"id\":\"a\",\"bundle\":[]}", "has an invalid bundle" },
		{ "{\"id\":\"a\",\"annotations\":[]}", "has invalid annotations" },
		{ "{\"id\":\"a\",\"annotations\":\"x\"}", "has invalid annotations" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_(oci_state_done) struct oci_state state;
		const char *problem = oci_state_parse(cases[i].text, &state);

		if (!problem || strcmp(problem, cases[i].problem) != 0)
			FAIL("%s: %s", cases[i].text, problem ?: "was read");
	}
}

/* A config.json is no deeper than its author made it; 32 is the limit of json-c. */
TEST(nested_values_are_read)
{
	char text[1024];
	cleanup_(oci_state_done) struct oci_state state;

	snprintf(text, sizeof(text), "{\"id\":\"a\",\"x\":%.100s%.100s}\n", brackets('['),
		 brackets(']'));
	CHECK(!oci_state_parse(text, &state));
}

TEST(a_long_id_is_refused)
{
	char text[2048];
	cleanup_(oci_state_done) struct oci_state state;

	snprintf(text, sizeof(text), "{\"id\":\"%01100d\"}", 0);
	CHECK_STR(oci_state_parse(text, &state), "has an invalid id");
}

TEST(annotations_of_a_config_are_read)
{
	const char *problem = "";
	struct json_object *annotations =
		oci_config_annotations("{\"annotations\":{\"org.rssd.name\":\"web\"}}", &problem);

	CHECK(annotations && !problem);
	json_object_put(annotations);
	CHECK(!oci_config_annotations("{\"process\":{}}", &problem) && !problem);
	CHECK(!oci_config_annotations("{", &problem));
	CHECK_STR(problem, "is not a JSON object");
	CHECK(!oci_config_annotations("{\"annotations\":7}", &problem));
	CHECK_STR(problem, "has invalid annotations");
}

/* --- the annotations --------------------------------------------------------------- */

static int read_annotations(const char *text, struct oci_request *ret,
			    char problem[OCI_PROBLEM_MAX])
{
	struct json_object *annotations = json_tokener_parse(text);
	int r = oci_request_read(annotations, ret, problem);

	/* A part of the annotations. */
	ret->name = NULL;
	json_object_put(annotations);
	return r;
}

TEST(annotations_are_read)
{
	char problem[OCI_PROBLEM_MAX];
	struct oci_request request;

	CHECK_INT(
		read_annotations("{\"org.rssd.limit\":\"2G\",\"org.rssd.wmark-high\":\"1G\","
				 "\"org.rssd.wmark-low\":\"512M\",\"org.rssd.oom-group\":\"True\","
				 "\"org.rssd.on-failure\":\"run\",\"org.rssdx\":7}",
				 &request, problem),
		0);
	CHECK_UINT(request.set,
		   OCI_SET_LIMIT | OCI_SET_WMARK_HIGH | OCI_SET_WMARK_LOW | OCI_SET_OOM_GROUP);
	CHECK_UINT(request.limit, 2ULL << 30);
	CHECK_UINT(request.wmark_high, 1ULL << 30);
	CHECK_UINT(request.wmark_low, 512ULL << 20);
	CHECK(request.oom_group && request.runs_on_failure && request.wanted);
}

TEST(other_annotations_want_nothing)
{
	static const char *const cases[] = {
		"{}",
		"null",
		"{\"limit\":\"1G\"}",
		"{\"org.rssdlimit\":\"1G\"}",
		"{\"io.kubernetes.cri-o.org.rssd.limit\":\"lots\",\"b\":[]}",
	};
	char problem[OCI_PROBLEM_MAX];
	struct oci_request request;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_INT(read_annotations(cases[i], &request, problem), 0);
		if (request.wanted)
			FAIL("%s", cases[i]);
	}
}

TEST(bad_annotations_are_refused)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{ "{\"org.rssd.limit\":\"lots\"}",
		  "The annotation \"org.rssd.limit\" with the value \"lots\" is not a size, such as "
		  "512M, 2G or 20%" },
		{ "{\"org.rssd.limit\":\"\"}", "is not a size" },
		{ "{\"org.rssd.limit\":\"-1\"}", "is not a size" },
		{ "{\"org.rssd.limit\":\"64M\\u0000\"}", "is not a string" },
		{ "{\"org.rssd.limit\":\"99999999999999T\"}", "is too large" },
		{ "{\"org.rssd.limit\":64}", "is not a string" },
		{ "{\"org.rssd.limit\":null}", "is not a string" },
		{ "{\"org.rssd.wmark-high\":\"x\"}", "is not a size" },
		{ "{\"org.rssd.wmark-low\":\"x\"}", "is not a size" },
		{ "{\"org.rssd.wmark-high\":\"1M\",\"org.rssd.wmark-low\":\"2M\"}",
		  "\"org.rssd.wmark-low\" is above \"org.rssd.wmark-high\"" },
		{ "{\"org.rssd.oom-group\":\"maybe\"}", "is neither yes nor no" },
		{ "{\"org.rssd.on-failure\":\"ignore\"}", "is neither run nor refuse" },
		{ "{\"org.rssd.name\":\"\"}", "is not a name" },
		{ "{\"org.rssd.limt\":\"1G\"}", "is not known" },
		{ "{\"org.rssd.\":\"1G\"}", "is not known" },
		{ "{\"org.rssd.limit\":\"1G\",\"org.rssd.frobnicate\":\"\"}", "is not known" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char problem[OCI_PROBLEM_MAX] = "";
		struct oci_request request;

		CHECK_INT(read_annotations(cases[i].text, &request, problem), -EINVAL);
		if (!strstr(problem, cases[i].problem))
			FAIL("%s: %s", cases[i].text, problem);
	}
}

/* --- the cgroup -------------------------------------------------------------------- */

#define HOOK_SYSTEMD                                       \
	"4:memory:/machine.slice/libpod-conmon-c1.scope\n" \
	"0::/machine.slice/libpod-conmon-c1.scope\n"

TEST(the_own_cgroup_is_found)
{
	static const struct {
		const char *cgroups, *hook;
		enum oci_hierarchy hierarchy;
		const char *path, *unit; /* NULL path: none */
	} cases[] = {
		/* podman with systemd and crun, and with cgroupfs. */
		{ "0::/machine.slice/libpod-c1.scope/container\n", HOOK_SYSTEMD, OCI_UNIFIED,
		  "/machine.slice/libpod-c1.scope", "libpod-c1.scope" },
		{ "4:memory:/libpod_parent/libpod-c1\n0::/\n", "4:memory:/\n0::/\n", OCI_MEMORY,
		  "/libpod_parent/libpod-c1", NULL },
		/* CRI-O, containerd for Kubernetes, ctr. */
		{ "0::/kubepods.slice/kubepods-pod8a_1f.slice/crio-c1.scope\n",
		  "0::/system.slice\n", OCI_UNIFIED,
		  "/kubepods.slice/kubepods-pod8a_1f.slice/crio-c1.scope", "crio-c1.scope" },
		{ "0::/kubepods/burstable/pod8a-1f/c1\n", "0::/system.slice\n", OCI_UNIFIED,
		  "/kubepods/burstable/pod8a-1f/c1", NULL },
		{ "5:cpu,memory:/default/c1\n", "5:cpu,memory:/\n", OCI_MEMORY, "/default/c1",
		  NULL },
		/* Only the hierarchy that limits memory counts. */
		{ "7:pids:/default/c1\n4:memory:/\n", "7:pids:/\n4:memory:/\n", OCI_MEMORY, NULL,
		  NULL },
		{ "4:memory:/default/c1\n0::/\n", "4:memory:/\n0::/\n", OCI_UNIFIED, NULL, NULL },
		{ "7:pids:/default/c1\n", "7:pids:/\n", OCI_ANY, "/default/c1", NULL },
		{ "7:memoryx,xmemory:/c1\n", "", OCI_MEMORY, NULL, NULL },
		/* Without a cgroup of its own: the runtime, or a session, is in it. */
		{ "0::/machine.slice/libpod-conmon-c1.scope\n", HOOK_SYSTEMD, OCI_UNIFIED, NULL,
		  NULL },
		{ "0::/user.slice/session-c1.scope/a\n", "0::/user.slice/session-c1.scope/b\n",
		  OCI_UNIFIED, NULL, NULL },
		{ "0::/user.slice\n", "0::/user.slice\n", OCI_UNIFIED, NULL, NULL },
		{ "0::/\n", "0::/\n", OCI_UNIFIED, NULL, NULL },
		/* Names that have the ID of another. */
		{ "0::/default/c12\n", "0::/\n", OCI_UNIFIED, NULL, NULL },
		{ "0::/default/xc1\n", "0::/\n", OCI_UNIFIED, NULL, NULL },
		{ "0::/default/c1-x\n", "0::/\n", OCI_UNIFIED, NULL, NULL },
		{ "0::/default/c1.service\n", "0::/\n", OCI_UNIFIED, NULL, NULL },
		/* The hook is in a cgroup whose name begins in the same way. */
		{ "0::/a/c1\n", "0::/a/c12\n", OCI_UNIFIED, "/a/c1", NULL },
		{ "rubbish\n::\n0::x/c1\n\n0::/c1", "", OCI_UNIFIED, "/c1", NULL },
		{ "", "", OCI_ANY, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_(oci_group_done) struct oci_group group;
		int r = oci_group_find(cases[i].cgroups, cases[i].hook, cases[i].hierarchy, "c1",
				       &group);

		if (r != (cases[i].path ? 0 : -ENOENT))
			FAIL("%s: %d, %s", cases[i].cgroups, r, group.path ?: "");
		if (r < 0)
			continue;
		CHECK_STR(group.path, cases[i].path);
		CHECK_STR(group.unit ?: "", cases[i].unit ?: "");
	}
}

TEST(cgroups_are_of_an_id)
{
	CHECK(oci_group_is_of("libpod-c1.scope", "c1"));
	CHECK(oci_group_is_of("/a/c1", "c1"));
	CHECK(!oci_group_is_of("/c1/a", "c1"));
	CHECK(!oci_group_is_of("/a/c12", "c1"));
	CHECK(!oci_group_is_of("", "c1"));
}

TEST(plain_paths_can_be_rules)
{
	CHECK(oci_group_is_plain("/machine.slice/libpod-0a+b:c@d_e.scope"));
	CHECK(!oci_group_is_plain("/machine.slice/*"));
	CHECK(!oci_group_is_plain("/a?"));
	CHECK(!oci_group_is_plain("/[a]"));
	CHECK(!oci_group_is_plain("/a user=root"));
	CHECK(!oci_group_is_plain("/a\\x2db"));
}

TEST_MAIN({ "a state is read", states_are_read },
	  { "a state without annotations is read", a_state_without_annotations_is_read },
	  { "a bad state is refused", bad_states_are_refused },
	  { "nested values are read", nested_values_are_read },
	  { "a long ID is refused", a_long_id_is_refused },
	  { "annotations of a config.json are read", annotations_of_a_config_are_read },
	  { "annotations are read", annotations_are_read },
	  { "other annotations want nothing", other_annotations_want_nothing },
	  { "bad annotations are refused", bad_annotations_are_refused },
	  { "the container's own cgroup is found", the_own_cgroup_is_found },
	  { "a cgroup is of a container with an ID", cgroups_are_of_an_id },
	  { "a path without wildcards can be a rule", plain_paths_can_be_rules })
