/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers inside a container: see nested.h. */
#include "container/nested.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/manager.h"
#include "shared/name.h"

void nested_done(struct nested *nested)
{
	for (size_t i = 0; i < nested->count; i++)
		free(nested->names[i]);
	free(nested->names);
	*nested = (struct nested){ 0 };
}

int nested_of(const struct manager *m, const char *name, struct nested *ret)
{
	cleanup_(nested_done) struct nested nested = { 0 };
	cleanup_free char *prefix = NULL;
	size_t first, last;

	if (asprintf(&prefix, "%s/", name) < 0) {
		prefix = NULL;
		return -ENOMEM;
	}
	/* Names with this prefix are adjacent. */
	first = last = manager_index(m, prefix);
	while (last < m->count && name_is_inside(m->containers[last]->name, name))
		last++;
	if (last == first)
		return 0;
	nested.names = calloc(last - first, sizeof(*nested.names));
	if (!nested.names)
		return -ENOMEM;
	for (size_t i = first; i < last; i++) {
		nested.names[nested.count] = strdup(m->containers[i]->name);
		if (!nested.names[nested.count])
			return -ENOMEM;
		nested.count++;
	}
	*ret = nested;
	nested = (struct nested){ 0 };
	return 0;
}

static int compare_name(const void *key, const void *member)
{
	return strcmp(key, *(char *const *)member);
}

static const char *find(const struct nested *nested, const char *name)
{
	char *const *found = nested->count ? bsearch(name, nested->names, nested->count,
						     sizeof(*nested->names), compare_name)
					   : NULL;

	return found ? *found : NULL;
}

bool nested_skip(const char *path, void *userdata)
{
	return find(userdata, path);
}

const char *nested_container_of(const struct nested *nested, const char *name, const char *path)
{
	cleanup_free char *at = nested->count ? strdup(path) : NULL;

	while (at && strlen(at) > strlen(name)) {
		const char *found = find(nested, at);
		char *slash;

		if (found)
			return found;
		slash = strrchr(at, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return name;
}

struct subtree nested_subtree(const struct group *group, const struct nested *nested,
			      bool with_nested)
{
	return (struct subtree){
		.group = group,
		.skip = with_nested ? NULL : nested_skip,
		.userdata = (void *)nested,
	};
}
