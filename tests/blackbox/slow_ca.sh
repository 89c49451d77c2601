# SPDX-License-Identifier: GPL-3.0-or-later
# A CA that takes ten seconds: HTTP waits, CoAP gets an empty ACK and a separate
# response, TCP waits as well, and a file is answered when it comes.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 coap-client-notls
need_drivers http coap tcp file
plan 12
ok "PKI and CAs" device_pki farm
drop_folder "$T/drop"
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0", coap: "coap://127.0.0.1:0", tcp: "tcp://127.0.0.1:0", files: "file:$T/drop"}
upstreams: {plant: {url: "$url", timeout: 20s}}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
for i in 1 2 3 4; do first_request "$T/q$i.der" $(operation ir-sig); done
echo slow:10 >"$T/farm/mode"
python3 "$peers/http_post.py" "$(listening gate http)" /.well-known/cmp "$T/q1.der" "$T/r1.der" >"$T/w1.txt" 2>&1 &
http=$!
# (Blocks of 512: this client loses a large separate response to a request of one block.)
coap-client-notls -v 7 -m post -t 259 -A 259 -b 512 -B 40 -f "$T/q2.der" -o "$T/r2.der" "coap://$(listening gate coap)/.well-known/cmp" >"$T/w2.txt" 2>&1 &
coap=$!
python3 "$peers/tcp_device.py" --timeout 40 127.0.0.1 "$(listening gate tcp | sed 's/.*://')" "$T/q3.der" "$T/r3.der" >"$T/w3.txt" 2>&1 &
tcp=$!
cp "$T/q4.der" "$T/drop/in/.q4" && mv "$T/drop/in/.q4" "$T/drop/in/q4.pki"
is_ip() { "$cmpgate" inspect "$1" | grep -q 'type: ip$'; }
ended() { wait "$1" || { echo "exit code $?"; cat "$2"; return 1; }; }
ok "HTTP waits" ended "$http" "$T/w1.txt"
ok "and gets its ip" is_ip "$T/r1.der"
ok "CoAP waits" ended "$coap" "$T/w2.txt"
ok "and gets its ip" is_ip "$T/r2.der"
ok "by an empty ACK first" grep -Eq 'ACK.*0\.00' "$T/w2.txt"
ok "TCP waits" ended "$tcp" "$T/w3.txt"
ok "and gets its ip" is_ip "$T/r3.der"
ok "the file's answer comes" python3 "$peers/wait_file.py" "$T/drop/out" "q4.ip.pki" 30
ok "the CA saw each request once" equal "$(ls "$T"/farm/*.req | wc -l)" 4
ok "SIGTERM ends with 0" stop "$pid_gate"
