# SPDX-License-Identifier: GPL-3.0-or-later
# Stock devices over HTTP: every operation with MAC and with signature.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 16
ok "PKI and CA" device_pki
configuration "$T/gate.yaml" <<YAML
listeners: {field: "http://127.0.0.1:0"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
for o in $operations; do
	ok "$o" device -server "$at" -path .well-known/cmp $(operation "$o")
done
ok "the certificate is the one of the CA" same "$T/ir-sig.pem" "$T/kur-sig.pem"
ok "ir on a path with profile and label" device -server "$at" -path .well-known/cmp/p/plc/initialization $(operation ir-sig)
ok "SIGTERM ends with 0" stop "$pid_gate"
