# SPDX-License-Identifier: GPL-2.0-or-later
"""What faults.py works on: an rssd with faults.so, fixed containers and processes.

Containers and processes are brought back to BASE and PLACES between the points, without
a fault. `agree()` compares rssd's list, the kernel and the disk.
"""
import json
import mmap
import os
import struct
import subprocess
import time

from rssd_state import State, rssctl

MIB = 1 << 20
# Seconds after which rssd counts as hanging, also next to other loads of the machine.
PATIENCE = 240
COUNT_ALL = 1 << 30
CHOICES_MAX = 16384
CHOICES_AT = 76

BASE = {"web": 64 * MIB, "web/in": 32 * MIB, "db": 48 * MIB}
# Where each process is; None is outside. "tree" has two children, which follow it.
PLACES = {"inside": "db", "nested": "web/in", "outside": None, "tree": None}
TREE = ["sh", "-c", "sleep 100000 & sleep 100000 & wait"]
SLEEP = ["sleep", "100000"]


def changed(containers, change):
    """@containers with the limits of @change; None removes one."""
    wanted = {**containers, **change}
    return {name: limit for name, limit in wanted.items() if limit is not None}


class Control:
    """The memory that rssd and the test share: see struct control of faults.c."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.truncate(CHOICES_AT + CHOICES_MAX)
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), CHOICES_AT + CHOICES_MAX)

    def arm(self, countdown, variant=0):
        self.map[4:12] = struct.pack("II", variant, 0)
        self.map[12:76] = bytes(64)
        self.map[0:4] = struct.pack("i", countdown)

    def disarm(self):
        """The call that failed, and how; "" if none did."""
        self.map[0:4] = struct.pack("i", 0)
        return self.map[12:76].split(b"\0")[0].decode()

    def counted(self):
        """
        How many errors fit each call since arm(COUNT_ALL). The first CHOICES_MAX are known: next to
        other loads there may be more, since rssd follows the forks of all processes.
        """
        count = min(COUNT_ALL - struct.unpack("i", self.map[0:4])[0], CHOICES_MAX)
        self.disarm()
        return list(self.map[CHOICES_AT:CHOICES_AT + count])


class World(State):
    def __init__(self, args):
        super().__init__(args.directory, args.cgroups, args.root)
        self.args = args
        self.control = Control(os.path.join(args.directory, "faults"))
        self.log_path = os.path.join(args.directory, "rssd.log")
        self.log = open(self.log_path, "ab")
        self.rssd = None
        self.processes = {}
        self.declared = set()
        self.complaints = [] # about the state after a point

    # --- rssd ------------------------------------------------------------------------

    def launch(self):
        environment = dict(os.environ, LD_PRELOAD=self.args.preload,
                           FAULTS_CONTROL=os.path.join(self.directory, "faults"))
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
        if not self.answers(PATIENCE):
            raise RuntimeError(f"rssd does not start: status {self.rssd.returncode}")

    def kill(self):
        if self.rssd and self.rssd.poll() is None:
            self.rssd.kill()
        self.rssd.wait()

    def has_ended(self):
        """True if the fault ended rssd: its connection is lost, and it follows within a moment."""
        if self.rssd.poll() is None and rssctl("list")[0] == 0:
            return False
        try:
            self.rssd.wait(10)
        except subprocess.TimeoutExpired:
            return False
        return True

    # --- what there is ------------------------------------------------------------------

    def set_kernel(self, name, limit):
        with open(os.path.join(self.cgroup(name), "memory.limit_in_bytes"), "w") as file:
            file.write(str(limit))

    def agree(self, wanted, kernel_may=None):
        """The difference, or None; @wanted: the lists that are allowed, None for any."""
        listed, kernel, disk = self.listed(), self.kernel(), self.disk()
        if wanted is not None and listed not in wanted:
            return f"the list is {listed}, not {' or '.join(map(str, wanted))}"
        if kernel != listed and kernel != kernel_may:
            return f"the kernel has {kernel}, the list {listed}"
        if disk != listed:
            return f"the disk has {disk}, the list {listed}"
        return None

    def agree_within(self, seconds, *args):
        """The same for changes that rssd makes after its reply."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                wrong = self.agree(*args)
            except OSError as error: # removed while it was read
                wrong = str(error)
            if not wrong or time.monotonic() > deadline:
                return wrong
            time.sleep(0.02)

    # --- processes ----------------------------------------------------------------------

    def place_of(self, pid):
        try:
            return super().place_of(pid)
        except OSError:
            return None

    def pids(self, name):
        """The process and its children."""
        pid = self.processes[name].pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [pid] + [int(child) for child in file.read().split()]

    def places(self):
        """Where each process is; several places if its children are elsewhere."""
        found = {}
        for name in PLACES:
            if self.processes[name].poll() is None:
                places = sorted({str(self.place_of(pid)) for pid in self.pids(name)})
                found[name] = None if places == ["None"] else " ".join(places)
        return found

    def spawn(self, name):
        self.end_process(name)
        command = TREE if name == "tree" else SLEEP
        self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        while name == "tree" and len(self.pids(name)) < 3:
            time.sleep(0.002)

    def run_in_background(self, container, limit):
        """
        `rssctl run' with a process that stays in the new transient container until reset(): an
        empty one is removed when its creator disconnects.
        """
        command = ["sh", "-c", "echo runs; exec " + " ".join(SLEEP)]
        run = self.processes["run"] = subprocess.Popen(
            ["rssctl", "run", container, f"--limit={limit}", "--", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        with run.stdout:
            if run.stdout.readline() != b"runs\n":
                raise RuntimeError(f"`rssctl run {container}' ended with {run.wait()}")

    def end_process(self, name):
        process = self.processes.pop(name, None)
        if process:
            try:
                os.killpg(process.pid, 9)
            except ProcessLookupError:
                pass
            process.wait(timeout=PATIENCE)

    # --- the state that each point begins with ----------------------------------------------

    def must(self, *args, status=0):
        ended, out, err = rssctl(*args)
        if ended != status:
            raise RuntimeError(f"without a fault, `{' '.join(args)}' ended with {ended}: {err.strip() or out}")

    def declare(self, name, **settings):
        path = os.path.join(self.directory, "containers.d", f"{name}.json")
        with open(path, "w") as file:
            json.dump({"name": name, **settings}, file)
        self.declared.add(name)

    def declare_and_reload(self, name, limit, **settings):
        self.declare(name, limit=limit, **settings)
        self.must("reload")
        self.wait_for(name)

    def wait_for(self, name, seconds=10):
        deadline = time.monotonic() + seconds
        while name not in self.listed():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def reset(self):
        """Brings back the containers and processes, without a fault."""
        if self.declared:
            for name in self.declared:
                os.unlink(os.path.join(self.directory, "containers.d", f"{name}.json"))
            self.declared = set()
            self.must("reload")
        for _ in range(100):
            self.reset_containers()
            self.reset_processes()
            # An earlier declaration may be applied only now.
            if self.listed() == BASE == self.kernel() == self.disk():
                return
            time.sleep(0.02)
        raise RuntimeError(f"the containers are not brought back: {self.listed()}, kernel {self.kernel()}")

    def reset_containers(self):
        here, kernel = self.listed(), self.kernel()
        for name in sorted(set(here) - set(BASE), reverse=True):
            rssctl("remove", name, "--force")
        for name, limit in BASE.items():
            if name not in here:
                self.must("create", name, f"--limit={limit}")
            elif here[name] != limit or kernel.get(name) != limit:
                self.must("limit", name, str(limit))

    def reset_processes(self):
        for name in set(self.processes) - set(PLACES):
            self.end_process(name)
        for name, place in PLACES.items():
            if name not in self.processes or self.processes[name].poll() is not None:
                self.spawn(name)
            for pid in self.pids(name):
                if self.place_of(pid) == place:
                    continue
                if place:
                    self.must("attach", place, str(pid))
                elif rssctl("detach", str(pid))[0] != 0:
                    self.complaints.append(f"the process {name} cannot be detached")
                    self.spawn(name)
                    break

    def recover(self):
        """Starts rssd if it has ended, and brings back the base state."""
        if self.rssd.poll() is not None:
            self.start()
        # A frozen process does not end when it is killed.
        for name in BASE:
            rssctl("thaw", name)
        try:
            self.reset()
        except RuntimeError:
            self.kill()
            self.start()
            self.reset()

    def close(self):
        for name in list(self.processes):
            self.end_process(name)
        if self.rssd:
            self.kill()
