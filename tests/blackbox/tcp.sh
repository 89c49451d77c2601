# SPDX-License-Identifier: GPL-3.0-or-later
# The same operations' messages over raw TCP, in both framings; polling.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http tcp
plan 32
ok "PKI and CAs" device_pki farm
configuration "$T/gate.yaml" <<YAML
listeners: {plant: "tcp://127.0.0.1:0", old: "pkixcmp-tcp://127.0.0.1:0"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
port=$(listening gate tcp 1 | sed 's/.*://')
carry() { python3 "$peers/tcp_device.py" --framing "$framing" 127.0.0.1 "$port" "$1" "$2"; }
for framing in 0 10; do
	for o in $operations; do
		ok "$o, framing $framing" enrol_carried "$o-$framing" carry $(operation "$o")
	done
done
port=$(listening gate tcp 2 | sed 's/.*://')
ok "by the other name of the scheme, too" enrol_carried "alias" carry $(operation ir-sig)
port=$(listening gate tcp 1 | sed 's/.*://')
ok "check knows that name" sh -c "'$cmpgate' check '$T/gate.yaml'"
ok "SIGTERM ends with 0" stop "$pid_gate"

seen=$(ls "$T"/farm/*.req | wc -l)
# A gateway of little patience: its devices are told to ask again.
echo "limits: {exchange_timeout: 1s}" >>"$T/gate.yaml"
ok "a hasty gateway" gateway hasty "$T/gate.yaml"
port=$(listening hasty tcp | sed 's/.*://')
echo slow:3 >"$T/farm/mode"
for framing in 0 10; do
	first_request "$T/slow-$framing.der" $(operation ir-sig)
	python3 "$peers/tcp_device.py" --framing "$framing" 127.0.0.1 "$port" "$T/slow-$framing.der" "$T/slow-$framing.rsp" >"$T/slow-$framing.txt" 2>&1 &
	eval "device_$framing=$!"
done
polled() {
	eval "wait \$device_$1" && contains "$T/slow-$1.txt" "polls=[1-9]" && "$cmpgate" inspect "$T/slow-$1.rsp" | grep -q 'type: ip$'
}
for framing in 0 10; do
	ok "a slow CA is polled for at transport level, framing $framing" polled "$framing"
done
ok "and saw each request once" equal "$(ls "$T"/farm/*.req | wc -l)" "$((seen + 2))"
ok "SIGTERM ends that one with 0" stop "$pid_hasty"
