# SPDX-License-Identifier: GPL-3.0-or-later
# Revocation that is fetched: a real OCSP responder (behind a server that counts),
# CRLs from distribution points, and sources that are dead, silent, elsewhere.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 35

pki
mkdir "$T/web"
start web 'web on ([0-9]+)' python3 "$peers/revocation_web.py" "$T/web" "$T/asked"
web=http://127.0.0.1:$line
start elsewhere 'web on ([0-9]+)' python3 "$peers/revocation_web.py" "$T/web" "$T/elsewhere.asked"
elsewhere=http://127.0.0.1:$line
touch "$T/asked" "$T/elsewhere.asked"
start dead 'web on ([0-9]+)' python3 "$peers/revocation_web.py" "$T/web" "$T/dead.asked"
dead=http://127.0.0.1:$line
stop "$pid_dead"

# issue NAME SUBJECT EXTENSION...: a certificate under the root with these extensions.
issue() {
	_issue=$1
	_subject=$2
	shift 2
	for e in "$@"; do set -- "$@" -addext "$e"; shift; done
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$_issue.key" -out "$T/$_issue.crt" \
		-subj "$_subject" -CA "$T/ca.crt" -CAkey "$T/ca.key" -days 10 "$@" >"$T/issue.out" 2>&1 || cat "$T/issue.out"
	entry "$_issue" V ""
}
# entry NAME V|R REVOKED: what the database of the CA says of a certificate.
entry() {
	_serial=$(openssl x509 -in "$T/$1.crt" -noout -serial)
	_serial=${_serial#serial=}
	grep -v "	$_serial	" "$T/index" >"$T/index.new" 2>/dev/null
	printf '%s\t351231235959Z\t%s\t%s\tunknown\t/CN=%s\n' "$2" "$3" "$_serial" "$1" >>"$T/index.new"
	mv "$T/index.new" "$T/index"
}
revoke() { entry "$1" R "$(date -u -d '1 hour ago' +%y%m%d%H%M%SZ),keyCompromise"; }
# crl NAME: the CRL of the root as the database has it.
crl() {
	openssl ca -config "$T/ca.cnf" -gencrl -crldays 2 -cert "$T/ca.crt" -keyfile "$T/ca.key" -out "$T/crl.pem" >"$T/ca.out" 2>&1 || cat "$T/ca.out"
	openssl crl -in "$T/crl.pem" -outform DER -out "$T/web/$1"
}
by_ocsp() { echo "authorityInfoAccess=OCSP;URI:$1"; }
by_crl() { echo "crlDistributionPoints=URI:$1"; }

touch "$T/index" "$T/index.attr"
cat >"$T/ca.cnf" <<END
[ca]
default_ca = own
[own]
database = $T/index
default_md = sha256
crl_extensions = list
[list]
END
issue good "/O=Maker/CN=good" "$(by_ocsp "$web/ocsp")"
issue bad "/O=Maker/CN=bad" "$(by_ocsp "$web/ocsp/bad")"
issue listed "/O=Maker/CN=listed" "$(by_crl "$web/crl/plant.crl")"
issue unlisted "/O=Maker/CN=unlisted" "$(by_crl "$web/crl/plant.crl")"
issue far "/O=Maker/CN=far" "$(by_ocsp "$elsewhere/ocsp")" "$(by_crl "$elsewhere/crl/plant.crl")"
issue near "/O=Maker/CN=near" "$(by_ocsp "$web/ocspx")" "$(by_crl "$web/crl/../crl/plant.crl")"
issue orphan "/O=Maker/CN=orphan" "$(by_ocsp "$dead/ocsp")"
issue both "/O=Maker/CN=both" "$(by_ocsp "$dead/ocsp")" "$(by_crl "$web/crl/plant.crl")"
issue moved "/O=Maker/CN=moved" "$(by_crl "$web/moved/crl/plant.crl")"
issue huge "/O=Maker/CN=huge" "$(by_crl "$web/huge")"
issue silent "/O=Maker/CN=silent" "$(by_ocsp "$web/hang/ocsp")"
issue ra "/O=Plant/CN=RA"
issue dev "/O=Plant/CN=device" "$(by_ocsp "$web/ocsp/issued")"
issue responder "/O=Plant/CN=responder" "extendedKeyUsage=critical,OCSPSigning" "noCheck=ignored"
own "$T/ra.key"
revoke bad
revoke listed
crl plant.crl
# responds NAME: a responder with the database as it is.
responds() {
	start "$1" 'ACCEPT .*:([0-9]+)' openssl ocsp -port 0 -index "$T/index" -CA "$T/ca.crt" -rsigner "$T/responder.crt" -rkey "$T/responder.key" -nmin 60 -ignore_err
	echo "$line" >"$T/web/ocsp.port"
}
responds ocsp
ca_farm rec dev

# gate_configuration TIMEOUT: two listeners, the strict one and the mild one.
gate_configuration() {
	_fetch="points: [$web/crl, $web/moved, $web/huge, $dead/], ocsp: [$web/ocsp, $web/hang, $dead/ocsp], timeout: $1, max_size: 64KiB"
	configuration "$T/gate.yaml" <<END
clock: trust-system
workers: 2
listeners: {strict: http://127.0.0.1:0, mild: http://127.0.0.2:0, issued: http://127.0.0.3:0}
upstreams:
  ca: {url: "$url", trust: plant, issued_trust: plant}
  checked: {url: "$url", trust: plant, issued_trust: answers}
trust:
  plant: [$T/ca.crt]
  devices: {anchors: $T/ca.crt, revocation: {$_fetch}}
  any: {anchors: $T/ca.crt, revocation: {$_fetch, missing: warn}}
  answers: {anchors: $T/ca.crt, revocation: {$_fetch}}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
routes:
  - {name: strict, from: strict, trust: devices, protection: replace, sign_with: ra, bind: none, accept_ca_pubs: yes, to: ca}
  - {name: mild, from: mild, trust: any, protection: replace, sign_with: ra, bind: none, accept_ca_pubs: yes, to: ca}
  - {name: issued, from: issued, trust: plant, protection: replace, sign_with: ra, bind: none, accept_ca_pubs: yes, to: checked}
END
}
gate_configuration 1s
ok "the configuration is in order, and nothing is fetched for that" "$cmpgate" check --files "$T/gate.yaml"
ok "indeed" equal "$(cat "$T/asked")" ""
gateway gate "$T/gate.yaml"
strict=$(listening gate http 1)
mild=$(listening gate http 2)
issued=$(listening gate http 3)

# enrol SERVER NAME: an ir signed by this certificate.
enrol() {
	device -server "$1" -path pkix/ -cmd ir -cert "$T/$2.crt" -key "$T/$2.key" -extracerts "$T/$2.crt" -trusted "$T/ca.crt" \
		-newkey "$T/dev.key" -subject /O=Plant/CN=device -certout "$T/got.pem"
}
# refuses SERVER NAME FAILINFO WORDS
refuses() {
	enrol "$1" "$2" >"$T/refused.out" 2>&1 && return 1
	contains "$T/refused.out" "PKIFailureInfo: $3; StatusString: \".*$4"
}
asked() { grep -c -- "$1" "$T/asked"; }

ok "good by OCSP" enrol "$strict" good
ok "the responder was asked once for all messages of it" equal "$(asked 'POST /ocsp$')" 1
ok "good by OCSP, once more" enrol "$strict" good
ok "the answer was kept" equal "$(asked 'POST /ocsp$')" 1
ok "revoked by OCSP" refuses "$strict" bad certRevoked "it is revoked (keyCompromise)"
ok "revoked, where doubt would be no hindrance" refuses "$mild" bad certRevoked "it is revoked (keyCompromise)"
ok "not on the CRL of its point" enrol "$strict" unlisted
ok "on the CRL of its point" refuses "$strict" listed certRevoked "it is revoked (keyCompromise)"
ok "one CRL was fetched for both" equal "$(asked 'GET /crl/plant.crl')" 1

ok "no source that may be asked" refuses "$strict" far signerNotTrusted "revocation.ocsp of trust \"devices\" does not allow $elsewhere"
ok "no source that may be asked, but no hindrance" enrol "$mild" far
ok "whoever is not allowed is never asked" equal "$(cat "$T/elsewhere.asked")" ""
ok "the log tells of it" contains "$T/gate.log" "nothing tells whether a certificate of the signer's path is revoked"
ok "a path that only begins alike, or goes up, is not allowed" refuses "$strict" near signerNotTrusted "does not allow"
ok "nor asked for" equal "$(asked ocspx)" 0

ok "a dead responder: refuse" refuses "$strict" orphan signerNotTrusted "cannot be reached"
ok "a dead responder: warn" enrol "$mild" orphan
ok "the log says how to mend it" contains "$T/gate.log" "no OCSP answer: it cannot be reached.*revocation.crls.*url=.*$dead/ocsp"
ok "a dead responder, but a CRL" enrol "$strict" both
ok "a redirect is not followed" refuses "$strict" moved signerNotTrusted "HTTP status 302"
ok "a CRL over revocation.max_size" refuses "$strict" huge signerNotTrusted "not HTTP, or too large"
ok "a silent responder" refuses "$strict" silent signerNotTrusted "no answer in time"
began=$(date +%s)
ok "is left alone for a while" refuses "$strict" silent signerNotTrusted "no answer in time"
ok "which costs no time" [ $(($(date +%s) - began)) -lt 2 ]
ok "and no connection" equal "$(asked '/hang/ocsp')" 1

ok "the certificate of the CA's answer is looked up" enrol "$issued" good
ok "at the responder that it names" equal "$(asked 'POST /ocsp/issued')" 1
stop "$pid_gate"

# Reload and stop while a fetch hangs.
gate_configuration 20s
gateway gate2 "$T/gate.yaml"
strict=$(listening gate2 http 1)
issued=$(listening gate2 http 3)
: >"$T/asked"
enrol "$strict" silent >"$T/hanging.out" 2>&1 &
hanging=$!
pids="$pids $hanging"
soon grep -q /hang/ocsp "$T/asked"
enrol "$strict" silent >"$T/gone.out" 2>&1 &
gone=$!
sleep 0.3
kill "$gone"
wait "$gone" 2>/dev/null
kill -HUP "$pid_gate2"
ok "a reload while a fetch hangs" soon grep -q "is in force" "$T/gate2.log"
ok "others are served meanwhile, and one that went away is forgotten" enrol "$strict" good
revoke dev
stop "$pid_ocsp"
responds ocsp2
ok "a certificate of the CA that is revoked is not passed on" refuses "$issued" good systemFailure "something else than was asked for"
ok "the log says why" contains "$T/gate2.log" "does not chain to issued_trust: certificate .*CN=device,O=Plant.*it is revoked (keyCompromise)"
kill "$pid_gate2"
soon grep -q "finishing what is under way" "$T/gate2.log"
stop "$pid_gate2"
ok "an end while a fetch hangs: the second signal waits for nothing" equal "$_code" 0
wait "$hanging"
ok "whoever waited for it is told to try again" contains "$T/hanging.out" "503"
