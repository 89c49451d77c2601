# SPDX-License-Identifier: GPL-3.0-or-later
# A restart or a kill between ip and certConf: the device ends with pkiConf,
# since a certConf of an unknown transaction is routed and the CA judges it.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 8
ok "PKI and CA" device_pki
ok "relay with one CA connection" relay relay "$(hostport "$url")" one
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "$url"}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
# carry REQUEST ANSWER: after the first message the gateway is ended by $signal and started anew.
carry() {
	python3 "$peers/http_post.py" "$(listening gate http)" /.well-known/cmp "$1" "$2" || return 1
	case $1 in *.q1) stop "$pid_gate" "$signal"; gateway gate "$T/gate.yaml" ;; esac
}
signal=TERM
ok "SIGTERM and restart between ip and certConf" enrol_carried term carry $(operation ir-sig)
signal=KILL
ok "SIGKILL and restart between ip and certConf" enrol_carried kill carry $(operation ir-pbm)
ok "the CA saw four messages" test -e "$T/relay/004.rsp" -a ! -e "$T/relay/005.req"
ok "a second instance on the same state folder is refused" sh -c \
	"'$cmpgate' run -c '$T/gate.yaml' >'$T/second.log' 2>&1; [ \$? = 7 ] && grep -q 'another cmpgate' '$T/second.log'"
ok "SIGTERM ends with 0" stop "$pid_gate"
