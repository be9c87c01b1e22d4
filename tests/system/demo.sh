#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: what `make demo-kernel' shows. It tests nothing: the figures are what the
# kernel says.
PATH=$PATH:/usr/lib/rssd-tests/tests/tools
export LC_ALL=C.UTF-8 SYSTEMD_PAGER=cat SYSTEMD_COLORS=0
work=/var/tmp/demo
mkdir -p $work

say() { printf '\n%s\n' "$*"; }
show() { printf '\n# %s\n' "$*"; "$@" 2>&1; }
field() { rssctl show "$1" --json=short | jq -r ".[0].$2"; }
event() { sed -n "s/^$2 //p" "/sys/fs/cgroup/system.slice/$1.service/memory.events"; }
mib() { awk -v bytes="$1" 'BEGIN { printf "%.1fM", bytes / 1048576 }'; }
row() { printf '    %-34s %16s %16s\n' "$@"; }
# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] || { say "\`$*' did not come true"; exit 1; }
		sleep 0.2
	done
}
is_ready() { grep -q ready "$work/$1.out"; }
has_killed() { [ "$(field "$1" oom_kills)" -gt 0 ]; }
is_over() { ! systemctl is-active --quiet "$1"; }

# service NAME COMMAND [LINE...]: a unit whose output is in $work/NAME.out.
service() {
	printf '%s\n' '[Service]' "ExecStart=/bin/sh -c '$2'" "StandardOutput=truncate:$work/$1.out" \
		"Environment=PATH=$PATH" "${@:3}" >"/run/systemd/system/$1.service"
}

systemctl start rssd
mkswap -q /dev/vdb >/dev/null
swapon /dev/vdb
for name in web web-max; do head -c 100M /dev/zero >$work/$name.data; done
# The service that reads a file first is charged for its page cache.
sync
echo 1 >/proc/sys/vm/drop_caches
# Holds 72 MiB, a MiB at a time.
grow='exec perl -e "\$| = 1; for (1..72) { push @a, chr(\$_) x 1048576; select undef, undef, undef, 0.05 } print qq(ready\n); sleep 1000"'
service web "cat $work/web.data >/dev/null; exec hog anon 20M"
service web-max "cat $work/web-max.data >/dev/null; exec hog anon 20M" MemoryMax=48M
service batch "$grow"
service batch-max "$grow" MemoryMax=48M
service job "exec hog anon 60M"
service job-max "exec hog anon 60M" MemoryMax=48M MemorySwapMax=0
systemctl daemon-reload

say "Linux $(uname -r) with the rss controller, $(. /etc/os-release && echo "$PRETTY_NAME"), systemd $(systemctl --version | awk 'NR == 1 { print $2 }')."
say "=== 1. A service is limited in its unit, by the memory that it has mapped

web.service reads a file of 100 MiB and then holds 20 MiB. Its limit is 48 MiB.
web-max.service does the same under MemoryMax=48M, the memory controller of every kernel."
show rssctl create web --unit=web.service --limit=48M
systemctl start web web-max
until_true 60 is_ready web
until_true 60 is_ready web-max
show rssctl list
show systemctl show -p ControlGroup -p MemoryMax web
say "The service is still in its unit. What each controller has charged:"
echo
row "" "web (rss)" "web-max (memory)"
row "limit" "$(mib "$(field web limit)")" "$(mib "$(cat /sys/fs/cgroup/system.slice/web-max.service/memory.max)")"
row "charged" "$(mib "$(field web usage)")" "$(mib "$(cat /sys/fs/cgroup/system.slice/web-max.service/memory.current)")"
row "of that, page cache of the file" "none" "$(mib "$(sed -n 's/^file //p' /sys/fs/cgroup/system.slice/web-max.service/memory.stat)")"
row "times that the limit was hit" "$(field web failures)" "$(event web-max max)"
say "The page cache of its file is not charged to web. It belongs to the machine, which reclaims it when it
needs memory. It is charged to web-max, which has to reclaim whenever it is at its limit."
systemctl stop web web-max

say "=== 2. Reclaim in the background, before the limit is hit

batch.service grows to 72 MiB under a limit of 48 MiB, with swap. Above 40 MiB the kernel reclaims for
it in the background, down to 32 MiB. batch-max does the same under MemoryMax=48M."
show rssctl create batch --unit=batch.service --limit=48M --wmark-high=40M --wmark-low=32M
systemctl start batch batch-max
until_true 60 is_ready batch
until_true 60 is_ready batch-max
echo
row "" "batch (rss)" "batch-max (memory)"
row "charged" "$(mib "$(field batch usage)")" "$(mib "$(cat /sys/fs/cgroup/system.slice/batch-max.service/memory.current)")"
row "reclaimed" "$(mib "$(field batch reclaimed)")" "$(mib "$(($(sed -n 's/^pgsteal //p' /sys/fs/cgroup/system.slice/batch-max.service/memory.stat) * 4096))")"
row "times that it had to wait for it" "$(field batch failures)" "$(event batch-max max)"
say "A process that hits its limit reclaims by itself and stands still meanwhile."
systemctl stop batch batch-max

say "=== 3. A container OOM, with its cause

job.service wants 60 MiB, has a limit of 48 MiB, and there is no swap any more. Nothing can be
reclaimed: one of its processes is killed, and the report says which one and why."
swapoff /dev/vdb
show rssctl create job --unit=job.service --limit=48M
systemctl start job
until_true 60 has_killed job
show rssctl oom --id="$(rssctl oom job --json=short | jq '.[-1].id')"
say "The same under MemoryMax=48M is this in the kernel's log:"
dmesg --clear
systemctl start job-max
until_true 60 is_over job-max
echo
dmesg --notime | grep -E '^(Memory cgroup out of memory|oom-kill:)' | cut -c1-160

say "=== What is left

The containers stay, and limit the units when they start again:"
show rssctl list
say "What this kernel can do; rssctl doctor has more:"
show rssctl version
echo shown
