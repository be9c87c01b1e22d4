/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Brings the cgroup of a container back to what rssd has set, after another program changed it. */
#ifndef RSSD_REPAIR_H
#define RSSD_REPAIR_H

struct change_listener;
struct container;
struct failure;

/**
 * repair_start() - make a removed cgroup again, and set what differs
 * @listener: copied; its requester and its userdata are used as by change_start()
 *
 * A removed cgroup is made again. It is empty, because only a cgroup without processes can be
 * removed. If the parent's cgroup was removed as well, the parent has to be repaired first. The
 * OOM killer is switched on; the freezer and the settings are set as requested last. Setting them
 * is a change, which may refuse a limit below usage.
 *
 * Return: 0 (then the listener is called, perhaps before the return), or a failure.
 */
int repair_start(struct container *container, const struct change_listener *listener,
		 struct failure *failure);

#endif
