/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An OOM in the log: a sentence, and in the journal a field for each fact. */
#ifndef RSSD_OOM_LOG_H
#define RSSD_OOM_LOG_H

struct oom_record;

/* @container: the name of the one that it is told on */
void oom_log(const char *container, const struct oom_record *record);

#endif
