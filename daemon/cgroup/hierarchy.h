/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the cgroup hierarchies are, mounting one, and making and removing folders in them:
 * the one place that knows libcgroup. Everything that is read or written inside
 * a folder goes through descriptors (cgroup-files.h). The unit tests put a fake
 * over a plain folder in place of this file, so it holds nothing else.
 *
 * Called from the event loop only: libcgroup is not safe between threads.
 */
#ifndef RSSD_HIERARCHY_H
#define RSSD_HIERARCHY_H

/**
 * hierarchy_find() - where a controller can be used
 * @controller: the kernel's name for it, "memory"
 * @ret_mount: the mount point, to be freed
 * @ret_version: 1, or 2 for the unified hierarchy
 *
 * A controller lives in one hierarchy at a time. Return: 0; -ENOENT where it
 * is mounted nowhere.
 */
int hierarchy_find(const char *controller, char **ret_mount, int *ret_version);

/* Does the kernel have this controller, in use or not? 1, 0, or a negative errno. */
int hierarchy_knows(const char *controller);

/**
 * hierarchy_mount() - a new v1 hierarchy
 * @controllers: what is to be in it, and its options: "rss,freezer,favordynmods"
 * @name: of the folder that it is mounted at in /sys/fs/cgroup, where one waits for it
 * @where: where it is mounted else; made where missing
 *
 * Return: 0; -EBUSY where one of them is in use in another hierarchy.
 */
int hierarchy_mount(const char *controllers, const char *name, const char *where);

/*
 * Makes the folder @path (below @mount) for @controller. Like libcgroup itself
 * it also makes missing parents, and is content with a folder that is there, so
 * whoever must know looks first.
 */
int hierarchy_create(const char *mount, const char *controller, const char *path);

/*
 * Removes the folder: -EBUSY where processes or folders are inside, and then
 * nothing was moved; 0 where it is gone already.
 */
int hierarchy_remove(const char *mount, const char *controller, const char *path);

/*
 * A folder for processes alone, in the folder @dir. Apart from the above
 * because libcgroup cannot make a v2 folder without enabling a controller in
 * its parent, and a leaf is there to be without.
 */
int hierarchy_create_leaf(int dir, const char *name);
int hierarchy_remove_leaf(int dir, const char *name);

#endif
