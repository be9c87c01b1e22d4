#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# deps.sh PACKAGE...: installs those Debian packages that are missing.
set -eu
missing=()
for p; do
	dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "installing: ${missing[*]}"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || {
	echo "deps.sh: cannot install ${missing[*]}" >&2
	exit 1
}
