#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rssctl run as users of systemd-run expect it: the command without --, its user, environment,
# directory and terminal. Whose rights it has is read from /proc by the command itself.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1
rssctl create web --limit=64M

# in_container NAME COMMAND...: the command says that it is in this container.
in_container() {
	local name=$1
	shift
	expect 0 "$@" sh -c 'cat /proc/self/cgroup'
	says "$root/$name"
}

case_the_command_needs_no_dashes() {
	in_container web rssctl run web
	in_container web rssctl run web --no-pager --
	in_container web rssctl --no-pager run web
	in_container run- rssctl run --limit=16M
	in_container run- rssctl run --limit 16M
	in_container run- rssctl --limit=16M run
	in_container new rssctl run new --limit=16M
	in_container run- rssctl run --limit=16M --no-pager --wmark-low=infinity
	# Options after the command are its own.
	expect 0 rssctl run web echo -n --json --limit=1M -q
	equal "$out" "--json --limit=1M -q" "arguments"
	expect 0 rssctl run --limit=16M printf %s --help
	equal "$out" "--help"
	expect 127 rssctl run --limit=16M nowhere --json
	[[ $err == rssctl:* ]] || fail "an option of the command made it JSON: $err"
	expect 127 rssctl run --json --limit=16M nowhere
	jq -e .message <<<"$err" >/dev/null || fail "no JSON: $err"
	# What is not clear is refused, and never another command than before.
	expect 2 rssctl run web echo -- hello
	expect 0 rssctl run --limit=16M named -- echo hello
	equal "$out" hello
	for words in "web" "web --" "--limit=16M" "--limit=16M --" "" "web -E x"; do
		# shellcheck disable=SC2086
		expect 2 rssctl run $words
		says "No command given"
	done
	expect 3 rssctl run sleep 5
	says 'No such container: "sleep"'
	await 10 eval '[ "$(rssctl list --no-legend | wc -l)" = 1 ]'
}

case_environment_and_directory() {
	ONE=1 TWO=2 expect 0 rssctl run web -E ONE=a --setenv=TWO -E THREE= --setenv 'FOUR=x=y z' -E NONE \
		sh -c 'echo "$ONE,$TWO,$THREE,$FOUR,${NONE-unset}"'
	equal "$out" "a,2,,x=y z,unset"
	for bad in 1A=x =x "A B=x" ""; do expect 2 rssctl run web -E "$bad" true; done
	mkdir -p "$work/dir"
	expect 0 rssctl run web --working-directory="$work/dir" pwd
	equal "$out" "$work/dir"
	expect 1 rssctl run web --working-directory="$work/none" pwd
	says "Cannot change the directory to \"$work/none\""
	# The command is looked up by the PATH that it gets, not by that of rssctl.
	printf '#!/bin/sh\necho mine\n' >"$work/dir/own-command"
	chmod +x "$work/dir/own-command"
	expect 0 rssctl run web -E "PATH=$work/dir:$PATH" own-command
	equal "$out" mine
}

# rights: the ids, groups and capabilities of a process.
rights='sed -nE "s/^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb):[[:space:]]*(.*[^ ]) *$/\1 \2/p" /proc/self/status | tr "\t" " " | paste -sd,'
none=0000000000000000

case_another_user_gets_only_its_own_rights() {
	local uid gid ids line
	uid=$(id -u daemon) gid=$(id -g daemon)
	ids="Uid $uid $uid $uid $uid,Gid $gid $gid $gid $gid,Groups $(id -G daemon)"
	line="$ids,CapInh $none,CapPrm $none,CapEff $none,CapAmb $none"
	expect 0 rssctl run web --uid=daemon sh -c "$rights"
	equal "$out" "$line" "by name"
	expect 0 rssctl run web --uid="$uid" sh -c "$rights"
	equal "$out" "$line" "by number"
	expect 0 setsid --wait rssctl run web --uid=daemon --exec sh -c "$rights"
	equal "$out" "$line" "in place"
	# Rights that the caller wants to pass on, and groups of root.
	expect 0 setpriv --inh-caps=+net_raw --ambient-caps=+net_raw --securebits=+no_setuid_fixup \
		--groups=0,4 rssctl run web --uid=daemon sh -c "$rights"
	equal "$out" "$line" "with capabilities that are kept"
	expect 0 rssctl run web --uid=daemon --gid=games sh -c 'id -u; id -g; id -G'
	equal "$(paste -sd' ' <<<"$out")" "$uid $(id -g games) $(id -g games)" "with a group"
	expect 0 rssctl run web --gid=games sh -c 'id -u; id -g'
	equal "$(paste -sd' ' <<<"$out")" "0 $(id -g games)" "only a group"
	# Its environment, and no descriptor or terminal of the caller.
	expect 0 rssctl run web --uid=daemon sh -c 'echo "$USER $LOGNAME $HOME $SHELL"'
	equal "$out" "daemon daemon $(getent passwd daemon | cut -d: -f6,7 | tr : ' ')" "environment"
	HOME=/h expect 0 rssctl run web --uid=daemon -E USER=other -E HOME sh -c 'echo "$USER $LOGNAME $HOME"'
	equal "$out" "other daemon /h" "environment as asked for"
	expect 0 rssctl run web --uid=daemon sh -c 'ls /proc/self/fd | wc -l' 9</etc/shadow
	equal "$out" 4 "descriptors, with that of ls"
	expect 0 terminal 80 24 -- sh -c 'rssctl run web --uid=daemon cut -d" " -f7 /proc/self/stat </dev/null 2>/dev/null | cat'
	equal "${out%$'\r'}" 0 "controlling terminal"
	# The directory is entered with the user's rights.
	mkdir -p "$work/closed"
	chmod 700 "$work/closed"
	expect 1 rssctl run web --uid=daemon --working-directory="$work/closed" true
	says "Cannot change the directory"
	# A command of its own on its own PATH runs with its rights.
	mkdir -p "$work/theirs"
	printf '#!/bin/sh\nid -u\n' >"$work/theirs/id-of"
	chmod -R a+rx "$work/theirs"
	expect 0 rssctl run web --uid=daemon -E PATH="$work/theirs:$PATH" -E LD_PRELOAD= id-of
	equal "$out" "$uid" "user of a command on its PATH"
	in_container web rssctl run web --uid=daemon
	# Keys of the caller's session: 248 is add_key, 250 keyctl, -3 the session keyring.
	cat >"$work/keys.py" <<-'END'
		import ctypes, os, sys
		libc = ctypes.CDLL(None)
		libc.syscall(250, 1, None)
		libc.syscall(248, b"user", b"rssd-test-key", b"x", 1, -3)
		os.execvp(sys.argv[1], sys.argv[1:])
	END
	[ "$(uname -m)" = x86_64 ] && python3 "$work/keys.py" grep -q rssd-test-key /proc/keys ||
		{ note "no keyrings here"; return; }
	expect 1 python3 "$work/keys.py" rssctl run web --uid=daemon grep rssd-test-key /proc/keys
}

case_users_are_checked() {
	expect 2 rssctl run web --uid=no-such-user true
	says 'No such user: "no-such-user"'
	expect 2 rssctl run web --uid=4294967295 true
	expect 2 rssctl run web --uid= true
	expect 2 rssctl run web --gid=no-such-group true
	says 'No such group'
	expect 4 setpriv --reuid=nobody --clear-groups rssctl run web --uid=root true
	says "--uid needs root"
	expect 4 setpriv --reuid=nobody --clear-groups rssctl run web --uid=nobody true
	expect 4 setpriv --reuid=nobody --clear-groups rssctl run web --gid=nogroup true
	expect 2 rssctl run web --exec --pty true
	# The terminal of root is replaced by a pty, and is not handed on.
	expect 2 terminal 80 24 -- rssctl run web --exec --uid=daemon true
	says "would give the user"
	expect 0 terminal 80 24 -- sh -c 'tty; rssctl run web --uid=daemon sh -c "tty; stat -c %U \$(tty)"'
	mapfile -t lines < <(tr -d '\r' <<<"$out")
	[[ ${lines[1]} == /dev/pts/* && ${lines[1]} != "${lines[0]}" ]] || fail "terminals: $out"
	equal "${lines[2]}" daemon "owner of the pty"
	# Descriptors that are none stay.
	expect 0 terminal 80 24 -- sh -c 'echo in | rssctl run web --uid=daemon sh -c "cat; test -t 2 && echo tty >&2" | cat -A'
	[[ $out == *'in$'* && $out == *tty* ]] || fail "said $out"
}

# The keys of the terminal are bytes for the command, whose own terminal makes signals of them.
case_pty() {
	expect 0 terminal 100 30 -- rssctl run web --pty sh -c 'tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo three'
	[[ $out == *"30 100"* && $out == *three* ]] || fail "said $out"
	expect 7 terminal 80 24 +ready $'=hello\n' "+got hello" -- rssctl run web -t sh -c 'echo ready; read x; echo got $x; exit 7'
	expect 130 terminal 80 24 +ready $'=\x03' -- rssctl run web -t sh -c 'echo ready; exec sleep 1000'
	expect 0 terminal 80 24 +ready "@90 20" "+20 90" -- \
		rssctl run web -t bash -c 'exec 3<&0; trap "stty size <&3; exit 0" WINCH; echo ready; while :; do read -rt 0.05 <> <(:); done'
	# Without a terminal: the input ends, and what was written arrives.
	expect 0 sh -c 'printf hello | rssctl run web --pty cat'
	says hello
	expect 0 rssctl run web --pty seq 20000
	equal "$(tail -n 1 <<<"$out" | tr -d '\r')" 20000 "last line"
	# The command gets a hangup if its reader goes away.
	timeout 20 rssctl run web --pty yes | head -n 1 >/dev/null
	equal "${PIPESTATUS[0]}" 129 "status without a reader"
	# ^] three times disconnects.
	expect 129 terminal 80 24 +ready $'=\x1d\x1d\x1d' -- rssctl run web -t sh -c 'echo ready; exec sleep 1000'
}

case_the_terminal_is_restored() {
	local script='echo $$ >"$1/shell"; stty -g >"$1/before"; rssctl run web --pty sh -c "$2"; echo "status $?"; stty -g >"$1/after"'
	expect 0 terminal 80 24 "+status 0" -- sh -c "$script" sh "$work" 'stty raw -echo'
	equal "$(cat "$work/after")" "$(cat "$work/before")" "modes after the end"
	rm "$work/after"
	expect 0 terminal 80 24 +ready "!pkill -TERM --parent \$(cat '$work/shell') rssctl" "+status 143" -- \
		sh -c "$script" sh "$work" 'echo ready; exec sleep 1000'
	equal "$(cat "$work/after")" "$(cat "$work/before")" "modes after a signal"
	# A stopped rssctl gives the terminal back, and takes it again.
	expect 0 terminal 80 24 "+ready>" $'=stty -g; rssctl run web -t sh -c \'echo begun; kill -STOP $$; echo went on; read x; echo got $x\'\n' \
		$'+\nbegun' "+Stopped" "+ready>" $'=stty -a | grep -o -- "-*icanon"; fg\n' "+icanon" "+went on" $'=line\n' "+got line" "+ready>" $'=exit\n' \
		-- env PS1="ready>" bash --norc --noediting -i
}

case_wait_prints_the_result() {
	expect 3 rssctl run web --wait sh -c 'echo out; exit 3'
	equal "$out" out "standard output"
	says "Finished with result: exit-code"
	says "code=exited/status=3"
	says "Runtime: "
	says "CPU time consumed: "
	says "Peak of its largest process: "
	expect 143 rssctl run web --wait sh -c 'kill $$'
	says "result: signal"
	says "code=killed/status=TERM"
	expect 0 rssctl run web --wait true
	says "result: success"
	expect 200 rssctl run web --wait sh -c 'exit 200'
	says "status=200"
	expect 0 rssctl run web --wait -q true
	equal "$err" "" "quiet"
	expect 2 rssctl run web --wait --exec true
	expect 137 rssctl run --limit=16M --wait hog anon 64M
	says "result: oom-kill"
}

run_cases "$@"
