#compdef rssctl
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion of rssctl, which itself knows what may stand in place of the last word.

_rssctl() {
	local line
	local -a closed closed_shown open open_shown
	for line in ${(f)"$(rssctl _complete -- ${(Q)words[2,CURRENT-1]} "${(Q)PREFIX}" 2>/dev/null)"}; do
		case $line in
		:files)
			compset -P '-*='
			_files
			return
			;;
		:command*)
			shift ${line#* } words
			((CURRENT -= ${line#* }))
			_normal
			return
			;;
		# A word that goes on is followed by no space.
		*[=/]$'\t'* | *[=/])
			open+=(${line%%$'\t'*})
			open_shown+=("${line/$'\t'/  -- }")
			;;
		*)
			closed+=(${line%%$'\t'*})
			closed_shown+=("${line/$'\t'/  -- }")
			;;
		esac
	done
	compadd -l -d closed_shown -a closed
	compadd -l -S '' -d open_shown -a open
}

_rssctl "$@"
