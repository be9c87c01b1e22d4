/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroup that a container runtime has made for a container. Pure. A cgroup is a container's own only
 * if its name has the ID and the runtime itself is not in it, so that nothing else is ever limited.
 */
#ifndef RSSCTL_OCI_GROUP_H
#define RSSCTL_OCI_GROUP_H

#include <stdbool.h>

struct oci_group {
	char *path;	  /* as in /proc/PID/cgroup */
	const char *unit; /* the scope of systemd that it is, a part of @path; NULL: it is none */
};

/* In which hierarchy of /proc/PID/cgroup a cgroup is searched. */
enum oci_hierarchy {
	OCI_MEMORY,  /* cgroup v1's of the memory controller */
	OCI_UNIFIED, /* that of cgroup v2 */
	OCI_ANY,
};

/**
 * oci_group_find() - find the own cgroup of a container
 * @cgroups: /proc/PID/cgroup of its first process
 * @hook: that of the hook, which is a process of the runtime
 *
 * Return: 0; -ENOENT if it has none; -ENOMEM. *@ret is passed to oci_group_done() in any case.
 */
int oci_group_find(const char *cgroups, const char *hook, enum oci_hierarchy hierarchy,
		   const char *id, struct oci_group *ret);
void oci_group_done(struct oci_group *group);

/* Returns true if the last part of the path, or the name of a unit, is that of the container with this ID. */
bool oci_group_is_of(const char *path, const char *id);

/* Returns true if @path can be the value of a rule of rssd and matches nothing but itself. */
bool oci_group_is_plain(const char *path);

#endif
