# SPDX-License-Identifier: GPL-3.0-or-later
# A CA that says no: the device hears it unchanged, and the log says who, where and why.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 9
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
ok "SIGTERM ends with 0" stop "$pid_gate"
