/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of HTTP as a scraper of metrics speaks: one request, one answer, and
 * the connection is closed. Pure: texts, no sockets.
 */
#ifndef RSSCTL_HTTP_H
#define RSSCTL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/* A head that is longer is refused. */
#define HTTP_HEAD_MAX 8192
/* Enough for every text that http_head() writes. */
#define HTTP_ANSWER_MAX 512

struct http_request {
	int status;	/* 200: the metrics are asked for; else what to refuse it with */
	bool head_only; /* HEAD: the answer has no body */
};

/*
 * Has the head come in whole? Then *@ret says what is asked for. A head that
 * fills HTTP_HEAD_MAX bytes without an end counts as whole, and is refused.
 */
bool http_parse(const char *text, size_t length, struct http_request *ret);

/* "404 Not Found", and so on. */
const char *http_reason(int status);

/**
 * http_head() - what stands before the body of an answer
 * @type: of the body, "text/plain; charset=utf-8"
 * @length: of the body, in bytes
 *
 * Return: its length in bytes.
 */
size_t http_head(int status, const char *type, size_t length, char buf[static HTTP_ANSWER_MAX]);

#endif
