# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of rssctl: verbs, options, their values, names of containers.

# The verb of the command line: the first word behind rssctl that is no option.
__rssctl_verb() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* && ${COMP_WORDS[i]} != = && ${COMP_WORDS[i - 1]} != = ]]; then
			printf '%s %d\n' "${COMP_WORDS[i]}" "$i"
			return
		fi
	done
}

__rssctl_names() {
	"${COMP_WORDS[0]}" list --no-legend --no-pager 2>/dev/null | while read -r name _; do
		printf '%s\n' "$name"
	done
}

# What the verb's own help says of its options: "--limit=SIZE" gives "--limit=".
__rssctl_options() {
	"${COMP_WORDS[0]}" ${1:+"$1"} --help 2>/dev/null |
		sed -n 's/^  \(-., \|    \)\(--[a-z-]*=\{0,1\}\).*/\2/p' | sort -u
}

# Words for the value of an option, or for a size that is begun: "5" gives 5M, 5G.
__rssctl_values() {
	local cur=$2
	case $1 in
	--json) printf '%s\n' short pretty off ;;
	--mode | -m) printf '%s\n' reclaim refuse force ;;
	--sort | -s:top) printf '%s\n' name usage limit percent peak processes failures reclaim kills ;;
	--signal | -s:kill) printf '%s\n' TERM KILL INT HUP QUIT USR1 USR2 STOP CONT ;;
	--timeout | -t:limit | -t:apply | --interval | -i | --watch | -w) printf '%s\n' 500ms 1s 10s 1min ;;
	--limit | -l | --high | --low | size)
		if [[ $cur =~ ^[0-9]+(\.[0-9]+)?$ ]]; then
			printf '%s\n' "$cur"{K,M,G,T,%}
		else
			printf '%s\n' infinity 64M 256M 512M 1G 2G 10% 25% 50%
		fi
		;;
	*) return 1 ;;
	esac
}

_rssctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb at values place

	read -r verb at < <(__rssctl_verb)
	COMPREPLY=()

	# bash makes words of --limit=5M: "--limit", "=", "5M".
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $prev == -? ]]; then
		# Letters that mean one thing here and another there.
		case $prev:$verb in -s:top | -s:kill | -s:watch | -t:limit | -t:apply) prev=$prev:$verb ;; esac
	fi

	# Behind -- stands a command of somebody else.
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

	if [[ $prev == -* ]] && values=$(__rssctl_values "$prev" "$cur") &&
		[[ $prev != --json || ${COMP_WORDS[COMP_CWORD - 1]} == = || ${COMP_WORDS[COMP_CWORD]} == = ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
		return
	fi

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(__rssctl_options "$verb")" -- "$cur")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		return
	fi

	if [[ -z $verb ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null |
			sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$cur")
		return
	fi

	# The operands: how many stand between the verb and here?
	place=0
	for ((at++; at < COMP_CWORD; at++)); do
		[[ ${COMP_WORDS[at]} == -* || ${COMP_WORDS[at]} == = || ${COMP_WORDS[at - 1]} == = ]] || ((++place))
	done
	case $verb:$place in
	show:0 | suggest:0 | ps:0 | limit:0 | set:0 | attach:0 | kill:0 | freeze:0 | thaw:0 | reset-peak:0 | reclaim:0 | run:0 | create:0 | oom:0 | remove:* | watch:*)
		mapfile -t COMPREPLY < <(compgen -W "$(__rssctl_names)" -- "$cur")
		# A new container is often made inside one that is there.
		if [[ $verb == create ]]; then
			COMPREPLY=("${COMPREPLY[@]/%//}")
			compopt -o nospace
		fi
		;;
	limit:1 | reclaim:1)
		mapfile -t COMPREPLY < <(compgen -W "$(__rssctl_values size "$cur")" -- "$cur")
		;;
	set:*)
		if [[ $prev == oom-group ]]; then
			mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$cur")
		elif [[ $prev == limit || $prev == high || $prev == low ]] && [[ ${COMP_WORDS[COMP_CWORD - 1]} == = || ${COMP_WORDS[COMP_CWORD]} == = ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(__rssctl_values size "$cur")" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W 'limit= high= low= oom-group=' -- "$cur")
			compopt -o nospace
		fi
		;;
	apply:0)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	attach:* | detach:*)
		mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur")
		;;
	help:0)
		mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null |
			sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$cur")
		;;
	esac
}

complete -F _rssctl rssctl
