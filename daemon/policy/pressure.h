/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses memory.pressure of a cgroup, the pressure stall information (PSI) of the kernel. Pure. */
#ifndef RSSD_PRESSURE_H
#define RSSD_PRESSURE_H

struct memory_parts;

/* Sets the members pressure_* of @parts; those that @text does not have become COUNTER_ABSENT. */
void pressure_parse(const char *text, struct memory_parts *parts);

#endif
