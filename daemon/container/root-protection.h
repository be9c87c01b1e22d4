/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protection of rssd's root directory. The kernel protects a cgroup only as far as each of its
 * ancestors is protected, so the directory that has all containers gets the sum of their low and of
 * their min. Nested containers share what their parent has: that is set by the user, as in cgroup v2.
 */
#ifndef RSSD_ROOT_PROTECTION_H
#define RSSD_ROOT_PROTECTION_H

struct manager;

/* Listens to changes; without protection in the kernel it does nothing. Return: 0, or -ENOMEM. */
int root_protection_open(struct manager *manager);
void root_protection_close(struct manager *manager);

#endif
