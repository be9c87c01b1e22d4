/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and sizes: a valid name is parsed again from its object path and its file name. */
#include <stdint.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/name.h"
#include "shared/size.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	cleanup_free char *path = NULL, *file = NULL, *from_path = NULL, *from_file = NULL;
	char buf[SIZE_TEXT_MAX];
	uint64_t bytes;

	if (!text)
		return 0;
	if (size_parse_of(text, 1ULL << 40, &bytes) == 0)
		(void)size_format(bytes, buf);
	(void)duration_parse(text, &bytes);
	(void)name_from_object_path(text, &from_path);
	free(from_path);
	from_path = NULL;
	if (name_problem(text))
		return 0;
	path = name_to_object_path(text);
	file = name_to_file(text);
	if (name_from_object_path(path, &from_path) < 0 || strcmp(from_path, text) != 0 ||
	    name_from_file(file, &from_file) < 0 || strcmp(from_file, text) != 0 ||
	    strchr(file, '/') || strlen(file) > 240)
		abort();
	return 0;
}
