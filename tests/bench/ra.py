# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the registration authority: what it costs above its cryptography,
against openssl's mock server, and how much memory many keys take."""
import glob
import itertools

from kit import *

RA_PEER = os.path.join(BUILD, "tests/bench/ra_peer")
KEYS = int(os.environ.get("KEYS", "10000"))
DEVICES, CONNECTIONS = 256, 32
PLANT_DEVICES = 120  # as in plant.h
ENROLMENTS = 20     # of `openssl cmp` in a round
QUIET = 0.05        # share of the cores that others may take in a round of pool, as there
UPKEEP = 65         # seconds after which a gateway has given back what computing needed
NO_OPENSSL = "openssl with its command cmp is not installed (Debian: apt-get install openssl)"


def on(core):
    return lambda: os.sched_setaffinity(0, {core})


class Plant:
    """A CA, the files of everybody, and gateways before it."""

    def __init__(self, work):
        self.work = work
        self.folder = os.path.join(work, "plant")
        if not os.path.exists(self.folder):
            os.mkdir(self.folder)
            subprocess.run([RA_PEER, "files", self.folder], check=True)
            for secret in ["secrets"] + [os.path.basename(x) for x in glob.glob(self.folder + "/*.key")]:
                path = os.path.join(self.folder, secret)
                os.chmod(path, 0o600)
                if os.geteuid() == 0:
                    shutil.chown(path, "nobody")
        self.ca = Server([RA_PEER, "ca"], r"port \d+\n", LOAD_CORE)
        self.ca.port = int(re.search(r"port (\d+)", self.ca.text).group(1))

    def gateway(self, listeners=("http://127.0.0.1:0",), replace=True, limits=RAISED):
        """A registration authority before the CA; without replace one that forwards."""
        where = {"f": self.folder}
        more = ("clock: trust-system\ntrust: {maker: [%(f)s/maker.der], plant: [%(f)s/root.der]}\n"
                "credentials: {ra: {cert: %(f)s/ra.der, key: %(f)s/ra.key}}\nsecrets: {field: \"file:%(f)s/secrets\"}\n"
                "routes: [{name: enrol, match: {body: [enroll, rr, genm]}, trust: maker, secrets: field, protection: replace, "
                "sign_with: ra, bind: none, to: up}]\n" % where)
        s = gateway(self.work, self.ca.port, listeners, more=more if replace else "", limits=limits,
                    of_upstream=", trust: plant, issued_trust: plant" if replace else "")
        s.port = s.ports[0]
        return s


def enrol(server, kind):
    """Microseconds of the server's CPU for an exchange, of two that an enrolment has."""
    return cost(server, "load", server.port, CMP_PATH, kind, DEVICES, CONNECTIONS, SECONDS, program=RA_PEER)


def floor(kind):
    """The same of the cryptography alone."""
    out = subprocess.run([os.path.join(BUILD, "tests/bench/floor"), kind, "1"], capture_output=True, text=True, check=True,
                         preexec_fn=on(SERVER_CORE)).stdout
    return float(out) / 2


def reprotect(work):
    plant = Plant(work)
    gate, plain = plant.gateway(), plant.gateway(replace=False)
    for name, kind, target, what in (("reprotect-p256", "sig", 1.10, "P-256 signatures"), ("reprotect-pbm", "mac", 1.05, "PBM of 500 rounds to devices")):
        if not wanted(name):
            continue
        enrol(gate, kind), enrol(plain, kind)
        rounds = [(enrol(gate, kind), floor(kind), enrol(plain, kind)) for _ in range(ROUNDS)]
        row(name, "CPU per exchange, %s; baseline their computing and the forwarding alone" % what, target, pairs((a, b + c) for a, b, c in rounds))
        row(name + "/c", "the same; baseline the computing alone", target, pairs((a, b) for a, b, _ in rounds))
    for s in (plain, gate, plant.ca):
        s.stop()


def openssl_enrols(plant, server, path, devices):
    """Microseconds of the server's CPU for an enrolment by a stock device."""
    f = plant.folder
    before = server.cpu()
    for n in devices:
        key = "%s/device-%d.key" % (f, n)
        out = subprocess.run(["openssl", "cmp", "-config", "", "-batch", "-server", "127.0.0.1:%d" % server.port, "-path", path, "-cmd", "ir",
                              "-cert", "%s/device-%d.der" % (f, n), "-key", key, "-trusted", f + "/root.der", "-newkey", key,
                              "-subject", "/O=Plant/CN=device-%d" % n, "-certout", f + "/got.pem"],
                             capture_output=True, text=True, preexec_fn=on(LOAD_CORE))
        if out.returncode != 0 or "received PKICONF" not in out.stdout + out.stderr:
            raise BadRound("openssl cmp: " + (out.stdout + out.stderr)[-300:])
    return (server.cpu() - before) * 1e6 / len(devices)


def mock(plant):
    f = plant.folder
    s = Server(["openssl", "cmp", "-config", "", "-port", "0", "-srv_ref", "srv", "-srv_secret", "pass:test", "-srv_cert", f + "/answers.der",
                "-srv_key", f + "/answers.key", "-srv_trusted", f + "/maker.der", "-rsp_cert", f + "/issued.der"], r"ACCEPT \S*:\d+")
    s.port = int(re.search(r"ACCEPT \S*:(\d+)", s.text).group(1))
    return s


def e2e(work):
    if shutil.which("openssl") is None:
        skipped("e2e-enrol", NO_OPENSSL)
        return
    plant = Plant(work)
    gate, other = plant.gateway(), mock(plant)
    # Each time other devices: a key that comes back would soon be one that comes often. The mock server knows one.
    turn = itertools.cycle(range(PLANT_DEVICES))
    row("e2e-enrol", "CPU of the gateway per enrolment of `openssl cmp`, protection replaced; baseline openssl's mock server, asked directly", 0.5,
        compare(lambda: openssl_enrols(plant, gate, CMP_PATH, [next(turn) for _ in range(ENROLMENTS)]),
                lambda: openssl_enrols(plant, other, "pkix/", [0] * ENROLMENTS)))
    for s in (other, gate, plant.ca):
        s.stop()


def pool(work):
    out = subprocess.run([os.path.join(BUILD, "tests/bench/pool"), str(ROUNDS)], capture_output=True, text=True, check=True).stdout
    rounds = [tuple(map(float, x.split())) for x in out.splitlines()]
    work_of_two = statistics.median(x[3] for x in rounds)
    quiet = [x for x in rounds if x[2] <= QUIET]
    if not quiet:
        skipped("pool", "others took %.0f %% of the cores or more; a job by 2 workers takes %.2f of the CPU of one by 1 worker"
                % (100 * min(x[2] for x in rounds), work_of_two))
        return
    ratios = sorted(two / one for one, two, _, _ in quiet)
    middle = statistics.median(ratios)
    line("pool", "%.0f/s" % statistics.median(x[1] for x in quiet), "%.0f/s" % statistics.median(x[0] for x in quiet), "%.2f" % middle,
         "(%.2f..%.2f)" % (ratios[0], ratios[-1]), ">=1.80", middle >= 1.8,
         "P-256 verifications by 2 workers; baseline 1; a job of theirs takes %.2f of its CPU; %d of %d rounds were quiet" % (work_of_two, len(quiet), len(rounds)))


def rss_keys(work):
    plant = Plant(work)
    rows = [("rss-keys", plant.gateway(limits="bytes_in_flight: 1MiB"), "limits.bytes_in_flight: 1MiB"),
            ("rss-keys/d", plant.gateway(limits="transactions: 256"), "the default of 12MiB, three quarters of it answers kept for repeats")]
    begins = [gate.rss() for _, gate, _ in rows]
    ends = []
    for _, gate, _ in rows:
        if load("once", gate.port, CMP_PATH, "sig", KEYS, CONNECTIONS, program=RA_PEER) != 2 * KEYS:
            raise BadRound("rss-keys: an enrolment is missing")
        ends.append(gate.rss())
    time.sleep(UPKEEP)
    for (name, gate, what), begin, end in zip(rows, begins, ends):
        rest = gate.rss()
        line(name, "%d kB" % rest, "8192 kB", "%.2f" % (rest / 8192), "", "1.00", rest <= 8192,
             "resident memory a minute after %d keys enrolled; %d kB before, %d kB at once, %d kB at most; %s" % (KEYS, begin, end, gate.peak(), what))
        gate.stop()
    plant.ca.stop()


GROUPS = [(("reprotect-p256", "reprotect-pbm"), reprotect), (("e2e-enrol",), e2e), (("pool",), pool), (("rss-keys",), rss_keys)]
