#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The host suite in the machine, on the memory controller that it has: host-suite.sh [SCRIPT[/CASE]]...
# shellcheck source=tests/system/suite.sh
. "${0%/*}/suite.sh"
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(basename -a "$tests"/tests/host/*.sh)
run_suite host "$@"
