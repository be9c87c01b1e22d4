#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every example of the manual pages and of README.md runs: commands in a shell on the private bus,
# declarations and configurations through rssd --check. The systemd is a fake one with the unit nginx.service.
. "$(dirname "$0")/../lib.sh"
need_controller
mount=$(memory_mount)
start_bus
start_rssd || exit 1

slice=$root-examples.slice
dir=$work/systemd
examples=$work/examples
stubs=$work/stubs
mkdir -p "$dir/units" "$examples" "$stubs"
remove_slice() {
	local tries=0
	while [ -n "$mount" ] && [ -d "$mount/$slice" ] && [ $((tries++)) -lt 200 ]; do
		find "$mount/$slice" -depth -type d -exec rmdir {} + 2>/dev/null
		read -rt 0.02 <> <(:) || :
	done
}
trap 'remove_slice; cleanup' EXIT

# argued FILE: prints why an example is not run here; the exit status is 1 if it is to run.
argued() {
	case $(head -n 1 "$1") in
	"#include"*) echo "C: api.sh compiles and runs it" ;;
	"// /etc/polkit-1/"*) echo "polkit: tests/system/load-cases.sh has such a rule" ;;
	"[Unit]" | "[Service]" | "[Socket]") echo "a drop-in of a unit: tests/system/service-cases.sh starts such units" ;;
	"scrape_configs:"*) echo "of Prometheus: tests/users/prometheus.sh runs it" ;;
	"optional "* | "srun "* | "sbatch "* | "SelectType="* | "rssd: "*) echo "of Slurm: tests/users/slurm.sh runs such" ;;
	"CgroupPlugin="* | "ConstrainRAMSpace="* | *"--unit=slurmstepd.scope"* | "ProctrackType="* | "account "* | "systemd.unified_cgroup_hierarchy="*)
		echo "of a machine with Slurm: tests/system/slurm-cases.sh runs such" ;;
	"podman "* | "ctr "* | '"annotations": { "org.rssd'*) echo "of container runtimes: tests/users/oci.sh runs such" ;;
	"GRUB_"*) echo "of GRUB, by hand" ;;
	"apiVersion:"*) echo "of Grafana, which Debian does not have" ;;
	" "*) echo "a drawing" ;;
	*"--unit="*) [ -z "$mount" ] && echo "the fake systemd needs the v1 memory hierarchy" ;;
	*) return 1 ;;
	esac
}

# extract PAGE: writes each literal block and each indented line of a page to $examples/PAGE.NUMBER.
extract() {
	awk -v to="$examples/${1##*/}." '
		function plain(line) {
			gsub(/\\e/, "\\", line)
			gsub(/\\&/, "", line)
			gsub(/\\-/, "-", line)
			gsub(/\\\(aq/, "\047", line)
			gsub(/\\\(dq/, "\"", line)
			return line
		}
		/^\.Bd -literal/ { count++; file = to count; next }
		/^\.Ed/ { file = ""; next }
		/^\.Dl / { count++; print plain(substr($0, 5)) > (to count); next }
		file != "" { print plain($0) > file }' "$1"
}

# extract_readme: the same for its indented blocks; of one with output only the commands after "$ ".
extract_readme() {
	awk -v to="$examples/README." '
		!/^    / { file = ""; next }
		file == "" { count++; file = to count; prompt = /^    \$ / }
		!prompt { print substr($0, 5) > file }
		prompt && /^    \$ / { print substr($0, 7) > file }' "$here/../README.md"
}

# stub NAME LINE...: a program that an example calls by this name.
stub() {
	printf '%s\n' '#!/bin/sh' "${@:2}" >"$stubs/$1"
	chmod +x "$stubs/$1"
}

# What the examples call that ends never, needs the machine, or needs the files of /etc.
write_stubs() {
	# No OOM has the number of the example; tests/host/limits.sh shows a record.
	stub rssctl "case \$* in watch*) timeout 1 '$build/rssctl' \"\$@\"; [ \$? = 124 ] ;;" \
		"'oom --id='*) '$build/rssctl' \"\$@\"; [ \$? = 3 ] ;;" \
		"*) exec '$build/rssctl' \"\$@\" ;; esac"
	stub rssd "exec '$rssd' --config='$work/rssd.conf' \"\$@\""
	stub busctl "case \$1 in monitor) timeout 1 $(command -v busctl) \"\$@\"; [ \$? = 124 ] ;;" \
		"*) exec $(command -v busctl) \"\$@\" ;; esac"
	stub pidof "echo \$HOG"
	# The service and its journal are those of the machine, and a build takes long.
	stub systemctl "exit 0"
	stub journalctl "exit 0"
	stub make "exit 0"
	stub apt-get "exit 0"
	stub reboot "exit 0"
	# A process of the service, with memory that is charged to it.
	stub hog-in-unit "echo \$\$ >'$mount/$slice/nginx.service/cgroup.procs'" "exec '$hog_program' \"\$@\""
}

# prepare FILE: only what the example expects: the container web with a process, if it creates none.
prepare() {
	local name
	for name in $(rssctl list --json=short | jq -r '.[].name'); do
		[[ $name == */* ]] || rssctl remove --force "$name"
	done
	rm -f "$work"/containers.d/*
	if [ -n "$mount" ] && grep -q 'unit=nginx.service' "$1"; then
		hog_program=$stubs/hog-in-unit start_hog anon 1M
	else
		start_hog anon 1M
	fi
	echo '[ { "name": "jobs", "limit": "1G" } ]' >"$work/limits.json"
	grep -qE 'create web|CreateContainer' "$1" && return
	rssctl create web --limit=64M
	rssctl attach web "$hog" >/dev/null
}

# here_paths FILE: prints an example with paths in the directory of the test.
here_paths() {
	sed -e "s|/etc/rssd/|$work/|g" -e "s|/tmp/rssd-trial|$work/trial|g" -e "s|/jobs/17|/$slice/job17|" \
		-e "s|/var/log/dpkg.log|$work/rssd.conf|" -e "s|limits.json|$work/limits.json|" -e "s|4711|$hog|" "$1"
}

# run_example FILE
run_example() {
	local script=$work/script before=$case_failed
	here_paths "$1" >"$script"
	case_failed=
	case $(head -n 1 "$1") in
	"{"*)
		cp "$script" "$work/containers.d/example.json"
		expect 0 "$rssd" --config="$work/rssd.conf" --check
		;;
	"# /etc/rssd/rssd.conf" | [A-Z]*=*) expect 0 "$rssd" --check --config="$script" ;;
	*) HOG=$hog expect 0 env PATH="$stubs:$PATH" timeout 60 bash -e -o pipefail "$script" ;;
	esac
	[ -z "$case_failed" ] || note "this is ${1##*/}: $(head -n 1 "$1")"
	case_failed=${case_failed:-$before}
}

start_systemd() {
	mkdir -p "$mount/$slice/nginx.service" "$mount/$slice/job17"
	printf '%s\n' "Slice=$slice" "ControlGroup=/$slice/nginx.service" >"$dir/units/nginx.service"
	fake-systemd "$dir" "$mount" >"$work/systemd.log" 2>&1 </dev/null &
	children+=("$!")
	disown "$!"
	await 10 grep -q ready "$work/systemd.log"
}

case_every_example_runs() {
	local page example why name count=0 left=0
	[ -z "$mount" ] || start_systemd
	write_stubs
	for page in "$here"/../man/*.[1-9]; do extract "$page"; done
	extract_readme
	for example in "$examples"/*; do
		if why=$(argued "$example"); then
			note "${example##*/} is not run: $why"
			left=$((left + 1))
			continue
		fi
		prepare "$example"
		run_example "$example"
		kill -KILL "$hog" 2>/dev/null
		count=$((count + 1))
	done
	note "$count examples run, $left not"
	[ $count -ge 20 ] || fail "only $count examples were found"
	for name in $(rssctl list --json=short | jq -r '.[].name'); do rssctl remove --force "$name"; done
}

# Each page for users has examples.
case_pages_have_examples() {
	local page
	for page in "$here"/../man/*.[1-9]; do
		case ${page##*/} in
		# Its text explains controllers; the tutorial, and how to set up Prometheus, consist of examples.
		rssd-controllers.7 | rssd-tutorial.7 | rssd-prometheus.8) ;;
		*) grep -qx '\.Sh EXAMPLES' "$page" || fail "${page##*/} has no EXAMPLES" ;;
		esac
	done
}

# The synopsis of each verb in rssctl(1) has the options that its help has, and no others.
case_synopses_have_the_options_of_the_verbs() {
	local page=$here/../man/rssctl.1 verb count=0
	for verb in $("$build/rssctl" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
		count=$((count + 1))
		grep -q "^\.It Cm $verb\b" "$page" || fail "rssctl(1) has no verb $verb"
		equal "$(awk -v verb="$verb" '/^\.Sh/ { on = $2 == "VERBS" } on && /^\.It Cm / && $3 == verb' "$page" |
			grep -oE 'Fl -[a-z-]+' | sed 's/Fl //; s/^/-/' | sort -u)" \
			"$("$build/rssctl" "$verb" --help | sed -n '/^Options:/,/^Options of every verb:/s/.* \(--[a-z-]*\).*/\1/p' |
				sort -u)" "options of $verb in rssctl(1)"
	done
	[ $count -gt 20 ] || fail "only $count verbs"
	equal "$(sed -n '/^\.Sh OPTIONS/,/^\.Sh JSON/p' "$page" | grep '^\.It Fl' | grep -oE 'Fl -[a-z-]+' | sed 's/Fl //; s/^/-/' | sort -u)" \
		"$("$build/rssctl" --help | sed -n '/^Options, /,/^$/s/.* \(--[a-z-]*\).*/\1/p' | sort -u)" "options in rssctl(1)"
}

run_cases "$@"
