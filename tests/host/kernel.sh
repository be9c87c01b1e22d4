#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make kernel with bad input: each failure names what is wrong and what to do. "Linux 9.9" is a source
# package of one file, with hooks of its own in a copy of kernel/.
. "$(dirname "$0")/../lib.sh"

command -v quilt >/dev/null || { note "needs quilt"; printf 'skip - %s: no quilt\n' "${0##*/}"; exit 0; }

tree=$work/tree
hooks=$tree/kernel/hooks-9.9
out_dir=$work/built/kernel

mkdir -p "$tree" "$hooks"
cp -r "$here/../kernel/." "$tree/kernel"
cp "$here/../Makefile" "$tree/"
rm -r "$tree/kernel/files"
cat >"$hooks/10-edit.patch" <<'END'
--- a/mm/rmap.c
+++ b/mm/rmap.c
@@ -1,3 +1,4 @@
 one
 two
+between
 three
END
echo 10-edit.patch >"$hooks/series"
# No package source: apt offers nothing, and no network is needed.
cat >"$work/apt.conf" <<END
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$work/apt";
Dir::Cache "$work/apt";
APT::Sandbox::User "root";
END
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"

# script NAME ARGUMENT...: a script of kernel/, for Linux 9.9.
script() {
	local name=$1
	shift
	KERNEL=9.9 BUILD=$work/built APT_CONFIG=$work/apt.conf DEBIAN_MIRROR=http://127.0.0.1:9/debian \
		"$tree/kernel/$name" "$@"
}

# provide SIZE: the source package, with a file of that many bytes next to the one that is patched.
provide() {
	rm -rf "$work/source" "$work/built"
	mkdir -p "$work/source/linux/mm" "$out_dir/source"
	printf 'one\ntwo\nthree\n' >"$work/source/linux/mm/rmap.c"
	head -c "$1" /dev/zero >"$work/source/linux/mm/large"
	tar -C "$work/source" -cJf "$out_dir/source/linux-source-9.9.tar.xz" linux
	echo 9.9.1 >"$out_dir/source/version"
}

case_kernel_without_hooks() {
	local versions
	versions=$(cd "$here/../kernel" && printf '%s\n' hooks-* | sed 's/hooks-//' | sort -V | paste -sd ' ')
	expect 2 make -C "$here/.." BUILD="$work/none" kernel KERNEL=5.10
	says "No hooks for Linux 5.10. There are hooks for: $versions"
	expect 1 env KERNEL=5.10 BUILD="$work/none" "$here/../kernel/apply.sh" linux
	says "no hooks for Linux 5.10; there are hooks for $versions"
	[ ! -e "$work/none" ] || fail "something was built"
}

case_package_that_apt_does_not_offer() {
	rm -rf "$work/built"
	expect 1 script source.sh
	says "apt does not offer linux-source-9.9"
	says "put linux-source-9.9.tar.xz into /usr/src"
}

case_package_that_cannot_be_fetched() {
	rm -rf "$work/built"
	echo nosuite >"$hooks/suite"
	expect 1 script source.sh
	says "cannot fetch linux-source-9.9 from nosuite"
	says "put linux-source-9.9.tar.xz into /usr/src"
	rm "$hooks/suite"
}

case_package_that_is_damaged() {
	provide 0
	head -c 100 "$out_dir/source/linux-source-9.9.tar.xz" >"$work/part"
	mv "$work/part" "$out_dir/source/linux-source-9.9.tar.xz"
	expect 1 script apply.sh linux
	says "cannot unpack $out_dir/source/linux-source-9.9.tar.xz"
	[ ! -e "$out_dir/stock" ] || fail "half of a tree is left"
}

case_patch_that_applies() {
	provide 0
	expect 0 script apply.sh linux
	equal "$(cat "$out_dir/linux/mm/rmap.c")" $'one\ntwo\nbetween\nthree' "the patched file"
	equal "$(cat "$out_dir/stock/mm/rmap.c")" $'one\ntwo\nthree' "the pristine file"
}

case_patch_that_does_not_apply() {
	provide 0
	cp "$hooks/10-edit.patch" "$work/good"
	sed -i 's/^ three/ four/' "$hooks/10-edit.patch"
	expect 1 script apply.sh linux
	says "10-edit.patch: mm/rmap.c: Hunk #1 FAILED at 1."
	says "the hooks for Linux 9.9 do not apply to linux-source-9.9 9.9.1"
	# a file that this kernel does not have
	sed 's,mm/rmap.c,mm/gone.c,' "$work/good" >"$hooks/10-edit.patch"
	expect 1 script apply.sh linux
	says "10-edit.patch: mm/gone.c: there is no such file in the source"
	cp "$work/good" "$hooks/10-edit.patch"
	# a file of the hooks that is missing
	echo 20-none.patch >>"$hooks/series"
	expect 1 script apply.sh linux
	says "20-none.patch"
	echo 10-edit.patch >"$hooks/series"
	expect 0 script apply.sh linux
}

# A disk that is full while the source is unpacked, and while it is copied for the patches.
case_full_disk() {
	local size
	for size in 1m 3m; do
		provide 2000000
		expect 1 "${own_mounts[@]}" bash -c '
			mkdir "$1/full" && mount -t tmpfs -o "size=$2" none "$1/full" && mkdir -p "$1/full/kernel" &&
			cp -r "$1/built/kernel/source" "$1/full/kernel/" &&
			KERNEL=9.9 BUILD=$1/full "$3/kernel/apply.sh" linux; status=$?
			find "$1/full" -path "*/mm/*"; exit $status' full "$work" $size "$tree"
		says "a kernel tree takes 1.6 GB"
		says "are free"
		case $size in
		1m) [[ $out != */mm/* ]] || fail "half of a tree is left: $out" ;;
		3m) [[ $out != *linux/mm/* ]] || fail "half of a tree is left: $out" ;;
		esac
		rmdir "$work/full"
	done
}

case_package_of_an_unknown_configuration() {
	provide 0
	expect 1 script package.sh amd64
	says "apt does not offer linux-config-9.9"
	mkdir "$out_dir/source/linux-config-9.9"
	touch "$out_dir/source/linux-config-9.9/config.amd64_none_"{amd64,cloud-amd64}.xz
	expect 1 script package.sh cloud
	says 'Debian has no configuration "cloud" for Linux 9.9; it has amd64 cloud-amd64'
	expect 1 script package.sh "$work/no.config"
	says "cannot read $work/no.config"
}

run_cases "$@"
