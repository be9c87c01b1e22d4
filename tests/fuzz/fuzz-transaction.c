/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transaction log: any bytes are refused with a reason, or read and written the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "store/transaction-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log = NULL, *back = NULL;
	cleanup_free char *text = malloc(size + 1), *written = NULL, *again = NULL;
	struct failure failure = { 0 };

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (transaction_log_parse(text, size, "fuzz", &log, &failure) < 0) {
		if (!failure.text[0] || log)
			abort();
		return 0;
	}
	written = transaction_log_format(log);
	if (!written ||
	    transaction_log_parse(written, strlen(written), "fuzz", &back, &failure) < 0)
		abort();
	again = transaction_log_format(back);
	if (!again || strcmp(written, again) != 0 || log->phase != back->phase ||
	    log->count != back->count)
		abort();
	return 0;
}
