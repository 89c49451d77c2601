# SPDX-License-Identifier: GPL-3.0-or-later
# The RA's key stays in a PKCS#11 token (softhsm2): the gateway signs with it
# towards the CA and the device, for an EC and for an RSA key.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3 softhsm2-util
need_drivers http
plan 13

module=
for m in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/pkcs11/libsofthsm2.so; do
	[ ! -e "$m" ] || module=$m
done
[ -n "$module" ] || skip_all "needs libsofthsm2.so"
# The token belongs to the gateway's user.
mkdir "$T/tokens"
echo "directories.tokendir = $T/tokens" >"$T/softhsm2.conf"
SOFTHSM2_CONF=$T/softhsm2.conf
export SOFTHSM2_CONF
softhsm2-util --init-token --free --label field --pin 4711 --so-pin 4711 >/dev/null 2>&1

pki
keyed ra p256 "/O=Plant/CN=RA"
keyed ra_rsa rsa "/O=Plant/CN=RA with RSA"
keyed dev p256 "/O=Plant/CN=device"
i=0
for k in ra ra_rsa; do
	i=$((i + 1))
	openssl pkcs8 -topk8 -nocrypt -in "$T/$k.key" -out "$T/$k.p8" 2>/dev/null
	softhsm2-util --import "$T/$k.p8" --token field --pin 4711 --label $k --id 0$i >/dev/null 2>&1
done
scripted_ca ca
echo 4711 >"$T/pin"
echo 4712 >"$T/wrong-pin"
own "$T/pin" "$T/wrong-pin"
[ "$(id -u)" != 0 ] || chown -R nobody "$T/tokens"
# write_configuration PIN: with both credentials.
write_configuration() {
	configuration "$T/gate.yaml" <<END
clock: trust-system
workers: 2
listeners: {ec: http://127.0.0.1:0, rsa: http://127.0.0.2:0}
upstreams: {ca: {url: "$url", trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: "pkcs11:token=field;object=ra", pass: file:$1, module: $module}
  rsa: {cert: $T/ra_rsa.crt, key: "pkcs11:token=field;object=ra_rsa", pass: file:$1, module: $module}
limits: {per_identity: 8}
routes:
  - {name: ec, from: ec, trust: plant, protection: replace, sign_with: ra, to: ca}
  - {name: rsa, from: rsa, trust: plant, protection: replace, sign_with: rsa, to: ca}
END
}
write_configuration "$T/wrong-pin"
ok "a wrong PIN is found by check --files" sh -c '! "$1" check --files "$2" >"$3" 2>&1 && grep -qi "pin" "$3"' - "$cmpgate" "$T/gate.yaml" "$T/said"
write_configuration "$T/pin"
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
rm -f "$T/ra_rsa.key"
gateway gate "$T/gate.yaml"
me="-cert $T/dev.crt -key $T/dev.key -trusted $T/ca.crt -newkey $T/dev.key -certout $T/new.pem"
enrol() { device -server "$1" -path / -cmd ir $me -subject "/O=Plant/CN=device"; }
ec=$(listening gate http 1)
rsa=$(listening gate http 2)
ok "ir, signed by the EC key of the token" enrol "$ec"
ok "the CA verified the RA's signature" contains "$T/ca.seen" "^ir by O=Plant,CN=RA$"
ok "a certConf, too" contains "$T/ca.seen" "^certConf by O=Plant,CN=RA$"
ok "ir, signed by the RSA key of the token" enrol "$rsa"
ok "the CA verified that, too" contains "$T/ca.seen" "^ir by O=Plant,CN=RA with RSA$"
refused_with() { device -server "$1" -path / -cmd ir -cert "$T/srv.crt" -key "$T/srv.key" -trusted "$T/ca.crt" -newkey "$T/dev.key" -certout "$T/new.pem" \
	-subject "/O=Plant/CN=device" >"$T/said" 2>&1; contains "$T/said" "PKIFailureInfo: notAuthorized"; }
ok "a refusal is signed by the token" refused_with "$ec"
for i in 1 2 3 4 5 6; do (enrol "$ec" >/dev/null 2>&1 || echo failed >>"$T/failed") & waits="$waits $!"; done
wait $waits
ok "six at once by two workers" [ ! -e "$T/failed" ]
ok "rr and genm" sh -c 'rc=0; "$@" -cmd genm -infotype caCerts || rc=1; exit $rc' - openssl cmp -config "" -batch -server "$ec" -path / -cert "$T/dev.crt" -key "$T/dev.key" -trusted "$T/ca.crt"
ok "the gateway ends in order" stop "$pid_gate"
ok "no PIN stands in the log" fails grep -q 4711 "$T/gate.log"
# Somebody has taken the key away: the gateway does not begin without it.
softhsm2-util --delete-token --token field >/dev/null 2>&1
ok "without its token it does not start, and says so" sh -c '! timeout 20 "$1" run -c "$2" >"$3" 2>&1 && grep -q "credentials.ra" "$3"' - "$cmpgate" "$T/gate.yaml" "$T/said"
