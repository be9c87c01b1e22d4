/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects the counters of all containers every SampleInterval=, for their usage
 * histories (usage-history.h). By default it is off, and nothing wakes up.
 */
#ifndef RSSD_SAMPLER_H
#define RSSD_SAMPLER_H

struct manager;

/* Applies the interval of the configuration, at the start and after a reload: 0 or a negative errno. */
int sampler_apply(struct manager *manager);
void sampler_close(struct manager *manager);

#endif
