/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and triggers of pressure as text: what rssctl and rssd use as well. */
#include "shared/pressure-trigger.h"
#include "shared/size.h"

#include <errno.h>
#include <string.h>

#include "librss/rss.h"

int rss_parse_size(const char *text, uint64_t *ret)
{
	return ret ? size_parse(text, ret) : -EINVAL;
}

static int put_text(const char *text, char *buf, size_t size)
{
	if (!buf)
		return -EINVAL;
	if (strlen(text) >= size)
		return -ENOSPC;
	strcpy(buf, text);
	return 0;
}

int rss_format_size(uint64_t bytes, char *buf, size_t size)
{
	char text[SIZE_TEXT_MAX];

	return put_text(size_format(bytes, text), buf, size);
}

int rss_parse_pressure(const char *text, uint64_t *ret)
{
	return text && ret && !pressure_trigger_parse(text, ret) ? 0 : -EINVAL;
}

int rss_format_pressure(uint64_t trigger, char *buf, size_t size)
{
	char text[PRESSURE_TRIGGER_TEXT_MAX];

	return put_text(pressure_trigger_format(trigger, text), buf, size);
}
