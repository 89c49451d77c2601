# SPDX-License-Identifier: GPL-3.0-or-later
# Devices that send octet by octet: within the time of a head and of a content
# they are served, beyond it they hear of it and are cut off.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http tcp
plan 13
ok "PKI and CAs" device_pki farm
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0", tcp: "tcp://127.0.0.1:0"}
upstreams: {plant: "$url"}
limits: {header_timeout: 2s, body_timeout: 2s, idle_timeout: 1s}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
web=$(listening gate http)
tcp=$(listening gate tcp)
for i in 1 2 3 4 5 6 7 8; do first_request "$T/q$i.der" $(operation ir-sig); done
# All at once: each takes seconds, and mostly waits.
slow() {
	_n=$1
	shift
	python3 "$peers/slow_device.py" "$@" >"$T/$_n.txt" 2>&1 &
	eval "pid_$_n=$!"
}
slow head1 "$web" "$T/q1.der" head 1 200
slow body1 "$web" "$T/q2.der" body 1 200
slow head2 "$web" "$T/q3.der" head 6 408
slow body2 "$web" "$T/q4.der" body 6 408
slow tbody1 "$tcp" "$T/q5.der" body 1 answer
slow tbody2 "$tcp" "$T/q6.der" body 6 error
idle() { python3 -c 'import socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
s = socket.create_connection((host, int(port)), 10)
begun = time.monotonic()
got = s.recv(100)
if got or time.monotonic() - begun < 0.9:
    sys.exit("got %r after %.1f s" % (got, time.monotonic() - begun))' "$1"; }
ended() { eval "wait \$pid_$1" || { cat "$T/$1.txt"; return 1; }; }
ok "HTTP: a connection that says nothing is closed after idle_timeout" idle "$web"
ok "TCP: a connection that says nothing is closed after idle_timeout" idle "$tcp"
ok "HTTP: a head that takes a second is served" ended head1
ok "HTTP: a content that takes a second is served" ended body1
ok "HTTP: a head beyond header_timeout: 408 and close" ended head2
ok "HTTP: a content beyond body_timeout: 408 and close" ended body2
ok "TCP: a message that takes a second is served" ended tbody1
ok "TCP: a message beyond body_timeout: errorMsgRep and close" ended tbody2
ok "the next device is served" device -server "$web" -path .well-known/cmp $(operation ir-sig)
ok "nothing that was cut off reached the CA" equal "$(ls "$T"/farm/*.req | wc -l)" 5
ok "SIGTERM ends with 0" stop "$pid_gate"
