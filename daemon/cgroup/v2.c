/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups in the unified hierarchy (cgroup v2): see v2.h. */
#include "cgroup/v2.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cgroup/control-file-cache.h"
#include "cgroup/control-file.h"
#include "cgroup/group.h"

/* The maximum number of passes over processes that may fork meanwhile. */
#define MOVE_ROUNDS 8
/* A cgroup that is being removed can cause -EBUSY for a moment. */
#define ENABLE_ATTEMPTS 3

/* Moves the processes in the directory itself into its leaf. */
static int move_to_leaf(int dir, int leaf)
{
	for (int round = 0; round < MOVE_ROUNDS; round++) {
		cleanup_free pid_t *pids = NULL;
		size_t count;
		int r = cgroup_read_pids(dir, "cgroup.procs", &pids, &count);

		if (r < 0 || count == 0)
			return r;
		for (size_t i = 0; i < count; i++) {
			r = cgroup_write_u64(leaf, "cgroup.procs", (uint64_t)pids[i]);
			if (r < 0 && r != -ESRCH)
				return r;
		}
	}
	return -EBUSY;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		size_t part = strcspn(text, " \n");

		if (part == length && !strncmp(text, word, part))
			return true;
		text += part;
	}
	return false;
}

int unified_prepare_parent(struct controller *controller, int parent)
{
	cleanup_free char *enabled = NULL;
	char enable[64];
	int r = cgroup_read(parent, "cgroup.subtree_control", &enabled);

	if (r < 0 || has_word(enabled, controller->kernel_name))
		return r;
	(void)snprintf(enable, sizeof(enable), "+%s", controller->kernel_name);
	for (int i = 0; i < ENABLE_ATTEMPTS; i++) {
		cleanup_close int leaf = -1;

		r = cgroup_write(parent, "cgroup.subtree_control", enable);
		if (r != -EBUSY)
			return r;
		/* In a group of rssd, another program put processes outside the leaf. */
		leaf = openat(parent, UNIFIED_LEAF,
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (leaf >= 0)
			(void)move_to_leaf(parent, leaf);
	}
	return r;
}

int unified_group_open(struct group *g)
{
	/* If this fails, the processes are not listed, but the limit still applies to them. */
	if (g->procs_fd != g->fd)
		(void)move_to_leaf(g->fd, g->procs_fd);
	return 0;
}

int unified_freeze(struct group *g, bool freeze)
{
	return cgroup_write(g->fd, "cgroup.freeze", freeze ? "1" : "0");
}

int unified_read_frozen(struct group *g, bool *ret)
{
	uint64_t value;
	int r = kept_read_u64(g->kept, g->fd, "cgroup.freeze", &value);

	if (r < 0)
		return r;
	*ret = value;
	return 0;
}
