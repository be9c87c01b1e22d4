/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP requests: any bytes are an incomplete request, or get a response. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "verb/metrics-http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request;
	char head[HTTP_ANSWER_MAX];
	/* No NUL follows, so that ASan sees a read past the end. */
	cleanup_free char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (!http_parse(text, size, &request))
		return 0;
	if (http_head(request.status, "text/plain", size, head) >= sizeof(head))
		abort();
	return 0;
}
