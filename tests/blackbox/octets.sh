# SPDX-License-Identifier: GPL-3.0-or-later
# What reaches the CA is what the device sent, and the other way round: octet
# by octet, on every transport.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 coap-client-notls
need_drivers http coap tcp file
plan 12
ok "PKI and CA" device_pki
ok "relay" relay relay "$(hostport "$url")"
drop_folder "$T/drop"
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0", coap: "coap://127.0.0.1:0", tcp: "tcp://127.0.0.1:0", files: "file:$T/drop"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
port=$(listening gate tcp | sed 's/.*://')
over_http() { python3 "$peers/http_post.py" "$(listening gate http)" /.well-known/cmp "$1" "$2"; }
over_coap() { coap-client-notls -m post -t 259 -A 259 -b 256 -B 40 -f "$1" -o "$2" "coap://$(listening gate coap)/.well-known/cmp" && [ -s "$2" ]; }
over_tcp() { python3 "$peers/tcp_device.py" 127.0.0.1 "$port" "$1" "$2"; }
over_file() {
	_b=$(basename "$1" | tr . -)
	cp "$1" "$T/drop/in/.$_b" && mv "$T/drop/in/.$_b" "$T/drop/in/$_b.pki" || return 1
	_a=$(python3 "$peers/wait_file.py" "$T/drop/out" "$_b.*.pki" 40) && cp "$T/drop/out/$_a" "$2"
}
n=1
for way in http coap tcp file; do
	ok "ir over $way" enrol_carried "$way" over_$way $(operation ir-sig)
	q=$(printf '%s/relay/%03d' "$T" "$n")
	c=$(printf '%s/relay/%03d' "$T" $((n + 1)))
	ok "every octet of ir, ip, certConf, pkiConf over $way" sh -c \
		"cmp '$T/$way.q1' '$q.req' && cmp '$T/$way.r1' '$q.rsp' && cmp '$T/$way.q2' '$c.req' && cmp '$T/$way.r2' '$c.rsp'"
	n=$((n + 2))
done
ok "SIGTERM ends with 0" stop "$pid_gate"
