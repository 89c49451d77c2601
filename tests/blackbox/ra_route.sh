# SPDX-License-Identifier: GPL-3.0-or-later
# What a route does to a request beside protecting it: names and validity that it
# sets, answers that it gives itself, lists and programs that it asks.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 43

pki
certificate ra "/O=Plant/CN=RA"
certificate plc "/O=Plant/CN=plc"
certificate other "/O=Plant/CN=other"
scripted_ca ca
own "$T/ra.key"
# A CRL of the plant, and a certificate template for one profile.
: >"$T/index"
printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=30\n' "$T/index" >"$T/crl.cnf"
openssl ca -config "$T/crl.cnf" -gencrl -keyfile "$T/ca.key" -cert "$T/ca.crt" -out "$T/plant.crl" 2>/dev/null
# CertReqTemplateContent: a subject whose CN the device fills in.
printf '\060\022\060\020\245\016\060\014\061\012\060\010\006\003\125\004\003\014\001\055' >"$T/template.der"

cat >"$T/hook" <<'END'
#!/bin/sh
# What it hears stands beside it; what it says is for the device.
cat >"${0%/*}/hook.in/request.$$"
case $(cat "${0%/*}/hook.says") in
yes) exit 0 ;;
no) echo "unit 7 was scrapped in May"; exit 1 ;;
odd) exit 3 ;;
slow) exec sleep 30 ;;
words) echo "welcome"; echo "a second line"; exit 0 ;;
killed) kill -9 $$ ;;
esac
END
chmod 755 "$T/hook"
mkdir "$T/hook.in"
[ "$(id -u)" != 0 ] || chown nobody "$T/hook.in"
printf 'subject,profile\n"CN=plc*,O=Plant",\n' >"$T/allow.csv"
chmod 644 "$T/allow.csv"
configuration "$T/gate.yaml" <<END
clock: trust-system
listeners: {set: http://127.0.0.1:0, add: http://127.0.0.2:0, info: http://127.0.0.3:0, hook: http://127.0.0.4:0, list: http://127.0.0.5:0, through: http://127.0.0.6:0}
upstreams: {ca: {url: "$url", trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
answers:
  ca_certs: [$T/ca.crt]
  root_update: {new_with_new: $T/ca.crt}
  crls: [$T/plant.crl]
  template: {plc: $T/template.der}
log: {audit: {file: $T/state/audit.jsonl}}
routes:
  - {name: set, from: set, trust: plant, protection: replace, popo: raverified, bind: none, sign_with: ra, to: ca,
     set: {subject: "CN=line-7,O=Works", san: ["DNS:line-7.works.example", "IP:10.7.0.7"], validity: 30d}}
  - {name: set-add, from: add, trust: plant, protection: replace, popo: raverified, sign_with: ra, to: ca, set: {add: ["OU=Cell A"]}}
  - {name: info, from: info, match: {body: genm}, trust: plant, reply_with: ra, to: answers}
  - {name: through, from: through, match: {body: genm}, trust: plant, protection: replace, sign_with: ra, to: ca}
  - {name: hook, from: hook, trust: plant, protection: replace, sign_with: ra, approve: {hook: $T/hook, timeout: 1s}, to: ca}
  - {name: list, from: list, trust: plant, protection: replace, sign_with: ra, bind: none, approve: {allow: $T/allow.csv}, to: ca}
END
ok "the configuration is in order" "$cmpgate" check --files "$T/gate.yaml"
gateway gate "$T/gate.yaml"
n=0
for l in set add info hook list through; do n=$((n + 1)); eval "$l=$(listening gate http $n)"; done
# asks HOSTPORT ARGS...: as the PLC; what it heard stands in $T/heard.
asks() { _hp=$1; shift; device -server "$_hp" -path / -cert "$T/plc.crt" -key "$T/plc.key" -trusted "$T/ca.crt" "$@" >"$T/heard" 2>&1; _rc=$?; cat "$T/heard"; return $_rc; }
enrols() { _e=$1; shift; asks "$_e" -cmd ir -newkey "$T/plc.key" -subject "${*:-/O=Plant/CN=plc}" -certout "$T/new.pem"; }
heard() { contains "$T/heard" "$1"; }

# ---- set:
ok "set: ir" enrols "$set"
until=$(date -u -d '+30 days' +%y%m%d)
ok "set: the CA sees another subject, more names and the end" comes "^ir subject O=Works,CN=line-7 popo raVerified san 82:line-7.works.example,87:0a070007 until $until"
ok "set: the device gets that certificate" sh -c 'openssl x509 -in "$1" -noout -subject | grep -q "CN = line-7"' - "$T/new.pem"
seen
ok "set: p10cr" sh -c 'openssl req -new -key "$1/plc.key" -subj /O=Plant/CN=plc -out "$1/plc.csr" 2>/dev/null' - "$T"
ok "set: p10cr goes up as cr" asks "$set" -cmd p10cr -csr "$T/plc.csr" -certout "$T/new.pem"
ok "set: since its signature no longer holds" comes "^cr subject O=Works,CN=line-7 popo raVerified"
seen
ok "set: one RDN more" enrols "$add"
ok "set: behind the subject" comes "^ir subject OU=Cell A,O=Plant,CN=plc popo raVerified\|^ir subject O=Plant,CN=plc,OU=Cell A popo raVerified"

# ---- answers:
seen
ok "info: caCerts" asks "$info" -cmd genm -infotype caCerts
ok "info: rootCaCert" python3 "$peers/scripted_device.py" "http://$info/" genm --cert "$T/plc.crt" --key "$T/plc.key" --ca "$T/ra.crt"
ok "info: certReqTemplate" asks "$info" -cmd genm -infotype certReqTemplate
ok "info: currentCRL" asks "$info" -cmd genm -infotype currentCRL
ok "info: currentCRL is the one of the file" heard "CRL"
refused "info: what is not configured" asks "$info" -cmd genm -infotype signKeyPairTypes
ok "info: badRequest" heard "badRequest"
refused "info: and nothing but genm" enrols "$info"
ok "info: nothing of that reached the CA" sh -c '[ "$(wc -l <"$1")" = "$2" ]' - "$T/ca.seen" "$seen_lines"
ok "through: genm that is passed on" asks "$through" -cmd genm -infotype caCerts
ok "through: the CA was asked by the RA" comes "^genm by O=Plant,CN=RA$"

# ---- approve: hook
says() { echo "$1" >"$T/hook.says"; rm -f "$T"/hook.in/*; seen; }
says yes
ok "hook: yes" enrols "$hook"
ok "hook: it is told who asks for what" sh -c 'cat "$1"/request.* >"$2" && python3 -c "import json, sys
r = json.load(open(sys.argv[1]))
assert r[\"subject\"] == \"CN=plc,O=Plant\" and r[\"sender\"] == \"CN=plc,O=Plant\" and r[\"route\"] == \"hook\" and r[\"body\"] == \"ir\" and r[\"auth\"] == \"signature\", r
assert len(r[\"key_sha256\"]) == 64 and r[\"peer\"].startswith(\"127.0.0.1\"), r" "$2"' - "$T/hook.in" "$T/hook.json"
says no
refused "hook: no" enrols "$hook"
ok "hook: notAuthorized, in the words of the program" heard "notAuthorized.*unit 7 was scrapped in May"
ok "hook: the CA hears nothing" sh -c '[ "$(wc -l <"$1")" = "$2" ]' - "$T/ca.seen" "$seen_lines"
says words
ok "hook: words of a yes are nobody's" enrols "$hook"
for how in odd slow killed; do
	says $how
	refused "hook: $how" enrols "$hook"
	ok "hook: $how: not now, and not never" fails grep -q "notAuthorized" "$T/heard"
	ok "hook: $how: the CA hears nothing" sh -c '[ "$(wc -l <"$1")" = "$2" ]' - "$T/ca.seen" "$seen_lines"
done
says yes
ok "hook: afterwards as before" enrols "$hook"
says no
ok "hook: genm asks nobody" asks "$hook" -cmd genm -infotype caCerts
ok "hook: genm: nobody" sh -c '! ls "$1"/request.* 2>/dev/null' - "$T/hook.in"

# ---- approve: allow
ok "list: on it" enrols "$list"
refused "list: not on it" asks "$list" -cmd ir -newkey "$T/plc.key" -subject /O=Plant/CN=other -certout "$T/new.pem"
ok "list: notAuthorized" heard "notAuthorized.*no line of the allow-list"
stop "$pid_gate"
ok "refusals stand in the audit" sh -c 'grep -q "unit 7 was scrapped" "$1" && grep -q "no line of the allow-list" "$1"' - "$T/state/audit.jsonl"
ok "the chain of the audit is whole" python3 "$peers/audit_chain.py" "$T/state/audit.jsonl"
