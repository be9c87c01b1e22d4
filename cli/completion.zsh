#compdef rssctl
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion of rssctl: verbs, options, their values, names of containers, all from its help.

__rssctl_help() { rssctl ${1:+"$1"} --help 2>/dev/null; }

# What the help calls the value of an option: "SIZE" for -l or --limit.
__rssctl_value_name() {
	__rssctl_help "$1" | sed -nE "s/^  (-., |    )?($2|$2, --[a-z-]+)=([^ ]+).*/\3/p" | head -n 1
}

# Words for a value or operand by its name.
__rssctl_values() {
	local -a words
	case $1 in
	NAME) words=(${(f)"$(rssctl list --no-legend --no-pager 2>/dev/null | sed 's/ .*//')"}) ;;
	VERB)
		words=(${(f)"$(__rssctl_help | sed -nE '/^Verbs:/,/^$/s/^  ([a-z-]+) +(.*)/\1:\2/p')"})
		_describe verb words
		return
		;;
	PID) _pids; return ;;
	FILE) _files; return ;;
	SIGNAL) words=(TERM KILL INT HUP QUIT USR1 USR2 STOP CONT) ;;
	TIME) words=(500ms 1s 10s 1min) ;;
	SIZE*) words=(infinity 64M 256M 512M 1G 2G 10% 25% 50%) ;;
	*'|'*) words=(${(s:|:)1}) ;;
	*) return 1 ;;
	esac
	compadd -a words
}

# The operand at a place: "SIZE" for the second of "NAME SIZE"; "NAME..." goes on to the end.
__rssctl_operand_name() {
	local -a names
	names=(${(s: :)"$(__rssctl_help "$1" | sed -n "1s/^Usage: rssctl $1 *//p" | tr -d '[]')"})
	names=(${names:#(-*|OPTION*)})
	if (($2 <= $#names)); then
		print -r -- ${names[$2]%...}
	elif [[ $names[-1] == *... ]]; then
		print -r -- ${names[-1]%...}
	fi
}

_rssctl() {
	local verb word name
	local -a options flags
	local -i at place=1
	for ((at = 2; at < CURRENT; at++)); do
		word=$words[at]
		[[ $word == -* ]] && continue
		if [[ -z $verb ]]; then verb=$word; else ((place++)); fi
	done
	if [[ $PREFIX == --*=* ]]; then
		name=$(__rssctl_value_name "$verb" ${PREFIX%%=*})
		compset -P '*='
		__rssctl_values $name
	elif [[ $PREFIX == -* ]]; then
		options=(${(f)"$(__rssctl_help $verb | sed -nE 's/^  (-., |    )(--[a-z-]+=)[^ ]* +(.*)/\2:\3/p')"})
		flags=(${(f)"$(__rssctl_help $verb | sed -nE 's/^  (-., |    )(--[a-z-]+)[[ ]+.*  +(.*)|^  (-., |    )(--[a-z-]+) +(.*)/\2\5:\3\6/p')"})
		_describe -o option options -S '' -- flags
	elif [[ $words[CURRENT-1] == -* ]] && name=$(__rssctl_value_name "$verb" $words[CURRENT-1]) && [[ -n $name ]]; then
		__rssctl_values $name
	elif [[ -z $verb ]]; then
		__rssctl_values VERB
	else
		__rssctl_values "$(__rssctl_operand_name $verb $place)"
	fi
}

_rssctl "$@"
