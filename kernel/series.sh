#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# series.sh: writes build/series, a cover letter and patches for `git am` on top of the
# package's source, and proves that git am takes them.
#
# A file of kernel/series is a patch: its message and, below a line "---", what it brings
# of kernel/files and of the hooks (series-step.pl).
#
# Leaves the commits in build/kernel/series-tree, for check-series.sh.
set -eu
. "$(dirname "$0")/common.sh"

! grep -qs rss_compat.h "$hooks"/*.patch || die "no series for Linux $kernel: upstream takes no header like compat.h"
series=$top/kernel/series
dest=$build/series
work=$out/series-tree
name=$(git -C "$top" log -1 --format=%an)
mail=$(git -C "$top" log -1 --format=%ae)

export GIT_AUTHOR_NAME="$name" GIT_AUTHOR_EMAIL="$mail" GIT_COMMITTER_NAME="$name" \
	GIT_COMMITTER_EMAIL="$mail" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
stamp=$(git -C "$top" log -1 --format=%aI)
export GIT_AUTHOR_DATE="$stamp" GIT_COMMITTER_DATE="$stamp"

mapfile -t patches < <(cd "$series" && printf '%s\n' [0-9]*)

# A repository of the touched files alone: the patches come out the same.
lock
rm -rf "$work" "$dest"
mkdir -p "$work" "$dest"
git -C "$work" init -q -b series
while read -r f; do
	[ -f "$out/stock/$f" ] || continue
	mkdir -p "$work/$(dirname "$f")"
	cp "$out/stock/$f" "$work/$f"
done <"$out/applied"
git -C "$work" add -A
git -C "$work" commit -q -m "the package's source"
git -C "$work" tag base

# The Makefile of the hooks names all objects; a patch has those that it has sources of.
only_sources()
{
	local object
	for object in $(grep -oE '\brss_[a-z_]+\.o' mm/Makefile); do
		[ -f "mm/${object%.o}.c" ] || sed -i -E "s/ $object\b//" mm/Makefile
	done
	sed -i -E '/^obj-.*\+=$/d' mm/Makefile
}

for p in "${patches[@]}"; do
	perl "$top/kernel/series-step.pl" "$series" "$top/kernel/files" "$out/stock" "$out/linux" "$kernel" "$p" "$work"
	(cd "$work" && only_sources)
	git -C "$work" add -A
	sed '/^---$/,$d' "$series/$p" | git -C "$work" commit -q -s --cleanup=whitespace -F -
done

# The last patch is the tree that apply.sh makes.
while read -r f; do
	cmp -s "$work/$f" "$out/linux/$f" || die "$f: the series does not end in the tree that is tested"
done <"$out/applied"

git -C "$work" format-patch -q --cover-letter --no-signature -o "$dest" base..series
tail -n +3 "$top/kernel/series.cover" >"$out/series-blurb"
sed -e "s|\*\*\* SUBJECT HERE \*\*\*|$(head -n 1 "$top/kernel/series.cover")|" \
    -e "/\*\*\* BLURB HERE \*\*\*/{
r $out/series-blurb
d
}" "$dest/0000-cover-letter.patch" >"$out/series-cover"
mv "$out/series-cover" "$dest/0000-cover-letter.patch"
echo "$(($(ls "$dest" | wc -l) - 1)) patches and a cover letter in ${dest#"$top"/}"

# Proof that git am takes it: on a clean copy, ending in the same tree.
git -C "$work" checkout -q -b am base
mapfile -t mails < <(find "$dest" -name '*.patch' ! -name '0000-*' | sort)
git -C "$work" am -q "${mails[@]}" >/dev/null
git -C "$work" diff --quiet series am || die "git am does not end in the same tree"
