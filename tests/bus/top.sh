#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rssctl top in a terminal: its frames, its keys, and the restored terminal.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

# raw_frame: the last frame that the last expect printed.
raw_frame() { awk -v RS='\033[[]H' 'END { print }' "$work/out"; }
# The same without escape sequences.
frame() { raw_frame | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g'; }
# The columns of its widest line.
widest() { frame | wc -L; }

in_terminal() { terminal "$1" "$2" "${@:3}" -- rssctl top --interval=100ms; }

case_bars_and_history() {
	rssctl create topped --limit=64M
	launch_hog_in topped anon 32M
	await 20 grep -q ready "$hog_out"
	expect 0 in_terminal 80 24 +topped +topped +topped =q
	frame >"$work/frame"
	grep -Eq '^topped +3[0-9]\.[0-9]M +64\.0M +5[0-9]\.[0-9]% +█████[▏▎▍▌▋▊▉]?·+ .*█' "$work/frame" ||
		fail "$(cat "$work/frame")"
	[ "$(widest)" -lt 80 ] || fail "too wide: $(widest)"
	# It uses the alternate screen, never clears it, and restores screen and cursor.
	[[ $out == *$'\e[?1049h'* && $out == *$'\e[?25h\e[?1049l' ]] || fail "the screen was not given back"
	[[ $out != *$'\e[2J'* ]] || fail "the screen was wiped"
	# Rests of the old frame are cleared after each line and below the last.
	equal "$(raw_frame | grep -c $'\e\\[K')" "$(raw_frame | wc -l)" "lines that wipe what was there"
	[[ $(raw_frame) == *$'\e[K\e[J'* ]] || fail "what is below the frame is not wiped"
	[[ $out == *$'\e[32m'* ]] || fail "no colour"
	rssctl remove --force topped
}

case_without_utf8_and_colour() {
	rssctl create plain --limit=64M
	launch_hog_in plain anon 32M
	await 20 grep -q ready "$hog_out"
	LC_ALL=C NO_COLOR=1 expect 0 in_terminal 80 24 +plain +plain =q
	frame | LC_ALL=C grep -q $'[\x80-\xff]' && fail "more than ASCII: $(frame)"
	frame | grep -Eq '^plain .* #####+\.+ .*#' || fail "$(frame)"
	[[ $out != *$'\e['[0-9]*m* ]] || fail "colours: $(grep -ao $'\e\\[[0-9;]*m' "$work/out" | head -n 3)"
	rssctl remove --force plain
}

case_keys() {
	local i
	for i in {10..39}; do rssctl create "key$i" --limit="$i"M; done
	expect 0 in_terminal 80 14 "+by usage" =l "+by limit" "+key39" =n "+by name" "+key10" \
		$'=\e[6~' "+11-20 of 30" $'=\e[B' "+12-21 of 30" $'=\e[F' "+21-30 of 30" \
		$'=\e[A' "+20-29 of 30" $'=\e[5~' "+10-19 of 30" $'=\e[H' "+1-10 of 30" $'=\e[15~' "@100 8" "+1-4 of 30" $'=\e[6~q'
	expect 0 terminal 80 14 "+by kills" =r "+by reclaim" =q -- rssctl top --sort=kills
	# An unknown sequence is skipped, the keys after it are not.
	expect 0 in_terminal 80 14 "+by usage" $'=\e[15~\e[1;5C\eOPn' "+by name" $'=\e[200~q'
	# Ctrl-C.
	expect 0 in_terminal 80 14 "+by usage" $'=\x03'
	# Long before the next sample is due, the space bar takes one, and a new size redraws.
	expect 0 terminal 80 14 "+1-10 of 30" "!rssctl create key40" "= " "+1-10 of 31" "@100 8" \
		"+1-4 of 31" =q -- rssctl top --interval=1h
	for i in {10..40}; do rssctl remove "key$i"; done
}

case_one_write_a_frame() {
	local frames writes
	command -v strace >/dev/null || { skip "strace is not installed"; return; }
	rssctl create written
	expect 0 terminal 80 24 +written +written +written =q -- \
		strace -qq -e trace=write,ppoll -e write=none -o "$work/trace" rssctl top --interval=100ms
	frames=$(grep -c 'write(1, "\\33\[H' "$work/trace")
	writes=$(grep -c 'write(1, ' "$work/trace")
	# One to take the terminal, one to restore it.
	equal "$writes" $((frames + 2)) "writes for $frames frames"
	# Between two frames it waits for a key, no longer than the interval.
	grep -q 'ppoll(\[{fd=0,.*tv_sec=0,' "$work/trace" || fail "no wait: $(head -n 3 "$work/trace")"
	grep 'ppoll(\[{fd=0,.*tv_sec=[1-9]' "$work/trace" && fail "waits longer than the interval"
	rssctl remove written
}

case_not_in_a_terminal() {
	rssctl create once --limit=32M
	expect 0 rssctl top
	says once
	says "OOM-KILLS"
	expect 0 rssctl top --json=short
	equal "$(jq -r '.[0].name' <<<"$out")" once
	rssctl create less --limit=16M
	expect 0 rssctl top --sort=limit --no-legend
	equal "$(awk '{ print $1 }' <<<"$out" | xargs)" "once less" "order by limit"
	expect 0 rssctl top --sort=name --no-legend
	equal "$(awk '{ print $1 }' <<<"$out" | xargs)" "less once" "order by name"
	expect 0 rssctl top --sort=limit --json=short
	equal "$(jq -r '[.[].name] | join(" ")' <<<"$out")" "once less" "order of JSON"
	rssctl remove less
	expect 2 rssctl top --sort=colour
	says "reclaim, kills"
	expect 2 rssctl top --interval=1ms
	rssctl remove once
	expect 0 rssctl top --no-legend
	equal "$out" "" "a table of nothing"
}

# While top is stopped the shell has the normal screen; after fg top takes it again.
case_ctrl_z() {
	rssctl create stopped --limit=64M
	expect 0 terminal 80 24 "+ready>" $'=rssctl top --interval=100ms\n' "+stopped" $'=\x1a' \
		$'+\e[?1049l' "+Stopped" "+ready>" $'=stty -a\n' "+ icanon" "+ echo " "+ready>" \
		$'=fg\n' $'+\e[?1049h' "+stopped" =q $'+\e[?1049l' "+ready>" $'=exit\n' \
		-- env PS1="ready>" bash --norc --noediting -i
	# After a stop that it cannot catch, it takes the keys again: q is read without a newline.
	expect 0 terminal 80 24 "+ready>" "=sh -c 'echo \$\$ >$work/pid; exec rssctl top --interval=100ms'"$'\n' \
		"+stopped" "!kill -STOP \$(cat $work/pid)" "+Stopped" "+ready>" \
		$'=fg\n' $'+\e[?1049h' "+stopped" =q $'+\e[?1049l' "+ready>" $'=exit\n' \
		-- env PS1="ready>" bash --norc --noediting -i
	# Without a shell that could continue it, the key does nothing.
	expect 0 in_terminal 80 24 "+stopped" $'=\x1a' "+stopped" "+stopped" =q
	rssctl remove stopped
}

# A terminal without escape sequences gets one table of plain text.
case_dumb_terminal() {
	local term
	rssctl create plain --limit=64M
	for term in dumb ""; do
		TERM=$term expect 0 in_terminal 80 24 "+plain"
		[[ $out != *$'\e'* ]] || fail "TERM=$term: escape sequences: $out"
		says "OOM-KILLS"
	done
	rssctl remove plain
}

# rssd leaves: the error is printed after the screen is restored.
case_rssd_ends_meanwhile() {
	rssctl create last
	expect 6 in_terminal 80 24 +last "!kill $rssd_pid"
	[[ $out == *$'\e[?1049l'*"rssctl: "* ]] || fail "said: ${out: -200}"
	wait "$rssd_pid"
	rssd_pid=
	start_rssd
	rssctl remove last
}

run_cases "$@"
