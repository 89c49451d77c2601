# SPDX-License-Identifier: GPL-3.0-or-later
# route test: which route takes a request, why the others do not, and that the
# running gateway decides the same.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http tcp file
plan 41
ok "PKI and CA" device_pki farm
configuration "$T/gate.yaml" <<YAML
listeners: {field: "http://127.0.0.1:0", web: "http://127.0.0.1:0"}
upstreams: {plant: "$url", other: "http://127.0.0.1:9/"}
routes:
  - {name: plc, from: field, match: {profile: "plc*", body: [ir, kur]}, to: plant}
  - {name: office, match: {body: rr}, to: reject, reject: {status: notAuthorized, text: "revoke at the office"}}
  - {name: named, match: {sender: "*CN=device identity*"}, to: plant}
  - {name: near, match: {source: 10.0.0.0/8}, to: other}
YAML
# tested CODE ARGS...: the exit code; output in $T/out, talk in $T/err.
tested() {
	_want=$1
	shift
	"$cmpgate" route test -c "$T/gate.yaml" "$@" >"$T/out" 2>"$T/err"
	_got=$?
	[ "$_got" = "$_want" ] || { echo "exit code $_got, should be $_want"; cat "$T/out" "$T/err"; return 1; }
}
says() { contains "$T/out" "$1"; }
ok "by listener, profile and body" tested 0 --from field --profile plc7 --body ir
ok "it names the upstream" says "forwarded to upstream plant"
ok "another listener" tested 1 --from web --profile plc7 --body ir
ok "says why not" says "plc .*from: the listener is not named"
ok "no route is a refusal" says "refused with notAuthorized: no route takes it"
ok "by source" tested 0 --from web --body ir --source 10.9.8.7
ok "a route that rejects" tested 1 --from web --body rr
ok "says its own words" says "refused with notAuthorized: revoke at the office"
ok "JSON" tested 1 --from web --body rr --json
ok "JSON is whole" sh -c "python3 -c 'import json,sys; j=json.load(open(sys.argv[1])); assert j[\"failInfo\"]==\"notAuthorized\" and len(j[\"routes\"])==2' '$T/out'"
ok "a message" first_request "$T/q.der" $(operation ir-sig)
ok "a captured message goes by its sender" tested 0 --from web "$T/q.der"
ok "to the route that says so" says "route named .*takes it"
head -c 90 "$T/q.der" >"$T/cut.der"
ok "a cut message is refused as the gateway would" tested 1 --from web "$T/cut.der"
ok "with the check that fails" says "badDataFormat.*cut off"
ok "several listeners: which one must be said" tested 2 --body ir
ok "an unknown body" tested 2 --from web --body nonsense
ok "neither body nor message" tested 2 --from web
# the values that were compared
ok "of the listener" sh -c "'$cmpgate' route test -c '$T/gate.yaml' --from web --body ir | grep -q 'plc .*(web; wanted: field)'"
ok "of the profile" sh -c "'$cmpgate' route test -c '$T/gate.yaml' --from field --profile drv --body ir | grep -q '(the path names drv; wanted: plc\*)'"
ok "of the kind" sh -c "'$cmpgate' route test -c '$T/gate.yaml' --from field --profile plc --body cr | grep -q '(cr; wanted: ir, kur)'"
ok "of the address" sh -c "'$cmpgate' route test -c '$T/gate.yaml' --from web --body ir | grep -q '(127.0.0.1; wanted: 10.0.0.0/8)'"
ok "of the sender" sh -c "'$cmpgate' inspect '$T/q.der' | grep -q 'CN=device identity'; sed 's/device identity/nobody/' '$T/gate.yaml' >'$T/nobody.yaml'
	'$cmpgate' route test -c '$T/nobody.yaml' --from web '$T/q.der' | grep -q '(CN=device identity,O=Maker; wanted: \*CN=nobody\*)'"
ok "what a device may not send is refused" tested 1 --from web --body ip
ok "as the gateway would" says "refused with badRequest: body: ip is nothing a device may send"
ok "a certConf" tested 0 --from web --body certConf --source 10.1.1.1
ok "follows its transaction" says "certConf follows the route on which its transaction began"
ok "and in JSON" sh -c "'$cmpgate' route test -c '$T/gate.yaml' --from web --json --body pollReq | grep -q '\"followsItsTransaction\": true'"
ok "a path without its slash" tested 2 --from web --body ir --path x
ok "a path with a query" tested 2 --from web --body ir --path "/x?y=1"
ok "a profile that no path can name" tested 2 --from web --body ir --profile "a b"
ok "a folder is no message" tested 7 --from web "$T"
ok "and it is said" contains "$T/err" "this is a folder"
ok "a message on standard input" sh -c "'$cmpgate' route test -c '$T/gate.yaml' --from web - <'$T/q.der' | grep -q 'route named .*takes it'"
sed "s|web: \"[^\"]*\"|web: \"tcp://127.0.0.1:0\", box: \"file:$T/box\"|" "$T/gate.yaml" >"$T/bare.yaml"
bare() { _want=$1; shift; "$cmpgate" route test -c "$T/bare.yaml" "$@" >"$T/out" 2>"$T/err"; _got=$?; [ $_got = "$_want" ] || { echo "exit code $_got"; cat "$T/out" "$T/err"; return 1; }; }
ok "raw TCP has no path" bare 2 --from web --body ir --path /x
ok "its profile stands in the header" sh -c "sed 's/from: field, //' '$T/bare.yaml' >'$T/head.yaml'; '$cmpgate' route test -c '$T/head.yaml' --from web --profile plc7 --body ir"
ok "a drop folder has no address" bare 2 --from box --body ir --source 10.1.1.1
ok "and is in no network" bare 1 --from box --body ir
# the running gateway agrees
ok "the gateway is ready" gateway gate "$T/gate.yaml"
at=$(listening gate http 2)
ok "the request is taken by the route that was named" sh -c \
	"python3 '$peers/http_post.py' '$at' /.well-known/cmp '$T/q.der' '$T/r.der' && '$cmpgate' inspect '$T/r.der' | grep -q 'type: ip'"
