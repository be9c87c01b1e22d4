/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of containers: what is allowed, and how a name is spelled as an object
 * path and as a file name. Names nest: "web/worker1" is inside "web".
 *
 * A name has 1 to NAME_DEPTH_MAX parts with slashes between them, and at most
 * NAME_LENGTH_MAX bytes. A part consists of letters, digits and : _ . @ - and
 * starts with a letter, a digit or an underscore. Names of control files
 * ("tasks", "memory.*", "rss.*", "cgroup.*") are refused as parts.
 */
#ifndef RSS_NAME_H
#define RSS_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_LENGTH_MAX 200
#define NAME_DEPTH_MAX	8

#define NAME_OBJECT_ROOT "/org/rssd1/container"

/* NULL if @name is a good name, otherwise what is wrong with it, as the end of a sentence. */
const char *name_problem(const char *name);

/* Returns true if @ancestor is a proper ancestor of @name: "web" of "web/worker1". */
bool name_is_inside(const char *name, const char *ancestor);

/* The parent's name, to be freed; NULL for a top-level name or when out of memory. */
char *name_parent(const char *name);

/* The D-Bus object path, to be freed; NULL when out of memory. */
char *name_to_object_path(const char *name);

/* The most bytes of the path of a name of @length bytes, with its NUL. */
#define NAME_OBJECT_PATH_SIZE(length) (sizeof(NAME_OBJECT_ROOT "/_") + 3 * (length))

/* Writes the path to @to and returns its end, at the NUL; NULL when out of memory. */
char *name_put_object_path(char *to, const char *name);

/* The reverse: 0 and *@ret to be freed, or -ENOENT if @path is not that of a container. */
int name_from_object_path(const char *path, char **ret);

/* "web/worker1" <-> "web%worker1.json", to be freed; no name contains a %. */
char *name_to_file(const char *name);
int name_from_file(const char *file, char **ret);

#endif
