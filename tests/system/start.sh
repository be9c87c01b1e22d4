#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: run by its unit rssd-tests. The kernel's command line names the scripts
# and their cases:
# rssd.run=load-cases+cases:oom,peak
# Where attach moves processes out of their unit, they start in a login session, as an administrator
# would start them: rssd does not take processes out of a service. Elsewhere they stay in the service:
# after an OOM systemd 252 ends a scope, and a service goes on by its OOMPolicy=.
if grep -q 'rssd\.hierarchy=v2' /proc/cmdline && [ "${1:-}" != session ]; then
	systemd-run --quiet --scope --collect --slice=user-0.slice --unit=session-1.scope \
		bash "$0" session
	exit
fi
echo begin
# A service ignores SIGPIPE; lib.sh would start a script again for that, and cases.sh begins only once.
for part in $(tr ' ' '\n' </proc/cmdline | sed -n 's/^rssd\.run=//p' | tr + ' '); do
	script=${part%%:*}
	cases=${part#"$script"}
	cases=${cases#:}
	# shellcheck disable=SC2086
	env --default-signal sh -c 'RSSD_TEST=$$ exec bash "$@"' sh "${0%/*}/$script.sh" ${cases//,/ } || break
done
echo end
