# SPDX-License-Identifier: GPL-3.0-or-later
# Eight slow and sixty-four parallel devices; sixteen vanish after ip, the other
# forty-eight enrol.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 7
ok "PKI and CAs" device_pki farm
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
slow=
for i in 1 2 3 4 5 6 7 8; do first_request "$T/slow$i.der" $(operation ir-sig); done
for i in 1 2 3 4 5 6 7 8; do
	python3 "$peers/slow_device.py" "$at" "$T/slow$i.der" head 3 200 >"$T/slow$i.txt" 2>&1 &
	slow="$slow $!"
done
for i in $(seq 16); do first_request "$T/v$i.der" $(operation ir-sig); done
vanish=
for i in $(seq 16); do
	python3 "$peers/http_post.py" "$at" /.well-known/cmp "$T/v$i.der" "$T/v$i.out" >"$T/v$i.txt" 2>&1 &
	vanish="$vanish $!"
done
enrol=
for i in $(seq 48); do
	openssl cmp -config "" -batch -msg_timeout 50 -total_timeout 80 -server "$at" -path .well-known/cmp -cmd ir $SIG \
		-newkey "$T/dev.key" -subject /O=Plant/CN=device -certout "$T/e$i.pem" >"$T/e$i.txt" 2>&1 &
	enrol="$enrol $!"
done
all() { for _p in $1; do wait "$_p" || { echo "process $_p ended with $?"; return 1; }; done; }
ok "sixteen devices get ip and vanish" all "$vanish"
ok "forty-eight devices enrol" all "$enrol"
ok "each has the certificate" sh -c "for i in \$(seq 48); do cmp '$T/e1.pem' '$T/e'\$i.pem || exit 1; done"
ok "eight slow devices are served among them" all "$slow"
ok "SIGTERM ends with 0" stop "$pid_gate"
