# SPDX-License-Identifier: GPL-3.0-or-later
# cmpgate audit: what was decided, from the running gateway and from its file,
# and that a record which is missing or changed is found.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 29

device_pki
configuration "$T/gate.yaml" <<END
clock: trust-system
site: works-7
control: $T/state/control.sock
listeners: {in: http://127.0.0.1:0}
upstreams:
  ca: {url: "$url", trust: plant, issued_trust: plant}
trust:
  plant: [$T/ca.crt]
log: {audit: {file: $T/state/audit.jsonl}}
routes:
  - {from: in, match: {body: [enroll]}, trust: plant, protection: keep, bind: none, accept_ca_pubs: yes, to: ca}
END
audit() { _do=$1; shift; "$cmpgate" audit "$_do" -c "$T/gate.yaml" "$@"; }
exits() { _want=$1; shift; "$@" >"$T/said" 2>&1; equal $? "$_want"; }
gateway gate "$T/gate.yaml"
hp=$(listening gate http)
audit verify >"$T/said"
ok "the first record is that of the start" contains "$T/said" "^records 1 to 1 are whole"
ok "a device enrols" device -server "$hp" -path pkix/ $(operation ir-sig)
audit tail >"$T/tail"
ok "tail tells of the certificate" contains "$T/tail" '^20.*Z cert.issued granted route=route-1 peer=127.0.0.1:[0-9]* body=ip .*subject=CN=device,O=Plant serial='
ok "and that it was confirmed" contains "$T/tail" '^20.*Z cert.confirmed '
device -server "$hp" -path pkix/ -cmd ir -ref dev1 -secret pass:test-test-test-1 -mac hmacWithSHA256 -newkey "$T/dev.key" -subject /CN=x -certout "$T/x.pem" >/dev/null 2>&1
audit tail -n 1 >"$T/one"
ok "the last one is the refusal" contains "$T/one" 'msg.rejected rejected route=route-1 .*reason: header.protectionAlg: this route wants a signature'
ok "and is one" equal "$(wc -l <"$T/one")" 1
audit tail --json -n all >"$T/all"
ok "the records chain" exits 0 audit verify "$T/all"
ok "verify counts them" contains "$T/said" "^records 1 to $(wc -l <"$T/all") are whole and in order; SHA-256 of the last: [0-9a-f]*$"
ok "the gateway's own chain" exits 0 audit verify
start follow "msg.rejected" "$cmpgate" audit tail -f --json -n 1 -c "$T/gate.yaml"
device -server "$hp" -path pkix/ -cmd ir -ref dev1 -secret pass:test-test-test-1 -mac hmacWithSHA256 -newkey "$T/dev.key" -subject /CN=x -certout "$T/x.pem" >/dev/null 2>&1
n=$(($(wc -l <"$T/all") + 1))
ok "follow prints what comes" python3 "$peers/await_line.py" "$T/follow.log" "$pid_follow" "\"seq\":$n," 15
kill "$pid_follow"
stop "$pid_gate"
audit_lines() { wc -l <"$T/state/audit.jsonl"; }
n=$((n + 1))
ok "the file has them all, and the end" equal "$(audit_lines)" "$n"
ok "the file chains" exits 0 audit verify "$T/state/audit.jsonl"
ok "the same from standard input" sh -c '"$1" audit verify - <"$2"' - "$cmpgate" "$T/state/audit.jsonl"
ok "line by line as the gateway had them" sh -c 'head -n "$(wc -l <"$2")" "$1" | cmp - "$2"' - "$T/state/audit.jsonl" "$T/all"
sed '2s/works-7/works-8/' "$T/state/audit.jsonl" >"$T/changed"
ok "a changed record is found" exits 6 audit verify "$T/changed"
ok "and named" contains "$T/said" "record 3 does not hold the hash of the record before it"
sed 2d "$T/state/audit.jsonl" >"$T/missing"
ok "a missing one is found" exits 6 audit verify "$T/missing"
ok "and named, too" contains "$T/said" "record 3 follows on record 1"
sed 1d "$T/state/audit.jsonl" >"$T/tailed"
ok "where the first are elsewhere, that is said" sh -c '"$1" audit verify "$2" | grep -q "those before 2 are not here"' - "$cmpgate" "$T/tailed"
ok "without a gateway" exits 4 audit tail

# A gateway that may lose no record, and runs full.
fill() {
	chown -R "$(id -un)" "$T/state" && "$builddir/tests/peers/store_writer" audit "$T/state" "$1" &&
		{ [ "$(id -u)" != 0 ] || chown -R nobody "$T/state"; }
}
limit() { sed -i "s|^log:.*|log: {audit: {file: $T/state/audit.jsonl, full: stop-issuing, max_size: $1}}|" "$T/gate.yaml"; }
enrols() { device -server "$hp" -path pkix/ $(operation ir-sig); }
logged() { python3 "$peers/await_line.py" "$T/$1.log" "$pid" "$2" 10; }
limit 1MiB
ok "records up to nine tenths" fill 943000
ok "it starts" gateway nearly "$T/gate.yaml"
hp=$(listening nearly http)
ok "and warns" logged nearly "warn  audit: the records have reached 9[0-9]* of 1048576 octets"
ok "devices enrol" enrols
stop "$pid"
fill 110000
gateway full "$T/gate.yaml"
hp=$(listening full http)
ok "full: it says so" logged full "error audit: the records have reached log.audit.max_size"
refused "no device enrols" enrols
ok "the log has the reason" contains "$T/full.log" "log.audit.max_size is reached, and the configuration says stop-issuing"
limit 2MiB
kill -HUP "$pid"
logged full "is in force" >/dev/null
ok "raised: devices enrol" enrols
limit 1MiB
sed -i 's/stop-issuing/drop-oldest/' "$T/gate.yaml"
kill -HUP "$pid"
reloaded() { for _ in 1 2 3 4 5 6 7 8 9 10; do [ "$(grep -c 'is in force' "$T/full.log")" != 2 ] || return 0; sleep 0.2; done; return 1; }
reloaded
ok "or the oldest may go" enrols
stop "$pid"
