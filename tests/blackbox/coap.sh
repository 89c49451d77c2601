# SPDX-License-Identifier: GPL-3.0-or-later
# The same operations' messages carried by libcoap's client: block sizes, IPv4 and IPv6, UDP and TCP.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 coap-client-notls
need_drivers http coap
plan 26
ok "PKI and CA" device_pki
configuration "$T/gate.yaml" <<YAML
listeners: {v4: "coap://127.0.0.1:0", v6: "coap://[::1]:0", stream: "coap+tcp://127.0.0.1:0"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
v4=$(sed -n 's|^listening on coap://\(127[^/]*\).*|\1|p' "$T/gate.log")
v6=$(sed -n 's|^listening on coap://\(\[[^/]*\).*|\1|p' "$T/gate.log")
carry() {
	coap-client-notls -m post -t 259 -A 259 -b "$block" -B 40 -f "$1" -o "$2" "$scheme://$at$path"
	[ -s "$2" ]
}
scheme=coap at=$v4 block=1024 path=/.well-known/cmp
for o in $operations; do
	ok "$o" enrol_carried "$o" carry $(operation "$o")
done
for block in 16 64 512; do
	ok "ir-sig in blocks of $block" enrol_carried "b$block" carry $(operation ir-sig)
done
at=$v6 block=512
ok "ir-sig over IPv6" enrol_carried v6 carry $(operation ir-sig)
scheme=coap+tcp at=$(listening gate coap+tcp) block=512
ok "ir-sig over coap+tcp" enrol_carried stream carry $(operation ir-sig)
ok "discovery names the content format" sh -c "coap-client-notls -m get 'coap://$v4/.well-known/core' | grep -q 'ct=259'"
ok "SIGTERM ends with 0" stop "$pid_gate"
port=$(python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
sed "s|^listeners:.*|listeners: {fixed: \"coap://127.0.0.1:$port/long/path/x\"}|" "$T/gate.yaml" >"$T/fixed.yaml"
ok "a listener on a port of choice" gateway fixed "$T/fixed.yaml"
ok "its URL has the path" contains "$T/fixed.log" "^listening on coap://127.0.0.1:$port/long/path/x\$"
scheme=coap at=127.0.0.1:$port path=/long/path/x
ok "ir-sig on the path of the URL" enrol_carried own carry $(operation ir-sig)
ok "discovery names that path" sh -c "coap-client-notls -m get 'coap://$at/.well-known/core' | grep -q '</long/path/x>;ct=259'"
sed -i "s|\"coap://127.0.0.1:$port/long/path/x\"|{url: \"coap://127.0.0.1:$port/long/path/x\", paths: [/plant]}|" "$T/fixed.yaml"
kill -HUP "$pid_fixed"
ok "a reload cannot change it in place, and says so" python3 "$peers/await_line.py" "$T/fixed.log" "$pid_fixed" "the old configuration stays.*restart the gateway, or give it another port" 10
ok "SIGTERM ends that one with 0" stop "$pid_fixed"
