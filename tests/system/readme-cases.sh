#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The first five minutes with README.md: its commands run as they are written there, on an installed
# Debian with nginx. `make deb` was run when the disk was made.
. "${0%/*}/machine.sh"
readme=$BUILD/README.md
checkout=$work/checkout

# commands_of SECTION: the commands that are indented there, one a line.
commands_of() { sed -n "/^## $1\$/,/^## /s/^    //p" "$readme"; }
# quoted_in SECTION PATTERN: the command of that pattern that is quoted in its text.
quoted_in() { sed -n "/^## $1\$/,/^## /s/.*\`\\($2\\)\`.*/\\1/p" "$readme"; }
# walk STATUS COMMAND: runs it in a shell, in the checkout.
walk() {
	expect "$1" timeout 120 bash -c "cd '$checkout' && $2"
	walked=$((walked + 1))
}

# What a checkout has after `make deb`, a build of some jobs, and limits for some containers.
make_checkout() {
	mkdir -p "$checkout/build"
	ln -s "$BUILD/debs/old" "$checkout/build/deb"
	printf 'all: 1 2 3 4 5 6 7 8\n1 2 3 4 5 6 7 8:\n\t@echo done $@\n' >"$checkout/Makefile"
	echo '[{"name": "web", "limit": "192M"}, {"name": "jobs", "limit": "3G"}]' >"$checkout/limits.json"
	# The tests change a configuration file of the package.
	echo force-confold >/etc/dpkg/dpkg.cfg.d/tests
}

# Removes what the disk or an earlier case has installed: a package, or the files of `make install`.
remove_rssd() {
	if dpkg-query --show rssd >/dev/null 2>&1; then
		expect 0 dpkg --purge rssd librss1
	else
		systemctl stop rssd
		xargs -r rm -f <"$BUILD/installed"
	fi
	expect 127 rssctl version
	mkdir -p /etc/rssd
	use_hierarchy
}

case_install() {
	local command
	walked=0
	make_checkout
	remove_rssd
	while IFS= read -r command; do
		[ "$command" = "make deb" ] || walk 0 "$command"
	done < <(commands_of "Install it")
	equal $walked 2 "commands of README.md"
	says memory
	await 30 rssctl list
	equal "$(systemctl is-enabled rssd)" enabled "state of rssd.service"
}

case_limit_a_service() {
	local command pid job
	walked=0
	[ -d "$checkout" ] || make_checkout
	# A kernel of the tests has no IPv6, where nginx of Debian listens as well.
	[ -e /proc/net/if_inet6 ] || sed -i '/listen \[::\]/d' /etc/nginx/sites-available/default
	expect 0 systemctl start nginx.service
	pid=$(main_pid nginx)
	sleep 1000 &
	job=$!
	children+=("$job")
	disown "$job"
	while IFS= read -r command; do
		case $command in
		"rssctl watch "*)
			# It does not end by itself.
			bash -c "exec $command" >"$work/watched" 2>&1 </dev/null &
			watch=$!
			children+=("$watch")
			disown "$watch"
			await 30 grep -q SEQUENCE "$work/watched"
			expect 0 rssctl create watched
			await 30 grep -q watched "$work/watched"
			kill "$watch"
			expect 0 rssctl remove watched
			walked=$((walked + 1))
			;;
		"rssctl attach "*" 4711 "*)
			walk 0 "${command/4711/$job}"
			equal "$(rssctl ps jobs --json=short | jq -c '[.[].pid]')" "[$job]" "processes of jobs"
			;;
		"rssctl run "*)
			walk 0 "$command"
			says "done 8"
			;;
		*)
			walk 0 "$command"
			;;
		esac
		case $command in
		"rssctl create web "*)
			walk 0 "$(quoted_in "Limit a service" 'systemctl show[^`]*')"
			says MemoryMax=$((512 << 20))
			;;
		"rssctl limit web "*)
			walk 0 "$(quoted_in "Limit a service" 'systemctl show[^`]*')"
			says MemoryMax=$((256 << 20))
			;;
		"rssctl apply "*)
			equal "$(field web limit)" $((192 << 20)) "limit of web"
			equal "$(field jobs limit)" $((3 << 30)) "limit of jobs"
			;;
		esac
	done < <(commands_of "Limit a service")
	equal "$(main_pid nginx)" "$pid" "main process of nginx"
	equal "$(rssctl ps web --json=short | jq -c 'map(.pid) | sort')" \
		"$(sort -n "/sys/fs/cgroup$(systemctl show nginx -P ControlGroup)/cgroup.procs" | jq -sc .)" "processes of web"
	walk 0 "$(quoted_in "Limit a service" 'systemctl enable[^`]*')"
	walk 0 "exec 3<>/dev/tcp/localhost/9789 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"
	says 'container="web"'
	[ $walked -ge 16 ] || fail "only $walked commands were found"
	expect 0 systemctl disable --now rssd-metrics.socket
	expect 0 rssctl remove web
	quiet_remove jobs
	expect 0 systemctl stop nginx.service
}

run_machine "$@"
