/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a container in the words of rssctl: see settings.h. */
#include "settings.h"

const struct cli_setting cli_settings[] = {
	{
		.bit = RSS_SET_LIMIT,
		.option = { "limit", 0, "SIZE", "Limit of the resident memory; default: none" },
		.what = "The limit",
		.label = "Limit",
	},
	{
		.bit = RSS_SET_WMARK_HIGH,
		.option = { "wmark-high", 0, "SIZE", "Start background reclaim above this" },
		.what = "The high watermark",
		.label = "Watermark high",
	},
	{
		.bit = RSS_SET_WMARK_LOW,
		.option = { "wmark-low", 0, "SIZE", "Stop background reclaim below this" },
		.what = "The low watermark",
		.label = "Watermark low",
	},
	{
		.bit = RSS_SET_OOM_GROUP,
		.option = { "oom-group", 0, NULL,
			    "On an OOM, kill the whole container, not one process" },
		.what = "oom-group",
		.label = "On OOM",
		.yes = "kill the whole container",
		.no = "kill one process",
	},
	{
		.bit = RSS_SET_HIGH,
		.option = { "high", 0, "SIZE", "Throttle and reclaim above this" },
		.what = "high",
		.label = "High",
	},
	{
		.bit = RSS_SET_LOW,
		.option = { "low", 0, "SIZE", "Reclaim usage below this last" },
		.what = "low",
		.label = "Low",
	},
	{
		.bit = RSS_SET_MIN,
		.option = { "min", 0, "SIZE", "Never reclaim usage below this" },
		.what = "min",
		.label = "Min",
	},
	{
		.bit = RSS_SET_SWAP_LIMIT,
		.option = { "swap-limit", 0, "SIZE", "Limit of the swap that is used" },
		.what = "The swap limit",
		.label = "Swap limit",
	},
	{
		.bit = RSS_SET_ZSWAP_LIMIT,
		.option = { "zswap-limit", 0, "SIZE", "Limit of the compressed swap in memory" },
		.what = "The zswap limit",
		.label = "Zswap limit",
	},
	{
		.bit = RSS_SET_THRESHOLD,
		.option = { "threshold", 0, "SIZE", "Report an event when usage crosses this" },
		.what = "The threshold",
		.label = "Threshold",
	},
	{
		.bit = RSS_SET_PRESSURE,
		.option = { "pressure", 0, "TRIGGER",
			    "Report an event on pressure: some:150ms/2s, full:1s/10s" },
		.what = "The pressure",
		.label = "Pressure event",
	},
	{ 0 },
};

const struct client_setting *cli_setting_client(const struct cli_setting *setting)
{
	return &client_settings[setting - cli_settings];
}
