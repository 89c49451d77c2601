# SPDX-License-Identifier: GPL-3.0-or-later
# Above other registration authorities: batches of a local one, and requests and
# revocations on behalf of devices, where the route says so and the signer is made for it (id-kp-cmcRA).
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 34

pki
certificate ra "/O=Plant/CN=RA"
keyed lra p256 "/O=Plant/CN=LRA" "extendedKeyUsage=1.3.6.1.5.5.7.3.28"
for d in a b c d e f g; do certificate $d "/O=Plant/CN=$d"; done
scripted_ca ca
own "$T/ra.key"
configuration "$T/gate.yaml" <<END
clock: trust-system
workers: 2
listeners: {batch: http://127.0.0.1:0, behalf: http://127.0.0.2:0}
upstreams: {ca: {url: "$url", timeout: 4s, trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
limits: {exchange_timeout: 20s}
routes:
  - {name: batch, from: batch, trust: plant, protection: replace, sign_with: ra, to: ca}
  - {name: behalf, from: behalf, trust: plant, protection: replace, sign_with: ra, on_behalf: yes, accept_raverified: yes, to: ca}
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
gateway gate "$T/gate.yaml"
batch=$(listening gate http 1)
behalf=$(listening gate http 2)
lra() { python3 "$peers/scripted_lra.py" "http://$batch/" "$T" "$@" >"$T/heard" 2>&1; _rc=$?; cat "$T/heard"; return $_rc; }
heard() { contains "$T/heard" "$1"; }
quiet_ca() { echo "$1" >"$T/mode"; }

ok "a batch of eight" lra
ok "is answered by one nested message" heard "^batch: nested"
ok "ir: a certificate" heard "^ir: ip accepted"
ok "cr: a certificate" heard "^cr: cp accepted"
ok "p10cr: a certificate" heard "^p10cr: cp accepted"
ok "kur: a certificate" heard "^kur: kup accepted"
ok "genm: an answer" heard "^genm: genp"
ok "rr: revoked" heard "^rr: rp accepted"
ok "the one without a proof: refused" heard "^ir: ip rejection badPOP"
ok "a certConf of a transaction that nobody began: refused, the CA is not asked in our name" heard "^certConf: error rejection badRequest"
ok "each is protected" fails grep -q "not protected" "$T/heard"
ok "the CA was asked by the RA" contains "$T/ca.seen" "^cr by O=Plant,CN=RA$"
ok "but for the kur" contains "$T/ca.seen" "^kur by O=Plant,CN=d$"
ok "nothing but that reached it" equal "$(grep -c ' by ' "$T/ca.seen")" 6
quiet_ca silent:genm
ok "a CA that is silent about one" lra
ok "systemUnavail in its slot" heard "^genm: error rejection systemUnavail"
ok "the others have their answers" sh -c 'grep -q "^ir: ip accepted" "$1" && grep -q "^rr: rp accepted" "$1"' - "$T/heard"
rm "$T/mode"
refused "a batch of a device" lra by a
ok "is refused as a whole" heard "^batch: error rejection notAuthorized: .*cmcRA"

# device ARGS: what the signer NAME asks of a listener.
asks() { _hp=$1; _me=$2; shift 2; python3 "$peers/scripted_device.py" "http://$_hp/" "$@" --cert "$T/$_me.crt" --key "$T/$_me.key" --ca "$T/ra.crt" "$T/srv.crt" >"$T/heard" 2>&1; _rc=$?; cat "$T/heard"; return $_rc; }
seen
ok "an RA revokes the certificate of a device" asks "$behalf" lra rr --issuer "$T/a.crt"
serial=$(openssl x509 -in "$T/a.crt" -noout -serial | sed 's/serial=//' | tr A-F a-f)
ok "the CA hears it from the RA" comes "^rr serial 0*$serial$"
refused "not where the route does not say so" asks "$batch" lra rr --issuer "$T/a.crt"
ok "notAuthorized, with the cure" heard "^rp rejection notAuthorized: .*on_behalf: yes"
refused "not a device" asks "$behalf" b rr --issuer "$T/a.crt"
ok "notAuthorized" heard "^rp rejection notAuthorized"
ok "a device its own" asks "$behalf" b rr
ok "an RA enrols a device under its name" asks "$behalf" lra ir --new "$T/a.key" --subject "O=Plant,CN=a"
ok "an RA has verified the proof itself" asks "$behalf" lra ir --new "$T/a.key" --subject "O=Plant,CN=a" --popo raverified
ok "and so the CA sees raVerified" contains "$T/ca.seen" "^ir subject O=Plant,CN=a popo raVerified"
refused "raVerified by a device" asks "$behalf" b ir --new "$T/b.key" --subject "O=Plant,CN=b" --popo raverified
ok "notAuthorized for that" heard "^ip rejection notAuthorized: .*cmcRA"
refused "raVerified by an RA, where the route does not believe it" asks "$batch" lra ir --new "$T/lra.key" --subject "O=Plant,CN=LRA" --popo raverified
ok "notAuthorized there" heard "^ip rejection notAuthorized: .*accept_raverified: yes"
