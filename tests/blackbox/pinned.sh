# SPDX-License-Identifier: GPL-3.0-or-later
# The route of a transaction is chosen by its first message: later ones follow it,
# whatever link, path and route would be theirs.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http coap tcp
plan 20
ok "a CA" start one 'CA on ([0-9]+)' python3 "$peers/counting_ca.py"
one=http://127.0.0.1:$line/
ok "another CA" start two 'CA on ([0-9]+)' python3 "$peers/counting_ca.py"
two=http://127.0.0.1:$line/
# routes TO: the configuration; the route named chosen leads to TO.
routes() {
	configuration "$T/gate.yaml" <<-YAML
	listeners: {web: "http://127.0.0.1:0", coap: "coap://127.0.0.1:0", tcp: "tcp://127.0.0.1:0"}
	upstreams: {one: "${one}pkix/", two: "${two}pkix/"}
	routes:
	  - {name: confirmations, match: {body: certConf}, to: two}
	  - {name: by-wire, from: tcp, to: two}
	  - {name: chosen, match: {path: "/.well-known/cmp/p/one*"}, to: $1}
	  - {name: others, to: two}
	YAML
}
routes one
ok "the gateway is ready" gateway gate "$T/gate.yaml"
web=http://$(listening gate http)
coap=coap://$(listening gate coap)
tcp=tcp://$(listening gate tcp)
a=0
b=0
# goes ANSWERS ONE TWO WHAT STEP...: the steps get these answers, and the CAs have seen so many more messages.
goes() {
	_answers=$1
	a=$((a + $2))
	b=$((b + $3))
	shift 3
	equal "$(timeout 60 python3 "$peers/steps.py" "$@" "seen@$one" "seen@$two")" "$_answers $a $b"
}
path=/.well-known/cmp
ok "the first route that fits a first message" goes ip+ 1 0 CERT "ir@$web$path/p/one"
ok "another path, another route" goes ip+ 0 1 CERT "ir@$web$path"
ok "another link, another route" goes ip+ 0 1 CERT "ir@$tcp"
ok "a certConf that nobody knows takes the route of certConf" goes pkiconf 0 1 CERT "certConf@$web$path/p/one"
ok "a certConf that is known does not" goes "ip+ pkiconf" 2 0 CERT "ir@$web$path/p/one" "certConf@$web$path/p/one"
ok "nor on another path" goes "ip+ pkiconf" 2 0 CERT "ir@$web$path/p/one" "certConf@$web$path"
ok "nor over CoAP" goes "ip+ pkiconf" 2 0 CERT "ir@$web$path/p/one" "certConf@$coap"
ok "nor over TCP" goes "ip+ pkiconf" 2 0 CERT "ir@$web$path/p/one" "certConf@$tcp"
ok "nor the other way round" goes "ip+ pkiconf" 0 2 CERT "ir@$tcp" "certConf@$web$path/p/one"
ok "polls follow as well" goes "ip pollRep ip+ pkiconf" 4 0 WAIT1 "ir@$web$path/p/one" "pollReq@$tcp" "pollReq@$coap" "certConf@$web$path"
# The route is pinned by its name: where a reload lets it lead elsewhere, the next message goes there.
reload() { kill -HUP "$pid_gate" && python3 "$peers/await_line.py" "$T/gate.log" "$pid_gate" "$1" 10; }
routes two
ok "a reload under way changes nothing for others" goes "ip+ pkiconf" 0 2 CERT "ir@$tcp" "!kill -HUP $pid_gate" "certConf@$tcp"
ok "the reload is done" reload "is in force: 3 listeners, 2 upstreams, 4 routes"
ok "the route leads elsewhere now" goes ip+ 0 1 CERT "ir@$web$path/p/one"
sed '/name: chosen/d' "$T/gate.yaml" >"$T/less.yaml"
ok "a route that has gone takes its transactions along" goes "ip+ 503/error:systemUnavail" 0 1 CERT "ir@$web$path/p/one" \
	"!cp $T/less.yaml $T/gate.yaml; kill -HUP $pid_gate; python3 $peers/await_line.py $T/gate.log $pid_gate 'is in force: 3 listeners, 2 upstreams, 3 routes' 10" \
	"certConf@$web$path/p/one"
ok "and says so" contains "$T/gate.log" "the route this transaction began on is gone"
ok "others go on" goes "ip+ pkiconf" 0 2 CERT "ir@$web$path" "certConf@$coap"
ok "SIGTERM ends with 0" stop "$pid_gate"
