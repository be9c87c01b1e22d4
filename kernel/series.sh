#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# series.sh [--build] [--checkpatch]
#
# Writes build/series: a cover letter and patches for `git am` on top of the
# package's source.  The new files come first, as they change nothing until
# kbuild knows them; the hooks follow in the order of their quilt series, each
# with its own description.  --build compiles the tree after each patch,
# --checkpatch runs the kernel's checkpatch --strict over all of them.
set -eu
. "$(dirname "$0")/common.sh"

hooks=$top/kernel/hooks-6.12
files=$top/kernel/files
dest=$build/series
work=$out/series-tree
name=$(git -C "$top" log -1 --format=%an)
mail=$(git -C "$top" log -1 --format=%ae)

export GIT_AUTHOR_NAME="$name" GIT_AUTHOR_EMAIL="$mail" GIT_COMMITTER_NAME="$name" \
	GIT_COMMITTER_EMAIL="$mail" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
stamp=$(git -C "$top" log -1 --format=%aI)
export GIT_AUTHOR_DATE="$stamp" GIT_COMMITTER_DATE="$stamp"

[ -f "$hooks/series" ] || die "no hooks to make a series of"

# A repository of the touched files alone: the patches come out the same.
lock
rm -rf "$work" "$dest"
mkdir -p "$work" "$dest"
git -C "$work" init -q -b series
grep -vE '^(#|$)' "$hooks/series" | awk '{ print $1 }' >"$out/series-list"
while read -r p; do
	sed -nE 's,^--- [^/]+/([^\t ]+).*,\1,p' "$hooks/$p"
done <"$out/series-list" | sort -u | while read -r f; do
	[ -f "$out/stock/$f" ] || continue
	mkdir -p "$work/$(dirname "$f")"
	cp "$out/stock/$f" "$work/$f"
done
git -C "$work" add -A
git -C "$work" commit -q -m "the package's source"
git -C "$work" tag base

commit()	# commit MESSAGE-FILE
{
	git -C "$work" add -A
	git -C "$work" commit -q -s --cleanup=whitespace -F "$1"
}

cp -r "$files/." "$work/"
commit "$top/kernel/series.first"
while read -r p; do
	(cd "$work" && patch -p1 --fuzz=0 --no-backup-if-mismatch -s <"$hooks/$p")
	# what stands above the diff; without it, the name of the patch
	sed -E '/^(diff|---|Index:|===)/,$d' "$hooks/$p" >"$out/series-message"
	[ -s "$out/series-message" ] || echo "rss: ${p%.*}" >"$out/series-message"
	commit "$out/series-message"
done <"$out/series-list"

git -C "$work" format-patch -q --cover-letter --no-signature -o "$dest" base..series
tail -n +3 "$top/kernel/series.cover" >"$out/series-blurb"
sed -e "s,\*\*\* SUBJECT HERE \*\*\*,$(head -n 1 "$top/kernel/series.cover")," \
    -e "/\*\*\* BLURB HERE \*\*\*/{
r $out/series-blurb
d
}" "$dest/0000-cover-letter.patch" >"$out/series-cover"
mv "$out/series-cover" "$dest/0000-cover-letter.patch"
echo "$(($(ls "$dest" | wc -l) - 1)) patches and a cover letter in ${dest#"$top"/}"

# Proof that git am takes it: on a clean copy, ending in the same tree.
git -C "$work" checkout -q -b am base
mapfile -t patches < <(find "$dest" -name '*.patch' ! -name '0000-*' | sort)
git -C "$work" am -q "${patches[@]}" >/dev/null
git -C "$work" diff --quiet series am || die "git am does not end in the same tree"

status=0
for option; do
	case $option in
	--checkpatch)
		(cd "$out/stock" && perl scripts/checkpatch.pl --strict --no-tree --terse \
			--show-types "${patches[@]}") || status=1 ;;
	--build)
		# the tree after each patch, in a copy that keeps its objects
		tree=$out/each
		[ -f "$tree/.version-of-package" ] ||
			{ mkdir -p "$tree" && tar -c -C "$out/stock" --exclude='./obj-*' . | tar -x -C "$tree"; }
		git -C "$work" rev-list --reverse base..series | while read -r c; do
			git -C "$work" checkout -q "$c"
			(cd "$work" && git ls-files) | while read -r f; do
				cmp -s "$work/$f" "$tree/$f" || { mkdir -p "$tree/$(dirname "$f")"; cp "$work/$f" "$tree/$f"; }
			done
			subject=$(git -C "$work" log -1 --format=%s)
			fragments="base debug"
			grep -rqs 'config RSS_CONTAINER$' "$tree/init/Kconfig" "$tree/mm/Kconfig" && fragments+=" rss"
			# shellcheck disable=SC2086
			(flock -u 9; exec 9>&-; "$top/kernel/build.sh" each debug $fragments) ||
				die "does not build after: $subject"
			echo "builds ($fragments) after: $subject"
		done ;;
	*)
		die "unknown option $option" ;;
	esac
done
exit $status
