# SPDX-License-Identifier: GPL-3.0-or-later
# Stock devices with keys of every usual kind, through routes that replace, wrap
# and keep protection, to a CA that verifies what it gets: on replace that the RA
# signed, on add the RA's envelope around the device's own message, on keep the device.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 64

pki
certificate ra "/O=Plant/CN=RA"
scripted_ca plain
plain=$url
scripted_ca wrapping wrapped field:secret-that-the-ca-knows
wrapping=$url
for t in rsa p256 p384 ed25519; do keyed "$t" "$t" "/O=Plant/CN=$t device"; done
echo "field:secret-that-the-ca-knows uses=many" >"$T/table"
own "$T/ra.key" "$T/table"
configuration "$T/gate.yaml" <<END
clock: trust-system
workers: 2
listeners: {replace: http://127.0.0.1:0, add: http://127.0.0.2:0, keep: http://127.0.0.3:0}
upstreams:
  plain: {url: "$plain", trust: plant, issued_trust: plant}
  wrapping: {url: "$wrapping", trust: plant, issued_trust: plant}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
secrets: {field: file:$T/table}
limits: {mac_refusal_delay: 1ms}
routes:
  - {name: replace, from: replace, trust: plant, secrets: field, protection: replace, sign_with: ra, to: plain}
  - {name: add, from: add, trust: plant, secrets: field, protection: add, sign_with: ra, to: wrapping}
  - {name: keep, from: keep, trust: plant, reply_with: ra, to: plain}
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
gateway gate "$T/gate.yaml"
seen_by_last() { contains "$T/seen" "$1"; }
seen_by() { seen; contains "$T/seen" "$1"; }

# enrol HOSTPORT ir|kur TYPE: openssl cmp 3.0 has no Ed25519, so that device is scripted.
enrol() {
	rm -f "$T/new.pem"
	if [ "$3" = ed25519 ]; then
		python3 "$peers/scripted_device.py" "http://$1/" "$2" --cert "$T/$3.crt" --key "$T/$3.key" --new "$T/$3.key" --ca "$T/ra.crt" "$T/srv.crt" --out "$T/new.pem"
		return
	fi
	set -- "$1" "$2" "$3" $([ "$2" = kur ] && echo "-oldcert $T/$3.crt")
	_hp=$1
	_kind=$2
	_me=$3
	shift 3
	[ "$_kind" = kur ] || set -- -subject "/O=Plant/CN=$_me device"
	device -server "$_hp" -path / -cmd "$_kind" -cert "$T/$_me.crt" -key "$T/$_me.key" -trusted "$T/ca.crt" -newkey "$T/$_me.key" -certout "$T/new.pem" "$@"
}
n=0
for route in replace add keep; do
	n=$((n + 1))
	hp=$(listening gate http $n)
	for t in rsa p256 p384 ed25519; do
		who="O=Plant,CN=$t device"
		outer=$who
		[ $route != replace ] || outer="O=Plant,CN=RA"
		ok "$route: ir with $t" enrol "$hp" ir $t
		ok "$route: it has the key of the device" equal "$(openssl x509 -in "$T/new.pem" -noout -pubkey)" "$(openssl pkey -in "$T/$t.key" -pubout)"
		ok "$route: the CA was asked by $outer" seen_by "^ir by $outer$"
		ok "$route: kur with $t" enrol "$hp" kur $t
		ok "$route: it reaches the CA under the device's own signature" seen_by "^kur by $who$"
	done
done
add=$(listening gate http 2)
ok "add: ir by a secret that the CA knows" device -server "$add" -path / -cmd ir -ref field -secret pass:secret-that-the-ca-knows -mac hmacWithSHA256 \
	-newkey "$T/rsa.key" -subject "/O=Plant/CN=rsa device" -certout "$T/new.pem"
ok "add: it came in an envelope of the RA" seen_by "^envelope by O=Plant,CN=RA$"
ok "add: with the device's own MAC inside" seen_by_last "^ir by secret field$"
stop "$pid_gate"
