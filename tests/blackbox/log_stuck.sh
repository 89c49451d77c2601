#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The log into a pipe that nobody reads: the gateway serves, and ends when told to.
. "${srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/blackbox/lib.sh"
plan 3
need python3
need_drivers http

configuration "$T/g.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
mkfifo "$T/sink"
exec 9<>"$T/sink"
start gate '^ready' sh -c "exec '$cmpgate' run -c '$T/g.yaml' 2>'$T/sink'"

# Each of these is a line of the log: more than pipe and queue take.
cat >"$T/many.py" <<'PY'
import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
bad = b"POST / HTTP/1.1\r\nHost: g\r\nContent-Type: application/pkixcmp\r\nContent-Length: 2\r\n\r\n\x30\x00"
s = socket.create_connection((host, int(port)), 10)
got = 0
for _ in range(6000):
    s.sendall(bad)
    while True:
        part = s.recv(65536)
        if not part:
            sys.exit("closed after %d answers" % got)
        if b"HTTP/1.1 400" in part:
            break
    got += 1
PY
ok "thousands of requests are answered while nobody reads the log" timeout 60 python3 "$T/many.py" "$(listening gate http)"
alive() { kill -0 "$pid_gate"; }
ok "the gateway lives" alive
ended() { timeout 8 tail --pid="$pid_gate" -f /dev/null; }
kill "$pid_gate"
ok "SIGTERM ends it" ended
exec 9>&-
