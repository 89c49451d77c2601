# SPDX-License-Identifier: GPL-3.0-or-later
# Certification paths made by the openssl command: our verdict and that of
# `openssl verify` are the same, and both are the one that is expected.
. "$srcdir/tests/blackbox/lib.sh"
need openssl
judge=$builddir/tests/blackbox/path_judge
[ -x "$judge" ] || skip_all "path_judge was not built"
plan 38
cd "$T" || exit 99

# key NAME [KIND]: a private key.
key() {
	case ${2:-p256} in
	rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
	ed25519) openssl genpkey -algorithm ED25519 -out "$1.key" ;;
	p384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$1.key" ;;
	*) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
	esac 2>/dev/null
}
# issue NAME ISSUER EXTENSIONS [openssl x509 options...]: NAME = ISSUER makes a root. EXTENSIONS are lines of a config section.
issue() {
	_name=$1
	_issuer=$2
	printf '%b\n' "$3" >"$_name.ext"
	shift 3
	[ -e "$_name.key" ] || key "$_name"
	openssl req -new -key "$_name.key" -subj "${subject:-/O=Plant/CN=$_name}" -out "$_name.csr" 2>/dev/null || return 1
	if [ "$_name" = "$_issuer" ]; then
		set -- -signkey "$_name.key" "$@"
	else
		set -- -CA "$_issuer.pem" -CAkey "$_issuer.key" -CAcreateserial "$@"
	fi
	openssl x509 -req -in "$_name.csr" -extfile "$_name.ext" -days 100 "$@" -out "$_name.pem" 2>"$_name.err"
}
# verdict WANT ANCHORS UNTRUSTED TARGET [CRLS]: both accept it when WANT is
# "accepted", else both refuse it, and we with these words. AT is the time, if not now.
verdict() {
	set -- "$1" "$2" "$3" "$4" "${5:--}" "${at:-$(date +%s)}"
	_u=
	_c=
	[ "$3" = - ] || _u="-untrusted $3"
	[ "$5" = - ] || _c="-crl_check_all -CRLfile $5"
	openssl verify -no-CApath -no-CAstore -x509_strict -attime "$6" -CAfile "$2" $_u $_c "$4" >openssl.out 2>&1 && _theirs=accepted || _theirs=refused
	"$judge" "$6" "$2" "$3" "$5" "$4" >ours.out 2>&1
	case $? in 0) _ours=accepted ;; 1) _ours=refused ;; *) _ours=broken ;; esac
	_want=refused
	[ "$1" != accepted ] || _want=accepted
	[ "$_ours $_theirs" = "$_want $_want" ] && grep -q "$1" ours.out && return 0
	echo "wanted '$1'; ours $_ours, openssl $_theirs"
	cat ours.out openssl.out
	return 1
}

ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
ee='keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'

ok "root" issue root root "$ca"
ok "CA" issue ca root "$ca"
ok "device" issue device ca "$ee"
ok "a good path" verdict accepted root.pem ca.pem device.pem
ok "no intermediate" verdict 'no anchor for its issuer' root.pem - device.pem
ok "another root" issue other other "$ca"
ok "under another root" verdict 'no anchor for its issuer' other.pem ca.pem device.pem
subject=/O=Plant/CN=root
ok "a root of the same name" issue namesake namesake "$ca"
subject=
ok "under a root of the same name" verdict 'the signature does not verify' namesake.pem ca.pem device.pem
cat ca.pem root.pem >ca-root.pem
ok "our root among the untrusted" verdict 'and no anchor of' other.pem ca-root.pem device.pem
for kind in rsa ed25519 p384; do
	key "ca-$kind" $kind
	hash=
	[ $kind = p384 ] && hash=-sha384
	issue "ca-$kind" root "$ca" && issue "device-$kind" "ca-$kind" "$ee" $hash
	ok "$kind" verdict accepted root.pem "ca-$kind.pem" "device-$kind.pem"
done
issue no-ca root "$ee" && issue under-no-ca no-ca "$ee"
ok "a device as CA" verdict 'not the certificate of a CA' root.pem no-ca.pem under-no-ca.pem
issue short root "$(echo "$ca" | sed 's/CA:TRUE/CA:TRUE,pathlen:0/')" && issue below short "$ca" && issue far below "$ee" && issue near short "$ee"
cat short.pem below.pem >two.pem
ok "pathlen exceeded" verdict 'pathLenConstraint' root.pem two.pem far.pem
ok "pathlen kept" verdict accepted root.pem short.pem near.pem
issue no-sign root "$(echo "$ca" | sed 's/keyCertSign,//')" && issue under-no-sign no-sign "$ee"
ok "no keyCertSign" verdict 'keyUsage does not allow' root.pem no-sign.pem under-no-sign.pem
issue odd ca "$ee\n1.2.3.4=critical,DER:0500"
ok "unknown critical extension" verdict '1.2.3.4 is critical' root.pem ca.pem odd.pem
issue mild ca "$ee\n1.2.3.4=DER:0500"
ok "unknown extension" verdict accepted root.pem ca.pem mild.pem

at=$(($(date +%s) - 86400))
ok "not yet valid" verdict 'not valid before' root.pem ca.pem device.pem
at=$(($(date +%s) + 101 * 86400))
ok "expired" verdict 'expired on' root.pem ca.pem device.pem
at=

# name SAN WANT: a device under the CA `constrained`.
n=0
name() {
	n=$((n + 1))
	issue "named$n" "$constrained" "$ee\nsubjectAltName=$1" || return 1
	verdict "$2" root.pem "$constrained.pem" "named$n.pem"
}
constrained=nc-dns
issue nc-dns root "$ca\nnameConstraints=critical,permitted;DNS:example.com,excluded;DNS:secret.example.com"
ok "DNS inside" name DNS:a.EXAMPLE.com accepted
ok "DNS outside" name DNS:a.example.org 'not inside'
ok "DNS excluded" name DNS:x.secret.example.COM 'is excluded'
ok "no DNS name" name IP:10.0.0.1 accepted
constrained=nc-more
issue nc-more root "$ca\nnameConstraints=critical,permitted;email:.example.com,permitted;URI:.example.com,permitted;IP:10.0.0.0/255.0.0.0"
ok "mail inside" name email:me@a.example.com accepted
ok "mail outside" name email:me@example.com 'not inside'
ok "URI inside" name URI:https://a.example.com/x accepted
ok "URI outside" name URI:https://example.com/x 'not inside'
ok "address inside" name IP:10.1.2.3 accepted
ok "address outside" name IP:11.1.2.3 'not inside'

# CRLs by `openssl ca`
for c in root ca; do
	: >"$c.index"
	echo 01 >"$c.crlnumber"
	printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s.index\ncrlnumber=%s.crlnumber\ndefault_md=sha256\ndefault_crl_days=30\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n' $c $c >"$c.cnf"
done
crl() { openssl ca -config "$1.cnf" -gencrl -keyfile "$1.key" -cert "$1.pem" -out "$1.crl" 2>crl.err && cat root.crl ca.crl >all.crl 2>/dev/null; }
issue fine ca "$ee"
crl root; ok "CRLs" crl ca
ok "not revoked" verdict accepted root.pem ca.pem fine.pem all.crl
ok "no CRL of the CA" verdict 'revoked is not known' root.pem ca.pem fine.pem root.crl
openssl ca -config ca.cnf -revoke fine.pem -keyfile ca.key -cert ca.pem 2>crl.err; crl ca
ok "revoked" verdict '=fine,.*it is revoked' root.pem ca.pem fine.pem all.crl
ok "another one is not revoked" verdict accepted root.pem ca.pem device.pem all.crl
openssl ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z -out old.crl 2>crl.err
cat root.crl old.crl >stale.crl
ok "an old CRL" verdict 'ended on 2020-02-01T00:00:00Z' root.pem ca.pem device.pem stale.crl
openssl ca -config root.cnf -revoke ca.pem -keyfile root.key -cert root.pem 2>crl.err; crl root; crl ca
ok "the CA is revoked" verdict '=ca,.*it is revoked' root.pem ca.pem device.pem all.crl
