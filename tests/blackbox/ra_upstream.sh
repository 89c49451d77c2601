# SPDX-License-Identifier: GPL-3.0-or-later
# A CA that issues something else than was asked for, or answers under another
# hand: the device hears systemFailure, the audit has an alarm, and where the
# gateway is the CA's client, the CA hears that its certificate is rejected.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 46

pki
certificate ra "/O=Plant/CN=RA"
certificate plc "/O=Plant/CN=plc"
scripted_ca plain
plain=$url
scripted_ca wrapping wrapped
own "$T/ra.key"
configuration "$T/gate.yaml" <<END
clock: trust-system
listeners: {replace: http://127.0.0.1:0, keep: http://127.0.0.2:0, add: http://127.0.0.3:0}
upstreams:
  plain: {url: "$plain", trust: plant, issued_trust: plant}
  wrapping: {url: "$url", trust: plant, issued_trust: plant}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
log: {audit: {file: $T/state/audit.jsonl}}
routes:
  - {name: replace, from: replace, trust: plant, protection: replace, sign_with: ra, to: plain}
  - {name: keep, from: keep, trust: plant, reply_with: ra, to: plain}
  - {name: add, from: add, trust: plant, protection: add, sign_with: ra, to: wrapping}
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
gateway gate "$T/gate.yaml"
asks() { python3 "$peers/scripted_device.py" "http://$1/" ir --cert "$T/plc.crt" --key "$T/plc.key" --ca "$T/ra.crt" "$T/srv.crt" --new "$T/plc.key" --subject "O=Plant,CN=plc" >"$T/heard" 2>&1; }
# alarms ROUTE N: the audit has N alarms of this route.
alarms() { [ "$(grep '"event":"alarm.raised"' "$T/state/audit.jsonl" | grep -c "\"route\":\"$1\"")" = "$2" ]; }
# told MODE ROUTE HEARD CA: what the device hears, and what the CA sees at last, when it behaves like this.
told() {
	echo "$1" >"$T/mode"
	seen
	refused "$1, $2: no certificate" asks "$(listening gate http "$5")"
	ok "$1, $2: the device hears $3" contains "$T/heard" "$3"
	if [ -n "$4" ]; then
		ok "$1, $2: the CA hears $4" comes "$4"
	else
		seen
		ok "$1, $2: the CA hears nothing more" fails grep -q certConf "$T/seen"
	fi
}
n=0
for route in replace keep add; do
	n=$((n + 1))
	rejected=
	[ $route != replace ] || rejected="^certConf rejected$"
	told key $route "^error rejection systemFailure" "$rejected" $n
	told subject $route "^error rejection systemFailure" "$rejected" $n
	told issuer $route "^error rejection systemFailure" "$rejected" $n
	told capubs $route "^error rejection systemFailure" "$rejected" $n
done
told mac replace "systemFailure" "" 1
rm "$T/mode"
ok "the audit has an alarm for each: replace" soon alarms replace 5
ok "the audit has an alarm for each: keep" soon alarms keep 4
ok "the audit has an alarm for each: add" soon alarms add 4
ok "a CA that behaves is believed afterwards" asks "$(listening gate http 1)"
stop "$pid_gate"
ok "what the CA sent instead is named" grep -q "another public key" "$T/state/audit.jsonl"
ok "the chain of the audit is whole" python3 "$peers/audit_chain.py" "$T/state/audit.jsonl"
