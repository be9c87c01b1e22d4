#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random operations by several clients, compared with a model.

Each client owns some containers and processes, so what it sees acknowledged is
what it expects afterwards. Readers and a subscriber run all the time, and rssd
is killed or stopped at random. Between rounds all of them pause, and the model is
compared with rssd's list, with the kernel and with the disk:

- an acknowledged change holds, in all three; a refused one changed nothing;
- an unanswered one is done or not done, the same in all three; a transaction as a whole;
- a member is where it was acknowledged to be, and every process in a container is one of ours;
- the subscriber gets every event number once, or in a range that is reported as lost; after a
  kill the numbers go on with the next reserved block.

Prints a line for each violation, and exits with 1 if there was one. The operations of a
client follow from the seed; how they interleave does not.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import rssd_state
from rssd_state import INFINITY, UNANSWERED

CLIENTS = 4
NAMES = 4
PROCESSES = 4

problems = []
lock = threading.Lock()


def problem(text):
    with lock:
        problems.append(text)
        print(f"# {text}", flush=True)


def rssctl(*args):
    status, out, err = rssd_state.rssctl(*args, timeout=90)
    if status < 0:
        problem(err)
        return UNANSWERED, "", ""
    return status, out, err


class Container:
    """The possible states of a container: more than one only while a change is unanswered."""

    def __init__(self):
        self.exists = {False}
        self.limits = set()

    def gone(self):
        self.exists, self.limits = {False}, set()


class Process:
    def __init__(self, popen):
        self.popen = popen
        self.where = {None}  # names of containers; None is outside

    def alive(self):
        return self.popen.poll() is None


class Client(threading.Thread):
    def __init__(self, index, seed, world):
        super().__init__(daemon=True)
        self.rng = random.Random(f"{seed}/{index}")
        self.world = world
        self.names = [f"c{index}x{i}" for i in range(NAMES)]
        self.names += [f"{name}/in" for name in self.names[:2]]
        self.model = {name: Container() for name in self.names}
        self.processes = []
        self.pending_apply = []  # unanswered transactions: {name: (old, new)}
        self.paused = threading.Event()
        self.operations = 0
        self.acknowledged = 0
        self.history = []

    # --- the model ----------------------------------------------------------------

    def below(self, name):
        return [n for n in self.names if n == name or n.startswith(name + "/")]

    def inside(self, name):
        return [p for p in self.processes if p.alive() and any(w in self.below(name) for w in p.where)]

    def call(self, *args):
        self.operations += 1
        status, out, err = rssctl(*args)
        self.acknowledged += status == 0
        if status == 0:
            # What an unanswered transaction did to these containers cannot be seen any more.
            self.pending_apply = [t for t in self.pending_apply
                                  if not any(n in args for name in t for n in self.below(name))
                                  and args[0] not in ("apply", "remove")]
        self.history.append(f"{' '.join(args)} -> {status}")
        return status, out, err

    # --- operations ----------------------------------------------------------------

    def size(self):
        return self.rng.randrange(1, 64) << 20

    def create(self):
        name, limit = self.rng.choice(self.names), self.size()
        before = self.model[name]
        status, _, err = self.call("create", name, f"--limit={limit}")
        if status == 0:
            if False not in before.exists:
                problem(f"{name} was created though it existed")
            before.exists, before.limits = {True}, {limit}
        elif status == UNANSWERED:
            if False in before.exists:
                before.exists |= {True}
                before.limits |= {limit}
        elif "exist" in err and "already" in err and True not in before.exists:
            problem(f"{name} exists already, but was removed or never created: {err.strip()}")

    def limit(self):
        name, limit = self.rng.choice(self.names), self.size()
        mode = self.rng.choice(["reclaim", "refuse", "force"])
        before = self.model[name]
        status, _, err = self.call("limit", name, str(limit), f"--mode={mode}", "--timeout=1s")
        if status == 0:
            if True not in before.exists:
                problem(f"limit of {name} was set though it does not exist")
            before.exists, before.limits = {True}, {limit}
        elif status == UNANSWERED:
            if True in before.exists:
                before.limits |= {limit}
        elif status == 3 and before.exists == {True}:
            problem(f"{name} is not found though it exists: {err.strip()}")

    def remove(self):
        name = self.rng.choice(self.names)
        force = self.rng.random() < 0.5
        status, _, err = self.call("remove", name, *(["--force"] if force else []))
        if status == 0:
            if True not in self.model[name].exists:
                problem(f"{name} was removed though it does not exist")
            for n in self.below(name):
                self.model[n].gone()
            self.wait_for_killed(name)
        elif status == UNANSWERED:
            for n in self.below(name) if force else [name]:
                self.model[n].exists |= {False}
        elif status == 3 and self.model[name].exists == {True}:
            problem(f"{name} is not found though it exists: {err.strip()}")

    def wait_for_killed(self, name):
        """Each process inside a removed container was killed, unless it may have been elsewhere."""
        for p in self.inside(name):
            if p.where <= set(self.below(name)):
                try:
                    p.popen.wait(10)
                except subprocess.TimeoutExpired:
                    problem(f"process {p.popen.pid} of {name} lives on after the removal")

    def apply(self):
        chosen = self.rng.sample(self.names[:NAMES], 2)
        wanted = {name: self.size() for name in chosen}
        path = os.path.join(self.world.directory, f"apply.{self.name}")
        with open(path, "w") as file:
            json.dump([{"name": n, "limit": size} for n, size in wanted.items()], file)
        status, _, err = self.call("apply", path, "--timeout=1s")
        self.history[-1] += f" {wanted} {err.strip()[:160]}"
        if status == 0:
            for name, size in wanted.items():
                if True not in self.model[name].exists:
                    problem(f"limit of {name} was applied though it does not exist")
                self.model[name].exists, self.model[name].limits = {True}, {size}
        elif status == UNANSWERED or "next start" in err:
            if all(True in self.model[n].exists for n in chosen):
                known = {n: next(iter(self.model[n].limits)) for n in chosen
                         if len(self.model[n].limits) == 1 and self.model[n].exists == {True}}
                if len(known) == len(chosen):
                    self.pending_apply.append({n: (known[n], wanted[n]) for n in chosen})
                for name, size in wanted.items():
                    self.model[name].limits |= {size}
        elif status == 3 and all(self.model[n].exists == {True} for n in chosen):
            problem(f"apply does not find {chosen}, which exist: {err.strip()}")

    def process(self):
        """One of our processes that lives; new ones replace those that were killed."""
        self.processes = [p for p in self.processes if p.alive()]
        while len(self.processes) < PROCESSES:
            command = ["hog", "anon", "2M"] if self.rng.random() < 0.5 else ["sleep", "3600"]
            self.processes.append(Process(subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                                           stdout=subprocess.DEVNULL)))
        return self.rng.choice(self.processes)

    def attach(self):
        name, p = self.rng.choice(self.names), self.process()
        status, out, _ = self.call("attach", name, str(p.popen.pid), "--json=short")
        if status == 0:
            if json.loads(out)[0]["outcome"] == "moved":
                p.where = {name}
            if True not in self.model[name].exists:
                problem(f"{p.popen.pid} was attached to {name}, which does not exist")
        elif status == UNANSWERED:
            p.where = p.where | {name}

    def detach(self):
        p = self.process()
        status, _, _ = self.call("detach", str(p.popen.pid))
        if status == 0:
            p.where = {None}
        elif status == UNANSWERED:
            p.where = p.where | {None}

    def kill(self):
        self.call("kill", self.rng.choice(self.names), "--signal=KILL")

    def freeze(self):
        name = self.rng.choice(self.names)
        self.call("freeze", name)
        self.call("thaw", name)

    def reload(self):
        self.call("reload")

    def run(self):
        weights = [(self.create, 6), (self.limit, 6), (self.remove, 3), (self.apply, 3), (self.attach, 4),
                   (self.detach, 2), (self.kill, 1), (self.freeze, 1), (self.reload, 1)]
        functions, odds = zip(*weights)
        while not self.world.over.is_set():
            if self.world.pause.is_set():
                self.paused.set()
                time.sleep(0.005)
                continue
            self.paused.clear()
            self.rng.choices(functions, odds)[0]()

    # --- after a round -------------------------------------------------------------------

    def compare(self, listed, kernel, disk):
        for name in self.names:
            model, here = self.model[name], listed.get(name)
            if (here is not None) not in model.exists:
                problem(f"{name} {'is listed' if here else 'is missing'} unexpectedly; "
                        f"last: {[h for h in self.history if name in h][-4:]}")
            if here is not None and model.limits and here not in model.limits:
                problem(f"the limit of {name} is {here}, not one of {sorted(map(str, model.limits))}; "
                        f"last: {[h for h in self.history if name in h][-4:]}")
            for what, other in (("kernel", kernel), ("disk", disk)):
                if other.get(name) != here:
                    problem(f"{name} is {here} in the list and {other.get(name)} "
                            f"{'in' if what == 'kernel' else 'on'} the {what}")
            model.exists = {here is not None}
            model.limits = {here} if here is not None else set()
        for transaction in self.pending_apply:
            new = {n: listed.get(n) == wanted for n, (old, wanted) in transaction.items() if old != wanted}
            if len(set(new.values())) > 1:
                problem(f"a transaction is half done: {transaction}, {[listed.get(n) for n in transaction]}")
        self.pending_apply = []
        for p in self.processes:
            self.compare_process(p)

    def compare_process(self, p):
        where = self.world.container_of(p.popen.pid)
        if not p.alive() or where == "?":
            return
        if where not in p.where:
            problem(f"process {p.popen.pid} is in {where}, not in {p.where}; "
                    f"last: {[h for h in self.history if str(p.popen.pid) in h][-4:]}")
        p.where = {where}


class Reader(threading.Thread):
    """Calls all reading methods at once, as another user if possible."""

    def __init__(self, world, command):
        super().__init__(daemon=True)
        self.world, self.command, self.count = world, command, 0

    def run(self):
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        while not self.world.over.is_set():
            done = subprocess.run(user + self.command, stdin=subprocess.DEVNULL, capture_output=True)
            self.count += 1
            if done.returncode < 0:
                problem(f"{' '.join(self.command)} died of signal {-done.returncode}")


class World(rssd_state.State):
    def __init__(self, args):
        super().__init__(args.directory, args.cgroups, args.root)
        self.args = args
        self.rng = random.Random(f"{args.seed}/world")
        self.over, self.pause = threading.Event(), threading.Event()
        self.log = open(os.path.join(args.directory, "rssd.log"), "ab")
        self.rssd = None
        self.kills = self.stops = 0
        self.killed_at = []  # microseconds of the wall clock

    # --- rssd --------------------------------------------------------------------------

    def start(self):
        self.rssd = subprocess.Popen([self.args.rssd, f"--config={self.args.config}"],
                                     stdin=subprocess.DEVNULL, stderr=self.log)
        deadline = time.monotonic() + 60
        while rssctl("list")[0] != 0:
            if self.rssd.poll() is not None or time.monotonic() > deadline:
                problem(f"rssd does not start, status {self.rssd.poll()}")
                return False
            time.sleep(0.02)
        return True

    def end(self, how):
        self.rssd.send_signal(how)
        try:
            status = self.rssd.wait(60)
        except subprocess.TimeoutExpired:
            problem("rssd does not stop within 60 s")
            self.rssd.kill()
            status = self.rssd.wait()
        if how == signal.SIGTERM and status != 0:
            problem(f"rssd ended with {status}")

    # --- what there is ---------------------------------------------------------------------

    def list_or_none(self):
        try:
            return self.listed()
        except RuntimeError as error:
            problem(error)
            return None

    def check_leftovers(self):
        for name in os.listdir(os.path.join(self.directory, "state", "containers")):
            if not name.endswith(".json"):
                problem(f"left over in the state: {name}")

    def container_of(self, pid):
        try:
            return self.place_of(pid)
        except OSError:
            return "?"

    # --- the run -----------------------------------------------------------------------------

    def compare(self, clients):
        listed = self.list_or_none()
        if listed is None:
            return
        kernel, disk = self.kernel(), self.disk()
        # After a start, rssd reclaims for limits that are lower than the kernel's.
        deadline = time.monotonic() + 20
        while not listed == kernel == disk and time.monotonic() < deadline:
            time.sleep(0.02)
            listed, kernel, disk = self.list_or_none(), self.kernel(), self.disk()
            if listed is None:
                return
        self.check_leftovers()
        ours = {name for client in clients for name in client.names}
        for name in set(listed) | set(kernel) | set(disk):
            if name not in ours:
                problem(f"{name} is nobody's")
        for client in clients:
            client.compare(listed, kernel, disk)

    def pause_all(self, clients):
        self.pause.set()
        for client in clients:
            if not client.paused.wait(120):
                problem(f"client {client.name} does not come to rest; last: {client.history[-1:]}")

    def resume_all(self, clients):
        for client in clients:
            client.paused.clear()
        self.pause.clear()

    def round(self, clients):
        time.sleep(self.rng.uniform(0.2, 1.5))
        how = self.rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, None])
        if how is not None:
            if how == signal.SIGKILL:
                self.killed_at.append(time.time() * 1e6)
            self.end(how)
            self.kills += how == signal.SIGKILL
            self.stops += how == signal.SIGTERM
        if self.rng.random() < 0.5:
            self.pause_all(clients)
        if how is not None and not self.start():
            return False
        self.pause_all(clients)
        self.compare(clients)
        self.resume_all(clients)
        return self.rssd.poll() is None

    def check_events(self, path):
        expected, count, before = None, 0, 0
        with open(path) as file:
            for line in file:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if event.get("sequence") is None:
                    continue
                first, last = event["sequence"], event.get("last") or event["sequence"]
                # After a kill the numbers jump, so that none is used twice.
                jumps = first > expected if expected else True
                jumps = jumps and any(before <= at <= event["time"] for at in self.killed_at)
                if expected is not None and first != expected and not jumps:
                    problem(f"event {first} follows {expected - 1}: {line.strip()[:120]}")
                expected, count, before = last + 1, count + 1, event["time"]
        return count


def show_progress(text):
    """For tests/run, which prints it each minute."""
    if "PROGRESS" in os.environ:
        with open(os.environ["PROGRESS"], "w") as file:
            file.write(f"random.sh: {text}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("rssd", "config", "directory", "cgroups", "root"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    world = World(args)
    if not world.start():
        return 1
    events = os.path.join(args.directory, "random-events")
    with open(events, "wb") as out:
        watch = subprocess.Popen(["rssctl", "watch", "--json=short", "--since=0"], stdout=out,
                                 stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    clients = [Client(i, args.seed, world) for i in range(CLIENTS)]
    readers = [Reader(world, ["rssctl", "list"]), Reader(world, ["rssctl", "metrics"]),
               Reader(world, ["busctl", f"--address={os.environ['DBUS_SYSTEM_BUS_ADDRESS']}", "call",
                              "org.rssd1", "/org/rssd1", "org.freedesktop.DBus.ObjectManager",
                              "GetManagedObjects"])]
    for thread in clients + readers:
        thread.start()
    end, rounds = time.monotonic() + args.seconds, 0
    while time.monotonic() < end and world.round(clients) and len(problems) < 20:
        rounds += 1
        show_progress(f"{rounds} rounds, {end - time.monotonic():.0f} s are left")
    world.over.set()
    world.resume_all(clients)
    for thread in clients + readers:
        thread.join(120)
    watch.send_signal(signal.SIGTERM)
    watch.wait()
    heard = world.check_events(events)
    # A process that is frozen, since rssd was killed before it was thawed, does not end.
    subprocess.run(["rssctl", "thaw", "*"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for client in clients:
        for p in client.processes:
            if p.alive():
                p.popen.kill()
            p.popen.wait()
    if world.rssd.poll() is None:
        world.end(signal.SIGTERM)
    print(f"# {rounds} rounds, {world.kills} kills, {world.stops} restarts, "
          f"{sum(c.operations for c in clients)} operations ({sum(c.acknowledged for c in clients)} "
          f"acknowledged), {sum(r.count for r in readers)} reads, {heard} numbered events")
    if rounds == 0 or not sum(c.acknowledged for c in clients):
        problem("nothing was tried")
    return 1 if problems else 0


sys.exit(main())
