/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* librss, with what frees its objects at the end of a block. */
#ifndef SLURM_CLIENT_H
#define SLURM_CLIENT_H

#include "librss/rss.h"
#include "shared/cleanup.h"

DEFINE_CLEANUP(struct rss_client *, rss_close);
DEFINE_CLEANUP(struct rss_container *, rss_container_free);
#define cleanup_client	  cleanup_(rss_close_ptr)
#define cleanup_container cleanup_(rss_container_free_ptr)

#endif
