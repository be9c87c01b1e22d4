/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit statuses and messages: see status.h. */
#include "view/status.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shared/array.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* Errors are printed where no context of the command line is at hand. Set once, by main(). */
static bool as_json;

void print_errors_as_json(void)
{
	as_json = true;
}

/* The names of errors of rssctl itself. */
static const char *name_of_status(int status)
{
	static const char *const names[] = {
		[STATUS_FAILED] = "Failed",	 [STATUS_USAGE] = "Usage",
		[STATUS_NOT_FOUND] = "NotFound", [STATUS_DENIED] = "Denied",
		[STATUS_REFUSED] = "Refused",	 [STATUS_UNREACHABLE] = "Unreachable",
		[STATUS_EXISTS] = "Exists",
	};

	return status > 0 && (size_t)status < ARRAY_SIZE(names) ? names[status] : "Notice";
}

/* Without json.h, which itself prints errors by way of this file. */
static void print_as_json(const char *name, const char *text)
{
	struct json_object *object = json_object_new_object();

	if (object) {
		json_object_object_add(object, "error", json_object_new_string(name));
		json_object_object_add(object, "message", json_object_new_string(text));
	}
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

__attribute__((format(printf, 3, 0))) static int print_text(int status, const char *name,
							    const char *format, va_list args)
{
	cleanup_free char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return fail_memory();
	/* It has names of containers and commands in it. */
	text_make_safe(text);
	fflush(stdout);
	if (as_json)
		print_as_json(*name ? name : name_of_status(status), text);
	else
		fprintf(stderr, "rssctl: %s\n", text);
	return status;
}

int print_error(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	status = print_text(status, "", format, args);
	va_end(args);
	return status;
}

int print_named_error(int status, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	status = print_text(status, name, format, args);
	va_end(args);
	return status;
}

int fail_memory(void)
{
	fputs(as_json ? "{\"error\":\"Failed\",\"message\":\"Out of memory\"}\n"
		      : "rssctl: Out of memory\n",
	      stderr);
	return STATUS_FAILED;
}

int status_from_errno(int error)
{
	switch (-error) {
	case EINVAL:
		return STATUS_USAGE;
	case ENOENT:
	case ESRCH:
		return STATUS_NOT_FOUND;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	case EBUSY:
	case ETIMEDOUT:
	case ECANCELED:
	case EXDEV:
		return STATUS_REFUSED;
	case EEXIST:
		return STATUS_EXISTS;
	case ENOTCONN:
	case ETIME:
		return STATUS_UNREACHABLE;
	default:
		return STATUS_FAILED;
	}
}
