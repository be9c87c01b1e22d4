/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits as changes of the limit in force. */
#ifndef RSSCTL_RELATIVE_LIMIT_H
#define RSSCTL_RELATIVE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct cli;

/*
 * Returns true for "+64M" or "-10%"; a percentage is of that limit. A bare number needs its unit:
 * "-1" is rather a typing error.
 */
bool limit_is_relative(const char *text);

/* After connect_daemon(): the limit of container @name, changed by @text. Returns the status. */
int limit_read_relative(struct cli *cli, const char *name, const char *text, uint64_t *ret);

#endif
