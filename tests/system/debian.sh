# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the scripts that make roots of Debian: roots of a suite, cached for a week.
# shellcheck shell=bash
build=$(realpath -m "${BUILD:-build}")
cache=${RSSD_CACHE:-/var/cache/rssd-tests}
mkdir -p "$cache"

# sources_of SUITE: the machine's own package sources, for that suite.
sources_of() {
	local own
	own=$(. /etc/os-release && echo "$VERSION_CODENAME")
	sed "s/\<$own\>/$1/g" /etc/apt/sources.list.d/debian.sources
}

# unpack_base SUITE TREE PACKAGE...: unpacks a minimal Debian with those packages. It is
# fetched for each list of packages; SYSTEM_BASE= is another one of bookworm.
unpack_base() {
	local suite=$1 tree=$2 base sum include
	shift 2
	include=$(IFS=,; echo "$*")
	sum=$(cksum <<<"$suite $include" | cut -d' ' -f1)
	base=$cache/base-$suite-$sum.tar
	find "$cache" -maxdepth 1 -name 'base-*.tar' -mtime +6 -delete
	[ "$suite" != bookworm ] || base=${SYSTEM_BASE:-$base}
	if [ ! -s "$base" ]; then
		sources_of "$suite" >"$base.$$.sources"
		mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io \
			--include="$include" "$suite" "$base.$$.tar" "$base.$$.sources"
		rm "$base.$$.sources"
		mv "$base.$$.tar" "$base"
	fi
	tar -C "$tree" -xf "$base"
}

# run_inside TREE COMMAND...: runs it in the tree, with /proc and /dev. In a chroot, / is no mount
# point, so that its propagation cannot be set.
run_inside() {
	local tree=$1 unshare=(unshare --mount --propagation private)
	shift
	"${unshare[@]}" true 2>/dev/null || unshare=(unshare --mount --propagation unchanged)
	"${unshare[@]}" -- bash -euc '
		tree=$1
		shift
		mount -t proc proc "$tree/proc"
		mount --rbind /dev "$tree/dev"
		exec chroot "$tree" env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin \
			DEBIAN_FRONTEND=noninteractive "$@"
	' inside "$tree" "$@"
}
