/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups of Kubernetes pods: see pod.h. */
#include "shared/pod.h"

#include <ctype.h>
#include <string.h>

bool pod_owns_cgroup(const char *uid, const char *name)
{
	const char *at = strstr(name, "pod");

	/* Skip the "pod" of "kubepods". */
	while (at && at != name && at[-1] != '-')
		at = strstr(at + 1, "pod");
	if (!at)
		return false;
	at += strlen("pod");
	for (; *uid; uid++, at++) {
		if (tolower((unsigned char)*at) != tolower((unsigned char)*uid) &&
		    !(*at == '_' && *uid == '-'))
			return false;
	}
	return !*at || strcmp(at, ".slice") == 0;
}
