/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at all containers every SampleInterval=, for what a look leaves behind:
 * see usage-history.h. Where that is off, as it is by default, nothing wakes up.
 */
#ifndef RSSD_SAMPLER_H
#define RSSD_SAMPLER_H

struct manager;

/* As the configuration says now: at the start and after a reload. Return: 0 or a negative errno. */
int sampler_apply(struct manager *manager);
void sampler_close(struct manager *manager);

#endif
