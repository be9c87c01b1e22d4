# SPDX-License-Identifier: GPL-2.0-or-later
"""Readers of the state of rssd: its list, the kernel's limits and the files on disk."""
import json
import os
import re
import subprocess

INFINITY = "infinity"
UNANSWERED = 6  # rssctl's status when rssd is not there or does not answer


def rssctl(*args, timeout=240):
    """Status, standard output and standard error of one rssctl; status -1 after the timeout."""
    try:
        done = subprocess.run(["rssctl", *args], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=timeout)
    except subprocess.TimeoutExpired:
        return -1, "", f"rssctl {' '.join(args)} did not end within {timeout} s"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class State:
    """
    @directory: has the state and the runtime directory of rssd
    @cgroups: the mount point of the v1 memory hierarchy; @root: rssd's directory in it
    """

    def __init__(self, directory, cgroups, root):
        self.directory, self.cgroups, self.root = directory, cgroups, root

    def listed(self):
        """The limits by container, as rssd lists them."""
        status, out, err = rssctl("list", "--json=short")
        if status != 0:
            raise RuntimeError(f"list ended with {status}: {err.strip()}")
        return {c["name"]: c["limit"] for c in json.loads(out)}

    def cgroup(self, name):
        return os.path.join(self.cgroups, self.root, name)

    def kernel(self):
        """The limits by container, as the kernel has them."""
        top, found = self.cgroup(""), {}
        for directory, _, _ in os.walk(top):
            if directory != top:
                with open(os.path.join(directory, "memory.limit_in_bytes")) as file:
                    limit = int(file.read())
                found[os.path.relpath(directory, top)] = INFINITY if limit > 1 << 60 else limit
        return found

    def records(self):
        """The files of containers, including those of transient ones."""
        for directory in ("state/containers", "run/transient"):
            path = os.path.join(self.directory, directory)
            for name in os.listdir(path) if os.path.isdir(path) else ():
                if name.endswith(".json") and not name.startswith("."):
                    yield os.path.join(path, name)

    def disk(self):
        """The limits by container, as they are saved."""
        found = {}
        for path in self.records():
            with open(path) as file:
                record = json.load(file)
            found[record["name"]] = record["limit"]
        return found

    def place_of(self, pid):
        """The container of a process, or None. Raises OSError if the process has ended."""
        with open(f"/proc/{pid}/cgroup") as file:
            match = re.search(r":memory:.*/" + re.escape(self.root) + r"/(.*)", file.read())
        return match.group(1) if match else None
