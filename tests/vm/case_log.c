// SPDX-License-Identifier: GPL-2.0
/* What the kernel's own tests said at boot. */
#include "vm.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* KUnit ran the suites built in; each left its results in debugfs. */
static void kunit(void)
{
	static char buf[65536];
	char path[PATH_MAX], *line, *save;
	unsigned int ok = 0, suites = 0;
	struct dirent *d;
	DIR *dir;

	dir = opendir("/sys/kernel/debug/kunit");
	if (!dir)
		skip("this kernel has no KUnit");
	while ((d = readdir(dir))) {
		if (!strstr(d->d_name, "rss"))
			continue;
		suites++;
		snprintf(path, sizeof(path), "/sys/kernel/debug/kunit/%s/results",
			 d->d_name);
		EXPECT(text_read(path, buf, sizeof(buf)) > 0, "%s", path);
		for (line = strtok_r(buf, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			line += strspn(line, " ");
			if (!strncmp(line, "not ok", 6))
				FAIL("%s: %s", d->d_name, line);
			ok += !strncmp(line, "ok ", 3);
		}
	}
	closedir(dir);
	EXPECT(suites, "no suite named rss");
	EXPECT(ok > suites, "%u results in %u suites", ok, suites);
	note("%u KUnit results in %u suites", ok, suites);
}

const struct vm_case log_cases[] = {
	{ "kunit", kunit, .flags = ONCE },
	{ }
};
