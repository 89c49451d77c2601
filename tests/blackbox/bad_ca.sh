# SPDX-License-Identifier: GPL-3.0-or-later
# A CA that is slow, silent, down or talks nonsense: the device hears of it in
# its transport's words within the deadline, and the next good answer works.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 coap-client-notls
need_drivers http coap tcp
plan 33
ok "PKI and CA" device_pki farm
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0", coap: "coap://127.0.0.1:0", tcp: "tcp://127.0.0.1:0"}
upstreams: {plant: {url: "$url", timeout: 4s}}
limits: {exchange_timeout: 5s}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
port=$(listening gate tcp | sed 's/.*://')
mode() { echo "$1" >"$T/farm/mode"; }
enrol() { device -server "$at" -path .well-known/cmp $(operation ir-sig) "$@"; }
# hears STATUS FAILINFO: the content of the refusal, shown by a device that takes
# unprotected errors. (It reads no content of a 5xx itself: the file is handed to it.)
hears() {
	first_request "$T/h.der" $(operation ir-sig) || return 1
	if python3 "$peers/http_post.py" "$at" /.well-known/cmp "$T/h.der" "$T/h.rsp" >"$T/h.status"; then echo "status 200"; return 1; fi
	if device -server unused:1 $(operation ir-sig) -rspin "$T/h.rsp" -unprotected_errors >"$T/heard" 2>&1; then echo "the device was not refused"; return 1; fi
	grep -q "PKIStatus: rejection.*PKIFailureInfo: $2" "$T/heard" && grep -q "^$1 application/pkixcmp" "$T/h.status" || { cat "$T/heard" "$T/h.status"; return 1; }
}
ends() { if timeout 15 openssl cmp -config "" -batch -server "$at" -path .well-known/cmp $(operation ir-sig); then return 1; else [ $? != 124 ]; fi; }
coap_hears() {
	first_request "$T/c.der" $(operation ir-sig) || return 1
	coap-client-notls -v 6 -m post -t 259 -A 259 -b 1024 -B 20 -f "$T/c.der" -o "$T/c.out" "coap://$(listening gate coap)/.well-known/cmp" >"$T/c.txt" 2>&1
	grep -q "$1" "$T/c.txt" || { cat "$T/c.txt"; return 1; }
}
tcp_hears() {
	first_request "$T/t.der" $(operation ir-sig) || return 1
	python3 "$peers/tcp_device.py" --timeout 20 127.0.0.1 "$port" "$T/t.der" "$T/t.out" >"$T/t.txt" 2>&1
	grep -q "$1" "$T/t.txt" || { cat "$T/t.txt"; return 1; }
}
ok "a good CA" enrol
for bad in "never systemUnavail 504 5.04" "garbage systemFailure 502 5.02" "half systemFailure 502 5.02" "html systemFailure 502 5.02" \
	"redirect systemFailure 502 5.02" "empty systemFailure 502 5.02" "page systemUnavail 503 5.03" "close systemUnavail 503 5.03"; do
	set -- $bad
	mode "$1"
	ok "HTTP device, CA $1: $3 with $2" hears "$3" "$2"
	ok "HTTP device, CA $1: ends at once without -unprotected_errors" ends
	ok "CoAP device, CA $1: $4" coap_hears "$4"
done
mode never
ok "TCP device, CA never: errorMsgRep with the reason" tcp_hears "type 6: .*no answer came in time"
mode garbage
ok "TCP device, CA garbage: errorMsgRep with the reason" tcp_hears "type 6: .*PKIMessage"
mode pass
ok "the CA recovers" enrol
mode slow:2
ok "a CA that takes 2 s" enrol
mode pass
stop "$pid_farm"
ok "the CA is down: systemUnavail" hears 503 systemUnavail
ok "SIGTERM ends with 0" stop "$pid_gate"
