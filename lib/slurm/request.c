/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a user: see request.h. */
#include "slurm/request.h"

#include <string.h>

static const char not_a_size[] = "is not a size, such as 4G, 512M or 20%";

const char *request_read_limit(struct request *request, const char *value)
{
	uint64_t limit;

	if (!value || rss_parse_size(value, &limit) < 0)
		return not_a_size;
	request->settings.set |= RSS_SET_LIMIT;
	request->settings.limit = limit;
	return NULL;
}

const char *request_read_wmark(struct request *request, const char *value)
{
	const char *colon = value ? strchr(value, ':') : NULL;
	char high_text[RSS_SIZE_TEXT_MAX] = "";
	uint64_t high, low = 0;

	if (!value || (colon && (size_t)(colon - value) >= sizeof(high_text)))
		return not_a_size;
	if (colon)
		memcpy(high_text, value, (size_t)(colon - value));
	if (rss_parse_size(colon ? high_text : value, &high) < 0 ||
	    (colon && rss_parse_size(colon + 1, &low) < 0))
		return not_a_size;
	if (colon && low > high)
		return "has a low watermark above the high one";
	request->settings.set |= RSS_SET_WMARK_HIGH | (colon ? RSS_SET_WMARK_LOW : 0);
	request->settings.wmark_high = high;
	request->settings.wmark_low = low;
	return NULL;
}
