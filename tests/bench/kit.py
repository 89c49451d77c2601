# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bench needs: servers on one core, loads on the other, rounds in
turn, lines of figures."""
import os
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BUILD, SRC = sys.argv[1], sys.argv[2]
ROWS = sys.argv[3:]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS", "1.0"))
PEER = os.path.join(BUILD, "tests/bench/peer")
GATE = os.path.join(BUILD, "cmpgate")
TICKS = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
CMP_PATH = "/.well-known/cmp"
running = []
failures = []


class BadRound(Exception):
    """A round that says nothing: its exchanges did not succeed."""


class Server:
    """A program on the server core; ends with the bench."""

    def __init__(self, argv, pattern, core=SERVER_CORE, cwd=None):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=cwd,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        running.append(self)
        self.lines = []
        if pattern:
            text, end = "", time.monotonic() + 10
            while not re.search(pattern, text):
                left = end - time.monotonic()
                if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                    raise RuntimeError("%s said only: %r" % (argv, text))
                part = os.read(self.process.stdout.fileno(), 4096).decode()
                if not part:
                    raise RuntimeError("%s ended: %r" % (argv, text))
                text += part
            self.text = text

    def pids(self):
        pids = [self.process.pid]
        for p in os.listdir("/proc"):
            if p.isdigit():
                try:
                    with open("/proc/%s/stat" % p) as f:
                        if int(f.read().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                            pids.append(int(p))
                except OSError:
                    pass
        return pids

    def cpu(self):
        """Seconds of CPU, all threads, children included. From schedstat: nanoseconds."""
        total = 0
        for p in self.pids():
            for t in os.listdir("/proc/%d/task" % p):
                with open("/proc/%d/task/%s/schedstat" % (p, t)) as f:
                    total += int(f.read().split()[0])
        return total / 1e9

    def rss(self):
        total = 0
        for p in self.pids():
            with open("/proc/%d/status" % p) as f:
                total += int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
        return total

    def own(self):
        """Of that what belongs to it alone; the rest are pages of files, which the kernel shares and may drop."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))

    def peak(self):
        """The most that was resident, of its first process."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        if self in running:
            running.remove(self)


def peer_server(mode, size, core=LOAD_CORE):
    s = Server([PEER, mode, str(size)], r"port \d+\n", core)
    s.port = int(re.search(r"port (\d+)", s.text).group(1))
    return s


def load(mode, *args, program=PEER):
    out = subprocess.run([program, mode] + [str(a) for a in args], capture_output=True, text=True, check=True,
                         preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE})).stdout
    done, bad = map(int, re.search(r"(\d+) exchanges, (\d+) bad", out).groups())
    # Work that was refused is cheap: a row with it would flatter somebody.
    if done == 0 or bad > done / 1000:
        raise BadRound("%s: %d of %d exchanges were bad" % (mode, bad, done + bad))
    return done


# A bench is one very busy client: the limits that would stop it are raised.
RAISED = "transactions: 1024, connections: 4096, connections_per_source: 4096, bytes_in_flight: 64MiB, forget: 1m"


def gateway(work, upstream, listeners, extra_limits="", more="", of_upstream="", limits=RAISED):
    """more: further parts of the configuration; of_upstream: options of its upstream."""
    state = os.path.join(work, "state%d" % len(os.listdir(work)))
    os.mkdir(state, 0o700)
    user = ""
    if os.geteuid() == 0:
        user = "user: nobody\n"
        shutil.chown(state, "nobody")
    path = state + ".yaml"
    with open(path, "w") as f:
        f.write("version: 1\n%sstore: {path: %s}\nlog: {level: error}\nlisteners: {%s}\n"
                "upstreams: {up: {url: \"http://127.0.0.1:%d/cmp\", connection: shared, connections: 64, queue: 2000%s}}\n"
                "limits: {%s%s}\n%s"
                % (user, state, ", ".join('l%d: "%s"' % x for x in enumerate(listeners)), upstream, of_upstream, limits, extra_limits, more))
    s = Server([GATE, "run", "-c", path], r"ready\n")
    s.ports = [int(x) for x in re.findall(r"listening on \S+?:(\d+)(?:/\S*)?\n", s.text)]
    return s


def cost(server, mode, *args, program=PEER):
    """Microseconds of the server's CPU for one exchange."""
    before = server.cpu()
    n = load(mode, *args, program=program)
    return (server.cpu() - before) * 1e6 / max(n, 1)


def compare(a, b):
    """Interleaved rounds: medians of both, their ratio's median and spread."""
    a(), b()  # warm
    return pairs((a(), b()) for _ in range(ROUNDS))


def pairs(rounds):
    rounds = list(rounds)
    ratios = sorted(x / y for x, y in rounds)
    return (statistics.median(x for x, _ in rounds), statistics.median(y for _, y in rounds),
            statistics.median(ratios), ratios[0], ratios[-1])


def wanted(name):
    return not ROWS or name in ROWS


def head():
    print("%-14s %10s %10s %7s %-14s %7s  %-11s  %s" % ("row", "ours", "baseline", "ratio", "(spread)", "target", "verdict", "what"))


def line(name, ours, theirs, ratio, spread, target, reached, what):
    print("%-14s %10s %10s %7s %-14s %7s  %-11s  %s" % (name, ours, theirs, ratio, spread, target, "reached" if reached else "NOT reached", what))
    sys.stdout.flush()


def row(name, what, target, result, unit="us"):
    ours, theirs, ratio, low, high = result
    line(name, "%.1f %s" % (ours, unit), "%.1f %s" % (theirs, unit), "%.2f" % ratio, "(%.2f..%.2f)" % (low, high), "%.2f" % target, ratio <= target, what)


def skipped(name, why):
    print("%-14s skipped: %s" % (name, why))


def stop_all():
    for s in list(running):
        s.stop()
