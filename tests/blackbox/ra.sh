# SPDX-License-Identifier: GPL-3.0-or-later
# The gateway as a registration authority: it verifies stock devices, signs with
# its own key towards the CA, and answers each device in its own kind.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 30

pki
certificate dev "/O=Plant/CN=device"
openssl req -new -key "$T/dev.key" -subj "/O=Plant/CN=device" -out "$T/dev.csr" 2>/dev/null
ca_farm rec dev -accept_raverified	# a CA for each transaction; its recorder shows what it was sent
certificate ra "/O=Plant/CN=RA"
certificate stranger "/O=Nobody/CN=stranger"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/rogue.key" -out "$T/rogue.crt" \
	-subj "/O=Plant/CN=rogue device" -days 10 >/dev/null 2>&1
owner=$(id -un)
[ "$(id -u)" != 0 ] || owner=nobody
chown "$owner" "$T/ra.key"
chmod 600 "$T/ra.key"
for n in 1 2 3 4 5 6 7 8 9; do echo "dev$n:secret-of-16-or-more-$n"; done >"$T/table"
echo 'bound:secret-of-a-named-device name="CN=device,O=Plant"' >>"$T/table"
echo 'many:secret-of-a-whole-series uses=many' >>"$T/table"
echo 'old:secret-that-is-over-already expires=2020-01-01T00:00:00Z' >>"$T/table"
chown "$owner" "$T/table"
chmod 600 "$T/table"

configuration "$T/gate.yaml" <<END
clock: trust-system
workers: 2
listeners: {replace: http://127.0.0.1:0, raverified: http://127.0.0.2:0, keep: http://127.0.0.3:0}
upstreams:
  ca: {url: "$url", trust: plant, issued_trust: plant}
trust:
  plant: [$T/ca.crt]
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
secrets:
  field: file:$T/table
limits: {mac_refusal_delay: 50ms, secret_failures: 3}
routes:
  - {name: legacy, from: replace, match: {sender: "kid:many"}, secrets: field, accept: [sha1-mac],
     protection: replace, sign_with: ra, bind: none, accept_ca_pubs: yes, to: ca}
  - {name: replace, from: replace, match: {body: [enroll, rr, genm]}, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, accept_ca_pubs: yes, to: ca}
  - {name: renewals, from: replace, match: {body: kur}, trust: plant, protection: keep, to: ca}
  - {name: raverified, from: raverified, trust: plant, protection: replace, popo: raverified, sign_with: ra, bind: none, accept_ca_pubs: yes, to: ca}
  - {name: keep, from: keep, trust: plant, reply_with: ra, bind: none, accept_ca_pubs: yes, to: ca}
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
gateway gate "$T/gate.yaml"
replace=$(listening gate http 1)
raverified=$(listening gate http 2)
keep=$(listening gate http 3)

# asked KEY: what the last request but its certConf says that the CA saw, as inspect shows it.
asked() {
	_last=$(ls "$T/rec" | grep '\.req$' | sort | tail -n 2 | head -n 1)
	"$cmpgate" inspect --json "$T/rec/$_last" >"$T/asked.json" && python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
for k in sys.argv[2].split("."):
    v = v[int(k)] if k.isdigit() else v[k]
print(v)' "$T/asked.json" "$1"
}
enrol() { _hp=$1; shift; device -server "$_hp" -path pkix/ "$@"; }
NEW="-newkey $T/dev.key -subject /O=Plant/CN=device -certout $T/got.pem"
mac() { echo "-ref $1 -secret pass:$2 -mac hmacWithSHA256 -trusted $T/ca.crt"; }

ok "ir by signature, protection replaced" enrol "$replace" -cmd ir $SIG $NEW
ok "the certificate is the CA's" equal "$(openssl x509 -in "$T/got.pem" -noout -serial)" "$(openssl x509 -in "$T/dev.crt" -noout -serial)"
ok "the CA was asked by the RA" equal "$(asked header.sender)" "dirName:CN=RA,O=Plant"
ok "cr by signature" enrol "$replace" -cmd cr $SIG $NEW
ok "p10cr by signature" enrol "$replace" -cmd p10cr $SIG -csr "$T/dev.csr" -certout "$T/got.pem"
ok "rr by the certificate's own key" enrol "$replace" -cmd rr -cert "$T/dev.crt" -key "$T/dev.key" -trusted "$T/ca.crt" -oldcert "$T/dev.crt" -revreason 4
ok "genm" enrol "$replace" -cmd genm $SIG -infotype signKeyPairTypes
ok "kur is never protected anew" enrol "$replace" -cmd kur -cert "$T/dev.crt" -key "$T/dev.key" -trusted "$T/ca.crt" -oldcert "$T/dev.crt" -newkey "$T/dev.key" -certout "$T/got.pem"
ok "and reaches the CA under the device's name" equal "$(asked header.sender)" "dirName:CN=device,O=Plant"
ok "ir with implicitConfirm" enrol "$replace" -cmd ir $SIG $NEW -implicit_confirm
ok "ir by PBM with HMAC-SHA256" enrol "$replace" -cmd ir $(mac dev1 secret-of-16-or-more-1) $NEW
ok "reaches the CA as a signature" equal "$(asked header.sender)" "dirName:CN=RA,O=Plant"
ok "cr and p10cr by PBM: cr" enrol "$replace" -cmd cr $(mac dev2 secret-of-16-or-more-2) $NEW
ok "cr and p10cr by PBM: p10cr" enrol "$replace" -cmd p10cr $(mac dev3 secret-of-16-or-more-3) -csr "$T/dev.csr" -certout "$T/got.pem"

ok "ir whose proof was verified here" enrol "$raverified" -cmd ir $SIG $NEW
ok "reaches the CA as raVerified" equal "$(asked body.certReqMessages.0.popo)" raVerified

ok "keep: ir by signature" enrol "$keep" -cmd ir $SIG $NEW
ok "keep: reaches the CA under the device's name" equal "$(asked header.sender)" "dirName:CN=device identity,O=Maker"

# refused_with FAILINFO WORDS NAME HOSTPORT ARGS...
refused_with() {
	_info=$1
	_words=$2
	_title=$3
	shift 3
	rm -f "$T/got.pem"
	enrol "$@" >"$T/refused.out" 2>&1
	ok "$_title: $_info" contains "$T/refused.out" "PKIFailureInfo: $_info; StatusString: \".*$_words"
}
sent=$(ls "$T/rec" | grep -c '\.req$')
refused_with signerNotTrusted "" "a signer under no anchor" "$replace" -cmd ir -cert "$T/rogue.crt" -key "$T/rogue.key" -trusted "$T/ca.crt" -extracerts "$T/rogue.crt" $NEW
refused_with badAlg "hmacWithSHA256" "the SHA-1 MAC that openssl takes by itself, with the cure" "$replace" -cmd ir -ref dev4 -secret pass:secret-of-16-or-more-4 -trusted "$T/ca.crt" $NEW
refused_with badMessageCheck "the MAC does not verify" "a wrong secret" "$replace" -cmd ir $(mac dev5 wrong-secret-of-16-or-more) $NEW
grep -o 'StatusString:.*' "$T/refused.out" >"$T/wrong"
refused_with badMessageCheck "the MAC does not verify" "an unknown reference" "$replace" -cmd ir $(mac nobody secret-of-16-or-more-5) $NEW
grep -o 'StatusString:.*' "$T/refused.out" >"$T/unknown"
ok "the two cannot be told apart" same "$T/wrong" "$T/unknown"
refused_with badMessageCheck "the MAC does not verify" "a secret whose time is over" "$replace" -cmd ir $(mac old secret-that-is-over-already) $NEW
refused_with badMessageCheck "the MAC does not verify" "a secret that is used up" "$replace" -cmd ir $(mac dev1 secret-of-16-or-more-1) $NEW
refused_with wrongIntegrity "" "a MAC where the route wants a signature" "$keep" -cmd ir $(mac dev6 secret-of-16-or-more-6) $NEW
refused_with notAuthorized "" "the certificate of somebody else cannot be revoked" "$replace" -cmd rr $SIG -oldcert "$T/dev.crt" -revreason 4
ok "nothing of all that reached the CA" equal "$(ls "$T/rec" | grep -c '\.req$')" "$sent"
ok "the SHA-1 MAC passes where the route accepts it, and the secret of many serves twice" sh -c '
	for i in 1 2; do "$@" || exit 1; done' - openssl cmp -config "" -batch -server "$replace" -path pkix/ -cmd ir -ref many \
	-secret pass:secret-of-a-whole-series -trusted "$T/ca.crt" $NEW
stop "$pid_gate"
