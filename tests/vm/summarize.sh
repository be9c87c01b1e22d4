#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# summarize.sh NAME...: one line for the parts that ran, from BUILD/vm/NAME/counts.
set -eu
cd "${BUILD:-$(dirname "$0")/../../build}/vm"
cat "${@/%//counts}" | awk '{ p += $1; f += $2; s += $3 }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s }'
