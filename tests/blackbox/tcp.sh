# SPDX-License-Identifier: GPL-3.0-or-later
# The same operations' messages over raw TCP, in both framings; polling.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http tcp
plan 26
ok "PKI and CAs" device_pki farm
configuration "$T/gate.yaml" <<YAML
listeners: {plant: "tcp://127.0.0.1:0"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
port=$(listening gate tcp | sed 's/.*://')
carry() { python3 "$peers/tcp_device.py" --framing "$framing" 127.0.0.1 "$port" "$1" "$2"; }
for framing in 0 10; do
	for o in $operations; do
		ok "$o, framing $framing" enrol_carried "$o-$framing" carry $(operation "$o")
	done
done
echo slow:10 >"$T/farm/mode"
ok "a slow CA is polled for at transport level" sh -c "python3 '$peers/tcp_device.py' --framing 0 127.0.0.1 $port '$T/ir-sig-0.q1' '$T/dup.r1'"
ok "SIGTERM ends with 0" stop "$pid_gate"
