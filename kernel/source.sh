#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# source.sh [config]: makes sure that the kernel's source package is here.  Prints the
# tarball and the version of the package.  With "config", the package with Debian's
# configurations; prints their directory.
#
# A package that this machine's apt offers is installed.  Otherwise it is fetched
# into build/kernel/source from the suite that the hooks' file "suite" names, with
# an apt list of its own, so the machine's own package sources stay as they are.
set -eu
. "$(dirname "$0")/common.sh"

case ${1:-} in
'')
	package=$src_package file=$src_package.tar.xz ;;
config)
	package=linux-config-$kernel file=linux-config-$kernel ;;
*)
	die "usage: source.sh [config]" ;;
esac
installed=/usr/src/$file
fetched=$out/source/$file

print_result()
{
	if [ "$package" != "$src_package" ]; then
		[ -d "$installed" ] && echo "$installed" || { [ -d "$fetched" ] && echo "$fetched"; }
	elif [ -f "$installed" ]; then
		echo "$installed $(dpkg-query -W -f '${Version}' "$package" 2>/dev/null || stat -c %s "$installed")"
	elif [ -f "$fetched" ]; then
		echo "$fetched $(cat "$out/source/version")"
	else
		return 1
	fi
}

has_candidate()
{
	apt-cache policy "$package" 2>/dev/null | grep -E '^ *Candidate:' | grep -qv '(none)'
}

is_offered()
{
	has_candidate || { apt-get update -qq >&2 && has_candidate; }
}

# fetch SUITE: download and unpack the .deb.
fetch()
{
	local dir=$out/source apt deb
	rm -rf "$dir/lists" "$dir/archives" "$dir"/*.deb "${dir:?}/$file"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${DEBIAN_MIRROR:-http://deb.debian.org/debian} $1 main" \
		>"$dir/sources.list"
	apt=(apt-get -qq -o "Dir::Etc::SourceList=$dir/sources.list" -o "Dir::Etc::SourceParts=/dev/null"
	     -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir" -o "APT::Default-Release=" -o "APT::Sandbox::User=root")
	echo "fetching: $package from $1" >&2
	"${apt[@]}" update >&2 && (cd "$dir" && "${apt[@]}" download "$package" >&2) ||
		die "cannot fetch $package from $1; install it, or put $file into /usr/src"
	deb=$(find "$dir" -maxdepth 1 -name '*.deb')
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --strip-components=3 "./usr/src/$file" ||
		die "cannot unpack $deb ($(df -h --output=avail "$dir" | tail -n 1 | tr -d ' ') free)"
	[ "$package" != "$src_package" ] || dpkg-deb -f "$deb" Version >"$dir/version"
	rm -rf "$deb" "$dir/lists" "$dir/archives" "$dir"/*.bin
}

print_result && exit
if is_offered; then
	"$top/kernel/deps.sh" "$package" >&2
elif [ -f "$hooks/suite" ]; then
	fetch "$(cat "$hooks/suite")"
fi
print_result || die "apt does not offer $package; add a package source that does, or put" \
	"$file into /usr/src"
