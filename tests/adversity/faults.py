#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails each system call of rssd once: while it serves, starts and stops.

Fixed commands, starts and stops run on fixed containers and processes. For each of them,
each N and each error that fits, the Nth system call that rssd makes for it fails
(tests/preload/faults.c). Afterwards

- rssd still runs (a stream to the bus on which a message failed cannot be used again:
  then it ends and is started again),
- a command that succeeded has its effect, one that failed has none, unless it said that
  the outcome is unknown,
- rssd's list, the kernel and the disk agree,
- and they still agree after kill -9 and a start.

At a start that fails, rssd says why, and the next start finds everything as it was.

Prints a line for each point that failed, and exits with 1 if there was one.
"""
import argparse
import json
import os
import random
import subprocess
import sys

from fault_world import BASE, COUNT_ALL, MIB, PATIENCE, PLACES, World, changed
from rssd_state import INFINITY, UNANSWERED, rssctl

PROGRESS_POINTS = 100
# In a sample, only so many commands are followed by kill -9 and a start.
SAMPLE_RESTARTS = 4


class Command:
    """
    @setup: is called before it without a fault; @before: the containers then, if not BASE
    @after, @places: what its success changes
    @status: of success; None for a command that changes nothing, with any status
    @kernel: what the kernel may have instead of @before, for a command that repairs it
    @settles: rssd continues the change after the reply
    @partly: a failure may leave a part of the change
    @ends: processes that success ends
    """

    def __init__(self, *args, after=None, places=None, setup=None, before=None, kernel=None,
                 status=0, settles=False, partly=False, ends=()):
        self.args, self.setup, self.status = args, setup, status
        self.before = changed(BASE, before or {})
        self.after = changed(self.before, after or {})
        self.kernel = changed(self.before, kernel) if kernel else None
        self.places, self.ends = places or {}, ends
        self.settles, self.partly = settles, partly

    def steps(self):
        """The lists of a removal that ended in the middle: inner containers are removed first."""
        removed = sorted(set(self.before) - set(self.after), key=lambda name: -name.count("/"))
        return [{name: limit for name, limit in self.before.items() if name not in removed[:i]}
                for i in range(1, len(removed))]

    def __str__(self):
        return f"`{' '.join(self.args)}'"


class Start:
    """
    @setup: is called before rssd is killed, @killed: after that
    @wanted: the containers after it
    """

    def __init__(self, name, setup=None, killed=None, wanted=None):
        self.name, self.setup, self.killed = name, setup, killed
        self.wanted = changed(BASE, wanted or {})

    def __str__(self):
        return self.name


class Stop(Start):
    pass


class Trial:
    def __init__(self, args):
        self.args = args
        self.world = World(args)
        self.control = self.world.control
        self.short = self.tried = self.missed = 0
        self.at = "" # the point that was tried last
        self.hook = os.path.join(args.directory, "hook")
        with open(self.hook, "w") as file:
            file.write(f"#!/bin/sh\ncat >{args.directory}/record\n")
        os.chmod(self.hook, 0o755)

    def apply_file(self, name, **limits):
        path = os.path.join(self.args.directory, f"apply-{name}.json")
        with open(path, "w") as file:
            json.dump([{"name": n, "limit": limit} for n, limit in limits.items()], file)
        return path

    def commands(self):
        w = self.world
        two = self.apply_file("two", web="50M", db="30M")
        nested = self.apply_file("nested", **{"web": "40M", "web/in": "20M", "db": "infinity"})
        missing = self.apply_file("missing", web="50M", nowhere="30M")
        one = self.apply_file("one", db="25M")
        tree_in_db = lambda: w.must("attach", "db", "TREE", "--tree")
        return [
            Command("create", "new", "--limit=16M", after={"new": 16 * MIB}),
            Command("create", "new", after={"new": INFINITY}),
            Command("create", "web/deep", "--limit=8M", after={"web/deep": 8 * MIB}),
            Command("create", "web/in/er", "--limit=8M", after={"web/in/er": 8 * MIB}),
            # It is removed when its creator disconnects, because it has no process.
            Command("create", "new", "--transient", "--limit=8M", settles=True),
            Command("create", "none/deep", status=None),
            Command("create", "web", status=None),
            Command("limit", "web", "40M", after={"web": 40 * MIB}),
            Command("limit", "web/in", "16M", after={"web/in": 16 * MIB}),
            Command("limit", "db", "infinity", after={"db": INFINITY}),
            Command("limit", "db", "20M", "--mode=force", after={"db": 20 * MIB}),
            Command("limit", "db", "20M", "--mode=refuse", after={"db": 20 * MIB}),
            Command("limit", "db", "20M", "--dry-run"),
            Command("set", "db", "limit=20M", after={"db": 20 * MIB}),
            Command("set", "db", "limit=20M", "join=command=no-such-name", after={"db": 20 * MIB}),
            Command("set", "web/in", "limit=20M", "oom-group=no", after={"web/in": 20 * MIB}),
            Command("apply", one, after={"db": 25 * MIB}),
            Command("apply", two, after={"web": 50 * MIB, "db": 30 * MIB}),
            Command("apply", nested, after={"web": 40 * MIB, "web/in": 20 * MIB, "db": INFINITY}),
            Command("apply", missing, status=None),
            Command("apply", two, "--dry-run"),
            Command("diff"),
            Command("remove", "web/in", "--force", after={"web/in": None}, ends=["nested"], partly=True),
            Command("remove", "db", "--force", after={"db": None}, ends=["inside"], partly=True),
            Command("remove", "web", "--force", after={"web": None, "web/in": None}, ends=["nested"],
                    partly=True),
            Command("remove", "web", status=None),
            Command("remove", "db", status=None),
            Command("remove", "new", setup=lambda: w.must("create", "new", "--limit=8M"),
                    before={"new": 8 * MIB}, after={"new": None}),
            Command("attach", "web", "OUTSIDE", places={"outside": "web"}),
            Command("attach", "web/in", "INSIDE", places={"inside": "web/in"}),
            Command("attach", "db", "TREE", "--tree", places={"tree": "db"}, partly=True),
            Command("attach", "db", "OUTSIDE", "NESTED", places={"outside": "db", "nested": "db"},
                    partly=True),
            Command("attach", "db", "OUTSIDE", "--dry-run"),
            Command("detach", "INSIDE", places={"inside": None}),
            Command("detach", "NESTED", places={"nested": None}),
            Command("detach", "TREE", "--tree", setup=tree_in_db, places={"tree": None}, partly=True),
            Command("detach", "db", "--all", setup=tree_in_db, partly=True,
                    places={"inside": None, "tree": None}),
            Command("repair", setup=lambda: w.set_kernel("web", 33 * MIB), kernel={"web": 33 * MIB}),
            Command("repair", "db", setup=lambda: w.set_kernel("db", 33 * MIB), kernel={"db": 33 * MIB}),
            Command("repair"),
            Command("reload"),
            Command("reload", setup=lambda: w.declare("declared", limit="10M"), settles=True,
                    after={"declared": 10 * MIB}, partly=True),
            Command("reload", setup=self.change_declaration, settles=True,
                    before={"declared": 10 * MIB}, after={"declared": 12 * MIB}, partly=True),
            Command("kill", "db", "--signal=WINCH"),
            Command("kill", "db", "--signal=KILL", ends=["inside"], partly=True),
            Command("kill", "web", "--signal=KILL", ends=["nested"], partly=True),
            Command("freeze", "db", status=None),
            Command("thaw", "db", status=None),
            Command("run", "db", "--", "true"),
            Command("run", "--limit=8M", "--", "true", settles=True),
            Command("run", "hooked", "--", "hog", "anon", "64M", status=137, settles=True,
                    setup=lambda: w.declare_and_reload("hooked", "16M", oom_hook=self.hook),
                    before={"hooked": 16 * MIB}),
            Command("reclaim", "db", "1M", status=None),
            Command("reset-peak", "db"),
            Command("ps", "web"),
            Command("list"),
            Command("show", "web"),
            Command("metrics"),
            Command("oom"),
            Command("suggest", "db", status=None),
            Command("doctor", status=None),
            Command("version"),
        ]

    def change_declaration(self):
        self.world.declare_and_reload("declared", "10M")
        self.world.declare("declared", limit="12M")

    # --- states before a start or a stop ------------------------------------------------

    def starts(self):
        w = self.world
        transient = lambda: w.run_in_background("new", "8M")
        return [
            Start("start"),
            Start("start with an unfinished transaction", killed=lambda: self.leave_transaction("undo")),
            Start("start with a transaction to finish", killed=lambda: self.leave_transaction("redo"),
                  wanted={"web": 50 * MIB, "db": 30 * MIB}),
            Start("start with other limits in the kernel",
                  killed=lambda: (w.set_kernel("web", 60 * MIB), w.set_kernel("db", 50 * MIB))),
            Start("start with a new declaration", killed=lambda: w.declare("declared", limit="10M"),
                  wanted={"declared": 10 * MIB}),
            Start("start with an unfinished creation", killed=self.leave_creation),
            Start("start without a cgroup", setup=lambda: w.must("kill", "db", "--signal=KILL"),
                  killed=lambda: self.remove_cgroup("db")),
            Start("start with a transient container", setup=transient, wanted={"new": 8 * MIB}),
            Stop("stop"),
            Stop("stop with a transient container", setup=transient, wanted={"new": 8 * MIB}),
        ]

    def leave_transaction(self, phase):
        """The state after a kill in the middle of `apply': one of two limits is set."""
        steps, limits = [], {"web": 50 * MIB, "db": 30 * MIB}
        for path in self.world.records():
            with open(path) as file:
                record = json.load(file)
            if record["name"] in limits:
                steps.append({"from": record, "to": dict(record, limit=limits[record["name"]])})
        with open(os.path.join(self.args.directory, "state", "transaction.json"), "w") as file:
            json.dump({"phase": phase, "steps": steps}, file)
        self.world.set_kernel("web", limits["web"])

    def leave_creation(self):
        os.mkdir(self.world.cgroup("new"))
        with open(os.path.join(self.args.directory, "run", "transient", ".creating-new.json"), "w"):
            pass

    def remove_cgroup(self, name):
        self.world.processes["inside"].wait()
        os.rmdir(self.world.cgroup(name))

    # --- one command ------------------------------------------------------------------------

    def run(self, command):
        pids = {name.upper(): str(process.pid) for name, process in self.world.processes.items()}
        return rssctl(*[pids.get(word, word) for word in command.args])

    def prepare(self, setup):
        if setup:
            real, self.world.must = self.world.must, self.must
            try:
                setup()
            finally:
                self.world.must = real

    def must(self, *args, **options):
        pids = {name.upper(): str(process.pid) for name, process in self.world.processes.items()}
        type(self.world).must(self.world, *[pids.get(word, word) for word in args], **options)

    def judge(self, command, status, err):
        """The problem after the command, and the lists of containers that are allowed."""
        succeeded = status == command.status or command.status is None
        wanted = [command.after] if succeeded else [command.before]
        # A reload replies before declarations are applied; their outcome is logged.
        if status == UNANSWERED or "unknown" in err or command.args[0] == "reload" or (
                not succeeded and command.partly):
            wanted = [command.before, command.after]
        if "unknown" in err:
            return None, wanted
        wrong = self.judge_processes(command, succeeded, status)
        if not wrong:
            seconds = 2 if command.settles or status == UNANSWERED else 0
            any_part = command.partly and not succeeded
            wrong = self.world.agree_within(seconds, None if any_part else wanted,
                                            None if succeeded else command.kernel)
        return wrong, wanted

    def judge_processes(self, command, succeeded, status):
        if status == UNANSWERED or (command.partly and not succeeded):
            return None
        for name in command.ends:
            try:
                self.world.processes[name].wait(5)
            except subprocess.TimeoutExpired:
                return f"status {status}, and the process {name} has not ended"
        wanted = {**PLACES, **command.places} if succeeded else PLACES
        places = self.world.places()
        if not succeeded and command.setup and command.places:
            return None # the setup has moved processes
        for name, place in wanted.items():
            if name in places and places[name] != place and not (command.setup and not command.places):
                return f"status {status}, and the process {name} is in {places[name]}"
        return None

    def point(self, command, n, variant):
        self.prepare(command.setup)
        self.control.arm(n, variant)
        status, out, err = self.run(command)
        what = self.control.disarm()
        if not what:
            self.missed += 1
            return
        self.tried += 1
        at = self.at = f"{command}, call {n} ({what})"
        wanted = None
        try:
            if self.world.has_ended():
                if not what.startswith("sendmsg") and not what.startswith("recvmsg"):
                    self.fall_short(f"{at}: rssd ended with {self.world.rssd.returncode}")
                self.world.start()
                status = UNANSWERED if status == UNANSWERED else status
            wrong, wanted = self.judge(command, status, err)
            if wrong and command.settles:
                # The next start removes the file of a transient container that could not be removed.
                self.world.kill()
                self.world.start()
                wrong, wanted = self.judge(command, status, err)
        except (RuntimeError, OSError, ValueError) as error:
            wrong = str(error)
        if status not in (0, command.status) and not (out + err).strip():
            wrong = wrong or f"status {status} without a word"
        if wrong:
            self.fall_short(f"{at}: {wrong}; status {status}, said: {err.strip()[:200]}")
        elif not self.args.sample or self.tried % SAMPLE_RESTARTS == 0:
            self.restart_and_compare(at, command, wanted, "unknown" in err)

    def restart_and_compare(self, at, command, wanted, unknown):
        try:
            listed, places = self.world.listed(), self.world.places()
            self.world.kill()
            self.world.start()
            certain = listed in wanted and not command.settles and not unknown
            if unknown:
                wanted = wanted + command.steps()
            wrong = self.world.agree_within(2, [listed] if certain else wanted + [listed])
            now = self.world.places()
            # A process that a failed command killed may end after the reply.
            killed = [name for name in command.ends if name not in now and command.partly]
            places = {name: place for name, place in places.items() if name not in killed}
            if not wrong and now != places:
                wrong = f"the processes are in {now}, not {places}"
        except (RuntimeError, OSError, ValueError) as error:
            wrong = str(error)
        if wrong:
            self.fall_short(f"{at}, kill -9 and a start: {wrong}")

    def fall_short(self, text):
        self.short += 1
        print(f"# {text}", flush=True)

    # --- one start or stop ---------------------------------------------------------------------

    def begin_start(self, start):
        self.prepare(start.setup)
        self.world.kill()
        self.prepare(start.killed)

    def start_point(self, start, n, variant):
        self.begin_start(start)
        size = os.path.getsize(self.world.log_path)
        self.control.arm(n, variant)
        self.world.launch()
        try:
            served = self.world.answers(PATIENCE)
        except RuntimeError as error:
            self.fall_short(f"{start}, call {n}: {error}")
            served = False
        what = self.control.disarm()
        at = self.at = f"{start}, call {n} ({what})"
        if what and not served:
            if self.world.rssd.returncode <= 0:
                self.fall_short(f"{at}: rssd ended with {self.world.rssd.returncode}")
            elif os.path.getsize(self.world.log_path) == size:
                self.fall_short(f"{at}: rssd ended without a word")
        self.world.kill()
        self.finish_start(start, at, what)

    def stop_point(self, stop, n, variant):
        self.prepare(stop.setup)
        self.control.arm(n, variant)
        self.world.rssd.terminate()
        try:
            status = self.world.rssd.wait(PATIENCE)
            wrong = f"rssd ended with {status}" if status < 0 else None
        except subprocess.TimeoutExpired:
            wrong = "rssd does not stop"
        what = self.control.disarm()
        at = self.at = f"{stop}, call {n} ({what})"
        if what and wrong:
            self.fall_short(f"{at}: {wrong}")
        self.world.kill()
        self.finish_start(stop, at, what)

    def finish_start(self, start, at, what):
        """A start without a fault finds the complete state."""
        if what:
            self.tried += 1
        else:
            self.missed += 1
        try:
            self.world.start()
            wrong = self.world.agree_within(5, [start.wanted])
        except (RuntimeError, OSError, ValueError) as error:
            wrong = str(error)
        if wrong:
            self.fall_short(f"{at}, and the start after it: {wrong}")

    # --- all -------------------------------------------------------------------------------------

    def count(self, what):
        """How many errors fit each call that rssd makes for it, as seen in one run."""
        if isinstance(what, Command):
            self.prepare(what.setup)
            self.control.arm(COUNT_ALL)
            status, out, err = self.run(what)
            if what.status is not None and status != what.status:
                raise RuntimeError(f"without a fault, {what} ended with {status}: {err or out}")
        elif isinstance(what, Stop):
            self.prepare(what.setup)
            self.control.arm(COUNT_ALL)
            self.world.rssd.terminate()
            self.world.rssd.wait(PATIENCE)
        else:
            self.begin_start(what)
            self.control.arm(COUNT_ALL)
            self.world.start()
        choices = self.control.counted()
        self.world.recover()
        return choices

    def points(self):
        for what in self.commands() + self.starts():
            for n, choices in enumerate(self.count(what), 1):
                yield from ((what, n, variant) for variant in range(choices))

    def one(self, what, n, variant):
        if isinstance(what, Command):
            self.point(what, n, variant)
        elif isinstance(what, Stop):
            self.stop_point(what, n, variant)
        else:
            self.start_point(what, n, variant)
        self.world.recover()
        for text in self.world.complaints:
            self.fall_short(f"{self.at}, in the end: {text}")
        self.world.complaints = []

    def show_progress(self, text):
        """For tests/run, which prints it each minute, or else here."""
        if "PROGRESS" in os.environ:
            with open(os.environ["PROGRESS"], "w") as file:
                file.write(f"faults.sh {self.args.part}: {text}\n")
        else:
            print(f"# {text}", flush=True)

    def all(self):
        self.world.start()
        self.world.reset()
        every = list(self.points())
        chosen = every
        if self.args.point:
            chosen = [point for point in every if f"{point[0]} {point[1]} {point[2]} ".startswith(self.args.point)]
        elif self.args.sample and self.args.sample < len(every):
            chosen = random.Random(self.args.seed).sample(every, self.args.sample)
        part, parts = map(int, self.args.part.split("/"))
        chosen = chosen[part - 1::parts]
        for i, point in enumerate(chosen, 1):
            self.one(*point)
            if i % PROGRESS_POINTS == 0:
                self.show_progress(f"{i} of {len(chosen)} points, {self.short} failed")
        return len(every)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("rssd", "config", "directory", "cgroups", "root", "preload"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--sample", type=int, default=0, help="so many points, chosen by --seed; 0: all")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--point", help="only those that begin with it: `attach web OUTSIDE' 47 0")
    parser.add_argument("--part", default="1/1", help="2/4: the second quarter of the points")
    trial = Trial(parser.parse_args())
    try:
        every = trial.all()
    finally:
        trial.world.close()
    print(f"# of {every} points {trial.tried} were tried, {trial.missed} were not reached, "
          f"{trial.short} failed")
    return 1 if trial.short or not trial.tried else 0


if __name__ == "__main__":
    sys.exit(main())
