#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Scripts of tests/users in the machine, with the programs that are installed there:
# users-suite.sh [SCRIPT[/CASE]]...
# shellcheck source=tests/system/suite.sh
. "${0%/*}/suite.sh"
export RUNTIMES=
[ $# -gt 0 ] || set -- oci
run_suite users "$@"
