/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container runtime passes to a hook: any state is parsed or refused, and in any cgroups only one
 * with the ID in its name is the container's own.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "verb/oci-group.h"
#include "verb/oci-state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_text(const char *text)
{
	char problem[OCI_PROBLEM_MAX];
	struct oci_request request;
	struct oci_state state;

	if (!oci_state_parse(text, &state)) {
		if (!state.id || !*state.id || state.pid < 0)
			abort();
		if (oci_request_read(state.annotations, &request, problem) < 0 && !*problem)
			abort();
		else
			free(oci_container_name(&state, &request));
	}
	oci_state_done(&state);
}

/* The first line of the text is the ID, and the rest of it what the kernel shows. */
static void find_group(char *text)
{
	char *cgroups = text, *id = strsep(&cgroups, "\n");
	struct oci_group group;

	if (!cgroups || !*id || strchr(id, '/'))
		return;
	if (oci_group_find(cgroups, "", OCI_ANY, id, &group) == 0 &&
	    (!oci_group_is_of(group.path, id) || !strstr(cgroups, group.path)))
		abort();
	oci_group_done(&group);
	/* The runtime is in each of them. */
	if (oci_group_find(cgroups, cgroups, OCI_ANY, id, &group) == 0)
		abort();
	oci_group_done(&group);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	read_text(text);
	find_group(text);
	return 0;
}
