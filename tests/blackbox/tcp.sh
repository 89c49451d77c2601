# SPDX-License-Identifier: GPL-3.0-or-later
# The same operations' messages over raw TCP, in both framings; polling.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
plan 28
ok "PKI and CA" device_pki
ok "relay" relay relay "$(hostport "$url")"
first=$url
# The mock CA ends after some twenty operations: each framing has its own.
ok "a second CA" ca ca2 dev
configuration "$T/gate.yaml" <<YAML
listeners: {first: "tcp://127.0.0.1:0", second: "tcp://127.0.0.1:0"}
upstreams: {plant: "$first", other: "$url"}
routes: [{from: first, to: plant}, {from: second, to: other}]
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
port_0=$(listening gate tcp 1 | sed 's/.*://')
port_10=$(listening gate tcp 2 | sed 's/.*://')
carry() { python3 "$peers/tcp_device.py" --framing "$framing" 127.0.0.1 "$port" "$1" "$2"; }
for framing in 0 10; do
	eval "port=\$port_$framing"
	for o in $operations; do
		ok "$o, framing $framing" enrol_carried "$o-$framing" carry $(operation "$o")
	done
done
echo slow:10 >"$T/relay/mode"
framing=0
port=$port_0
ok "a slow CA is polled for at transport level" sh -c "python3 '$peers/tcp_device.py' --framing 0 127.0.0.1 $port '$T/ir-sig-0.q1' '$T/dup.r1'"
ok "SIGTERM ends with 0" stop "$pid_gate"
