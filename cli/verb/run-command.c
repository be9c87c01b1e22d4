/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user, directory and environment of a command: see run-command.h. */
#include "verb/run-command.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "view/status.h"

/* More groups than the kernel takes. */
#define GROUPS_MAX 65537

void command_done(struct command *command)
{
	free(command->groups);
	free(command->user);
	free(command->home);
	free(command->shell);
}

/* Returns true for a number below 2^32-1, which is no ID. */
static bool parse_id(const char *text, uint32_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
		value = value * 10 + (uint64_t)(*c - '0');
		if (value >= UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)value;
	return true;
}

static const struct passwd *find_user(const char *text)
{
	uint32_t uid;

	return parse_id(text, &uid) ? getpwuid(uid) : getpwnam(text);
}

static int read_group(const char *text, gid_t *ret)
{
	uint32_t gid;
	const struct group *group;

	/* A number needs no entry. */
	if (parse_id(text, &gid)) {
		*ret = gid;
		return STATUS_DONE;
	}
	group = getgrnam(text);
	if (!group)
		return print_error(STATUS_USAGE, "No such group: \"%s\"", text);
	*ret = group->gr_gid;
	return STATUS_DONE;
}

/* The supplementary groups, by the database of groups. */
static int read_groups(struct command *command, const char *user)
{
	int count = 64;

	for (;;) {
		gid_t *groups = reallocarray(command->groups, (size_t)count, sizeof(*groups));

		if (!groups)
			return fail_memory();
		command->groups = groups;
		command->n_groups = (size_t)count;
		if (getgrouplist(user, command->gid, groups, &count) >= 0)
			break;
		if ((size_t)count <= command->n_groups || count > GROUPS_MAX)
			return print_error(STATUS_FAILED, "Cannot read the groups of \"%s\"", user);
	}
	command->n_groups = (size_t)count;
	return STATUS_DONE;
}

int command_read_user(struct command *command, const char *user, const char *group)
{
	const struct passwd *entry;
	int status;

	if (!user && !group)
		return STATUS_DONE;
	if (geteuid() != 0)
		return print_error(STATUS_DENIED, "%s needs root", user ? "--uid" : "--gid");
	entry = user ? find_user(user) : getpwuid(0);
	if (!entry)
		return print_error(STATUS_USAGE, "No such user: \"%s\"", user ?: "root");
	command->changes_user = true;
	command->is_other = entry->pw_uid != 0;
	command->uid = entry->pw_uid;
	command->gid = entry->pw_gid;
	if (user) {
		command->user = strdup(entry->pw_name);
		command->home = strdup(entry->pw_dir);
		command->shell = strdup(*entry->pw_shell ? entry->pw_shell : "/bin/sh");
		if (!command->user || !command->home || !command->shell)
			return fail_memory();
	}
	status = group ? read_group(group, &command->gid) : STATUS_DONE;
	return status == STATUS_DONE ? read_groups(command, command->user ?: "root") : status;
}

static bool is_variable(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz_0123456789");

	return length > 0 && !(*text >= '0' && *text <= '9') &&
	       (!text[length] || text[length] == '=');
}

int command_check_variables(const struct command *command)
{
	for (size_t i = 0; i < command->n_variables; i++) {
		if (!is_variable(command->variables[i]))
			return print_error(STATUS_USAGE,
					   "--setenv takes NAME=VALUE or NAME, not \"%s\"",
					   command->variables[i]);
	}
	return STATUS_DONE;
}

/* Also where the caller's secure bits keep them when the user changes. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

/* Keeps nothing of the caller's rights: groups go before the group, and that before the user. */
static int become_user(const struct command *command)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    setgroups(command->n_groups, command->groups) < 0 ||
	    setresgid(command->gid, command->gid, command->gid) < 0 ||
	    setresuid(command->uid, command->uid, command->uid) < 0)
		return -errno;
	if (!command->is_other)
		return 0;
	/* The session keyring is the caller's. A kernel or filter without keyrings gives no access. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	/* Descriptors that rssctl got from its caller. */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return drop_capabilities();
}

/* Returns true if the caller's own value was asked for. */
static bool is_passed_on(const struct command *command, const char *name)
{
	for (size_t i = 0; i < command->n_variables; i++) {
		if (!strcmp(command->variables[i], name))
			return true;
	}
	return false;
}

static int set_user_variable(const struct command *command, const char *name, const char *value)
{
	if (!value || is_passed_on(command, name))
		return 0;
	return setenv(name, value, 1) < 0 ? -errno : 0;
}

static int set_variables(const struct command *command)
{
	int r = set_user_variable(command, "USER", command->user);

	r = r < 0 ? r : set_user_variable(command, "LOGNAME", command->user);
	r = r < 0 ? r : set_user_variable(command, "HOME", command->home);
	r = r < 0 ? r : set_user_variable(command, "SHELL", command->shell);
	for (size_t i = 0; i < command->n_variables && r >= 0; i++) {
		cleanup_free char *name = strdup(command->variables[i]);
		char *value = name ? strchr(name, '=') : NULL;

		if (!name)
			return -ENOMEM;
		if (!value)
			continue;
		*value++ = '\0';
		r = setenv(name, value, 1) < 0 ? -errno : 0;
	}
	return r;
}

struct command_failure command_execute(const struct command *command)
{
	int r = command->changes_user ? become_user(command) : 0;

	if (r >= 0)
		r = set_variables(command);
	if (r < 0)
		return (struct command_failure){ COMMAND_USER, -r };
	if (command->directory && chdir(command->directory) < 0)
		return (struct command_failure){ COMMAND_DIRECTORY, errno };
	execvp(command->argv[0], command->argv);
	return (struct command_failure){ COMMAND_EXECUTE, errno };
}
