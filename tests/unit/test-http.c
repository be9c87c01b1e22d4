/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP requests of scrapers: which are parsed, which are refused. */
#include <string.h>

#include "shared/cleanup.h"
#include "unit.h"
#include "verb/metrics-http.h"

TEST(requests_are_parsed)
{
	static const struct {
		const char *text;
		int status;
		bool head_only;
	} cases[] = {
		{ "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 200, false },
		{ "GET /metrics HTTP/1.0\n\n", 200, false },
		{ "HEAD /metrics HTTP/1.1\r\n\r\n", 200, true },
		{ "GET /metrics?collect[]=x HTTP/1.1\r\n\r\n", 200, false },
		{ "GET / HTTP/1.1\r\n\r\n", 404, false },
		{ "GET /metricsx HTTP/1.1\r\n\r\n", 404, false },
		{ "GET /metric HTTP/1.1\r\n\r\n", 404, false },
		{ "POST /metrics HTTP/1.1\r\n\r\n", 405, false },
		{ "GETX /metrics HTTP/1.1\r\n\r\n", 405, false },
		{ "GET /metrics\r\n\r\n", 400, false },
		{ "GET /metrics FTP/1.1\r\n\r\n", 400, false },
		{ "\r\n\r\n", 400, false },
		{ "\n\n", 400, false },
		{ " \n\n", 400, false },
		{ "  \n\n", 400, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_request request;

		if (!http_parse(cases[i].text, strlen(cases[i].text), &request))
			FAIL("%zu is not whole", i);
		if (request.status != cases[i].status)
			FAIL("%zu is %d, not %d", i, request.status, cases[i].status);
		CHECK(request.head_only == cases[i].head_only);
	}
}

TEST(incomplete_head)
{
	static const char text[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
	struct http_request request;
	char longer[HTTP_HEAD_MAX];

	for (size_t length = 0; length < sizeof(text) - 1; length++)
		CHECK(!http_parse(text, length, &request));
	CHECK(http_parse(text, sizeof(text) - 1, &request));
	memset(longer, 'a', sizeof(longer));
	CHECK(!http_parse(longer, sizeof(longer) - 1, &request));
	CHECK(http_parse(longer, sizeof(longer), &request));
	CHECK_INT(request.status, 431);
}

TEST(responses_have_a_head)
{
	char buf[HTTP_ANSWER_MAX];
	size_t length = http_head(405, "text/plain", 12, buf);

	CHECK_UINT(length, strlen(buf));
	CHECK(!strncmp(buf, "HTTP/1.1 405 Method Not Allowed\r\n", 33));
	CHECK(strstr(buf, "Allow: GET, HEAD\r\n"));
	CHECK(strstr(buf, "Content-Length: 12\r\n"));
	CHECK_STR(buf + length - 4, "\r\n\r\n");
	http_head(200, "text/plain", 0, buf);
	CHECK(!strstr(buf, "Allow"));
	CHECK_STR(http_reason(999), "500 Internal Server Error");
}

TEST_MAIN({ "http: requests are parsed", requests_are_parsed },
	  { "http: an incomplete head is not parsed", incomplete_head },
	  { "http: responses have a head", responses_have_a_head })
