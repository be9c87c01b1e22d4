/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of containers on the command line: see names.h. */
#include "names.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "shared/array.h"
#include "shared/cleanup.h"
#include "verb.h"
#include "view/container-list.h"
#include "view/status.h"

void name_list_done(struct name_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct name_list){ 0 };
}

bool name_is_pattern(const char *text)
{
	return text[strcspn(text, "*?[")] != '\0';
}

static bool matches(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, FNM_PATHNAME) == 0;
}

bool name_is_selected(const char *name, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (matches(patterns[i], name))
			return true;
	return count == 0;
}

static int add_name(struct name_list *names, const char *name)
{
	cleanup_free char *copy = NULL;

	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->list[i], name))
			return STATUS_DONE;
	copy = strdup(name);
	if (!copy)
		return fail_memory();
	names->list[names->count++] = take_ptr(copy);
	return STATUS_DONE;
}

static int add_matches(struct name_list *names, const char *pattern, bool none_is_fine,
		       const struct container_list *containers)
{
	int status = STATUS_DONE;
	bool found = false;

	for (size_t i = 0; i < containers->count && status == STATUS_DONE; i++) {
		if (!matches(pattern, containers->containers[i]->name))
			continue;
		found = true;
		status = add_name(names, containers->containers[i]->name);
	}
	if (!found && !none_is_fine)
		return print_error(STATUS_NOT_FOUND,
				   "No container matches \"%s\"; rssctl list shows all", pattern);
	return status;
}

/* The name of a nested container is that of its parent, and more. */
static int compare_nested_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

int expand_names(struct cli *cli, const struct args *args, enum name_order order, bool none_is_fine,
		 struct name_list *ret)
{
	cleanup_container_list struct container_list containers = { 0 };
	cleanup_(name_list_done) struct name_list names = { 0 };
	int status = STATUS_DONE, r = 0;

	for (size_t i = 0; i < args->n_operands && !containers.containers && r >= 0; i++)
		if (name_is_pattern(args->operands[i]))
			r = rss_list(cli->client, &containers.containers, &containers.count);
	if (r < 0)
		return fail_call(cli, r);
	names.list = calloc(args->n_operands + containers.count + 1, sizeof(*names.list));
	if (!names.list)
		return fail_memory();
	for (size_t i = 0; i < args->n_operands && status == STATUS_DONE; i++)
		status = name_is_pattern(args->operands[i])
				 ? add_matches(&names, args->operands[i], none_is_fine, &containers)
				 : add_name(&names, args->operands[i]);
	if (status != STATUS_DONE)
		return status;
	if (order == NESTED_FIRST)
		qsort(names.list, names.count, sizeof(*names.list), compare_nested_first);
	*ret = names;
	names = (struct name_list){ 0 };
	return STATUS_DONE;
}

int call_by_names(struct cli *cli, const struct args *args,
		  int (*call)(struct rss_client *client, const char *name))
{
	cleanup_(name_list_done) struct name_list names = { 0 };
	int status = connect_daemon(cli);

	if (status == STATUS_DONE)
		status = expand_names(cli, args, AS_GIVEN, false, &names);
	if (status != STATUS_DONE)
		return status;
	for (size_t i = 0; i < names.count; i++) {
		int one = end_call(cli, call(cli->client, names.list[i]));

		status = status ?: one;
	}
	return status;
}
