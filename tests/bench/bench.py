#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benches: CPU per message as a ratio to a peer measured in the same run,
rounds interleaved. bench.py BUILDDIR SRCDIR [ROW...]. Prints one line a row:
our number, the baseline's, their ratio, its spread, the target. A row whose
peer is not installed is skipped by name. docs/benchmarks.md says what each row means."""
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from kit import *
import ra


def nginx(work, upstream):
    exe = shutil.which("nginx") or ("/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else None)
    if exe is None:
        return None
    folder = os.path.join(work, "nginx")
    os.makedirs(folder, exist_ok=True)
    port = upstream.port + 1 if upstream.port < 65000 else upstream.port - 1
    for _ in range(20):
        with open(os.path.join(folder, "nginx.conf"), "w") as f:
            f.write("daemon off; worker_processes 1; pid %s/pid; error_log /dev/null;\n"
                    "events { worker_connections 8192; }\nhttp { access_log off; client_body_buffer_size 64k; keepalive_requests 100000000;\n"
                    "client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n"
                    "upstream ca { server 127.0.0.1:%d; keepalive 1100; keepalive_requests 100000000; }\n"
                    "server { listen 127.0.0.1:%d; location / { proxy_pass http://ca; proxy_http_version 1.1; proxy_set_header Connection \"\"; } } }\n"
                    % (folder, folder, folder, folder, folder, folder, upstream.port, port))
        s = Server([exe, "-c", os.path.join(folder, "nginx.conf"), "-p", folder], None)
        end = time.monotonic() + 5
        while time.monotonic() < end and s.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                s.port = port
                return s
            except OSError:
                time.sleep(0.02)
        s.stop()
        port += 7
    return None


NO_NGINX = "nginx is not installed; it is the baseline of this row (Debian: apt-get install nginx-light)"
NO_COAP = "this build has no CoAP (configure found no libcoap; Debian: apt-get install libcoap3-dev)"


def http_cost(server, conns):
    return lambda: cost(server, "load-http", server.port, CMP_PATH, 1500, conns, SECONDS)


def fwd_http(work):
    up = peer_server("upstream", 1500)
    other = nginx(work, up)
    if other is None:
        for name in ("fwd-http", "fwd-http-1k", "noise"):
            if wanted(name):
                skipped(name, NO_NGINX)
        up.stop()
        return
    gate = gateway(work, up.port, ["http://127.0.0.1:0"])
    gate.port = gate.ports[0]
    for name, conns, target in (("fwd-http", 32, 0.8), ("fwd-http-1k", 1000, 0.5)):
        if wanted(name):
            row(name, "CPU per exchange, HTTP to HTTP, %d connections, 1500 octets; baseline nginx as proxy" % conns, target,
                compare(http_cost(gate, conns), http_cost(other, conns)))
    if wanted("noise"):
        row("noise", "nginx against itself: what a ratio here is worth", 1.03, compare(http_cost(other, 32), http_cost(other, 32)))
    for s in (other, gate, up):
        s.stop()


def hold(server, conns):
    """Resident kB of a server while it holds this many connections that had one exchange each."""
    client = Server([PEER, "hold-http", str(server.port), CMP_PATH, "1500", str(conns), "60"], r"held\n", LOAD_CORE)
    rss = server.rss()
    client.stop()
    return rss


def rss_1k(work):
    up = peer_server("upstream", 1500)
    gate = gateway(work, up.port, ["http://127.0.0.1:0"])
    gate.port = gate.ports[0]
    ours = hold(gate, 1000)
    other = nginx(work, up)
    if other is None:
        skipped("rss-1k", NO_NGINX + "; cmpgate alone: %d kB" % ours)
    else:
        theirs = hold(other, 1000)
        line("rss-1k", "%d kB" % ours, "%d kB" % theirs, "%.2f" % (ours / theirs), "", "0.35", ours / theirs <= 0.35,
             "resident memory with 1000 connections after an exchange each; baseline nginx")
        other.stop()
    gate.stop()
    up.stop()


def fwd_tcp(work):
    up, echo = peer_server("upstream", 1500), peer_server("echo-tcp", 1500, SERVER_CORE)
    gate = gateway(work, up.port, ["tcp://127.0.0.1:0"])
    row("fwd-tcp", "CPU per exchange, raw TCP to HTTP, 32 connections, 1500 octets; baseline a framed echo", 2.5,
        compare(lambda: cost(gate, "load-tcp", gate.ports[0], 1500, 32, SECONDS),
                lambda: cost(echo, "load-tcp", echo.port, 1500, 32, SECONDS)))
    for s in (gate, echo, up):
        s.stop()


def have_coap(*names):
    if os.path.exists(os.path.join(BUILD, "tests/bench/coap_echo")):
        return True
    for name in names:
        if wanted(name):
            skipped(name, NO_COAP)
    return False


def fwd_coap(work):
    sizes = (("fwd-coap-1", 900), ("fwd-coap-1.5k", 1500), ("fwd-coap-4k", 4000))
    if not have_coap(*(name for name, _ in sizes)):
        return
    for name, size in sizes:
        if not wanted(name):
            continue
        up = peer_server("upstream", size)
        # Each load leaves the uploads it was in the middle of: room for those of all rounds.
        gate = gateway(work, up.port, ["coap://127.0.0.1:0"], ", coap: {assemblies: 1024}")
        echo = Server([os.path.join(BUILD, "tests/bench/coap_echo"), str(size)], r"port \d+\n")
        echo.port = int(re.search(r"port (\d+)", echo.text).group(1))
        row(name, "CPU per exchange, CoAP to HTTP, 32 peers, %d octets; baseline a libcoap echo" % size, 1.8,
            compare(lambda: cost(gate, "load-coap", gate.ports[0], size, 32, SECONDS),
                    lambda: cost(echo, "load-coap-echo", echo.port, size, 32, SECONDS)))
        for s in (gate, echo, up):
            s.stop()


def coap_sessions(work):
    if not have_coap("coap-sessions"):
        return
    up = peer_server("upstream", 900)
    fresh, known = (gateway(work, up.port, ["coap://127.0.0.1:0"]) for _ in range(2))
    came = load("idle-coap", known.ports[0], 900, 10000)
    row("coap-sessions", "CPU per exchange after %d CoAP peers; baseline the same with none" % came, 2,
        compare(lambda: cost(known, "load-coap", known.ports[0], 900, 32, SECONDS),
                lambda: cost(fresh, "load-coap", fresh.ports[0], 900, 32, SECONDS)))
    for s in (fresh, known, up):
        s.stop()


def codec(work):
    out = subprocess.run([os.path.join(BUILD, "tests/bench/codec_bench"), os.path.join(SRC, "tests/bench/ir.der"), str(4 * ROUNDS)],
                         capture_output=True, text=True, check=True).stdout.splitlines()
    pairs = [tuple(map(float, x.split())) for x in out[1:]]
    ratios = [x / y for x, y in pairs]
    row("codec-ir", "parse and copy out, %s; baseline a bare strict walk" % out[0], 4,
        (statistics.median(x for x, _ in pairs), statistics.median(y for _, y in pairs), statistics.median(ratios), min(ratios), max(ratios)), "ns")


def idle(work):
    up = peer_server("upstream", 900)
    kinds = ["http://127.0.0.1:0", "tcp://127.0.0.1:0"]
    if os.path.exists(os.path.join(BUILD, "tests/bench/coap_echo")):
        kinds.append("coap://127.0.0.1:0")
    gate = gateway(work, up.port, kinds)
    rss = gate.rss()
    line("rss-idle", "%d kB" % rss, "6144 kB", "%.2f" % (rss / 6144), "", "1.00", rss <= 6144,
         "resident memory with %d listeners and no traffic, %d kB of it anonymous; baseline the budget itself" % (len(kinds), gate.own()))
    gate.stop()
    up.stop()


def start(work):
    up = peer_server("upstream", 900)
    ours, empty = [], []
    for _ in range(ROUNDS * 2):
        t = time.monotonic()
        gate = gateway(work, up.port, ["http://127.0.0.1:0"])
        ours.append((time.monotonic() - t) * 1000)
        gate.stop()
        t = time.monotonic()
        subprocess.run(["/bin/true"], check=True)
        empty.append((time.monotonic() - t) * 1000)
    up.stop()
    a, b = statistics.median(ours), statistics.median(empty)
    line("start", "%.1f ms" % a, "%.1f ms" % b, "%.2f" % (a / b), "", "10 ms", a <= 10, "exec until ready; baseline exec of an empty program")


GROUPS = [(("fwd-http", "fwd-http-1k", "noise"), fwd_http), (("fwd-tcp",), fwd_tcp), (("fwd-coap-1", "fwd-coap-1.5k", "fwd-coap-4k"), fwd_coap),
          (("coap-sessions",), coap_sessions), (("codec-ir",), codec), (("rss-idle",), idle), (("rss-1k",), rss_1k), (("start",), start)] + ra.GROUPS


def main():
    known = [name for names, _ in GROUPS for name in names]
    for name in ROWS:
        if name not in known:
            sys.exit("no row %s; there are: %s" % (name, ", ".join(known)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(subprocess.run([GATE, "version"], capture_output=True, text=True).stdout, end="")
    head()
    with tempfile.TemporaryDirectory(prefix="cmpgate-bench.") as work:
        os.chmod(work, 0o755)
        try:
            for names, run in GROUPS:
                if not ROWS or set(names) & set(ROWS):
                    try:
                        run(work)
                    except (BadRound, RuntimeError) as e:
                        failures.append(str(e))
                        print("%-14s FAILED, no figure: %s" % ("/".join(n for n in names if wanted(n)), e))
                    stop_all()
        finally:
            stop_all()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
