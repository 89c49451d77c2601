# SPDX-License-Identifier: GPL-3.0-or-later
# What a reload reads may be slow (a token, a folder over the network): the gateway serves meanwhile, and
# what is asked for while it loads is done after it. Slow is one file, held up by strace.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 strace
need_drivers http
strace -f -e trace=none true 2>/dev/null || skip_all "may not trace processes"
plan 16
ok "PKI and CA" device_pki farm
configuration "$T/gate.yaml" <<END
site: before
clock: trust-system
listeners: {in: "http://127.0.0.1:0"}
upstreams: {ca: {url: "$url", trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
secrets: {field: "file:$T/table"}
routes:
  - {from: in, secrets: field, trust: plant, protection: keep, bind: none, accept_ca_pubs: yes, to: ca}
END
owner=$(id -un)
[ "$(id -u)" != 0 ] || owner=nobody
echo 'dev1:secret-of-16-or-more' >"$T/table"
chown "$owner" "$T/table"
chmod 600 "$T/table"
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
enrol() { device -server "$at" -path pkix/ $(operation ir-sig); }
# held: from now on opening the table takes a minute, or until strace goes.
held() {
	strace -f -qq -o "$T/opened" -p "$pid_gate" -P "$T/table" -e trace=openat -e inject=openat:delay_enter=60000000 &
	pid_strace=$!
	soon traced
}
traced() { ! grep -q '^TracerPid:	0$' "/proc/$pid_gate/status"; }
opens() { grep -q openat "$T/opened"; }
goes() { kill "$pid_strace"; wait "$pid_strace" 2>/dev/null; return 0; }
site() { "$cmpgate" status --json -c "$T/gate.yaml" | grep -q "\"site\":.*\"$1\""; }
ok "a file becomes slow" held
sed -i 's/^site: .*/site: after/' "$T/gate.yaml"
kill -HUP "$pid_gate"
ok "a reload opens it" soon opens
ok "a device enrols meanwhile" enrol
ok "status is told, of the old configuration" site before
sed -i 's/^site: .*/site: later/' "$T/gate.yaml"
"$cmpgate" reload -c "$T/gate.yaml" >"$T/second" 2>&1 &
second=$!
ok "nothing is in force yet" fails grep -q "is in force" "$T/gate.log"
ok "the file is there again" goes
ok "the second reload ends well" wait "$second"
ok "and says so" contains "$T/second" "is in force"
ok "with what the file said when it began" site later
ok "both were in force, one after the other" equal "$(grep -c 'reload: .*is in force' "$T/gate.log")" 2
ok "a device enrols afterwards" enrol

# The end comes while one is loading.
ok "a file becomes slow again" held
"$cmpgate" reload -c "$T/gate.yaml" >"$T/third" 2>&1 &
third=$!
soon sh -c '[ "$(grep -c openat "$1")" -ge 1 ]' - "$T/opened"
kill "$pid_gate"
ok "who waits is told that the gateway ends" fails wait "$third"
goes
ok "and it ends" sh -c 'grep -q "the gateway is ending" "$2" && python3 "$1/await_line.py" "$3" "$4" "stop: ended" 10' - "$peers" "$T/third" "$T/gate.log" "$pid_gate"
