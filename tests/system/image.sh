#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image.sh [-s SUITE] [-p NAMES] OUT [PACKAGE...]: a disk with Debian, its systemd and D-Bus, those
# packages, rssd, and the tests. Needs root. NAMES are packages of rssd to install, with librss1.
#   bookworm, the default: without -p rssd is installed by make install. Packages are on the disk.
#   trixie: rssd or those of -p, from packages that are built there (packages.sh). Next to OUT are
#   Debian's own kernel, OUT.vmlinuz, and OUT.initrd, which mounts the disk.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tests/system/debian.sh
. tests/system/debian.sh
suite=bookworm names=
while getopts s:p: o; do
	case $o in
	s) suite=$OPTARG ;;
	p) names=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ "$suite" = bookworm ] || names=${names:-rssd}
out=$1
shift
tree=$(mktemp -d)
trap 'rm -rf --one-file-system "$tree"' EXIT

case $suite in
bookworm) packages=(libcgroup2) debs=$build/deb ;;
trixie) packages=(libcgroup3 linux-image-cloud-amd64) debs=$build/system/debs-$suite ;;
esac
unpack_base "$suite" "$tree" systemd systemd-sysv dbus libnl-3-200 libnl-genl-3-200 libjson-c5 libcap2 \
	procps jq polkitd "${packages[@]}" "$@"

tests=$tree/usr/lib/rssd-tests
mkdir -p "$tests/tests"

# take_kernel: moves the kernel out of the tree, and makes an initrd of the modules of the disk.
take_kernel() {
	local version modules=$tree/initrd/modules count=10 module
	version=$(basename "$tree"/usr/lib/modules/*)
	cp "$tree/boot/vmlinuz-$version" "$out.vmlinuz"
	mkdir -p "$modules"
	for module in virtio_pci virtio_blk ext4; do
		modprobe --dirname "$tree" --set-version "$version" --show-depends "$module"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r module; do
		case $module in
		*.xz) xz -dc "$module" ;;
		*) cat "$module" ;;
		esac >"$modules/$((count++))-$(basename "${module%.xz}")"
	done
	gcc -static -O2 -Wall -o "$tree/init.first" tests/system/init.c
	tests/vm/initrd.sh "$out.initrd" "$tree/init.first" "$tree/initrd"
	rm -r "$tree/init.first" "$tree/initrd" "$tree/usr/lib/modules" "$tree"/boot/*
}

# install_packages: installs $names and librss1, as apt does on a machine of an administrator.
install_packages() {
	local name log=$build/system/install-$suite.log
	mkdir "$tree/debs"
	for name in librss1 $names; do cp "$debs/$name"_*.deb "$tree/debs/"; done
	run_inside "$tree" sh -c 'apt-get install -qq -y /debs/*.deb' >"$log" 2>&1 || { cat "$log"; exit 1; }
	rm -r "$tree/debs"
	: >"$tests/installed"
}

# take_suites: the suites of host and users, with the programs of the packages.
take_suites() {
	cp -r tests/host tests/users "$tests/tests/"
	cp tests/lib.sh "$tests/tests/"
	mkdir -p "$tests/systemd" "$tests/lib"
	cp -r systemd/debian "$tests/systemd/"
	cp -r lib/oci "$tests/lib/"
	ln -s /usr/sbin/rssd /usr/bin/rssctl "$tests/"
}

case $suite$names in
bookworm)
	make --no-print-directory -s BUILD="$build" DESTDIR="$tree/installed" install
	(cd "$tree/installed" && find . ! -type d -printf '/%P\n') >"$tests/installed"
	cp -a "$tree/installed/." "$tree"
	rm -r "$tree/installed"
	;;
bookworm*)
	install_packages
	take_suites
	;;
*)
	take_kernel
	install_packages
	take_suites
	;;
esac
rm -rf "$tree"/usr/share/{doc,locale,man} "$tree"/var/{cache,lib}/apt
cp -r "$build/tests/tools" "$build/tests/preload" "$tests/tests/"
cp "$build/librss.so.1" "$tests/"
# A file system that a case freezes.
/sbin/mke2fs -q -F -t ext2 "$tests/small.ext2" 4M
cp README.md tests/lib.sh tests/system/*.sh tests/bench/bench-inside.sh "$tests/"
# Packages of this version and of a later one, if they were built.
if ls "$debs"/rssd_*.deb >/dev/null 2>&1; then
	mkdir -p "$tests/debs/old" "$tests/debs/new"
	for package in rssd librss1; do
		cp "$debs"/${package}_*.deb "$tests/debs/old/"
		dpkg-deb -R "$debs"/${package}_*.deb "$tree/$package"
		sed -i -E 's/^Version: .*/&+1/; s/(librss1 \(= [^)]*)\)/\1+1)/' \
			"$tree/$package/DEBIAN/control"
		dpkg-deb -b "$tree/$package" "$tests/debs/new/" >/dev/null
		rm -rf "${tree:?}/$package"
	done
	cp "$debs"/rssd-oci_*.deb "$tests/debs/"
fi

# Units that a test machine lacks or would wait for.
units=$tree/etc/systemd/system
for unit in serial-getty@ttyS0.service getty@tty1.service systemd-udevd.service \
	systemd-udev-trigger.service systemd-udev-settle.service systemd-logind.service \
	systemd-timesyncd.service systemd-networkd.service apt-daily.timer \
	apt-daily-upgrade.timer fstrim.timer e2scrub_all.timer dpkg-db-backup.timer \
	e2scrub_reap.service systemd-hwdb-update.service systemd-pstore.service \
	systemd-update-utmp.service systemd-journal-flush.service \
	proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount sys-kernel-tracing.mount; do
	ln -sf /dev/null "$units/$unit"
done
# The cases start the services that they need.
for unit in redis-server.service postgresql.service nginx.service cgconfig.service cgred.service \
	sysstat.service ssh.service munge.service slurmctld.service slurmd.service; do
	rm -f "$units"/*.wants/"$unit"
done
mkdir -p "$units/multi-user.target.wants" "$units/rssd.service.d"
# A test stops rssd to make it lose events.
# A system call that the unit's filter does not allow kills, so that a test sees it.
printf '[Service]\nWatchdogSec=0\nSystemCallErrorNumber=kill\n' >"$units/rssd.service.d/test.conf"
cat >"$units/rssd-tests.service" <<-'END'
	[Unit]
	After=multi-user.target dbus.service
	[Service]
	Type=oneshot
	ExecStart=/bin/bash /usr/lib/rssd-tests/start.sh
	ExecStopPost=/bin/sh -c 'test -e /run/rssd-reboot || systemctl --force --force poweroff'
	StandardOutput=file:/dev/ttyS1
	StandardError=inherit
	TimeoutStartSec=infinity
	OOMScoreAdjust=-500
	# Processes of the cases are killed by OOMs.
	OOMPolicy=continue
END
ln -sf ../rssd-tests.service "$units/multi-user.target.wants/rssd-tests.service"
ln -sf /usr/lib/systemd/system/rssd.service "$units/dbus-org.rssd1.service"
# A plain service: one process with some memory.
cat >"$units/victim.service" <<-'END'
	[Service]
	ExecStart=/usr/lib/rssd-tests/tests/tools/hog anon 20M
END
echo rssd-test >"$tree/etc/hostname"
: >"$tree/etc/fstab"
: >"$tree/etc/machine-id"

rm -f "$out.new"
size=$(du -sm "$tree" | cut -f1)
# Free space for files of the cases; the image is sparse.
/sbin/mke2fs -q -F -t ext2 -b 4096 -m 0 -d "$tree" "$out.new" $((size + size / 4 + 400))M
mv "$out.new" "$out"
