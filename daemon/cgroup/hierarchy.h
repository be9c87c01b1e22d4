/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds and mounts cgroup hierarchies, and creates and removes directories in
 * them. This is the only user of libcgroup. Files inside a directory are read
 * and written through descriptors (control-file.h). The unit tests replace this
 * module with a fake over a plain directory, so it contains nothing else.
 *
 * Called from the event loop only: libcgroup is not safe between threads.
 */
#ifndef RSSD_HIERARCHY_H
#define RSSD_HIERARCHY_H

/**
 * hierarchy_find() - find the hierarchy of a controller
 * @controller: the kernel's name for it, "memory"
 * @ret_mount: the mount point; the caller frees it
 * @ret_version: 1, or 2 for the unified hierarchy
 *
 * A controller is in one hierarchy at a time. Return: 0, -ENOENT if it is not
 * mounted, or another negative errno.
 */
int hierarchy_find(const char *controller, char **ret_mount, int *ret_version);

/* Returns 1 if the kernel has this controller, in use or not, 0 if not, or a negative errno. */
int hierarchy_knows(const char *controller);

/**
 * hierarchy_mount() - mount a new v1 hierarchy
 * @controllers: its controllers and options: "rss,freezer,favordynmods"
 * @name: of the mount point in /sys/fs/cgroup, used if that directory exists and is free
 * @where: the mount point otherwise; created if missing
 *
 * Return: 0, -EBUSY if one of the controllers is in use in another hierarchy, or
 * another negative errno.
 */
int hierarchy_mount(const char *controllers, const char *name, const char *where);

/*
 * Creates the directory @path (below @mount) for @controller. Like libcgroup, it
 * also creates missing parents, and succeeds if the directory exists. The caller
 * checks first if that matters.
 */
int hierarchy_create(const char *mount, const char *controller, const char *path);

/*
 * Removes the directory: -EBUSY if it contains processes or directories, which
 * are then not moved; 0 if it is already gone.
 */
int hierarchy_remove(const char *mount, const char *controller, const char *path);

/*
 * Create and remove a leaf in the directory @dir, a directory that only holds
 * processes. They are separate from the above because libcgroup cannot create a
 * v2 directory without enabling a controller in its parent, which a leaf must
 * not have.
 */
int hierarchy_create_leaf(int dir, const char *name);
int hierarchy_remove_leaf(int dir, const char *name);

/*
 * Lists the paths of all directories below @dir, parents first, as a NULL-terminated array, without
 * those named @leaf, which may be NULL.
 */
int hierarchy_list(int dir, const char *leaf, char ***ret);
/* Frees the array and its paths; for cleanup_(). */
void hierarchy_list_free(char ***paths);

#endif
