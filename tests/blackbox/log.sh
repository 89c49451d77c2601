# SPDX-License-Identifier: GPL-3.0-or-later
# What the log tells: requests that a link refuses (debug), messages that pass
# (trace), and files that are moved to bad/ or left alone (info).
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 coap-client-notls
need_drivers http coap tcp file
plan 30
ok "PKI and CA" device_pki
drop_folder "$T/drop"
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0", field: "coap://127.0.0.1:0", drives: "tcp://127.0.0.1:0", files: {url: "file:$T/drop", rescan: 1s}}
upstreams: {plant: "$url"}
limits: {max_message: 2KiB, header_timeout: 1s}
log: {level: trace}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
web=$(listening gate http) field=$(listening gate coap) drives=$(listening gate tcp)
# logged REGEX: a line appears.
logged() { python3 "$peers/await_line.py" "$T/gate.log" "$pid_gate" "$1" 10; }
# sent HOST:PORT OCTETS: as printf takes them; the answer is of no interest.
sent() {
	python3 - "$1" "$2" <<'PY'
import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
s = socket.create_connection((host, int(port)), 10)
s.settimeout(10)
s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
try:
    while s.recv(4096):
        pass
except OSError:
    pass
PY
}
request() { printf '%s' "POST $1 HTTP/1.1\\r\\nHost: gate\\r\\nContent-Type: $2\\r\\nContent-Length: $3\\r\\nConnection: close\\r\\n\\r\\n"; }
line() { sent "$2" "$3" && logged "$1"; }

ok "HTTP: a wrong path" line 'debug refused: no CMP service under this path.*peer=127.0.0.1:.*listener=web answer=404 asked=/nowhere' "$web" "$(request /nowhere application/pkixcmp 1)x"
ok "HTTP: a wrong content type" line 'refused: the content must be.*answer=415 asked=text/html' "$web" "$(request /.well-known/cmp text/html 1)x"
ok "HTTP: too large" line 'refused: the content is larger than allowed.*answer=413' "$web" "$(request /.well-known/cmp application/pkixcmp 4096)"
ok "HTTP: TLS on a plain port" line 'refused: this is a TLS ClientHello.*listener=web answer=400' "$web" '\x16\x03\x01\x02\x00\x01'
ok "HTTP: a head that does not end" line 'refused: the request did not arrive in time.*listener=web answer=408' "$web" 'POST /'
ok "TCP: TLS on a plain port" line 'refused: this is a TLS ClientHello.*listener=drives answer=errorMsgRep' "$drives" '\x16\x03\x01\x02\x00\x01'
ok "TCP: HTTP on that port" line 'refused: this is HTTP; .*listener=drives' "$drives" 'POST / HTTP/1.1\r\n\r\n'
ok "TCP: a frame of no length" line 'refused: length is zero.*listener=drives' "$drives" '\x00\x00\x00\x00\x00'
ok "TCP: a message too large" line 'refused: message longer than 2048 octets.*listener=drives' "$drives" '\x00\x00\x10\x00\x00'
ok "TCP: a poll for nothing" line 'refused: this polling reference is unknown.*listener=drives' "$drives" '\x00\x00\x00\x05\x02\x00\x00\x00\x01'
coap() { printf x >"$T/x"; coap-client-notls -B 5 -f "$T/x" "$@" >/dev/null 2>&1; }
coap -m post -t 259 "coap://$field/nowhere"
ok "CoAP: a wrong path" logged 'refused: no such path.*peer=127.0.0.1:.*listener=field answer=4.04 asked=/nowhere'
coap -m post -t 0 "coap://$field/.well-known/cmp"
ok "CoAP: a wrong content format" logged 'refused: the content must be application/pkixcmp.*listener=field answer=4.15 asked=/.well-known/cmp'
coap -m put -t 259 "coap://$field/.well-known/cmp"
ok "CoAP: a wrong method" logged 'refused: CMP requests are sent with POST.*answer=4.05'

# many: hundreds of refusals within a second or two; the log keeps its measure.
many() {
	python3 - "$web" <<'PY'
import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
for _ in range(200):
    s = socket.create_connection((host, int(port)), 10)
    s.sendall(b"\x16")
    s.recv(100)
    s.close()
PY
}
ok "200 handshakes" many
sleep 1
sent "$web" '\x16'
ok "are not 200 lines" sh -c "[ \$(grep -c 'refused: this is a TLS ClientHello.*listener=web' '$T/gate.log') -lt 100 ]"
ok "and what is left out is counted" logged 'listener=web.*unlogged=[0-9]'

ok "a device over HTTP" device -server "$web" -path .well-known/cmp $(operation ir-sig)
ok "trace: its request" logged 'trace message: from a device peer=127.0.0.1:[0-9]* listener=web path=/.well-known/cmp body=ir octets=[0-9]* transactionID=[0-9a-f]{32}'
ok "trace: to the CA" logged 'trace message: to an upstream upstream=plant octets='
ok "trace: its answer" logged 'trace message: from an upstream upstream=plant outcome="an answer" octets='
ok "trace: to the device" logged 'trace message: to a device peer=.*listener=web body=ip octets=[0-9]* transactionID='

put() { cp "$1" "$T/drop/in/.new" && mv "$T/drop/in/.new" "$T/drop/in/$2"; }
put "$T/x" noise.pki
ok "a file that is no message is told" logged 'info  file: moved to bad/ listener=files file=noise.pki why="not a PKIMessage'
put "$T/x" readme.txt
mkdir "$T/drop/in/folder.pki"
ln -s "$T/x" "$T/drop/in/link.pki"
ok "a name that is not taken" logged 'left alone in in/: its name does not end .*file=readme.txt'
ok "a folder" logged 'left alone in in/: it is a folder.*file=folder.pki'
ok "a link" logged 'left alone in in/: it is a link.*file=link.pki'
put "$T/x" later.txt
ok "at the next scans" logged 'file=later.txt'
once() { sleep 3; for n in readme.txt folder.pki link.pki later.txt; do equal "$(grep -c "left alone.*file=$n" "$T/gate.log")" 1 || return 1; done; }
ok "each is told once" once
ok "SIGTERM ends with 0" stop "$pid_gate"
