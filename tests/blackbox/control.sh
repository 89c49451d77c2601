# SPDX-License-Identifier: GPL-3.0-or-later
# The commands to the running gateway, and what they say when there is none.
. "$srcdir/tests/blackbox/lib.sh"
need python3
need_drivers http
plan 43
[ ! -e /run/cmpgate/control.sock ] || skip_all "a gateway of this machine has its control socket in /run/cmpgate"
write() {
	configuration "$T/gate.yaml" <<YAML
site: north
listeners: {web: "http://127.0.0.1:0"$1}
upstreams: {plant: "http://127.0.0.1:9/cmp"}
YAML
}
# code N ARGS: the command ends with N; what it said is in $T/said.
code() {
	_want=$1
	shift
	timeout 60 "$cmpgate" "$@" >"$T/said" 2>&1
	equal "$?" "$_want" || { cat "$T/said"; return 1; }
}
says() { contains "$T/said" "$1"; }
field() { python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); print(eval("o" + sys.argv[2]))' "$T/said" "$1"; }
write
ok "nobody there" code 4 status -c "$T/gate.yaml"
ok "and what to do" says "cmpgate run"
ok "the gateway is ready" gateway gate "$T/gate.yaml"
ok "the store was made" contains "$T/gate.log" "a new store was made"
ok "status" code 0 status -c "$T/gate.yaml"
ok "names the site" says "site north"
ok "names the listener by its real port" says "listener *web http://$(listening gate http)"
ok "names the store" says "store *well, SQLite 3"
ok "status as an object" code 0 status --json -c "$T/gate.yaml"
ok "its process" equal "$(field "['pid']")" "$pid_gate"
ok "its figures" equal "$(field "['store']['failed'], o['exchanges'], o['transactions']['open'], o['upstreams'][0]['url']")" "(False, 0, 0, 'http://127.0.0.1:9/cmp')"
ok "by its socket" code 0 status --socket "$T/state/control.sock"
ok "the socket is for user and group" equal "$(stat -c %a "$T/state/control.sock")" 660
write ', two: "http://127.0.0.2:0"'
ok "a good file takes over" code 0 reload -c "$T/gate.yaml"
ok "says so" says "is in force: 2 listeners"
ok "the log as well" contains "$T/gate.log" "info  reload: .*in force: 2 listeners"
cp "$T/gate.yaml" "$T/good.yaml"
echo "listenrs: 7" >>"$T/gate.yaml"
ok "a bad file is refused" code 3 reload -s "$T/state/control.sock"
ok "its finding is told" says "gate.yaml:[0-9]*:[0-9]*: error"
ok "the old one stays" says "the old configuration stays"
ok "and serves" sh -c "'$cmpgate' status --json -s '$T/state/control.sock' | grep -c http://127.0.0.2"
ok "with a broken file of its own, a command says what it needs" code 4 status -c "$T/gate.yaml"
ok "namely" says "--socket"
cp "$T/good.yaml" "$T/gate.yaml"
sed "s|$T/state|$T/state2|" "$T/good.yaml" >"$T/moved.yaml"
cp "$T/moved.yaml" "$T/gate.yaml"
ok "what needs a restart is refused" code 3 reload -s "$T/state/control.sock"
cp "$T/good.yaml" "$T/gate.yaml"
ok "a wrong option" code 2 reload --jsn
ok "data of a command without" code 2 stop --json
ok "one word too many" code 2 status gate
ok "a file in place of a socket" sh -c "'$cmpgate' status -s '$T/gate.yaml'; test \$? = 4 -o \$? = 7"
# garbage: what no command of ours would send.
garbage() {
	python3 - "$T/state/control.sock" <<'PY'
import socket, sys
for data in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\2{}", b"\0\0\0\5\"abc", b"\0\0\1\0{\"command\":", b"", b"\0\0\0\x14{\"command\":\"status\"}"):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(sys.argv[1])
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    while True:
        try:
            if not s.recv(65536): break
        except ConnectionResetError:
            break
PY
}
ok "garbage is survived" garbage
ok "and it still answers" code 0 status -c "$T/gate.yaml"
# Another user: not even let into the state folder.
another() {
	[ "$(id -u)" = 0 ] || return 0
	setpriv --reuid 12345 --regid 12345 --clear-groups "$cmpgate" status -s "$T/state/control.sock" >"$T/said" 2>&1
	equal "$?" 7 && says "no permission"
}
ok "another user has no permission" another
ok "a hostile answer is no answer" sh -c "python3 - '$T/liar.sock' <<'PY' &
import socket, sys
l = socket.socket(socket.AF_UNIX)
l.bind(sys.argv[1])
l.listen(1)
s, _ = l.accept()
s.recv(1000)
s.sendall(b'\xff\xff\xff\xff')
PY
for i in 1 2 3 4 5 6 7 8 9; do [ -S '$T/liar.sock' ] || sleep 0.2; done
'$cmpgate' status -s '$T/liar.sock'; test \$? = 4"
ok "stop waits for the end" code 0 stop -c "$T/gate.yaml"
wait "$pid_gate"
ok "which was a good one" equal $? 0
ok "the socket is gone" test ! -e "$T/state/control.sock"
ok "no -wal is left" test ! -e "$T/state/cmpgate.db-wal"
# A place of its own, and one that is in use.
mkdir -m 755 "$T/place"
[ "$(id -u)" != 0 ] || chown nobody "$T/place"
{ cat "$T/good.yaml"; echo "control: $T/place/own.sock"; } >"$T/gate.yaml"
ok "a place that the configuration names" gateway own "$T/gate.yaml"
ok "is found by it" code 0 status -c "$T/gate.yaml"
ok "and nowhere else" code 4 status -c "$T/good.yaml"
taken() {
	sed "s|$T/state|$T/state3|" "$T/gate.yaml" >"$T/second.yaml"
	install -d -m 700 $([ "$(id -u)" != 0 ] || echo -o nobody) "$T/state3"
	timeout 10 "$cmpgate" run -c "$T/second.yaml" >"$T/said" 2>&1
	equal "$?" 7 && says "another process serves"
}
ok "a second gateway does not take it" taken
kill -KILL "$pid_own"
wait "$pid_own" 2>/dev/null
ok "after a kill the next one does" gateway own2 "$T/gate.yaml"
ok "and is asked there" code 0 stop -c "$T/gate.yaml"
cp "$T/good.yaml" "$T/gate.yaml"
# A store that is gone.
rm "$T/state/cmpgate.db"
lost() {
	timeout 10 "$cmpgate" run -c "$T/gate.yaml" >"$T/said" 2>&1
	equal "$?" 7 && says "there was a store here.*--new-store"
}
ok "a lost store is not begun anew" lost
by_order() { start order '^ready' "$cmpgate" run -c "$T/gate.yaml" --new-store && code 0 stop -c "$T/gate.yaml" && wait "$pid"; }
ok "but by order" by_order
