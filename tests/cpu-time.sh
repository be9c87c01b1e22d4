# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the scripts that say how much processor time something took.
# shellcheck shell=bash

# measure_cpu FILE: the user and system seconds of what this shell has run and waited for, in $cpu.
# FILE is written: in a pipe or a substitution, `times' would be of another shell.
measure_cpu() {
	times >"$1"
	cpu=$(awk -F'[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' "$1")
}
