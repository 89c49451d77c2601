# SPDX-License-Identifier: GPL-3.0-or-later
# check --files on real files: what is missing, open to others, or not what it
# should be; and the examples that are shipped.
. "$srcdir/tests/blackbox/lib.sh"
need openssl
need_drivers http coap
plan 43
f=$T/gate.yaml

# check CODE ARGS...: the exit code must be CODE; output in $T/out.
check() {
	_want=$1
	shift
	"$cmpgate" check "$@" >"$T/out" 2>"$T/err"
	_got=$?
	[ "$_got" = "$_want" ] || { echo "exit code $_got, should be $_want"; cat "$T/out" "$T/err"; return 1; }
}
says() { contains "$T/out" "$1"; }
silent() { if grep -q "$1" "$T/out" "$T/err"; then echo "it is shown:"; cat "$T/out"; return 1; fi; }
# The user the gateway becomes when root runs the tests must be able to read.
ours() { [ "$(id -u)" != 0 ] || chown nobody "$@"; }

make_files() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/ra.key" -out "$T/ra.pem" -subj "/O=Plant/CN=RA" -days 90 >/dev/null 2>&1 &&
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/old.key" -out "$T/old.pem" -subj "/O=Plant/CN=Old" -days 5 >/dev/null 2>&1 &&
	openssl pkcs8 -topk8 -in "$T/ra.key" -passout pass:GeHeIm -out "$T/locked.key" 2>/dev/null &&
	openssl x509 -in "$T/ra.pem" -outform DER -out "$T/ra.der" &&
	mkdir "$T/roots" "$T/none" && cp "$T/ra.pem" "$T/roots/a.crt" && echo text >"$T/roots/README" &&
	printf 'plc-7:GeHeIm-0123456789 uses=many\n' >"$T/bench.txt" && echo GeHeIm >"$T/ra.pass" &&
	printf 'subject,profile\n"CN=plc-*,O=Works 7",plc\n' >"$T/allow.csv" && printf '#!/bin/sh\nexit 0\n' >"$T/hook" &&
	printf "\060\006\060\004\245\002\060\000" >"$T/any.der" &&	# a CertTemplate with an empty subject
	chmod 600 "$T"/*.key "$T/bench.txt" "$T/ra.pass" && chmod 755 "$T/hook" && chmod 644 "$T"/*.pem "$T/roots/a.crt" "$T/allow.csv" &&
	ours "$T"/*.key "$T/bench.txt" "$T/ra.pass" "$T" && make_crl
}
# A CRL needs a small database of `openssl ca`.
make_crl() {
	: >"$T/index.txt"
	printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s/index.txt\ndefault_md=sha256\ndefault_crl_days=90\n' "$T" >"$T/ca.cnf"
	openssl ca -config "$T/ca.cnf" -gencrl -cert "$T/ra.pem" -keyfile "$T/ra.key" -out "$T/plant.crl" >/dev/null 2>&1
}
# good [SED]: a configuration in which everything is in order, but for what the script changes.
good() {
	cat >"$T/good.yaml" <<YAML
version: 1
listeners: {field: "http://127.0.0.1:8080"}
upstreams: {ca: {url: "http://127.0.0.1:1/", trust: signer, issued_trust: plant}}
trust:
  signer: {anchors: ra.pem, eku: cmcCA}
  plant: {anchors: [ra.pem, ra.der, roots], revocation: {crls: plant.crl}}
credentials:
  ra: {cert: ra.pem, key: locked.key, pass: "file:ra.pass"}
  dev: {cert: ra.der, key: ra.key}
secrets: {bench: "file:bench.txt"}
answers: {ca_certs: ra.pem, crls: plant.crl, template: any.der}
log: {audit: {file: audit.jsonl}}
routes:
  - match: {body: enroll}
    trust: plant
    secrets: bench
    protection: replace
    sign_with: ra
    approve: {hook: hook, allow: allow.csv}
  - {match: {body: genm}, trust: plant, reply_with: dev, to: answers}
YAML
	[ "$(id -u)" != 0 ] || echo "user: nobody" >>"$T/good.yaml"
	sed "${1:-}" "$T/good.yaml" >"$f"
}
# wrong NAME CODE SED TEXT: with the change there is this error, and it says this.
wrong() {
	good "$3"
	ok "$1: exit code 3" check 3 --files "$f"
	ok "$1: $2" says "$4.*\\[$2\\]"
}

ok "files are made" make_files
good
ok "all files are in order" check 0 --files --strict "$f"
ok "and it is said" says "in order: 1 listener"
wrong "no such file" E0501 's/ra.pem, ra.der/nope.pem/' "error: trust set 'plant': .*nope.pem: No such file"
ok "without --files nothing is opened" check 0 "$f"
wrong "a folder without certificates" E0504 's/, roots/, none/' "none: no file in this folder is"
wrong "a folder in place of a file" E0502 's/cert: ra.pem/cert: roots/' "credential 'ra': .*roots: is a folder"
wrong "a device" E0502 's/cert: ra.pem/cert: \/dev\/null/' "is no ordinary file"
wrong "a certificate in place of a key" E0503 's/key: ra.key/key: ra.pem/' "ra.pem: is open to group or others"
wrong "a key in place of a certificate" E0504 's/cert: ra.der/cert: ra.key/' "holds no block 'CERTIFICATE'"
chmod 640 "$T/ra.key"
wrong "a key that others may read" E0503 '' "ra.key: is open to group or others"
ok "the command to type is told" says "help: chmod 600 $T/ra.key"
chmod 600 "$T/ra.key"
wrong "a key of another certificate" E0504 's/cert: ra.der, key: ra.key/cert: ra.der, key: old.key/' "credentials.dev: .*belongs to another key"
cp -p "$T/ra.pass" "$T/other.pass" && echo other >"$T/other.pass"
wrong "a locked key with a wrong pass phrase" E0504 's/file:ra.pass/file:other.pass/' "credentials.ra: .*cannot be decrypted"
wrong "a locked key without a pass phrase" E0504 's/, pass: "file:ra.pass"//' "locked.key: the key is encrypted"
chmod 604 "$T/bench.txt"
wrong "secrets that others may read" E0503 '' "table of secrets 'bench': .*bench.txt: is open"
chmod 600 "$T/bench.txt"
printf 'plc-7:GeHeIm-0123456789\n\nGeHeIm-0123456789\nplc-7:GeHeIm-9876543210\n' >"$T/bench.txt"
wrong "a bad line in a table" E0504 '' "bench.txt:3:1: error: table of secrets 'bench': no colon"
ok "a reference twice" says "bench.txt:4:1: error: .*the reference stands in line 1 as well"
ok "no secret is shown" silent GeHeIm
printf 'plc-7:GeHeIm-0123 expires=2020-01-01T00:00:00Z\n' >"$T/bench.txt"
good
ok "a weak secret is a warning" check 0 --files "$f"
ok "and so is one whose time is over" says "the time of this secret is over"
ok "--json has them" check 0 --files --json "$f"
printf 'plc-7:GeHeIm-0123456789\n' >"$T/bench.txt"
printf 'subject,profile\n,\n' >"$T/allow.csv"
wrong "an allow-list that allows everybody" E0504 '' "allow.csv:2:1: error: .*would allow everybody"
printf 'subject\n*\n' >"$T/allow.csv"
chmod 644 "$T/hook"
wrong "a hook that cannot be run" E0503 '' "route 'route-1': .*hook: cannot be run"
chmod 775 "$T/hook"
wrong "a hook that others may write" E0503 '' "hook: can be written by group or others"
chmod 755 "$T/hook"
good 's/cert: ra.der, key: ra.key/cert: old.pem, key: old.key/'
ok "a certificate that ends soon is a warning" check 0 --files "$f"
ok "with its days" says "CN=Old,O=Plant expires in [45] days \\[W0311\\]"

examples() {
	for e in "$srcdir"/docs/examples/*.yaml; do
		check 0 --strict "$e" || { echo "$e"; return 1; }
	done
}
ok "the examples pass the check" examples
