/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock of usage histories: see usage-clock.h. */
#include "container/usage-clock.h"

#include <systemd/sd-event.h>
#include <time.h>

#include "container/manager.h"

uint64_t container_history_time(const struct manager *m)
{
	uint64_t time = 0;

	(void)sd_event_now(m->event, CLOCK_BOOTTIME, &time);
	return CONTAINER_HISTORY_BOOT + time;
}
