# SPDX-License-Identifier: GPL-2.0
#
# selftests.awk TEST.stock* TEST.patched*: the results of runs on two kernels, a file a
# run and a line a result.  Prints each result that no run on the one kernel shares with
# any on the other, with how often each kernel gave it, and fails if there is one.

FNR == 1 {
	kernel = FILENAME ~ /\.patched(\.[0-9]+)?$/ ? "patched" : "unpatched"
	runs[kernel]++
}

# What is tested, and how that went: "ok 7 NAME # SKIP why", "NAME Fail", "exit 1".
{
	what = $0
	if (sub(/^not ok /, "", what))
		how = "not ok"
	else if (sub(/^ok /, "", what))
		how = sub(/ # SKIP.*/, "", what) ? "skip" : "ok"
	else {
		how = $NF
		sub(/ [^ ]+$/, "", what)
	}
	if (!(what in seen))
		order[n++] = what
	seen[what]
	hows[how]
	count[what, kernel, how]++
	total[what, kernel]++
}

# A line that not every run has is a result, too.
function missing(what, kernel)
{
	return total[what, kernel] < runs[kernel] ? runs[kernel] - total[what, kernel] : 0
}

function shared(what,    how)
{
	for (how in hows)
		if (count[what, "unpatched", how] && count[what, "patched", how])
			return 1
	return missing(what, "unpatched") && missing(what, "patched")
}

function ends_as(what, kernel,    how, text)
{
	for (how in hows)
		if (count[what, kernel, how])
			text = text ", " count[what, kernel, how] " " how
	if (missing(what, kernel))
		text = text ", " missing(what, kernel) " without it"
	return kernel " " substr(text, 3)
}

END {
	for (i = 0; i < n; i++) {
		if (shared(order[i]))
			continue
		print order[i] ": " ends_as(order[i], "unpatched") "; " ends_as(order[i], "patched")
		differs = 1
	}
	if (!runs["unpatched"] || !runs["patched"]) {
		print "one of the kernels gave no result"
		differs = 1
	}
	exit differs
}
