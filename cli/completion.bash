# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of rssctl: verbs, options, their values, names of containers.

# Sets $words and their last index: bash's own words end at the : and @ of names as well. An option
# with a value is three words: "--limit", "=", "5M".
__rssctl_split() {
	local line=${COMP_LINE:0:COMP_POINT} part
	local -a parts
	read -ra parts <<<"$line"
	[[ $line != *[[:space:]] ]] || parts+=("")
	words=()
	for part in "${parts[@]}"; do
		if [[ $part == *=* ]]; then
			words+=("${part%%=*}" = "${part#*=}")
		else
			words+=("$part")
		fi
	done
	last=$((${#words[@]} - 1))
}

# The verb of the command line: the first word after rssctl that is not an option.
__rssctl_verb() {
	local i
	for ((i = 1; i < last; i++)); do
		if [[ ${words[i]} != -* && ${words[i]} != = && ${words[i - 1]} != = ]]; then
			printf '%s %d\n' "${words[i]}" "$i"
			return
		fi
	done
}

__rssctl_names() {
	"${COMP_WORDS[0]}" list --no-legend --no-pager 2>/dev/null | while read -r name _; do
		printf '%s\n' "$name"
	done
}

__rssctl_verbs() {
	"${COMP_WORDS[0]}" --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# The options in the help of a verb: "--limit=SIZE" gives "--limit=".
__rssctl_options() {
	"${COMP_WORDS[0]}" ${1:+"$1"} --help 2>/dev/null |
		sed -n 's/^  \(-., \|    \)\(--[a-z-]*=\{0,1\}\).*/\2/p' | sort -u
}

# The settings in the help of a verb: "limit=SIZE" gives "limit=".
__rssctl_settings() {
	"${COMP_WORDS[0]}" "$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*=\).*/\1/p'
}

# What the help of a verb calls the value of an option or setting: "SIZE" for -l, --limit or limit.
__rssctl_value_name() {
	"${COMP_WORDS[0]}" ${1:+"$1"} --help 2>/dev/null |
		sed -nE "s/^  (-., |    )?(${2}|(${2}, )--[a-z-]+)=([^ ]+).*/\4/p" | head -n 1
}

# What the synopsis of a verb calls the operand at a place: "SIZE" for the second of "NAME SIZE".
__rssctl_operand_name() {
	local word place=$2 last=
	while read -r word; do
		[[ $word == -* || $word == OPTION* ]] && continue
		last=$word
		((place-- == 0)) && break
	done < <("${COMP_WORDS[0]}" "$1" --help 2>/dev/null |
		sed -n "1s/^Usage: rssctl $1 *//p" | tr -d '[]' | tr ' ' '\n')
	# NAME... goes on to the end.
	((place < 0)) || [[ $last == *... ]] || return
	printf '%s\n' "${last%...}"
}

# Words for a value or operand by its name; $2 is the word so far: "5" gives 5M, 5G.
__rssctl_values() {
	local cur=$2
	case $1 in
	NAME) __rssctl_names ;;
	VERB) __rssctl_verbs ;;
	PID) (cd /proc && printf '%s\n' [0-9]*) ;;
	SIGNAL) printf '%s\n' TERM KILL INT HUP QUIT USR1 USR2 STOP CONT ;;
	KEY) printf '%s\n' name usage limit percent peak processes failures reclaim kills ;;
	TIME) printf '%s\n' 500ms 1s 10s 1min ;;
	SIZE*)
		if [[ $cur =~ ^[+-]?[0-9]+(\.[0-9]+)?$ ]]; then
			printf '%s\n' "$cur"{K,M,G,T,%}
		else
			printf '%s\n' infinity 64M 256M 512M 1G 2G 10% 25% 50%
		fi
		;;
	*\|*) tr '|' '\n' <<<"$1" ;;
	*) return 1 ;;
	esac
}

# Fills COMPREPLY, from the words of _rssctl().
__rssctl_complete() {
	local verb at values place operand cur=${words[last]} prev=${words[last - 1]}

	read -r verb at < <(__rssctl_verb)
	[[ $prev != = ]] || prev=${words[last - 2]}

	# After -- comes a command with its own completion.
	for ((place = 1; place < COMP_CWORD; place++)); do
		if [[ ${COMP_WORDS[place]} == -- && $verb == run ]]; then
			if declare -F _command_offset >/dev/null; then
				_command_offset $((place + 1))
			elif ((COMP_CWORD == place + 1)); then
				mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			else
				mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			fi
			return
		fi
	done

	if [[ $prev == -* ]] && values=$(__rssctl_values "$(__rssctl_value_name "$verb" "$prev")" "$cur") &&
		[[ $prev != --json || ${words[last - 1]} == = ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
		return
	fi

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(__rssctl_options "$verb")" -- "$cur")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		return
	fi

	if [[ -z $verb ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(__rssctl_verbs)" -- "$cur")
		return
	fi

	# The operands: their number between the verb and the current word.
	place=0
	for ((at++; at < last; at++)); do
		[[ ${words[at]} == -* || ${words[at]} == = || ${words[at - 1]} == = ]] || ((++place))
	done
	operand=$(__rssctl_operand_name "$verb" "$place")
	case $operand in
	KEY=VALUE)
		if [[ ${words[last - 1]} == = ]]; then
			values=$(__rssctl_values "$(__rssctl_value_name "$verb" "$prev")" "$cur")
		else
			values=$(__rssctl_settings "$verb")
			compopt -o nospace
		fi
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
		;;
	FILE)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	?*)
		mapfile -t COMPREPLY < <(compgen -W "$(__rssctl_values "$operand" "$cur")" -- "$cur")
		# A new container is often created inside an existing one.
		if [[ $verb == create ]]; then
			COMPREPLY=("${COMPREPLY[@]/%//}")
			compopt -o nospace
		fi
		;;
	esac
}

_rssctl() {
	local -a words
	local last separators= cur
	COMPREPLY=()
	__rssctl_split
	__rssctl_complete
	# bash replaces only what follows the last separator of its own.
	[[ $COMP_WORDBREAKS != *:* ]] || separators+=:
	[[ $COMP_WORDBREAKS != *@* ]] || separators+=@
	[[ -n $separators ]] || return 0
	cur=${words[last]}
	COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*["$separators"]}"}"}")
}

complete -F _rssctl rssctl
