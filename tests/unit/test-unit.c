/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units as paths of the unified tree show them, and who may be taken out of one. */
#include <stdio.h>

#include "policy/unit.h"
#include "unit.h"

TEST_HELPER(check_unit, const char *cgroup, enum unit_kind kind, const char *name)
{
	struct unit_place unit;

	unit_of_cgroup(cgroup, &unit);
	if (unit.kind != kind || strcmp(unit.name, name) != 0)
		FAIL("%s: kind %d, name \"%s\"", cgroup, (int)unit.kind, unit.name);
}

TEST(units_of_the_system_manager)
{
	CALL(check_unit, "/system.slice/nginx.service", UNIT_OTHER, "nginx.service");
	CALL(check_unit, "/system.slice/nginx.service/workers/a", UNIT_OTHER, "nginx.service");
	CALL(check_unit, "/system.slice/system-getty.slice/getty@tty1.service", UNIT_OTHER,
	     "getty@tty1.service");
	CALL(check_unit, "/nginx.service", UNIT_OTHER, "nginx.service");
	CALL(check_unit, "/init.scope", UNIT_OTHER, "init.scope");
	CALL(check_unit, "/system.slice/rpcbind.socket", UNIT_OTHER, "rpcbind.socket");
	CALL(check_unit, "/system.slice/mnt.mount", UNIT_OTHER, "mnt.mount");
	CALL(check_unit, "/system.slice/dev-sda2.swap", UNIT_OTHER, "dev-sda2.swap");
	CALL(check_unit, "/machine.slice/machine-deb.scope/payload/system.slice/a.service",
	     UNIT_OTHER, "machine-deb.scope");
	CALL(check_unit, "/machine.slice/libpod-0123.scope/container", UNIT_OTHER,
	     "libpod-0123.scope");
	CALL(check_unit, "/system.slice/docker-0123.scope", UNIT_OTHER, "docker-0123.scope");
	CALL(check_unit,
	     "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/"
	     "cri-containerd-0123.scope",
	     UNIT_OTHER, "cri-containerd-0123.scope");
}

TEST(names_are_unescaped)
{
	/* Names like those of control files, and names that systemd itself escapes. */
	CALL(check_unit, "/system.slice/_cgroup.service", UNIT_OTHER, "cgroup.service");
	CALL(check_unit, "/system.slice/_memory.scope", UNIT_OTHER, "memory.scope");
	CALL(check_unit, "/system.slice/__a.service", UNIT_OTHER, "_a.service");
	CALL(check_unit,
	     "/system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-a\\x2db.service",
	     UNIT_OTHER, "systemd-fsck@dev-a\\x2db.service");
}

TEST(units_of_a_user)
{
	struct unit_place unit;

	CALL(check_unit, "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
	     UNIT_OTHER, "web.service");
	CALL(check_unit,
	     "/user.slice/user-1000.slice/user@1000.service/app.slice/app-a.slice/b.scope/c",
	     UNIT_OTHER, "b.scope");
	CALL(check_unit, "/user.slice/user-1000.slice/user@1000.service/init.scope", UNIT_OTHER,
	     "init.scope");
	CALL(check_unit, "/user.slice/user-1000.slice/user@1000.service", UNIT_OTHER,
	     "user@1000.service");

	unit_of_cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
		       &unit);
	CHECK(unit.user_manager);
	CHECK_UINT(unit.manager_uid, 1000);
	CHECK_UINT(unit.length, strlen("/user.slice/user-1000.slice/user@1000.service"));
	/* Not a user's manager: the uid is malformed. */
	unit_of_cgroup("/user.slice/user@x.service/a.service", &unit);
	CHECK(!unit.user_manager);
	CHECK_STR(unit.name, "user@x.service");
	unit_of_cgroup("/user.slice/user@1000x.service/a.service", &unit);
	CHECK(!unit.user_manager);
	unit_of_cgroup("/user.slice/user@4294967295.service/a.service", &unit);
	CHECK(!unit.user_manager);
	unit_of_cgroup("/user.slice/user@99999999999999999999.service/a.service", &unit);
	CHECK(!unit.user_manager);
}

TEST(sessions)
{
	CALL(check_unit, "/user.slice/user-1000.slice/session-3.scope", UNIT_SESSION,
	     "session-3.scope");
	CALL(check_unit, "/user.slice/user-0.slice/session-c1.scope/x", UNIT_SESSION,
	     "session-c1.scope");
	/* Only in the slices of logind. */
	CALL(check_unit, "/system.slice/session-3.scope", UNIT_OTHER, "session-3.scope");
	CALL(check_unit, "/user.slice/user-x.slice/session-3.scope", UNIT_OTHER, "session-3.scope");
	CALL(check_unit, "/user.slice/user-1000.slice/session-3.service", UNIT_OTHER,
	     "session-3.service");
	CALL(check_unit, "/user.slice/user-1000.slice/xsession-3.scope", UNIT_OTHER,
	     "xsession-3.scope");
	CALL(check_unit, "/user.slice/user-1000.slice/user@1000.service/app.slice/session-3.scope",
	     UNIT_OTHER, "session-3.scope");
}

TEST(no_unit)
{
	char path[700];

	CALL(check_unit, "/", UNIT_NONE, "");
	CALL(check_unit, "", UNIT_NONE, "");
	CALL(check_unit, "/user.slice", UNIT_NONE, "");
	CALL(check_unit, "/system.slice/", UNIT_NONE, "");
	CALL(check_unit, "/kubepods/besteffort/pod1/0123", UNIT_NONE, "");
	CALL(check_unit, "/openrc.nginx", UNIT_NONE, "");
	CALL(check_unit, "/lxc.payload.a/system.slice/nginx.service", UNIT_NONE, "");
	CALL(check_unit, "/system.slice/.service", UNIT_NONE, "");
	CALL(check_unit, "/../other.service", UNIT_NONE, "");
	CALL(check_unit, "nginx.service", UNIT_NONE, "");
	/* Neither the kernel nor systemd allows a longer one. */
	(void)snprintf(path, sizeof(path), "/system.slice/%0300d.service", 1);
	CALL(check_unit, path, UNIT_NONE, "");
}

static enum unit_verdict decide(const char *cgroup, uid_t caller, bool own, bool leave,
				bool delegated)
{
	struct unit_place unit;

	unit_of_cgroup(cgroup, &unit);
	return unit_decide(&unit, caller, own, leave, delegated);
}

#define SERVICE "/system.slice/nginx.service"
#define SESSION "/user.slice/user-1000.slice/session-3.scope"
#define OF_USER "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"

TEST(root_takes_nothing_out_of_a_unit_unasked)
{
	CHECK_INT(decide(SERVICE, 0, false, false, false), UNIT_STAYS);
	CHECK_INT(decide(SERVICE "/sub", 0, false, false, true), UNIT_STAYS);
	CHECK_INT(decide(OF_USER, 0, false, false, false), UNIT_STAYS);
	CHECK_INT(decide("/machine.slice/machine-a.scope", 0, false, false, false), UNIT_STAYS);
	CHECK_INT(decide("/init.scope", 0, false, false, false), UNIT_STAYS);
	/* With --leave-unit, or if the process is the caller or its child, as for rssctl run. */
	CHECK_INT(decide(SERVICE, 0, false, true, false), UNIT_MAY_LEAVE);
	CHECK_INT(decide(SERVICE, 0, true, false, false), UNIT_MAY_LEAVE);
	/* Cgroups without a unit, and login sessions. */
	CHECK_INT(decide(SESSION, 0, false, false, false), UNIT_MAY_LEAVE);
	CHECK_INT(decide("/", 0, false, false, false), UNIT_MAY_LEAVE);
	CHECK_INT(decide("/kubepods/pod1", 0, false, false, false), UNIT_MAY_LEAVE);
}

TEST(users_leave_only_delegated_cgroups)
{
	/* Users never leave a unit of the system manager, even if it runs as them. */
	for (int leave = 0; leave <= 1; leave++) {
		for (int delegated = 0; delegated <= 1; delegated++)
			CHECK_INT(decide(SERVICE, 1000, true, leave, delegated), UNIT_STAYS);
	}
	CHECK_INT(decide(SESSION, 1000, true, false, false), UNIT_NOT_DELEGATED);
	CHECK_INT(decide(SESSION, 1000, true, true, false), UNIT_NOT_DELEGATED);
	CHECK_INT(decide(SESSION, 1000, false, false, true), UNIT_MAY_LEAVE);
	CHECK_INT(decide("/", 1000, false, true, false), UNIT_NOT_DELEGATED);
	CHECK_INT(decide("/mine", 1000, false, false, true), UNIT_MAY_LEAVE);
	/* Units of the user's own manager only. */
	CHECK_INT(decide(OF_USER, 1000, false, false, true), UNIT_MAY_LEAVE);
	CHECK_INT(decide(OF_USER, 1000, false, true, false), UNIT_NOT_DELEGATED);
	CHECK_INT(decide(OF_USER, 1001, false, true, true), UNIT_STAYS);
}

TEST(rules_take_no_process_out_of_a_unit)
{
	struct unit_place unit;

	unit_of_cgroup(SERVICE, &unit);
	CHECK(unit_keeps_from_rules(&unit));
	unit_of_cgroup(OF_USER, &unit);
	CHECK(unit_keeps_from_rules(&unit));
	unit_of_cgroup(SESSION, &unit);
	CHECK(!unit_keeps_from_rules(&unit));
	unit_of_cgroup("/kubepods/pod1", &unit);
	CHECK(!unit_keeps_from_rules(&unit));
}

TEST_MAIN({ "unit: units of the system manager", units_of_the_system_manager },
	  { "unit: names are unescaped", names_are_unescaped },
	  { "unit: units of a user", units_of_a_user }, { "unit: login sessions", sessions },
	  { "unit: cgroups without a unit", no_unit },
	  { "unit: root needs --leave-unit", root_takes_nothing_out_of_a_unit_unasked },
	  { "unit: users leave only delegated cgroups", users_leave_only_delegated_cgroups },
	  { "unit: rules take no process out of a unit", rules_take_no_process_out_of_a_unit })
