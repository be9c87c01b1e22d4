/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first program of a machine with a kernel of Debian, whose drivers are modules: loads the
 * modules of /modules in the order of their names, mounts the disk and executes its /sbin/init.
 * Debian's own initramfs does the same within a minute of an emulated processor.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel panics when this program ends. */
static void die(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void load(const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
		die(path);
	close(fd);
}

/* The disk appears after its driver was loaded. */
static void mount_disk(void)
{
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (mount("/dev/vda", "/disk", "ext2", 0, NULL) == 0)
			return;
		if (errno != ENOENT && errno != ENXIO)
			break;
		usleep(20000);
	}
	die("/dev/vda");
}

int main(void)
{
	char *arguments[] = { "/sbin/init", NULL };
	struct dirent **names;
	int count, i;

	mkdir("/dev", 0755);
	mkdir("/disk", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) < 0 && errno != EBUSY)
		die("/dev");
	count = scandir("/modules", &names, NULL, alphasort);
	if (count < 0)
		die("/modules");
	for (i = 0; i < count; i++)
		if (names[i]->d_name[0] != '.')
			load(names[i]->d_name);
	mount_disk();
	if (mount("/dev", "/disk/dev", NULL, MS_MOVE, NULL) < 0 || chdir("/disk") < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		die("/disk");
	execv(arguments[0], arguments);
	die(arguments[0]);
}
