/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP for scrapers: see metrics-http.h. */
#include "verb/metrics-http.h"

#include <stdio.h>
#include <string.h>

#include "shared/cleanup.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "200 OK" },
	{ 400, "400 Bad Request" },
	{ 404, "404 Not Found" },
	{ 405, "405 Method Not Allowed" },
	{ 408, "408 Request Timeout" },
	{ 431, "431 Request Header Fields Too Large" },
	{ 503, "503 Service Unavailable" },
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "500 Internal Server Error";
}

/* The head ends with an empty line; some clients send no carriage returns. */
static bool is_whole(const char *text, size_t length)
{
	return memmem(text, length, "\r\n\r\n", 4) || memmem(text, length, "\n\n", 2);
}

static bool is_word(const char *word, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(word, text, length) == 0;
}

/* @line: "GET /metrics HTTP/1.1", without the line end. */
static struct http_request parse_line(const char *line, size_t length)
{
	const char *end = line + length;
	const char *target = memchr(line, ' ', length);
	const char *version = target ? memchr(target + 1, ' ', (size_t)(end - target - 1)) : NULL;
	struct http_request request = { .status = 400 };
	size_t method_length, target_length;

	if (!version || end - version < 6 || memcmp(version + 1, "HTTP/", 5) != 0)
		return request;
	method_length = (size_t)(target - line);
	target++;
	target_length = (size_t)(version - target);
	/* A query is ignored. */
	if (memchr(target, '?', target_length))
		target_length = (size_t)((const char *)memchr(target, '?', target_length) - target);
	request.head_only = is_word(line, method_length, "HEAD");
	if (!request.head_only && !is_word(line, method_length, "GET"))
		request.status = 405;
	else if (is_word(target, target_length, "/metrics"))
		request.status = 200;
	else
		request.status = 404;
	return request;
}

bool http_parse(const char *text, size_t length, struct http_request *ret)
{
	const char *end;

	if (!is_whole(text, length)) {
		*ret = (struct http_request){ .status = 431 };
		return length >= HTTP_HEAD_MAX;
	}
	/* A complete head has a first line. */
	end = memchr(text, '\n', length);
	if (end > text && end[-1] == '\r')
		end--;
	*ret = parse_line(text, (size_t)(end - text));
	return true;
}

size_t http_head(int status, const char *type, size_t length, char buf[static HTTP_ANSWER_MAX])
{
	return (size_t)snprintf(buf, HTTP_ANSWER_MAX,
				"HTTP/1.1 %s\r\n"
				"Content-Type: %s\r\n"
				"Content-Length: %zu\r\n"
				"%s"
				"Connection: close\r\n"
				"\r\n",
				http_reason(status), type, length,
				status == 405 ? "Allow: GET, HEAD\r\n" : "");
}
