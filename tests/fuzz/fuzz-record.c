/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State and declarations: any bytes are refused or read, and what is read is written the same. */
#include <stdint.h>
#include <string.h>

#include "base/failure.h"
#include "policy/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = malloc(size + 1);
	cleanup_(record_free_ptr) struct record *record = NULL, *back = NULL;
	cleanup_free char *written = NULL, *again = NULL;
	struct failure failure = { 0 };

	if (size == 0 || !text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (record_parse(text, size - 1, "fuzz", data[0] & 1 ? RECORD_STATE : RECORD_DECLARATION,
			 &record, &failure) < 0)
		return 0;
	written = record_format(record);
	if (record_parse(written, strlen(written), "fuzz", RECORD_STATE, &back, &failure) < 0)
		abort();
	again = record_format(back);
	if (strcmp(written, again) != 0)
		abort();
	return 0;
}
