/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as text: what rssctl and rssd use as well. */
#include "shared/size.h"

#include <errno.h>
#include <string.h>

#include "librss/rss.h"

int rss_parse_size(const char *text, uint64_t *ret)
{
	return ret ? size_parse(text, ret) : -EINVAL;
}

int rss_format_size(uint64_t bytes, char *buf, size_t size)
{
	char text[SIZE_TEXT_MAX];

	if (!buf)
		return -EINVAL;
	(void)size_format(bytes, text);
	if (strlen(text) >= size)
		return -ENOSPC;
	strcpy(buf, text);
	return 0;
}
