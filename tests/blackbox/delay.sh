# SPDX-License-Identifier: GPL-3.0-or-later
# A CA that delays: the device polls it through the gateway, on one link or on
# another each time; and a CA that needs no confirmation.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need openssl
need_drivers http coap tcp
plan 28
ok "PKI" device_pki farm
ok "CAs that wait two polls of a second" ca_farm late dev -poll_count 2 -check_after 1
late=$url
ok "CAs that grant implicitConfirm" ca_farm quick dev -grant_implicitconf
quick=$url
ok "the scripted CA" start scripted 'CA on ([0-9]+)' python3 "$peers/counting_ca.py"
ca=http://127.0.0.1:$line/
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0", coap: "coap://127.0.0.1:0", tcp: "tcp://127.0.0.1:0"}
upstreams: {late: "$late", quick: "$quick", scripted: "${ca}pkix/"}
routes:
  - {name: late, match: {path: "/.well-known/cmp/p/late"}, to: late}
  - {match: {path: "/.well-known/cmp/p/quick"}, to: quick}
  - {to: scripted}
YAML
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http)
enrols() { device -server "$at" -path ".well-known/cmp/p/$1" $(operation "$2"); }
# bodies FOLDER: what a CA saw since the last time.
bodies() { for _f in "$T/$1"/*.req; do "$cmpgate" inspect "$_f" | sed -n 's/^ *type: //p' | head -n 1; rm -f "$_f"; done | tr '\n' ' '; }
# These poll for seconds, while the others go on.
for o in ir-sig cr-pbm p10cr-sig; do
	enrols late "$o" >"$T/$o.txt" 2>&1 &
	eval "pid_${o%-*}=$!"
done
enrolled() { eval "wait \$pid_${1%-*}" || { cat "$T/$1.txt"; return 1; }; }
ok "ir-sig with implicitConfirm" enrols quick ir-implicit
ok "no certConf was needed" equal "$(bodies quick)" "ir "
ok "it ended issued" contains "$T/gate.log" "request=ir outcome=issued"
ok "without implicitConfirm the same CA gets its certConf" enrols quick ir-sig
ok "as asked" equal "$(bodies quick)" "ir certConf "

web=http://$at/.well-known/cmp
coap=coap://$(listening gate coap)
tcp=tcp://$(listening gate tcp)
steps() { _answers=$1; shift; equal "$(timeout 60 python3 "$peers/steps.py" "$@")" "$_answers"; }
ok "ir, another link at each poll" steps "ip pollRep pollRep ip+ pkiconf" WAIT2 "ir@$web" "pollReq@$coap" "pollReq@$tcp" "pollReq@$web" "certConf@$coap"
ok "p10cr, another link at each poll" steps "cp pollRep cp+ pkiconf" WAIT1 "p10cr@$tcp" "pollReq@$web" "pollReq@$coap" "certConf@$tcp"
ok "rr waits by an error message" steps "error pollRep rp" WAIT1 "rr@$coap" "pollReq@$tcp" "pollReq@$web"
ok "genm waits by an error message" steps "error genp" WAIT0 "genm@$web" "pollReq@$coap"
ok "a certConf that is told to wait" steps "ip+ error pollRep pkiconf" CONF1 "ir@$web" "certConf@$coap" "pollReq@$tcp" "pollReq@$web"
twice() {
	set -- $(timeout 60 python3 "$peers/steps.py" WAIT2 "seen@$ca" "ir@$web" "pollReq@$web" "again@$coap" "again@$tcp" "seen@$ca")
	equal "$2 $3 $4 $5 $(($6 - $1))" "ip pollRep pollRep pollRep 2"
}
ok "a poll sent three times reaches the CA once" twice
ok "the last answer is kept for polls that ask again" steps "ip ip+ ip+" WAIT0 "ir@$web" "pollReq@$coap" "pollReq@$tcp"
ok "a poll where nothing was promised" steps "ip+ error:badRequest" CERT "ir@$web" "pollReq@$web"
ok "a certConf before the certificate" steps "ip error:badRequest ip+" WAIT0 "ir@$web" "certConf@$web" "pollReq@$web"
for o in ir-sig cr-pbm p10cr-sig; do
	ok "$o of a CA that delays" enrolled "$o"
done
ok "each polled twice, and sent certConf" equal "$(bodies late | tr ' ' '\n' | grep . | sort | uniq -c | sed 's/^ *//' | tr '\n' ' ')" "3 certConf 1 cr 1 ir 1 p10cr 6 pollReq "
ok "each ended confirmed" equal "$(grep -c 'route=late .*outcome=confirmed' "$T/gate.log")" 3
ok "SIGTERM ends with 0" stop "$pid_gate"

# The same with a SIGKILL between all messages: what the gateway forgets, the CA knows.
cat >"$T/again" <<SH
[ ! -f "$T/pid" ] || { kill -KILL \$(cat "$T/pid"); while kill -0 \$(cat "$T/pid") 2>/dev/null; do sleep 0.05; done; }
: >"$T/killed.log"
"$cmpgate" run -c "$T/gate.yaml" >"$T/killed.log" 2>&1 </dev/null &
echo \$! >"$T/pid"
exec python3 "$peers/await_line.py" "$T/killed.log" \$(cat "$T/pid") ^ready 20
SH
k="!sh $T/again"
web=http://@$T/killed.log
killed() { _answers=$1; shift; steps "$_answers" "$@"; _code=$?; pids="$pids $(cat "$T/pid")"; return $_code; }
ok "ir, killed before each message" killed "ip pollRep pollRep ip+ pkiconf" WAIT2 "$k" "ir@$web" "$k" "pollReq@$web" "$k" "pollReq@$web" "$k" "pollReq@$web" "$k" "certConf@$web"
ok "certConf that waits, killed before each message" killed "ip+ error pollRep pkiconf" CONF1 "ir@$web" "$k" "certConf@$web" "$k" "pollReq@$web" "$k" "pollReq@$web"
ok "the last one ends" kill -TERM "$(cat "$T/pid")"
