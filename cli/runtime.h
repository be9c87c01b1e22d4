/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the cgroups of podman containers and Kubernetes pods by their names in the cgroup tree,
 * without podman or a kubelet: these may be hung when memory is short, and need not be installed.
 */
#ifndef RSSCTL_RUNTIME_H
#define RSSCTL_RUNTIME_H

/* The group of a container or a pod. */
struct runtime_group {
	char *cgroup;	  /* as in /proc/PID/cgroup */
	const char *unit; /* the scope or slice that it is, a part of @cgroup; NULL: it is none */
};

void runtime_group_done(struct runtime_group *group);

/**
 * runtime_find_podman() - find a running container of podman
 * @container: its name, its ID or the beginning of its ID
 * @ret: passed to runtime_group_done() in any case
 *
 * Names are those of root's containers; one of a user is found by its ID.
 * Return: STATUS_DONE, or another status after a message.
 */
int runtime_find_podman(const char *container, struct runtime_group *ret);

/* The same for a pod with the UID @uid, with both cgroup drivers of the kubelet. */
int runtime_find_pod(const char *uid, struct runtime_group *ret);

#endif
