#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# initrd.sh OUT INIT [TREE]: an initramfs of a program, and of a tree's files.
set -eu
out=$(realpath -m "$1") init=$(realpath "$2") tree=${3:-}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

mkdir -p "$tmp"/{dev,proc,sys,tmp,data,cg1,cg2}
[ -z "$tree" ] || cp -a "$tree/." "$tmp/"
cp "$init" "$tmp/init"
strip "$tmp/init"
(cd "$tmp" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) | gzip -1 >"$out.new"
mv "$out.new" "$out"
