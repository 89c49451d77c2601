# SPDX-License-Identifier: GPL-3.0-or-later
# A CA whose answers do not fit what was asked, or are no whole answers: none of
# them is passed on. What fits is, whatever it says.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http
plan 45
ok "the CA" start ca 'CA on ([0-9]+)' python3 "$peers/odd_ca.py" serve
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "http://127.0.0.1:$line/pkix/"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
# hears WHAT BODY ANSWER [COUNT]: a request of this body, whose transactionID asks the CA for WHAT, is answered like that.
hears() { equal "$(timeout 30 python3 "$peers/odd_ca.py" ask "$at" "$1" "$2" ${4:-})" "$3"; }
bad="502 error systemFailure"
# refuses WHAT BODY TITLE [REASON]: it is not passed on, and the log says why.
refuses() {
	ok "$3" hears "$1" "$2" "$bad"
	[ -z "${4:-}" ] || ok "the log says why" contains "$T/gate.log" "$4"
}
ok "ip that fits" hears GOOD ir "200 ip"
ok "rejection that fits" hears NOT- ir "200 ip"
ok "waiting that fits" hears WAIT ir "200 ip"
ok "cp for p10cr, certReqId -1" hears GOOD p10cr "200 cp"
ok "cp for p10cr, certReqId 0" hears P10- p10cr "200 cp"
ok "error with rejection" hears ERR2 ir "200 error"
ok "error with waiting" hears ERR3 rr "200 error"
refuses ID-1 ir "ip for another certReqId" "a request that was not asked"
refuses ID-9 ir "ip for certReqId -1"
refuses WAI1 ir "waiting for another certReqId"
refuses NOT1 ir "rejection for another certReqId"
refuses P105 p10cr "cp for p10cr and another certReqId"
refuses TWO- ir "ip with two answers" "more requests than were asked"
refuses NOCT ir "ip that is accepted and has no certificate" "grants a certificate, and sends none"
refuses NOTC ir "ip that rejects and has a certificate" "sends a certificate, and does not grant it"
refuses KUP- ir "kup for ir" "answered ir with kup"
refuses RP2- rr "rp with two answers" "more revocations than were asked"
refuses ERR0 ir "error with status accepted" "error message says that all is well"
refuses ERR1 ir "error with status grantedWithMods"
refuses ERR4 genm "error with status revocationWarning"
refuses NOPR ir "error that nobody protected" "an error that nobody protected"
refuses FORG ir "another transactionID" "belongs to another transaction"
refuses NONC ir "another recipNonce" "does not refer to this request"
ok "caPubs with 64 certificates" hears PUB0 ir "200 ip"
refuses PUB1 ir "caPubs with 65 certificates"
ok "an answer of 256 KiB" hears BIG0 genm "200 genp"
refuses BIG1 genm "an answer of one octet more"
refuses RSET ir "a reset in the middle of an answer"
ok "a reset before an answer" hears RST0 ir "503 error systemUnavail"
refuses CHNK ir "chunks without an end"
refuses HEAD ir "a head of a MiB"
ok "the same octets again are answered when the CA is well" hears ONCE ir "$bad
200 ip" 2
ok "SIGTERM ends with 0" stop "$pid_gate"
