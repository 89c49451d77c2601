# SPDX-License-Identifier: GPL-3.0-or-later
# A CA that is slow, silent, down or talks nonsense: the device hears of it in
# its transport's words within the deadline, and the next good answer works.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
need_drivers http coap tcp file
plan 52
ok "PKI and CA" device_pki farm
drop_folder "$T/drop"
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0", coap: "coap://127.0.0.1:0", tcp: "tcp://127.0.0.1:0", files: "file:$T/drop"}
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
# coap_hears CODE FAILINFO: the code, and a CMP error as its content.
coap_hears() {
	first_request "$T/c.der" $(operation ir-sig) || return 1
	equal "$(python3 "$peers/coap_post.py" "$(listening gate coap)" "$T/c.der" "$T/c.out" 2>&1)" "$1 259 error $2" &&
		device -server unused:1 $(operation ir-sig) -rspin "$T/c.out" -unprotected_errors 2>&1 | grep -q "PKIStatus: rejection.*PKIFailureInfo: $2"
}
tcp_hears() {
	first_request "$T/t.der" $(operation ir-sig) || return 1
	python3 "$peers/tcp_device.py" --timeout 20 127.0.0.1 "$port" "$T/t.der" "$T/t.out" >"$T/t.txt" 2>&1
	grep -q "$1" "$T/t.txt" || { cat "$T/t.txt"; return 1; }
}
# file_hears NAME TEXT: the message stays, and the note beside the answers says TEXT.
file_hears() {
	first_request "$T/$1.der" $(operation ir-sig) || return 1
	cp "$T/$1.der" "$T/drop/in/.$1" && mv "$T/drop/in/.$1" "$T/drop/in/$1.pki" || return 1
	python3 "$peers/wait_file.py" "$T/drop/out" "$1.status.txt" 20 && grep "$2.*; it is sent again in 30 s" "$T/drop/out/$1.status.txt" &&
		cmp "$T/$1.der" "$T/drop/in/$1.pki"
}
ok "a good CA" enrol
# A silent CA is waited for: by all of them at once.
mode never
together() { _w=$1; shift; "$@" >"$T/$_w.wait" 2>&1 & eval "wait_$_w=$!"; }
heard() { eval "wait \$wait_$1" || { cat "$T/$1.wait"; return 1; }; }
why="no answer came in time"
together web hears 504 systemUnavail
together end ends
together coap coap_hears 5.04 systemUnavail
together tcp tcp_hears "type 6: .*$why"
together file file_hears never "$why"
ok "HTTP device, CA never: 504 with systemUnavail" heard web
ok "HTTP device, CA never: ends at once without -unprotected_errors" heard end
ok "CoAP device, CA never: 5.04 with systemUnavail" heard coap
ok "TCP device, CA never: errorMsgRep with the reason" heard tcp
ok "drop folder, CA never: a note says why, and when it is sent again" heard file
for bad in "garbage systemFailure 502 5.02" "half systemFailure 502 5.02" "html systemFailure 502 5.02" \
	"redirect systemFailure 502 5.02" "empty systemFailure 502 5.02" "page systemUnavail 503 5.03" "close systemUnavail 503 5.03"; do
	set -- $bad
	mode "$1"
	ok "HTTP device, CA $1: $3 with $2" hears "$3" "$2"
	ok "HTTP device, CA $1: ends at once without -unprotected_errors" ends
	ok "CoAP device, CA $1: $4 with $2" coap_hears "$4" "$2"
	case $1 in
	garbage) why="PKIMessage" ;;
	half) why="ended in the middle of its answer" ;;
	html) why="HTTP status 200 with text/html, no CMP message" ;;
	redirect) why="HTTP status 302 .*redirects are not followed" ;;
	empty) why="HTTP status 204 with .*no CMP message" ;;
	page) why="HTTP status 500 with text/html, no CMP message" ;;
	close) why="ended without an answer" ;;
	esac
	ok "TCP device, CA $1: errorMsgRep with the reason" tcp_hears "type 6: .*$why"
	ok "drop folder, CA $1: a note says why, and when it is sent again" file_hears "$1" "$why"
done
mode pass
ok "the CA recovers" enrol
mode slow:2
ok "a CA that takes 2 s" enrol
mode pass
stop "$pid_farm"
ok "the CA is down: systemUnavail" hears 503 systemUnavail
ok "the device hears the upstream's name" grep -aq "upstream plant: cannot be reached" "$T/h.rsp"
ok "and not where it is" fails grep -aq '127\.0\.0\.1\|http:' "$T/h.rsp"
ok "the log has both" contains "$T/gate.log" "warn  upstream: cannot be reached: .*upstream=plant url=$url"
ok "CoAP device, the CA is down: 5.03 with systemUnavail" coap_hears 5.03 systemUnavail
ok "TCP device, the CA is down: errorMsgRep with the reason" tcp_hears "type 6: .*cannot be reached"
ok "SIGTERM ends with 0" stop "$pid_gate"
