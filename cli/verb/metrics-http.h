/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of HTTP that scrapers of metrics use: one request, one response, and
 * the connection is closed. Pure: texts, no sockets.
 */
#ifndef RSSCTL_HTTP_H
#define RSSCTL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/* A longer head of a request is refused. */
#define HTTP_HEAD_MAX 8192
/* The most bytes that http_head() writes. */
#define HTTP_ANSWER_MAX 512

struct http_request {
	int status;	/* 200 if the metrics are requested, otherwise the status of the refusal */
	bool head_only; /* HEAD: the response has no body */
};

/*
 * Returns true if the head is complete; then *@ret is the request. A head that
 * has no end within HTTP_HEAD_MAX bytes is complete and refused.
 */
bool http_parse(const char *text, size_t length, struct http_request *ret);

/* "404 Not Found", and so on. */
const char *http_reason(int status);

/**
 * http_head() - write the head of a response
 * @type: the type of the body, "text/plain; charset=utf-8"
 * @length: the length of the body, in bytes
 *
 * Return: the length of the head, in bytes.
 */
size_t http_head(int status, const char *type, size_t length, char buf[static HTTP_ANSWER_MAX]);

#endif
