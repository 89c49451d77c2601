# SPDX-License-Identifier: GPL-3.0-or-later
# Starts that fail: each says what is wrong and how to mend it, ends by itself,
# and leaves the state folder free for the next start.
. "$srcdir/tests/blackbox/lib.sh"
need python3
need_drivers http coap tcp file
plan 15
# fails_to_start TEXT LISTENERS: with an upstream, and within two seconds.
fails_to_start() {
	configuration "$T/bad.yaml" <<YAML
listeners: {$2}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
	timeout -k 1 10 "$cmpgate" run -c "$T/bad.yaml" >"$T/out" 2>&1
	equal "$?" 7 && contains "$T/out" "$1"
}
configuration "$T/good.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
ok "a gateway that holds a port" gateway first "$T/good.yaml"
held=$(listening first http)
ok "its state folder is taken" fails_to_start "another cmpgate (process $pid_first)" 'web: "http://127.0.0.1:0"'
mkdir -m 700 "$T/state2"
[ "$(id -u)" != 0 ] || chown nobody "$T/state2"
configuration() {
	{
		echo "version: 1"
		[ "$(id -u)" != 0 ] || echo "user: nobody"
		echo "store: {path: $T/state2}"
		cat
	} >"$1"
}
ok "an address of another machine" fails_to_start "cannot listen on 192.0.2.1" 'web: "http://192.0.2.1:5000"'
ok "a port that is taken" fails_to_start "cannot listen on 127.0.0.1 port ${held##*:}: Address already in use; another program has this port" "web: \"http://$held\""
ok "a TCP port that is taken" fails_to_start "in use" "old: \"tcp://$held\""
ok "a CoAP port that is taken, in the same words" fails_to_start "cannot listen on 127.0.0.1 port ${held##*:}: Address already in use; another program has this port" "c: \"coap+tcp://$held\""
ok "an interface that is not there" fails_to_start "no interface nosuch0" 'web: "http://[fe80::1%25nosuch0]:8080"'
ok "a CoAP address of another machine" fails_to_start "192.0.2.1" 'c: "coap://192.0.2.1:5683"'
ok "a drop folder that cannot be made" fails_to_start "/proc/nowhere" 'f: "file:/proc/nowhere/drop"'
ok "a good listener beside a bad one" fails_to_start "192.0.2.1" 'a: "http://127.0.0.1:0", b: "tcp://192.0.2.1:829"'
: >"$T/file"
ok "a drop folder that is a file" fails_to_start "$T/file" "f: \"file:$T/file\""
nowhere() {
	sed "s|$T/state2|$T/no/such/state|" "$T/bad.yaml" >"$T/nowhere.yaml"
	timeout -k 1 10 "$cmpgate" run -c "$T/nowhere.yaml" >"$T/out" 2>&1
	equal "$?" 7 && contains "$T/out" "$T/no/such" && contains "$T/out" "install -d"
}
ok "a state folder whose parent is missing: the command that makes it" nowhere
configuration "$T/good2.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
ok "the next start is free" gateway next "$T/good2.yaml"
ok "SIGTERM ends with 0" stop "$pid_next"
ok "SIGTERM ends the first with 0" stop "$pid_first"
