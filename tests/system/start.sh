#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: what its one unit runs. The kernel's command line names
# the scripts, one after the other, and may pick their cases:
# rssd.run=load-cases+cases:oom,peak
# An administrator has a session: what it starts is in no service, whose processes rssd leaves there.
if [ -f /sys/fs/cgroup/cgroup.controllers ] && [ "${1:-}" != session ]; then
	systemd-run --quiet --scope --collect --slice=user-0.slice --unit=session-1.scope \
		bash "$0" session
	exit
fi
echo begin
for part in $(tr ' ' '\n' </proc/cmdline | sed -n 's/^rssd\.run=//p' | tr + ' '); do
	script=${part%%:*}
	cases=${part#"$script"}
	cases=${cases#:}
	# shellcheck disable=SC2086
	bash "${0%/*}/$script.sh" ${cases//,/ } || break
done
echo end
