# SPDX-License-Identifier: GPL-3.0-or-later
# The same operations' messages as files in a drop folder.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http file
plan 16
ok "PKI and CA" device_pki
drop_folder "$T/drop"
configuration "$T/gate.yaml" <<YAML
listeners: {files: "file:$T/drop"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
carry() {
	_b=$(basename "$1" | tr . -)
	cp "$1" "$T/drop/in/.$_b" && mv "$T/drop/in/.$_b" "$T/drop/in/$_b.pki" || return 1
	_a=$(python3 "$peers/wait_file.py" "$T/drop/out" "$_b.*.pki" 40) || return 1
	cp "$T/drop/out/$_a" "$2"
}
for o in $operations; do
	ok "$o" enrol_carried "$o" carry $(operation "$o")
done
ok "answered requests are in done/" python3 "$peers/wait_file.py" "$T/drop/in" '!*.pki' 20
ok "the answer's name tells its kind" test -s "$T/drop/out/ir-sig-q1.ip.pki"
ok "SIGTERM ends with 0" stop "$pid_gate"
