# SPDX-License-Identifier: GPL-3.0-or-later
# PKCS#10 requests as files in a drop folder, DER and PEM (RFC 9483 5.3.1): the
# gateway asks the CA for them in its own name, and confirms; what it does not
# take is told beside the file.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http file
plan 24

pki
certificate ra "/O=Plant/CN=RA"
scripted_ca ca
own "$T/ra.key"
for d in good other plain; do drop_folder "$T/$d"; done
configuration "$T/gate.yaml" <<END
clock: trust-system
listeners: {good: "file:$T/good", other: "file:$T/other", plain: "file:$T/plain"}
upstreams: {ca: {url: "$url", trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
log: {audit: {file: $T/state/audit.jsonl}}
routes:
  - {name: good, from: good, trust: plant, protection: replace, sign_with: ra, match: {template: {subject: "CN=plc*,O=Plant"}}, to: ca}
  - {name: anybody, from: other, trust: plant, protection: replace, sign_with: ra, to: ca}
  - {name: unsigned, from: plain, trust: plant, reply_with: ra, to: ca}
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
gateway gate "$T/gate.yaml"
# csr NAME SUBJECT TYPE: a key and a request.
csr() {
	case $3 in
	rsa) openssl req -new -newkey rsa:2048 -nodes -keyout "$T/$1.key" -subj "$2" -out "$T/$1.csr" ;;
	*) openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$1.key" -subj "$2" -out "$T/$1.csr" ;;
	esac 2>/dev/null
}
# put FILE FOLDER NAME: as a whole, under its name at once.
put() { cp "$1" "$T/$2/in/.$3" && mv "$T/$2/in/.$3" "$T/$2/in/$3"; }
answered() { python3 "$peers/wait_file.py" "$T/$1/out" "$2" 20 >/dev/null; }

csr a "/O=Plant/CN=plc-1" p256
put "$T/a.csr" good a.csr
ok "PEM: answered" answered good 'a.*pem'
pem=$(ls "$T"/good/out/a.*pem | head -n 1)
ok "PEM: the certificate is for its key" equal "$(openssl x509 -in "$pem" -noout -pubkey)" "$(openssl pkey -in "$T/a.key" -pubout)"
ok "PEM: and for its name" sh -c 'openssl x509 -in "$1" -noout -subject | grep -q "CN = plc-1"' - "$pem"
ok "PEM: the chain of the CA comes along or none" sh -c 'openssl verify -CAfile "$1" "$2"' - "$T/ca.crt" "$pem"
ok "PEM: the CA was asked by the RA" comes "^p10cr by O=Plant,CN=RA$"
ok "PEM: and told that it was accepted" comes "^certConf accepted$"
seen
csr b "/O=Plant/CN=plc-2" rsa
openssl req -in "$T/b.csr" -outform der -out "$T/b.der"
put "$T/b.der" good b.csr
ok "DER, RSA: answered" answered good 'b.*pem'
ok "DER, RSA: for its key" equal "$(openssl x509 -in "$(ls "$T"/good/out/b.*pem)" -noout -pubkey)" "$(openssl pkey -in "$T/b.key" -pubout)"
ok "DER, RSA: confirmed" comes "^certConf accepted$"
seen
# The same file once more is the same operation: no second certificate.
put "$T/a.csr" good again.csr
ok "the same request under another name: answered" answered good 'again.*pem'
ok "with the same certificate" sh -c '[ "$(openssl x509 -in "$1" -noout -serial)" = "$(openssl x509 -in "$2" -noout -serial)" ]' - "$pem" "$T/good/out/$(ls "$T/good/out" | grep '^again' | head -n 1)"
ok "and the CA issues nothing more" sh -c '[ "$(wc -l <"$1")" = "$2" ]' - "$T/ca.seen" "$seen_lines"

# told FOLDER NAME WORDS: refused, and why stands beside it.
told() { soon grep -q -- "$3" "$T/$1/bad/$2.csr.txt" 2>/dev/null || { ls "$T/$1"/*; return 1; }; }
# A proof that is another's: the name is changed after the signature.
openssl req -in "$T/a.csr" -outform der -out "$T/bad.der"
python3 -c 'import sys
d = bytearray(open(sys.argv[1], "rb").read())
d[d.index(b"plc-1") + 4] = ord("9")
open(sys.argv[1], "wb").write(d)' "$T/bad.der"
put "$T/bad.der" good bad.csr
ok "a signature that does not verify" told good bad "does not verify"
csr s "/O=Plant/CN=pump" p256
put "$T/s.csr" good s.csr
ok "a subject that the route does not take" told good s "no route"
csr n "/O=Plant/CN=plc-3" p256
put "$T/n.csr" other n.csr
ok "a route that does not say which names" told other n "match.template.subject or approve"
put "$T/n.csr" plain n.csr
ok "a route without sign_with" told plain n "sign_with"
openssl req -new -newkey rsa:1024 -nodes -keyout "$T/w.key" -subj "/O=Plant/CN=plc-4" -out "$T/w.csr" 2>/dev/null
put "$T/w.csr" good w.csr
ok "a key that is too weak" told good w "1024\|bits\|too"
printf -- '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n' >"$T/g.csr"
put "$T/g.csr" good g.csr
ok "what is no request" told good g "."
ok "nothing of all that reached the CA" sh -c '[ "$(wc -l <"$1")" = "$2" ]' - "$T/ca.seen" "$seen_lines"
echo subject >"$T/mode"
csr x "/O=Plant/CN=plc-5" p256
put "$T/x.csr" good x.csr
ok "a CA that issues another name: no certificate" told good x "something else"
ok "and it hears so" comes "^certConf rejected$"
rm "$T/mode"
stop "$pid_gate"
ok "issued and refused stand in the audit" sh -c 'grep -q "cert.issued.*plc-1" "$1" && grep -q "msg.rejected.*does not verify" "$1"' - "$T/state/audit.jsonl"
ok "its chain is whole" python3 "$peers/audit_chain.py" "$T/state/audit.jsonl"
