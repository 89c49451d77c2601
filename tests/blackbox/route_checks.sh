# SPDX-License-Identifier: GPL-3.0-or-later
# route test with captured messages: what each check of a registration authority says.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 26

pki
certificate dev "/O=Plant/CN=device"
certificate ra "/O=Plant/CN=RA"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/rogue.key" -out "$T/rogue.crt" \
	-subj "/O=Plant/CN=rogue device" -days 10 >/dev/null 2>&1
owner=$(id -un)
[ "$(id -u)" != 0 ] || owner=nobody
printf '%s\n' "dev1:secret-of-16-or-more-1" "named:secret-of-a-named-device name=\"CN=other,O=Plant\"" "old:secret-that-is-over-already expires=2020-01-01T00:00:00Z" >"$T/table"
echo subject >"$T/allow.csv"
echo '"CN=listed,O=Plant"' >>"$T/allow.csv"
chown "$owner" "$T/table" "$T/ra.key"
chmod 600 "$T/table" "$T/ra.key"
chmod 644 "$T/allow.csv"
configuration "$T/gate.yaml" <<END
clock: trust-system
listeners: {field: http://127.0.0.1:0}
upstreams: {ca: {url: "http://127.0.0.3:9/pkix/", trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
credentials: {ra: {cert: $T/ra.crt, key: $T/ra.key}}
secrets: {field: file:$T/table}
routes:
  - {name: listed, match: {profile: listed, body: ir}, trust: plant, protection: replace, sign_with: ra, bind: none, approve: {allow: $T/allow.csv}, to: ca}
  - {name: blind, match: {profile: blind}, protection: keep, to: ca}
  - {name: replace, match: {body: [ir, cr, p10cr, rr]}, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}
END
ok "the configuration is in order" "$cmpgate" check --files "$T/gate.yaml"
tested() {
	_want=$1
	shift
	"$cmpgate" route test -c "$T/gate.yaml" "$@" >"$T/out" 2>"$T/err"
	_got=$?
	[ "$_got" = "$_want" ] || { echo "exit code $_got, should be $_want"; cat "$T/out" "$T/err"; return 1; }
}
says() { contains "$T/out" "$1"; }
NEW="-newkey $T/dev.key -subject /O=Plant/CN=device -certout $T/got.pem"
mac() { echo "-ref $1 -secret pass:$2 -mac hmacWithSHA256"; }

ok "captured: signature" first_request "$T/sig.der" -cmd ir $SIG $NEW
ok "passes" tested 0 "$T/sig.der"
ok "the protection" says "^check protection  *well: the message is signed by CN=device identity,O=Maker, whose certificate has a path in trust plant$"
ok "the proof of possession" says "^check proof of possession  *well: made with the key that is to be certified$"
ok "the policy" says "^check policy  *well: route replace allows it$"
ok "and where it would go" says "^forwarded to upstream ca"
ok "JSON is whole" tested 0 --json "$T/sig.der"
ok "with each check" sh -c "python3 -c 'import json,sys; j=json.load(open(sys.argv[1])); assert [c[\"check\"] for c in j[\"checks\"]]==[\"protection\",\"proof of possession\",\"policy\"] and all(c[\"well\"] for c in j[\"checks\"]) and j[\"result\"]==\"forwarded\"' '$T/out'"
first_request "$T/mac.der" -cmd ir $(mac dev1 secret-of-16-or-more-1) $NEW
ok "a MAC" tested 0 "$T/mac.der"
ok "names the secret, not its value" sh -c 'grep -q "well: the MAC is right: secret dev1 of table field, for one transaction" "$1" && ! grep -q "secret-of-16" "$1"' - "$T/out"
first_request "$T/wrong.der" -cmd ir $(mac dev1 another-secret-of-16-or-more) $NEW
ok "a wrong secret" tested 1 "$T/wrong.der"
ok "is badMessageCheck" says "^refused with badMessageCheck: .*the MAC does not verify"
first_request "$T/old.der" -cmd ir $(mac old secret-that-is-over-already) $NEW
ok "a secret whose time is over" tested 1 "$T/old.der"
first_request "$T/sha1.der" -cmd ir -ref dev1 -secret pass:secret-of-16-or-more-1 $NEW
ok "the SHA-1 MAC" tested 1 "$T/sha1.der"
ok "with its cure" says "^refused with badAlg: .*hmacWithSHA256"
first_request "$T/rogue.der" -cmd ir -cert "$T/rogue.crt" -key "$T/rogue.key" -extracerts "$T/rogue.crt" $NEW
ok "a signer under no anchor" tested 1 "$T/rogue.der"
ok "is signerNotTrusted" says "^refused with signerNotTrusted"
ok "an allow-list without the device" tested 1 --profile listed "$T/sig.der"
ok "says so" says "^check allow-list  *refuses: "
first_request "$T/listed.der" -cmd ir $SIG -newkey "$T/dev.key" -subject /O=Plant/CN=listed -certout "$T/got.pem"
ok "with it" tested 0 --profile listed "$T/listed.der"
ok "a route that does not verify says so" sh -c '"$1" route test -c "$2" --profile blind "$3" | grep -q "^check protection  *well: not looked at"' - "$cmpgate" "$T/gate.yaml" "$T/rogue.der"
openssl req -new -key "$T/dev.key" -subj /O=Plant/CN=device -out "$T/dev.csr"
ok "a PKCS#10 request" tested 1 "$T/dev.csr"
ok "is told by which way it comes" says "^refused with badDataFormat: a PKCS#10 request comes as a file in a drop folder only"
rm "$T/ra.key"
ok "keys that cannot be loaded" tested 7 "$T/sig.der"
ok "are named" contains "$T/err" "the checks cannot be made: credentials.ra: $T/ra.key: cannot be opened"
