#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: what its one unit runs. The kernel's command line
# names the script: rssd.script=workloads; without it, it is cases.
script=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^rssd\.script=//p')
exec bash "${0%/*}/${script:-cases}.sh"
