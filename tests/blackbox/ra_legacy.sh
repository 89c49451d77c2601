# SPDX-License-Identifier: GPL-3.0-or-later
# Devices with habits that RFC 9483 does not know, each behind its accept:
# switch, and refused with a sentence without it; and PBMAC1, which needs none.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 27

pki
certificate ra "/O=Plant/CN=RA"
certificate plc "/O=Plant/CN=plc"
certificate new "/O=Plant/CN=unused"
scripted_ca ca
echo "series:secret-of-a-whole-series uses=many" >"$T/table"
own "$T/ra.key" "$T/table"
configuration "$T/gate.yaml" <<END
clock: trust-system
listeners: {strict: http://127.0.0.1:0, lax: http://127.0.0.2:0, laxkeep: http://127.0.0.3:0}
upstreams: {ca: {url: "$url", trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
secrets: {field: file:$T/table}
limits: {mac_refusal_delay: 1ms}
routes:
  - {name: strict, from: strict, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}
  - {name: lax, from: lax, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca,
     accept: [pvno1, missing-sender-kid, pbmac1-bits, unprotected-error, reg-info, poposk-input, sha1-mac]}
  - {name: laxkeep, from: laxkeep, trust: plant, reply_with: ra, bind: none, to: ca, accept: [unprotected-error]}
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
gateway gate "$T/gate.yaml"
ok "each deviation is named in a note" sh -c '"$1" check "$2" | grep -q "pvno1, missing-sender-kid, pbmac1-bits, unprotected-error, reg-info, poposk-input, sha1-mac"' - "$cmpgate" "$T/gate.yaml"
strict=$(listening gate http 1)
lax=$(listening gate http 2)
laxkeep=$(listening gate http 3)
KEYED="--cert $T/plc.crt --key $T/plc.key --ca $T/ra.crt $T/srv.crt"
# asks HOSTPORT KIND ARGS...: an odd device; what it heard stands in $T/heard.
asks() { _hp=$1; shift; python3 "$peers/scripted_device.py" "http://$_hp/" "$@" --new "$T/new.key" --subject "O=Plant,CN=odd" >"$T/heard" 2>&1; _rc=$?; cat "$T/heard"; return $_rc; }
heard() { contains "$T/heard" "$1"; }

ok "PBMAC1: ir, and its certConf" asks "$strict" ir --secret pbmac1:series:secret-of-a-whole-series
ok "PBMAC1: the CA was asked by the RA" contains "$T/ca.seen" "^ir by O=Plant,CN=RA$"
ok "PBMAC1: genm" asks "$strict" genm --secret pbmac1:series:secret-of-a-whole-series
refused "PBMAC1: a wrong secret" asks "$strict" ir --secret pbmac1:series:another-secret-of-a-series
ok "PBMAC1: badMessageCheck" heard "error rejection badMessageCheck"

# both NAME FAILINFO WORDS ARGS...: refused by the strict route, taken by the lax one.
both() {
	_title=$1
	_info=$2
	_words=$3
	shift 3
	asks "$strict" ir "$@" >/dev/null
	ok "$_title: refused with $_info" heard "rejection $_info: .*$_words"
	ok "$_title: taken where the route accepts it" asks "$lax" ir "$@"
}
both pvno1 unsupportedVersion "speaks 2 and 3" $KEYED --pvno 1
both missing-sender-kid badMessageCheck "accept: .missing-sender-kid" $KEYED --no-kid
both pbmac1-bits badAlg "accept: .pbmac1-bits" --secret pbmac1:series:secret-of-a-whole-series --bits
both reg-info badRequest "accept: .reg-info" $KEYED --reg-info
both poposk-input badPOP "accept: .poposk-input" $KEYED --popo input
both sha1-mac badAlg "hmacWithSHA256" --secret pbm:series:secret-of-a-whole-series --sha1

echo unprotected-error >"$T/mode"
asks "$strict" ir $KEYED >/dev/null
ok "unprotected-error: nothing of it counts" heard "systemFailure"
ok "unprotected-error: the cure is named" heard "accept: .unprotected-error"
refused "unprotected-error: passed on where the route accepts it" asks "$lax" ir $KEYED
ok "unprotected-error: under the RA's own signature" heard "^error rejection badRequest: the CA is ill$"
refused "unprotected-error: on keep" asks "$laxkeep" ir $KEYED
ok "unprotected-error: on keep as it came" heard "^error rejection badRequest: the CA is ill$"
rm "$T/mode"
ok "and the CA is asked again afterwards" asks "$strict" ir $KEYED
stop "$pid_gate"
ok "no secret stands in the log" fails grep -q "secret-of-a-whole-series" "$T/gate.log"
