/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups of Kubernetes pods. Pure. */
#ifndef RSS_POD_H
#define RSS_POD_H

#include <stdbool.h>

/*
 * Returns true if @name, one part of a path, is the cgroup of the pod with this UID: "podUID" with
 * the cgroup driver cgroupfs, "kubepods-burstable-podUID.slice" with systemd, which has "_" for
 * each "-" of the UID. Case does not matter.
 */
bool pod_owns_cgroup(const char *uid, const char *name);

#endif
