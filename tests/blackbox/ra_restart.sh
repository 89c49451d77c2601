# SPDX-License-Identifier: GPL-3.0-or-later
# A registration authority that is killed: between ip and certConf, while the CA
# computes, and at odd moments. The device ends with pkiConf or may begin anew, the
# CA gets no request twice, what a secret was good for stays used up, a lock
# stays locked, and the chain of the audit has no gap.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 64

pki
certificate ra "/O=Plant/CN=RA"
certificate plc "/O=Plant/CN=plc"
for s in one two three four busy shut; do echo "$s:secret-number-$s-of-the-field"; done >"$T/table"
for s in 1 2 3 4 5 6 7 8; do echo "odd$s:secret-number-odd$s-of-the-field"; done >>"$T/table"
own "$T/ra.key" "$T/table"
scripted_ca plain
plain=$url
scripted_ca wrapping wrapped two:secret-number-two-of-the-field
wrapping=$url
scripted_ca sharing three:secret-number-three-of-the-field
configuration "$T/gate.yaml" <<END
clock: trust-system
workers: 2
control: $T/state/control.sock
listeners: {replace: http://127.0.0.1:0, add: http://127.0.0.2:0, keep: http://127.0.0.3:0}
upstreams:
  plain: {url: "$plain", trust: plant, issued_trust: plant}
  wrapping: {url: "$wrapping", trust: plant, issued_trust: plant}
  sharing: {url: "$url", trust: plant, issued_trust: plant}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
secrets: {field: file:$T/table}
# Refusals of a MAC leave later than the store's lazy rows are written.
limits: {mac_refusal_delay: 1500ms, secret_failures: 3, failures: 1000, transaction_timeout: 1h}
log: {audit: {file: $T/state/audit.jsonl}}
routes:
  - {name: replace, from: replace, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: plain}
  - {name: add, from: add, trust: plant, secrets: field, protection: add, sign_with: ra, bind: none, to: wrapping}
  - {name: keep, from: keep, trust: plant, secrets: field, reply_with: ra, bind: none, to: sharing}
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"

# A gateway that others may kill: its process id stands in a file, its log is new after each start.
kills=0
cat >"$T/again" <<SH
if [ -f "$T/pid" ]; then kill -KILL \$(cat "$T/pid"); while kill -0 \$(cat "$T/pid") 2>/dev/null; do sleep 0.02; done; fi
: >"$T/gate.log"
"$cmpgate" run -c "$T/gate.yaml" >>"$T/gate.log" 2>&1 </dev/null &
echo \$! >"$T/pid"
exec python3 "$peers/await_line.py" "$T/gate.log" \$(cat "$T/pid") ^ready 20
SH
killed() { kills=$((kills + 1)); sh "$T/again" >"$T/started"; _rc=$?; pids="$pids $(cat "$T/pid")"; return $_rc; }
# asks ROUTE ARGS...: a device that the scripted CAs and the gateway can answer; what it heard stands in $T/heard.
at() { case $1 in replace) echo "http://127.0.0.1:@$T/gate.log/" ;; add) echo "http://127.0.0.2:@$T/gate.log/" ;; keep) echo "http://127.0.0.3:@$T/gate.log/" ;; esac; }
device() {
	_route=$1
	_name=$2
	shift 2
	python3 "$peers/scripted_device.py" "$(at "$_route")" ir --new "$T/plc.key" --subject "O=Plant,CN=$_name" --ca "$T/ra.crt" "$T/srv.crt" "$@" >"$T/heard.$_name" 2>&1
}
asks() { device "$@"; _rc=$?; cp "$T/heard.$2" "$T/heard"; cat "$T/heard"; return $_rc; }
heard() { contains "$T/heard" "$1"; }
signed="--cert $T/plc.crt --key $T/plc.key"
secret_of() { echo "--secret pbm:$1:secret-number-$1-of-the-field"; }
state_of() { "$cmpgate" secret list -c "$T/gate.yaml" --json | python3 -c 'import json, sys
print(next(s["state"] for s in json.load(sys.stdin) if bytes.fromhex(s["reference"]) == sys.argv[1].encode()))' "$1"; }
# again FILE HOST: octets that were sent before, once more; what comes back in words.
again() {
	_port=$(sed -n "s|^listening on http://$2:\([0-9]*\).*|\1|p" "$T/gate.log")
	python3 "$peers/http_post.py" "$2:$_port" / "$1" "$T/answer" >/dev/null
	"$cmpgate" inspect "$T/answer" >"$T/heard"
}
at_ca() { grep -c "^$1" "$T/ca.seen"; }
trap 'pids="$pids $(cat "$T/pid" 2>/dev/null)"; finish' EXIT
killed
kills=0

# ---- between ip and certConf
for route in replace add keep; do
	kills=$((kills + 1))
	ok "$route, by signature: killed between ip and certConf" asks $route "sig-$route" $signed --wait "sh $T/again" --keep "$T/$route.q1"
	ok "$route, by signature: the device ends with pkiConf" heard "^pkiconf"
done
ok "the CA heard each certConf, too" equal "$(at_ca 'certConf accepted')" 3
# One secret for each route, good for one transaction.
for one in "replace one" "add two" "keep three"; do
	set -- $one
	kills=$((kills + 1))
	ok "$1, by MAC: killed between ip and certConf" asks "$1" "mac-$1" $(secret_of "$2") --wait "sh $T/again" --keep "$T/$2.q1"
	ok "$1, by MAC: the device ends with pkiConf" heard "^pkiconf"
	ok "$1, by MAC: the secret is used up" equal "$(state_of "$2")" spent
done
asked=$(at_ca '\(ir\|envelope\) ')

# ---- replays, and secrets that are used up, after one more kill
ok "killed" killed
for one in "replace 127.0.0.1" "add 127.0.0.2" "keep 127.0.0.3"; do
	set -- $one
	ok "$1: the first message again" again "$T/$1.q1" "$2"
	ok "$1: its transactionID is known" heard "transactionIdInUse"
done
for s in one two three; do ok "$s is used up still" equal "$(state_of $s)" spent; done
refused "a used secret serves for nothing" asks replace again-one $(secret_of one)
ok "as if it were a wrong one" heard "^error rejection badMessageCheck"
ok "the message that used it, again" again "$T/one.q1" 127.0.0.1
ok "says no more" heard "badMessageCheck"
ok "and gives it to nobody" equal "$(state_of one)" spent
ok "the CA has heard nothing of all that" equal "$(at_ca '\(ir\|envelope\) ')" "$asked"

# ---- while the CA computes
echo silent:ir >"$T/mode"
seen
for one in "busy-sig $signed" "busy-mac $(secret_of busy)"; do
	set -- $one
	_who=$1
	shift
	device replace "$_who" "$@" --keep "$T/$_who.q1" &
	eval "pid_${_who#*-}=$!"
done
both_there() { [ "$(tail -n +$((seen_lines + 1)) "$T/ca.seen" | grep -c '^ir by O=Plant,CN=RA')" = 2 ]; }
ok "two requests are with the CA" soon both_there
ok "killed while it computes" killed
rm "$T/mode"
gone() { eval "wait \$pid_$1"; [ $? != 0 ] && ! grep -q "^ip" "$T/heard.busy-$1"; }
ok "the devices hear of it by the end of their connection" gone sig
ok "both of them" gone mac
ok "the same octets again" again "$T/busy-sig.q1" 127.0.0.1
ok "would be a second request to the CA: transactionIdInUse" heard "transactionIdInUse"
ok "a fresh transaction gets its certificate" asks replace fresh-sig $signed
ok "the secret is held by the transaction that ended" equal "$(state_of busy)" bound
refused "and by it alone" asks replace fresh-mac $(secret_of busy)
ok "which is said" heard "^\(ip\|error\) rejection notAuthorized: .*one transaction"

# ---- while the CA takes the certConf
echo silent:certConf >"$T/mode"
seen
device replace twice $(secret_of four) --patient &
patient=$!
ok "a certConf is with the CA" comes "^certConf by O=Plant,CN=RA"
rm "$T/mode"	# that one gets no answer any more, the next one does
ok "killed before the pkiConf" killed
ok "the device sends it again" wait "$patient"
ok "and ends with pkiConf" contains "$T/heard.twice" "^pkiconf"
ok "its secret is used up" equal "$(state_of four)" spent

# ---- a lock
wrong() { python3 "$peers/scripted_device.py" "$(at replace)" ir --new "$T/plc.key" --subject "O=Plant,CN=wrong" --secret "pbm:shut:wrong-$1" >/dev/null 2>&1; }
wrongs=
for n in 1 2 3; do wrong $n & wrongs="$wrongs $!"; done
for p in $wrongs; do wait $p; done
ok "three wrong MACs lock a secret" equal "$(state_of shut)" locked
ok "killed with a lock" killed
ok "locked still" equal "$(state_of shut)" locked
refused "for whoever has the right one, too" asks replace shut-out $(secret_of shut)
ok "as if it were a wrong one: badMessageCheck" heard "^error rejection badMessageCheck"

# ---- at odd moments: what reached the CA has taken its secret
seen
for n in 1 2 3 4 5 6 7 8; do
	device replace "odd$n" $(secret_of odd$n) &
	p=$!
	sleep $(echo "0.1 0.3 0.4 0.5 0.6 0.7 0.85 1" | cut -d " " -f $n)
	killed >/dev/null 2>&1
	wait $p
done
accounted() {
	for n in 1 2 3 4 5 6 7 8; do
		_asked=$(grep -c "^ir subject O=Plant,CN=odd$n " "$T/ca.seen")
		_state=$(state_of odd$n)
		[ "$_asked" -le 1 ] || { echo "odd$n: the CA was asked $_asked times"; return 1; }
		case $_asked$_state in 1bound|1spent|0free|0bound) ;; *) echo "odd$n: the CA was asked $_asked times, and the secret is $_state"; return 1 ;; esac
		! grep -q "^pkiconf" "$T/heard.odd$n" || [ "$_state" = spent ] || { echo "odd$n: confirmed, and the secret is $_state"; return 1; }
		echo "odd$n: $_asked $_state $(tr '\n' ' ' <"$T/heard.odd$n")"
	done
}
ok "eight kills at odd moments: no request twice, and no secret free that was used" accounted
note "$(accounted | sed 's/^[^ ]* [01] \([a-z]*\).*/\1/' | sort | uniq -c | tr '\n' ' ')"

# ---- what was left behind is free in time
refused "a secret that a kill left held is held for limits.transaction_timeout" asks replace early-mac $(secret_of busy)
sed -i 's/transaction_timeout: 1h/transaction_timeout: 10s/' "$T/gate.yaml"
ok "that is short now" "$cmpgate" reload -c "$T/gate.yaml"
late() { asks replace late-mac $(secret_of busy); }
later() { soon late || soon late; }
ok "a secret that a kill left held serves again after it" later
ok "and is used up by that" equal "$(state_of busy)" spent

# ---- the audit
ok "the running gateway's chain is whole" "$cmpgate" audit verify -c "$T/gate.yaml"
kill -TERM "$(cat "$T/pid")"
ended() { ! kill -0 "$(cat "$T/pid")" 2>/dev/null; }
ok "SIGTERM ends it" soon ended
ok "so is that of its file" "$cmpgate" audit verify "$T/state/audit.jsonl"
ok "and another reader says so" python3 "$peers/audit_chain.py" "$T/state/audit.jsonl"
ok "one end for all starts" equal "$(grep -c '"event":"service.stop' "$T/state/audit.jsonl")" 1
ok "each kill shows as a start without an end" equal "$(grep -c '"event":"service.start' "$T/state/audit.jsonl")" $((kills + 1))
