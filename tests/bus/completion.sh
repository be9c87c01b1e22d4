#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in bash, zsh and fish: verbs, options, values, and names of containers that exist.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1
rssctl create web1 && rssctl create web2 && rssctl create web1/in && rssctl create job:1@node && rssctl create a:b:c
cli=$here/../cli
start_hog anon 1M
rssctl attach web1 "$hog" >/dev/null

# Each prints the words that the shell offers at the end of a command line.
in_bash() {
	bash -c '
		. "$1"
		compopt() { :; }
		COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS="${COMP_WORDBREAKS}:@"
		read -ra COMP_WORDS <<<"${2//=/ = }"
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_rssctl
		printf "%s\n" "${COMPREPLY[@]}"
	' sh "$cli/completion.bash" "$1"
}
in_fish() { fish -N -c '. $argv[1]; complete -C $argv[2] | string replace -r "\t.*" ""' "$cli/completion.fish" "$1"; }
# zsh completes on a terminal only: zpty is one, and each word that is added is printed. The line
# editor shows what is typed, so the words that are waited for are not typed as such.
in_zsh() {
	mkdir -p "$work/zsh"
	cp "$cli/completion.zsh" "$work/zsh/_rssctl"
	zsh -f -c '
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "PS1= PROMPT2= RPS1=; stty -echo; unsetopt zle_bracketed_paste; fpath=($1 \$fpath); autoload -U compinit; compinit -u -d $1/dump"
		zpty -w z "compadd() { if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd \"\$@\"; return; fi
			local -a found; builtin compadd -A found \"\$@\"; print -rl -- \"<\"\${^found}\">\"; builtin compadd \"\$@\"; }
			zle -C complete-word complete-word _main_complete; bindkey \"^I\" complete-word
			finish() { print E\"\"ND; exit }; zle -N finish; bindkey \"^X\" finish; print REA\"\"DY"
		zpty -r -m z all "*READY*"
		zpty -w -n z "$2"$'"'\\t\\x18'"'
		zpty -r -m z all "*END*"
		print -r -- "$all"
	' sh "$work/zsh" "$1" | tr -d '\r' | sed -n 's/.*<\(.*\)>$/\1/p'
}

# offers LINE WORD...: the words are among those that the shell offers; absent after "!".
offers() {
	local line=$1 words word
	shift
	words=" $("in_$shell" "$line" | sed 's/ *$//' | paste -sd' ') "
	for word; do
		case $word in
		!*) [[ $words != *" ${word#!} "* ]] || fail "$shell offers ${word#!} after \"$line\"" ;;
		*) [[ $words == *" $word "* ]] || fail "$shell does not offer $word after \"$line\": ${words:0:200}" ;;
		esac
	done
}

check() {
	shell=$1
	command -v "$shell" >/dev/null || { skip "$shell is not installed"; return 1; }
	offers "rssctl " create remove reset-peak status '!web1'
	offers "rssctl re" remove reset-peak
	offers "rssctl limit " web1 web2 web1/in '!create'
	offers "rssctl limit web1 " infinity 512M '!web2'
	offers "rssctl remove web1 " web2
	offers "rssctl limit --" --mode= --timeout= --dry-run --quiet
	offers "rssctl kill web1 --signal " TERM KILL
	offers "rssctl list --" --no-legend --json=
	# Only members can be detached, and the value of an option is no name.
	offers "rssctl detach " "$hog" "!$$" '!web1'
	offers "rssctl detach --all " web1 "!$hog"
	offers "rssctl attach web1 " "$$"
	offers "rssctl oom --id " '!web1'
	offers "rssctl oom --id=5 " web1
	offers "rssctl show web1 -p us" usage
	offers "rssctl top --sort " percent '!declared'
	offers "rssctl set web1 " limit= oom-group= '!web1'
	offers "rssctl create web" web1/ '!web1'
	offers "rssctl help re" remove '!_complete'
	offers "rssctl run web1 --uid daem" daemon
	# The command begins after the name or after a setting.
	offers "rssctl run web1 slee" sleep
	offers "rssctl run --limit=1G slee" sleep
	offers "rssctl run web" web1
	return 0
}

# bash replaces only what follows the last colon or at sign, the others the whole name.
case_bash() {
	check bash || return
	offers "rssctl limit job" job:1@node
	offers "rssctl limit job:" 1@node
	offers "rssctl limit job:1@" node
	offers "rssctl limit a:b" b:c
	offers "rssctl limit job:1@node " infinity
}
case_zsh() {
	check zsh || return
	offers "rssctl limit job:1" job:1@node
	offers "rssctl limit job:1@node " infinity
}
case_fish() {
	check fish || return
	offers "rssctl limit job:1" job:1@node
	offers "rssctl limit job:1@node " infinity
}

run_cases "$@"
