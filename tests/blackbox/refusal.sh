# SPDX-License-Identifier: GPL-3.0-or-later
# A CA that says no: the device hears it unchanged, and the log says who, where and why.
# So it does where the gateway itself says no; and what is no message at all is called by its name.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 20
set_up() { pki && certificate dev "/O=Plant/CN=device" && ca_farm farm dev -pkistatus 2 -failure 9 -statusstring "not today"; }
ok "PKI and a CA that refuses" set_up
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
refuses() { if device -server "$at" -path .well-known/cmp $(operation "$1") >"$T/device.txt" 2>&1; then return 1; fi; contains "$T/device.txt" 'rejection.*badPOP.*not today'; }
ok "ir: the device hears the CA's words" refuses ir-sig
ok "its log line has them" contains "$T/gate.log" 'info *answer: ip: rejection: badPOP: not today upstream=plant'
ok "and names peer, route and transaction" contains "$T/gate.log" 'answer: ip: .*peer=127.0.0.1:.*route=.*transactionID=[0-9a-f]'
ok "the transaction ends as refused" contains "$T/gate.log" 'transaction: ir: refused'
stop "$pid_farm"
ca_farm good dev
sed "s|http://127.0.0.1:[0-9]*/pkix/|$url|" "$T/gate.yaml" >"$T/new.yaml" && mv "$T/new.yaml" "$T/gate.yaml"
kill -HUP "$pid_gate"
ok "another CA takes over" python3 "$peers/await_line.py" "$T/gate.log" "$pid_gate" "is in force" 10
first_request "$T/q.der" $(operation ir-sig)
python3 "$peers/http_post.py" "$at" /.well-known/cmp "$T/q.der" "$T/r.der" >/dev/null
ok "a certificate that is not confirmed has a line, too" contains "$T/gate.log" 'answer: ip: a certificate; certConf is awaited'
stop "$pid_good"
first_request "$T/q2.der" $(operation ir-sig)
id=$("$cmpgate" inspect "$T/q2.der" | sed -n 's/^  transactionID: //p')
python3 "$peers/http_post.py" "$at" /.well-known/cmp "$T/q2.der" "$T/r2.der" >/dev/null
ok "a CA that is gone: route and transactionID" contains "$T/gate.log" "warn  refused: .*reason=\"upstream unavailable\" route=implicit transactionID=$id"
ok "SIGTERM ends with 0" stop "$pid_gate"
configuration "$T/routes.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "$url"}
routes: [{name: office, match: {body: ir}, to: reject}, {name: other, match: {body: genm}}]
YAML
ok "the gateway with routes is ready" gateway routes "$T/routes.yaml"
at=$(listening routes http)
python3 "$peers/http_post.py" "$at" /.well-known/cmp "$T/q2.der" "$T/r2.der" >/dev/null
ok "a route that rejects: its name and transactionID" contains "$T/routes.log" "warn  rejected: .*failInfo=notAuthorized route=office transactionID=$id"
first_request "$T/q3.der" $(operation cr-pbm)
python3 "$peers/http_post.py" "$at" /.well-known/cmp "$T/q3.der" "$T/r3.der" >/dev/null
ok "no route: the transactionID" contains "$T/routes.log" "warn  rejected: no route .*failInfo=notAuthorized transactionID=[0-9a-f]"

# mistaken FILE TEXT: the answer names what was sent; route test does as well.
mistaken() {
	python3 "$peers/http_post.py" "$at" /.well-known/cmp "$1" "$T/m.txt" >"$T/m.status"
	grep -q '^400 text/plain' "$T/m.status" && contains "$T/m.txt" "$2" || { cat "$T/m.status"; return 1; }
	"$cmpgate" route test -c "$T/routes.yaml" "$1" >"$T/m.out"
	contains "$T/m.out" "refused with badDataFormat: $2"
}
openssl x509 -in "$T/dev.crt" -outform DER -out "$T/m.crt"
openssl req -new -key "$T/dev.key" -subj /CN=d -outform DER -out "$T/m.csr" 2>/dev/null
: >"$T/index"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=9\n' "$T/index" >"$T/crl.cnf"
openssl ca -config "$T/crl.cnf" -keyfile "$T/ca.key" -cert "$T/ca.crt" -gencrl 2>/dev/null | openssl crl -outform DER -out "$T/m.crl" 2>/dev/null
ok "a certificate instead of a message" mistaken "$T/m.crt" "this is a certificate, and no PKIMessage"
ok "a PKCS#10 request" mistaken "$T/m.csr" "this is a PKCS#10 request, and no PKIMessage; a p10cr carries one"
ok "a CRL" mistaken "$T/m.crl" "this is a CRL, and no PKIMessage"
ok "PEM" mistaken "$T/dev.crt" "this is PEM, a text"
head -c 100 "$T/m.crt" >"$T/m.cut"
ok "half a certificate is just malformed" mistaken "$T/m.cut" ""
ok "so is noise" mistaken "$srcdir/COPYING" ""
ok "SIGTERM ends with 0" stop "$pid_routes"
