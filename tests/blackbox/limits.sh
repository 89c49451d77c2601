# SPDX-License-Identifier: GPL-3.0-or-later
# Every limit at work, in a network of its own: limits that count a source do
# not count loopback, so its loopback has addresses that are no loopback's.
srcdir=${srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
if [ -z "${IN_NETWORK:-}" ]; then
	wrap="unshare --net"
	[ "$(id -u)" = 0 ] || wrap="unshare --user --map-current-user --keep-caps --net"
	$wrap ip link set lo up >/dev/null 2>&1 || { echo "1..0 # SKIP may not make a network namespace"; exit 0; }
	IN_NETWORK=1
	export IN_NETWORK
	exec $wrap sh "$0"
fi
ip link set lo up
for a in 1 2 9; do ip address add 192.0.2.$a/32 dev lo; done
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http coap tcp
plan 34
ok "the scripted CA" start ca 'CA on ([0-9]+)' python3 "$peers/counting_ca.py"
ca_url=http://127.0.0.1:$line/
# gate NAME LIMITS: a gateway with these limits; $web, $coap and $tcp are its listeners.
gate() {
	configuration "$T/$1.yaml" <<-YAML
	listeners: {web: "http://0.0.0.0:0", coap: "coap://0.0.0.0:0", tcp: "tcp://0.0.0.0:0"}
	upstreams: {plant: {url: "${ca_url}pkix/", connections: 64, timeout: 60s}}
	limits: {$2}
	YAML
	gateway "$1" "$T/$1.yaml" || return 1
	web=192.0.2.1:$(listening "$1" http | sed 's/.*://')
	coap=192.0.2.1:$(listening "$1" coap | sed 's/.*://')
	tcp=192.0.2.1:$(listening "$1" tcp | sed 's/.*://')
}
limit() {
	_what=$1
	shift
	timeout 60 python3 "$peers/limits.py" "$_what" "$ca_url" "$@"
}
# works LIMITS WHAT LISTENERS TITLE: a gateway with these limits keeps what WHAT asks of it.
works() {
	ok "a gateway with $1" gate "$2" "$1" || return
	_at=
	for _l in $3; do eval "_at=\"\$_at \$$_l\""; done
	ok "$4" limit "$2" $_at
	ok "it ends" stop "$pid"
}
rate="rate: 1/s, rate_burst: 5"
works "$rate" rate_http web "HTTP: 429 over the rate of one source"
works "$rate" rate_tcp tcp "TCP: errorMsgRep over the rate of one source"
works "$rate" rate_coap coap "CoAP: 4.29 over the rate of one source"
works "$rate, rate_exempt: [192.0.2.9]" rate_exempt web "exempt networks and loopback have no rate"
works "$rate" flood_of_non coap "a flood of NON: 4.29, and few reach the CA"
works "$rate" flood_of_polls web "a flood of pollReq: 429, and few reach the CA"
works "$rate, exchange_timeout: 1s" flood_of_references tcp "a flood of polls by reference: errorMsgRep"
works "bytes_in_flight: 1MiB, exchange_timeout: 60s, rate: 1000/s, rate_burst: 1000" bytes_in_flight "web coap tcp" "to the octet: 503, 5.03, errorMsgRep; what runs is finished"
works "transactions: 2" transactions "web coap tcp" "503, 5.03, errorMsgRep; what runs is finished"
works "connections: 2" connections "web tcp" "an idle one makes place; where all are at work, the newcomer is closed"
works "connections_per_source: 2" per_source web "the same within one source; others and loopback keep their place"
