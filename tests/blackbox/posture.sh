# SPDX-License-Identifier: GPL-3.0-or-later
# What a gateway lets through is said at its start and by status; what is insecure of that each day again. The day is
# short: faketime lets it pass within seconds, and who connects wakes the loop, whose sleep is not shortened.
. "$srcdir/tests/blackbox/lib.sh"
need python3 openssl faketime
need_drivers http
plan 14
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
ok "PKI" pki
echo 'dev1:secret-of-16-or-more' >"$T/table"
[ "$(id -u)" != 0 ] || chown nobody "$T/table"
chmod 600 "$T/table"
write() {
	configuration "$T/gate.yaml" <<END
listeners: {in: "http://127.0.0.1:0"}
upstreams: {ca: {url: "http://127.0.0.1:9/", trust: plant}}
trust: {plant: [$T/ca.crt]}
secrets: {field: "file:$T/table"}
routes:
  - {name: legacy, from: in, match: {body: ir}, secrets: field, protection: keep, accept: [$1], to: ca}
  - {name: rest, from: in, to: ca}
END
}
write "sha1-mac, pvno1"
insecure="warn  posture: route 'legacy' accepts pvno1, sha1-mac"
ok "the gateway is ready" gateway gate "$T/gate.yaml"
ok "the routes are told" contains "$T/gate.log" "info  posture: routes: 1 pass on what they do not verify, 1 verify and keep the protection, 0 add their own, 0 replace it"
ok "the algorithms" contains "$T/gate.log" "info  posture: algorithms: signatures with RSA (2048"
ok "what is insecure is a warning" contains "$T/gate.log" "$insecure"
"$cmpgate" status -c "$T/gate.yaml" >"$T/said"
ok "status names it" contains "$T/said" "insecure  *route 'legacy' accepts pvno1, sha1-mac"
posture() { "$cmpgate" status --json -c "$T/gate.yaml" | python3 -c 'import json, sys; print(json.load(sys.stdin)["posture"]["insecure"])'; }
ok "the same as an object" equal "$(posture)" "[\"route 'legacy' accepts pvno1, sha1-mac\"]"
write ""
ok "the configuration is mended" "$cmpgate" reload -c "$T/gate.yaml"
ok "then nothing is insecure" equal "$(posture)" "[]"
ok "and nothing is said" equal "$(grep -c 'warn  posture:' "$T/gate.log")" 1
ok "it ends" stop "$pid_gate"
write "sha1-mac, pvno1"
# Without the program faketime between, so that the process that is ended is the gateway.
preload=$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"')
ok "a gateway with short days" start quick '^ready' env LD_PRELOAD="$preload" FAKETIME='+0 x43200' "$cmpgate" run -c "$T/gate.yaml"
at=$(listening quick http)
knock() { python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' "${at%:*}" "${at##*:}"; }
warned() { knock; [ "$(grep -c "$insecure" "$T/quick.log")" -ge 3 ]; }
ok "warns each day" soon warned
ok "of nothing else" equal "$(grep -c 'info  posture: routes' "$T/quick.log")" 1
