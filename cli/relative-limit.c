/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of a limit: see relative-limit.h. */
#include "relative-limit.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "connect.h"
#include "librss/rss.h"
#include "shared/size.h"
#include "verb.h"
#include "view/container-list.h"
#include "view/status.h"

bool limit_is_relative(const char *text)
{
	return (*text == '+' || *text == '-') && text[1] &&
	       !isdigit((unsigned char)text[strlen(text) - 1]);
}

int limit_read_relative(struct cli *cli, const char *name, const char *text, uint64_t *ret)
{
	cleanup_(rss_container_free_ptr) struct rss_container *container = NULL;
	uint64_t change;
	int r = rss_get(cli->client, name, &container);

	if (r < 0)
		return fail_call(cli, r);
	if (container->limit == RSS_INFINITY)
		return print_error(
			STATUS_USAGE,
			"The limit of \"%s\" is infinity, so it cannot be changed by \"%s\"; "
			"write the new limit",
			name, text);
	r = size_parse_of(text + 1, container->limit, &change);
	if (r < 0)
		return print_error(STATUS_USAGE, "The limit \"%s\" %s", text, size_parse_reason(r));
	if (change == RSS_INFINITY ||
	    (*text == '-' ? change > container->limit : change > INT64_MAX - container->limit))
		return print_error(STATUS_USAGE,
				   "The limit \"%s\" is out of range: it is %" PRIu64 " bytes now",
				   text, container->limit);
	*ret = *text == '-' ? container->limit - change : container->limit + change;
	return STATUS_DONE;
}
