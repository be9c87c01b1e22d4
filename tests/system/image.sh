#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image.sh OUT [PACKAGE...]: a disk with Debian 12, its systemd and D-Bus, those
# packages, and rssd installed by make install. Needs root. Debian is fetched
# once for each list of packages, into BUILD/system/base-*.tar.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
out=$1
shift
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

packages=systemd,systemd-sysv,dbus,libcgroup2,libnl-3-200,libnl-genl-3-200,libjson-c5,libcap2,procps,jq,polkitd
for package; do packages+=,$package; done
base=${SYSTEM_BASE:-$build/system/base-$(cksum <<<"$packages" | cut -d' ' -f1).tar}
if [ ! -s "$base" ]; then
	mkdir -p "$(dirname "$base")"
	mmdebstrap --quiet --variant=minbase --include=$packages bookworm "$base.new.tar" \
		/etc/apt/sources.list.d/debian.sources
	mv "$base.new.tar" "$base"
fi
tar -C "$tree" -xf "$base"
rm -rf "$tree"/usr/share/{doc,locale,man} "$tree"/var/{cache,lib}/apt

tests=$tree/usr/lib/rssd-tests
mkdir -p "$tests/tests"
make --no-print-directory -s BUILD="$build" DESTDIR="$tree/installed" install
(cd "$tree/installed" && find . ! -type d -printf '/%P\n') >"$tests/installed"
cp -a "$tree/installed/." "$tree"
rm -r "$tree/installed"
cp -r "$build/tests/tools" "$build/tests/preload" "$tests/tests/"
cp "$build/librss.so.1" "$tests/"
# A file system that a case freezes.
/sbin/mke2fs -q -F -t ext2 "$tests/small.ext2" 4M
cp tests/lib.sh tests/system/*.sh tests/bench/bench-inside.sh "$tests/"
# Packages of this version and of a later one, if they were built.
if ls "$build"/deb/rssd_*.deb >/dev/null 2>&1; then
	mkdir -p "$tests/debs/old" "$tests/debs/new"
	for package in rssd librss1; do
		cp "$build"/deb/${package}_*.deb "$tests/debs/old/"
		dpkg-deb -R "$build"/deb/${package}_*.deb "$tree/$package"
		sed -i -E 's/^Version: .*/&+1/; s/(librss1 \(= [^)]*)\)/\1+1)/' \
			"$tree/$package/DEBIAN/control"
		dpkg-deb -b "$tree/$package" "$tests/debs/new/" >/dev/null
		rm -rf "${tree:?}/$package"
	done
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
for unit in redis-server.service postgresql.service cgconfig.service cgred.service \
	sysstat.service; do
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
