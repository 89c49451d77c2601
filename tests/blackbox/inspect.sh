# SPDX-License-Identifier: GPL-3.0-or-later
# inspect: every message of every operation, certificates, CRLs and requests, as
# a tree and as JSON; what is malformed, and where; and nothing secret.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
plan 85
# json FILE PATH WANT: a member, as "body.type" or "body.response.0.certReqId".
json() {
	"$cmpgate" inspect --json "$1" >"$T/json" || return 1
	python3 - "$T/json" "$2" "$3" <<'PY'
import json, sys
value = json.load(open(sys.argv[1]))
for part in sys.argv[2].split('.'):
    value = value[int(part) if part.isdigit() else part]
if str(value) != sys.argv[3]:
    sys.exit("%s is %r, should be %r" % (sys.argv[2], value, sys.argv[3]))
PY
}
code() {
	_want=$1
	shift
	"$@" >"$T/out" 2>"$T/err"
	_got=$?
	[ "$_got" = "$_want" ] || { echo "exit code $_got, should be $_want"; cat "$T/out" "$T/err"; return 1; }
}
tree() { "$cmpgate" inspect "$1" >"$T/out" && contains "$T/out" "$2"; }
hidden() { "$cmpgate" inspect --hex "$1" >"$T/out" && contains "$T/out" "not shown" && ! grep -q "$2" "$T/out"; }

ok "PKI and CA" device_pki
n=0
for op in $operations; do
	n=$((n + 1))
	[ $n -lt 7 ] || { stop "$pid_ca"; ca ca dev; }	# this CA does not take them after others
	set -- $(operation "$op")
	device -server "$url" "$@" -reqout "$T/q1.$op,$T/q2.$op" -rspout "$T/r1.$op,$T/r2.$op" >"$T/device.log" 2>&1
	ok "$op: request" json "$T/q1.$op" body.type "$2"
	case $2 in
	ir) answer=ip ;; cr|p10cr) answer=cp ;; kur) answer=kup ;; rr) answer=rp ;; genm) answer=genp ;;
	esac
	ok "$op: answer" json "$T/r1.$op" body.type "$answer"
done
ok "certConf" json "$T/q2.ir-sig" body.certStatus.0.certReqId 0
ok "pkiConf" json "$T/r2.ir-sig" body.type pkiconf
ok "the header" json "$T/q1.ir-pbm" header.protectionAlg.algorithm id-PasswordBasedMac
ok "the template" json "$T/q1.ir-sig" body.certReqMessages.0.certTemplate.subject "CN=device,O=Plant"
ok "the certificate in the answer" json "$T/r1.ir-sig" body.response.0.certifiedKeyPair.certificate.subject "CN=device,O=Plant"
ok "its status" json "$T/r1.ir-sig" body.response.0.status.status accepted
ok "extraCerts" json "$T/q1.ir-sig" extraCerts.0.subject "CN=device identity,O=Maker"
ok "the reason of a revocation" json "$T/q1.rr-sig" body.revDetails.0.reason superseded
ok "standard input" sh -c "'$cmpgate' inspect <'$T/q1.ir-sig' | grep -q 'type: ir'"
ok "a tree" tree "$T/q1.ir-sig" "  transactionID: [0-9a-f]\{32\}$"

ok "a certificate in PEM" json "$T/dev.crt" kind Certificate
ok "a certificate in DER" sh -c "openssl x509 -in '$T/dev.crt' -outform DER | '$cmpgate' inspect - | grep -q 'subject: CN=device,O=Plant'"
cat "$T/dev.crt" "$T/ca.crt" >"$T/chain.pem"
ok "two certificates in one file" sh -c "[ \$('$cmpgate' inspect '$T/chain.pem' | grep -c ^Certificate) = 2 ]"
ok "a PKCS#10 request" json "$T/dev.csr" subject "CN=device,O=Plant"
printf '[req]\ndistinguished_name=dn\nattributes=at\nprompt=no\n[dn]\nCN=d\n[at]\nchallengePassword=swordfish\n' >"$T/chal.cnf"
openssl req -new -key "$T/dev.key" -config "$T/chal.cnf" -out "$T/chal.csr" 2>/dev/null
ok "a challenge password is not shown" hidden "$T/chal.csr" 73776f726466697368
: >"$T/index"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=9\n' "$T/index" >"$T/crl.cnf"
openssl ca -config "$T/crl.cnf" -keyfile "$T/ca.key" -cert "$T/ca.crt" -gencrl -out "$T/crl.pem" 2>/dev/null
ok "a CRL" json "$T/crl.pem" issuer "CN=Plant CA,O=Plant"

# Messages within messages, and requests without one: a batch of q1.ir-sig and
# q1.rr-sig, an envelope around that batch, and the CertReqMessages of q1.ir-sig.
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$peers python3 - "$T" <<'PY'
import sys
from hostile import Header, elements, message, nested
def read(name):
    with open(sys.argv[1] + "/" + name, "rb") as f:
        return f.read()
def write(name, octets):
    with open(sys.argv[1] + "/" + name, "wb") as f:
        f.write(octets)
ir, rr = read("q1.ir-sig"), read("q1.rr-sig")
write("batch.der", message(Header(), nested(ir, rr)))
write("twice.der", message(Header(), nested(read("batch.der"))))
write("deep.der", message(Header(), nested(read("twice.der"))))
requests = elements(elements(ir)[0][1])[1][1]
write("crmf.der", requests)
write("crmf_cut.der", requests[:-3])
write("crmf_two.der", b"\x30\x82" + (2 * len(elements(requests)[0][1])).to_bytes(2, "big") + 2 * elements(requests)[0][1])
PY
ok "a batch: its kind" json "$T/batch.der" body.type nested
ok "its first message" json "$T/batch.der" body.messages.0.body.type ir
ok "whose template is shown" json "$T/batch.der" body.messages.0.body.certReqMessages.0.certTemplate.subject "CN=device,O=Plant"
ok "and whose extraCerts are" json "$T/batch.der" body.messages.0.extraCerts.0.subject "CN=device identity,O=Maker"
ok "its second message" json "$T/batch.der" body.messages.1.body.revDetails.0.reason superseded
ok "an envelope around it" json "$T/twice.der" body.messages.0.body.messages.1.body.type rr
ok "as a tree" sh -c "[ \$('$cmpgate' inspect '$T/twice.der' | grep -c 'senderNonce: ') = 4 ]"
ok "one envelope more is too deep" code 6 "$cmpgate" inspect "$T/deep.der"
ok "and says so" contains "$T/err" "nested deeper than 2"
ok "bare CertReqMessages are found out" json "$T/crmf.der" kind CertReqMessages
ok "their template" json "$T/crmf.der" certReqMessages.0.certTemplate.subject "CN=device,O=Plant"
ok "their proof of possession" json "$T/crmf.der" certReqMessages.0.popo.type signature
ok "two of them" json "$T/crmf_two.der" certReqMessages.1.certReqId 0
ok "said to be so" sh -c "'$cmpgate' inspect --as crmf '$T/crmf.der' | grep -q '^CertReqMessages'"
ok "and not a message" code 6 "$cmpgate" inspect --as message "$T/crmf.der"
ok "cut off: exit code 6" code 6 "$cmpgate" inspect --as crmf "$T/crmf_cut.der"
ok "cut off: what they are is found out all the same" contains "$T/out" "^CertReqMessages"

ok "a private key is not shown" code 6 "$cmpgate" inspect --asn1 "$T/dev.key"
ok "nothing of it" equal "$(wc -c <"$T/out" | tr -d ' ')" 0
openssl ec -in "$T/dev.key" -outform DER -out "$T/key.der" 2>/dev/null
ok "nor a private key in DER" code 6 "$cmpgate" inspect --asn1 "$T/key.der"
ok "and why, is said" contains "$T/err" "looks like a private key"
openssl ec -in "$T/dev.key" -out "$T/ec.pem" 2>/dev/null
ok "SEC 1 in PEM" code 6 "$cmpgate" inspect "$T/ec.pem"
ok "is named" contains "$T/err" "key material (EC PRIVATE KEY) is in there"
openssl pkcs8 -topk8 -in "$T/dev.key" -passout pass:x -outform DER -out "$T/enc.der" 2>/dev/null
ok "nor an encrypted one" code 6 "$cmpgate" inspect --asn1 "$T/enc.der"
ok "which is named" contains "$T/err" "this is an encrypted private key"
openssl pkcs12 -export -inkey "$T/dev.key" -in "$T/dev.crt" -passout pass:x -out "$T/dev.p12" 2>/dev/null
ok "PKCS#12" code 6 "$cmpgate" inspect "$T/dev.p12"
ok "is named, and not shown" contains "$T/err" "this is a PKCS#12 file"
openssl crl2pkcs7 -nocrl -certfile "$T/dev.crt" -out "$T/dev.p7"
ok "PKCS#7" sh -c "'$cmpgate' inspect '$T/dev.p7' 2>&1 | grep -q 'this is PKCS#7 (CMS)'"
ok "a public key" sh -c "openssl pkey -in '$T/dev.key' -pubout | '$cmpgate' inspect - 2>&1 | grep -q 'this is a public key alone'"
ok "nothing is written of them" equal "$(for f in dev.p12 dev.p7 enc.der; do "$cmpgate" inspect --asn1 "$T/$f" 2>/dev/null; done)" ""
ok "the example of the manual page" equal "$("$cmpgate" inspect --json "$T/r1.ir-sig" | python3 -c 'import json, sys; print(json.load(sys.stdin)["body"]["response"][0]["status"]["status"])')" accepted
ok "elements with offsets" sh -c "'$cmpgate' inspect --asn1 '$T/q1.ir-sig' | grep -q '^ *7 *1 *INTEGER 02'"
# An EnvelopedData as revocation passphrase: who can open it and how it is encrypted, never what is in it.
wrap() {
	python3 - "$1" "$2" <<'PY'
import sys
def tlv(tag, *parts):
    body = b''.join(parts)
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82, n >> 8, n & 255])) + body
def contents(der):
    n = der[1] - 128 if der[1] > 127 else 0
    start = 2 + n
    return der[start:start + (int.from_bytes(der[2:start], 'big') if n else der[1])]
info = contents(open(sys.argv[1], 'rb').read())
envelope = contents(contents(info[2 + info[1]:]))
oid = bytes.fromhex('06082b0601050507040c')
name = tlv(0xa4, tlv(0x30))
header = tlv(0x30, tlv(2, b'\x03'), name, name, tlv(0xa4, tlv(4, b'0123456789abcdef')))
open(sys.argv[2], 'wb').write(tlv(0x30, header, tlv(0xb5, tlv(0x30, tlv(0x30, oid, tlv(0xa0, envelope))))))
PY
}
envelope="body.infoTypeAndValues.0.infoValue"
printf 'swordfish' >"$T/secret"
openssl cms -encrypt -aes128 -binary -in "$T/secret" -outform DER -out "$T/kari.cms" "$T/dev.crt" && wrap "$T/kari.cms" "$T/kari.genm"
openssl cms -encrypt -aes128 -binary -in "$T/secret" -outform DER -out "$T/pwri.cms" -pwri_password test && wrap "$T/pwri.cms" "$T/pwri.genm"
ok "an envelope for a certificate" json "$T/kari.genm" $envelope.recipientInfos.0.type kari
ok "whose it is" json "$T/kari.genm" $envelope.recipientInfos.0.recipientEncryptedKeys.0.rid.issuer "CN=Plant CA,O=Plant"
ok "how its content is encrypted" json "$T/kari.genm" $envelope.contentEncryptionAlgorithm.algorithm aes128-CBC
ok "an envelope for a password" json "$T/pwri.genm" $envelope.recipientInfos.0.keyDerivationAlgorithm.iterationCount 2048
ok "its content is not shown" sh -c "'$cmpgate' inspect --hex '$T/pwri.genm' | grep -q 'encryptedContent: (not shown, 16 octets)'"
head -c 200 "$T/q1.ir-sig" >"$T/cut.der"
ok "cut off: exit code 6" code 6 "$cmpgate" inspect "$T/cut.der"
ok "cut off: how many octets" contains "$T/err" "200 octets came"
ok "cut off: the elements up to there" code 6 "$cmpgate" inspect --asn1 "$T/cut.der"
printf 'x' | cat "$T/q1.ir-sig" - >"$T/more.der"
ok "octets behind: exit code 6" code 6 "$cmpgate" inspect "$T/more.der"
ok "octets behind: said so" contains "$T/err" "1 octets follow"
ok "an empty file" code 6 "$cmpgate" inspect /dev/null
ok "no file" code 7 "$cmpgate" inspect "$T/nothing"
ok "a text" code 6 "$cmpgate" inspect "$srcdir/README.md"
ok "two forms at once" code 2 "$cmpgate" inspect --json --asn1 "$T/q1.ir-sig"
