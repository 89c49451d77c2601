# SPDX-License-Identifier: GPL-3.0-or-later
# SIGHUP: a good file takes over and keeps sockets and what runs; a bad one is
# refused whole.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 20
ok "PKI and CA" device_pki
ok "relay" relay relay "$(hostport "$url")"
listeners="kept: \"http://127.0.0.1:0\""
write() {
	configuration "$T/gate.yaml" <<YAML
listeners: {$1}
upstreams: {plant: "$url"}
YAML
}
write "$listeners"
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
# hup REGEX: reload and wait for a log line.
hup() {
	: >"$T/mark"
	_before=$(wc -l <"$T/gate.log")
	kill -HUP "$pid_gate"
	python3 "$peers/await_line.py" "$T/gate.log" "$pid_gate" "$1" 10
}
enrol() { device -server "$at" -path .well-known/cmp $(operation ir-sig); }
ok "enrols before" enrol
echo "listeners: [broken" >>"$T/gate.yaml"
ok "a bad file is refused" hup "the old configuration stays"
ok "its finding is a log line" contains "$T/gate.log" "error reload: .*code=E.*place="
ok "enrols after the refusal" enrol
echo slow:3 >"$T/relay/mode"
device -server "$at" -path .well-known/cmp $(operation ir-sig) >"$T/running.txt" 2>&1 &
running=$!
python3 "$peers/wait_file.py" "$T/relay" "005.req" 10 >/dev/null
write "$listeners, extra: \"http://127.0.0.2:0\""
ok "a good file takes over" hup "is in force: 2 listeners"
ok "an exchange that was running ends well" wait "$running"
echo pass >"$T/relay/mode"
ok "the kept listener has its socket" enrol
extra=$("$cmpgate" status -c "$T/gate.yaml" | sed -n 's|.* extra http://\([^/]*\).*|\1|p')
ok "the new listener serves" device -server "$extra" -path .well-known/cmp $(operation ir-sig)
write "extra: \"http://127.0.0.2:0\""
ok "a listener that left the file is closed" sh -c "kill -HUP $pid_gate; python3 '$peers/await_line.py' '$T/gate.log' $pid_gate 'is in force: 1 listener,' 10 && ! python3 -c 'import socket,sys; socket.create_connection((\"${at%:*}\", ${at##*:}), 2)' 2>/dev/null"
ok "SIGTERM ends with 0" stop "$pid_gate"

# The same socket under another URL: with its port written out, with a path, with options.
write "one: \"http://127.0.0.1:0\", two: \"http://127.0.0.1:0\""
ok "two listeners on port 0" gateway gate "$T/gate.yaml"
at=$(listening gate http 1)
two_ports() { [ -n "$at" ] && fails equal "$at" "$(listening gate http 2)"; }
ok "have two ports" two_ports
served() { device -server "$at" -path "$1" $(operation ir-sig); }
write "one: \"http://$at/plant\""
ok "the port is written out, with a path" hup "is in force: 1 listener,"
ok "and the path is served" served plant
write "one: {url: \"http://$at\", paths: [/other]}, two: \"http://127.0.0.2:0\""
ok "its options change" hup "is in force: 2 listeners"
ok "and are in force" served other
ok "SIGTERM ends with 0" stop "$pid_gate"
