/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssd.conf: any text is refused or read. */
#include <stdint.h>
#include <string.h>

#include "store/config.h"
#include "base/failure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(config_free_ptr) struct config *config = NULL;
	cleanup_free char *text = strndup((const char *)data, size);
	struct failure failure = { 0 };

	if (text && config_parse(text, "fuzz", &config, &failure) < 0 && !failure.text[0])
		abort();
	return 0;
}
