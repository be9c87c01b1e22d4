#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails each system call of rssd once, at run time and at its start.

A fixed series of commands runs on a fixed set of containers. For each command, each
N and two errors, the Nth system call that rssd makes for it fails (tests/preload/faults.c).
Afterwards

- rssd is still there (a stream to the bus on which a message failed cannot be used again:
  then it ends and is started again),
- a command that succeeded has its effect, one that failed has none, unless it said that
  the outcome is unknown,
- rssd's list, the kernel and the disk agree,
- and after kill -9 and a start they still do.

At a start that fails, rssd says why, and the next start finds everything as it was.

Prints a line for each point that fell short, and exits with 1 if there was one.
"""
import argparse
import json
import mmap
import os
import random
import re
import signal
import struct
import subprocess
import sys
import time

INFINITY = "infinity"
MIB = 1 << 20
BASE = {"web": 64 * MIB, "web/in": 32 * MIB, "db": 48 * MIB}
COUNT_ALL = 1 << 30
UNANSWERED = 6
DECLARED = "declared"


class Control:
    """The memory that rssd and the test share: see struct control of faults.c."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.truncate(4096)
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 4096)

    def arm(self, countdown, variant=0):
        self.map[4:12] = struct.pack("II", variant, 0)
        self.map[12:76] = bytes(64)
        self.map[0:4] = struct.pack("i", countdown)

    def disarm(self):
        """How many calls are left to count, and the call that failed."""
        left = struct.unpack("i", self.map[0:4])[0]
        self.map[0:4] = struct.pack("i", 0)
        what = self.map[12:76].split(b"\0")[0].decode()
        return left, what


def rssctl(*args):
    try:
        done = subprocess.run(["rssctl", *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return -1, "", "rssctl did not end within 60 s"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class Command:
    def __init__(self, args, after=None, prepare=None):
        self.args, self.after, self.prepare = args, after or {}, prepare

    def wanted(self):
        """The containers after success."""
        wanted = {name: limit for name, limit in BASE.items() if self.after.get(name, limit) is not None}
        wanted.update({name: limit for name, limit in self.after.items() if limit is not None})
        return wanted


class Trial:
    def __init__(self, args):
        self.args = args
        self.control = Control(os.path.join(args.directory, "faults"))
        self.log_path = os.path.join(args.directory, "rssd.log")
        self.log = open(self.log_path, "ab")
        self.rssd = None
        self.short = self.tried = self.missed = 0
        self.inside = self.outside = None
        self.declared_lately = False
        self.declaration = os.path.join(args.directory, "containers.d", "declared.json")
        self.apply_file = os.path.join(args.directory, "apply.json")
        with open(self.apply_file, "w") as file:
            json.dump([{"name": "web", "limit": "50M"}, {"name": "db", "limit": "30M"}], file)

    def commands(self):
        return [
            Command(["create", "new", "--limit=16M"], {"new": 16 * MIB}),
            Command(["create", "web/deep", "--limit=8M"], {"web/deep": 8 * MIB}),
            Command(["limit", "web", "40M"], {"web": 40 * MIB}),
            Command(["limit", "db", "infinity"], {"db": INFINITY}),
            Command(["set", "db", "limit=20M"], {"db": 20 * MIB}),
            Command(["apply", self.apply_file], {"web": 50 * MIB, "db": 30 * MIB}),
            Command(["remove", "web/in"], {"web/in": None}),
            Command(["remove", "db", "--force"], {"db": None}),
            Command(["attach", "web", "OUTSIDE"]),
            Command(["detach", "INSIDE"]),
            Command(["reload"], {DECLARED: 10 * MIB}, self.declare),
            Command(["kill", "db", "--signal=WINCH"]),
            Command(["list"]),
            Command(["show", "web"]),
            Command(["metrics"]),
        ]

    def declare(self):
        self.declared_lately = True
        with open(self.declaration, "w") as file:
            json.dump({"name": DECLARED, "limit": "10M"}, file)

    # --- rssd ------------------------------------------------------------------------

    def launch(self):
        environment = dict(os.environ, LD_PRELOAD=self.args.preload,
                           FAULTS_CONTROL=os.path.join(self.args.directory, "faults"))
        self.rssd = subprocess.Popen([self.args.rssd, f"--config={self.args.config}"],
                                     stdin=subprocess.DEVNULL, stderr=self.log, env=environment)

    def answers(self, seconds):
        """True if rssd answers in time, False if it has ended."""
        deadline = time.monotonic() + seconds
        while self.rssd.poll() is None:
            if rssctl("list")[0] == 0:
                return True
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError("rssd neither answers nor ends")
            time.sleep(0.01)
        return False

    def start(self):
        self.launch()
        if not self.answers(60):
            raise RuntimeError(f"rssd does not start: status {self.rssd.returncode}")

    def kill(self):
        if self.rssd and self.rssd.poll() is None:
            self.rssd.kill()
        self.rssd.wait()

    # --- what there is ------------------------------------------------------------------

    def listed(self):
        status, out, err = rssctl("list", "--json=short")
        if status != 0:
            raise RuntimeError(f"list ended with {status}: {err.strip()}")
        return {c["name"]: c["limit"] for c in json.loads(out)}

    def kernel(self):
        top, found = os.path.join(self.args.cgroups, self.args.root), {}
        for directory, _, _ in os.walk(top):
            if directory != top:
                with open(os.path.join(directory, "memory.limit_in_bytes")) as file:
                    limit = int(file.read())
                found[os.path.relpath(directory, top)] = INFINITY if limit > 1 << 60 else limit
        return found

    def disk(self):
        directory, found = os.path.join(self.args.directory, "state", "containers"), {}
        for name in os.listdir(directory):
            if name.endswith(".json"):
                with open(os.path.join(directory, name)) as file:
                    record = json.load(file)
                found[record["name"]] = record["limit"]
        return found

    def where(self, process):
        try:
            with open(f"/proc/{process.pid}/cgroup") as file:
                match = re.search(r":memory:.*/" + re.escape(self.args.root) + r"/(.*)", file.read())
        except OSError:
            return None
        return match.group(1) if match else None

    # --- the state that each trial begins with ----------------------------------------------

    def spawn(self):
        return subprocess.Popen(["sleep", "100000"], stdin=subprocess.DEVNULL)

    def reset(self):
        """Brings back the containers and processes of BASE, without a fault."""
        if os.path.exists(self.declaration):
            os.unlink(self.declaration)
            rssctl("reload")
        here = self.listed()
        for name in sorted(set(here) - set(BASE), reverse=True):
            self.must("remove", name, "--force")
        for name, limit in BASE.items():
            if name not in here:
                self.must("create", name, f"--limit={limit}")
            elif here[name] != limit:
                self.must("limit", name, str(limit))
        if self.inside is None or self.inside.poll() is not None:
            self.inside = self.spawn()
        if self.where(self.inside) != "db":
            self.must("attach", "db", str(self.inside.pid))
        if self.outside is None or self.outside.poll() is not None:
            self.outside = self.spawn()
        if self.where(self.outside) is not None:
            self.must("detach", str(self.outside.pid))

    def must(self, *args):
        status, _, err = rssctl(*args)
        if status != 0:
            raise RuntimeError(f"without a fault, `{' '.join(args)}' ended with {status}: {err.strip()}")

    # --- one point ---------------------------------------------------------------------------

    def run(self, command):
        pids = {"INSIDE": self.inside.pid, "OUTSIDE": self.outside.pid}
        return rssctl(*[str(pids.get(word, word)) for word in command.args])

    def agree(self, wanted):
        """What disagrees after a command whose outcome is known."""
        listed, kernel, disk = self.listed(), self.kernel(), self.disk()
        if wanted is not None and listed != wanted:
            return f"the list is {listed}, not {wanted}"
        if kernel != listed:
            return f"the kernel has {kernel}, the list {listed}"
        if disk != listed:
            return f"the disk has {disk}, the list {listed}"
        return None

    def judge(self, command, status, out, err):
        if "unknown" in err:
            return None
        if status == UNANSWERED:
            return self.agree(None)
        # A reload takes what it can, and answers before declarations are applied.
        if command.args[0] == "reload":
            self.wait_for_declared()
            return self.agree(None)
        changed = command.wanted()
        wanted = changed if status == 0 else dict(BASE)
        if command.args[0] in ("attach", "detach"):
            process = self.outside if command.args[0] == "attach" else self.inside
            before, after = (None, "web") if command.args[0] == "attach" else ("db", None)
            if self.where(process) != (after if status == 0 else before):
                return f"status {status}, and the process is in {self.where(process)}"
        return self.agree(wanted)

    def wait_for_declared(self):
        """A second at most: with a fault it may never be there."""
        deadline = time.monotonic() + 1
        while DECLARED not in self.listed() and time.monotonic() < deadline:
            time.sleep(0.02)

    def point(self, command, n, variant):
        if command.prepare:
            command.prepare()
        self.control.arm(n, variant)
        status, out, err = self.run(command)
        left, what = self.control.disarm()
        if not what:
            self.missed += 1
            return
        self.tried += 1
        try:
            if what.startswith("sendmsg") and self.has_ended():
                self.start()
            elif self.has_ended():
                self.fall_short(f"`{' '.join(command.args)}', call {n} ({what}): rssd ended with "
                                f"{self.rssd.returncode}")
                self.start()
            wrong = self.judge(command, status, out, err)
        except (RuntimeError, OSError, ValueError) as error:
            wrong = str(error)
        if status != 0 and not (out + err).strip():
            wrong = wrong or f"status {status} without a word"
        if wrong:
            self.fall_short(f"`{' '.join(command.args)}', call {n} ({what}): {wrong}; "
                            f"status {status}, said: {err.strip()[:200]}")

    def has_ended(self):
        """True if the fault ended rssd: its connection is lost, and it follows within a moment."""
        if rssctl("list")[0] == 0:
            return False
        try:
            self.rssd.wait(10)
        except subprocess.TimeoutExpired:
            return False
        return True

    def fall_short(self, text):
        self.short += 1
        print(f"# {text}", flush=True)

    def recover(self):
        """A running rssd with BASE, whatever the point did."""
        if self.rssd.poll() is not None:
            self.start()
        try:
            self.reset()
        except RuntimeError:
            self.kill()
            self.start()
            self.reset()
        # A declaration of before may be applied only now.
        deadline = time.monotonic() + 10
        while self.declared_lately and time.monotonic() < deadline:
            time.sleep(0.1)
            self.declared_lately = self.listed() != BASE
            if self.declared_lately:
                self.reset()

    def restart_and_compare(self):
        before = self.listed()
        self.kill()
        self.start()
        wrong = self.agree(before)
        if wrong:
            self.fall_short(f"after kill -9 and a start: {wrong}")

    def count_calls(self, command):
        """How many calls rssd makes for it, as seen in one run."""
        if command.prepare:
            command.prepare()
        self.control.arm(COUNT_ALL)
        self.run(command)
        left, _ = self.control.disarm()
        self.recover()
        return COUNT_ALL - left

    # --- starts ---------------------------------------------------------------------------------

    def count_start(self):
        self.kill()
        self.control.arm(COUNT_ALL)
        self.start()
        left, _ = self.control.disarm()
        return COUNT_ALL - left

    def start_point(self, n, variant):
        self.kill()
        size = os.path.getsize(self.log_path)
        self.control.arm(n, variant)
        self.launch()
        try:
            served = self.answers(60)
        except RuntimeError as error:
            self.fall_short(f"start, call {n}: {error}")
            served = False
        left, what = self.control.disarm()
        if not what:
            self.missed += 1
        else:
            self.tried += 1
            if not served and self.rssd.returncode <= 0:
                self.fall_short(f"start, call {n} ({what}): rssd ended with {self.rssd.returncode}")
            elif not served and os.path.getsize(self.log_path) == size:
                self.fall_short(f"start, call {n} ({what}): rssd ended without a word")
        if served and self.rssd.poll() is None:
            self.kill()
        try:
            self.start()
            wrong = self.agree(dict(BASE))
        except RuntimeError as error:
            wrong = str(error)
        if wrong:
            self.fall_short(f"start, call {n} ({what}), and the start after it: {wrong}")
            self.recover()

    # --- all -------------------------------------------------------------------------------------

    def points(self):
        every = []
        for command in self.commands():
            every += [(command, n, variant) for n in range(1, self.count_calls(command) + 1)
                      for variant in (0, 1)]
        every += [(None, n, variant) for n in range(1, self.count_start() + 1) for variant in (0, 1)]
        return every

    def all(self):
        self.start()
        self.reset()
        every = self.points()
        chosen = every
        if self.args.sample and self.args.sample < len(every):
            chosen = random.Random(self.args.seed).sample(every, self.args.sample)
        for i, (command, n, variant) in enumerate(chosen):
            if command:
                self.point(command, n, variant)
                self.recover()
                if i % 10 == 9:
                    self.restart_and_compare()
            else:
                self.start_point(n, variant)
        return len(every)

    def close(self):
        for process in (self.inside, self.outside):
            if process:
                process.kill()
                process.wait()
        if self.rssd:
            self.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("rssd", "config", "directory", "cgroups", "root", "preload"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--sample", type=int, default=0, help="so many points, chosen by --seed; 0: all")
    parser.add_argument("--seed", default="1")
    args = parser.parse_args()
    trial = Trial(args)
    try:
        every = trial.all()
    finally:
        trial.close()
    print(f"# of {every} points {trial.tried} were tried, {trial.missed} were not reached, "
          f"{trial.short} fell short")
    return 1 if trial.short or not trial.tried else 0


sys.exit(main())
