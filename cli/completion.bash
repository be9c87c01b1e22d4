# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of rssctl, which itself knows what may stand in place of the last word.

# Completes the command that begins at a word of $words.
__rssctl_command() {
	local word want=0 have=0 at
	# bash's own words end at the : @ and = of ours as well.
	for word in "${words[@]:0:$1}"; do ((want += ${#word})); done
	for ((at = 0; have < want; at++)); do ((have += ${#COMP_WORDS[at]})); done
	if declare -F _command_offset >/dev/null; then
		_command_offset $at
	elif ((at == COMP_CWORD)); then
		mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	fi
}

_rssctl() {
	local line=${COMP_LINE:0:COMP_POINT} separators= word cur
	local -a words
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=("")
	cur=${words[-1]}
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		case $word in
		:files)
			mapfile -t COMPREPLY < <(compgen -f -- "${cur#-*=}")
			compopt -o filenames
			return
			;;
		:command*)
			__rssctl_command "${word#* }"
			return
			;;
		*) COMPREPLY+=("$word") ;;
		esac
	done < <("${words[0]}" _complete -- "${words[@]:1}" 2>/dev/null)
	[[ ${COMPREPLY[0]-} != *[=/] ]] || compopt -o nospace
	# bash replaces only what follows the last separator of its own.
	for word in : @ =; do [[ $COMP_WORDBREAKS != *$word* ]] || separators+=$word; done
	[[ -z $separators ]] || COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*["$separators"]}"}"}")
}

complete -F _rssctl rssctl
