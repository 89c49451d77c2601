# SPDX-License-Identifier: GPL-3.0-or-later
# cmpgate secret: made, given to a device, used up, locked, set free, changed.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 35

device_pki farm
certificate ra "/O=Plant/CN=RA"
owner=$(id -un)
[ "$(id -u)" != 0 ] || owner=nobody
chown "$owner" "$T/ra.key"
chmod 600 "$T/ra.key"
mkdir "$T/tables"
configuration "$T/gate.yaml" <<END
clock: trust-system
control: $T/state/control.sock
listeners: {in: http://127.0.0.1:0}
upstreams:
  ca: {url: "$url", trust: plant, issued_trust: plant}
trust:
  plant: [$T/ca.crt]
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
secrets:
  field: file:$T/tables/field
limits: {mac_refusal_delay: 1ms}
log: {audit: {file: $T/state/audit.jsonl}}
routes:
  - {from: in, match: {body: [enroll]}, secrets: field, protection: replace, sign_with: ra, bind: none, accept_ca_pubs: yes, to: ca}
END
secret() { _do=$1; shift; "$cmpgate" secret "$_do" -c "$T/gate.yaml" "$@"; }
enrol() { device -server "$hp" -path pkix/ -cmd ir -ref "$1" -secret "pass:$2" -mac hmacWithSHA256 -trusted "$T/ca.crt" -newkey "$T/dev.key" -subject "${3:-/O=Plant/CN=device}" -certout "$T/got.pem"; }
# made FIELD: a value out of what the last secret command printed.
made() { sed -n "s/^$1: *//p" "$T/made"; }
state_of() { secret list --json >"$T/list" && python3 -c 'import json, sys
for s in json.load(open(sys.argv[1])):
    if bytes.fromhex(s["reference"]) == sys.argv[2].encode():
        print(s["state"])' "$T/list" "$1"; }
said() { _words=$1; shift; "$@" >"$T/said" 2>&1; contains "$T/said" "$_words"; }

secret add first >"$T/made" 2>"$T/told"
ok "a table is begun without a gateway" contains "$T/told" "no gateway is running here"
ok "mode 0600, of the gateway's user" equal "$(stat -c '%a %U' "$T/tables/field")" "600 $owner"
ok "26 letters of five random bits each" equal "$(made secret | tr -d '0-9a-hjkmnp-tv-z' | wc -c) $(made secret | tr -d '\n' | wc -c)" "1 26"
first=$(made secret)
ok "for 7 days" sh -c '[ $(( ($(date -d "$1" +%s) - $(date +%s)) / 3600 )) -ge 167 ]' - "$(made expires)"
gateway gate "$T/gate.yaml"
hp=$(listening gate http)
ok "a device enrols with it" enrol first "$first"
ok "then it is spent" equal "$(state_of first)" spent
refused "and serves no second time" enrol first "$first"

echo "# a comment that stays" >>"$T/tables/field"
secret add --name "CN=device,O=Plant" --expires never >"$T/made" 2>"$T/told"
ok "the running gateway is told" contains "$T/told" "the running gateway knows it"
ref=$(made reference)
value=$(made secret)
ok "a reference is made up" equal "${#ref}" 13
refused "not for a device of another name" enrol "$ref" "$value" /O=Plant/CN=other
ok "free as long as nothing was enrolled" equal "$(state_of "$ref")" free
ok "lock" equal "$(secret lock "$ref")" "$ref: locked"
ok "is seen in the list" equal "$(state_of "$ref")" locked
refused "and felt by the device" enrol "$ref" "$value"
ok "free" equal "$(secret free "$ref")" "$ref: free"
ok "the device enrols" enrol "$ref" "$value"
ok "no secret stands in the list" fails grep -q "$value" "$T/list"

secret rotate "$ref" >"$T/made" 2>/dev/null
ok "rotate keeps reference, name and comment" contains "$T/tables/field" "^$ref:$(made secret) expires=[^ ]* name=\"CN=device,O=Plant\"$"
ok "the comment stays" contains "$T/tables/field" "^# a comment that stays$"
ok "the old value is gone" fails grep -q "$value" "$T/tables/field"
ok "the new value is free" equal "$(state_of "$ref")" free
refused "the old value serves no more" enrol "$ref" "$value"
ok "the new one does" enrol "$ref" "$(made secret)"
secret rotate --expires never "$ref" >/dev/null 2>&1
ok "rotate takes an expiry away" contains "$T/tables/field" "^$ref:[0-9a-z]* name="
ok "hex references" sh -c '"$@" >/dev/null 2>&1' - "$cmpgate" secret add -c "$T/gate.yaml" hex:00ff10
ok "are found again" equal "$(secret lock hex:00ff10)" "hex:00ff10: locked"
ok "a reference twice is refused" said "stands in line 1 already; .cmpgate secret rotate" secret add first
ok "a bad reference" said "cannot be a reference" secret add "a b"
ok "a bad name" said "no name as RFC 4514" secret add --name device
ok "an unknown reference" said "no secret in force has this reference" secret lock nobody
ok "an unknown table" said "has no table of secrets called 'x'" secret add --table x
rmdir "$T/none" 2>/dev/null
sed "s|$T/tables/field|$T/none/field|" "$T/gate.yaml" >"$T/none.yaml"
ok "a folder that is missing, and what to type" said "its folder is not there; type: install -d -m 700 .*$T/none$" "$cmpgate" secret add -c "$T/none.yaml" x
ok "one reference at a time" said "'two' is too much" secret add one two
stop "$pid_gate"
ok "who locked stands in the audit" contains "$T/state/audit.jsonl" "\"secret.locked\".*\"user $(id -u)\""
ok "list without a gateway says so" said "no gateway is running here" secret list
