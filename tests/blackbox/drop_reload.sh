# SPDX-License-Identifier: GPL-3.0-or-later
# A drop folder has one listener at a time: after a reload the new one waits for
# the last answer of the old one, and a second gateway waits for the first.
. "$srcdir/tests/blackbox/lib.sh"
need python3
need_drivers http file
plan 12
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
ok "the scripted CA" start ca 'CA on ([0-9]+)' python3 "$peers/counting_ca.py"
ca=http://127.0.0.1:$line/
ask_ca() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())' "$ca$1"; }
drop_folder "$T/drop"
write() {
	configuration "$T/$1.yaml" <<YAML
listeners: {files: {url: "file:$T/drop$3", settle: $2}}
upstreams: {plant: "${ca}pkix/"}
YAML
}
write gate 5s ""
ok "the gateway is ready" gateway gate "$T/gate.yaml"
# drop KIND NAME: a message whose transactionID tells the CA what to do.
drop() {
	python3 -c "import sys; sys.path.insert(0, '$peers'); from hostile import *
sys.stdout.buffer.write(message(Header(id=new_id('$1')), genm()))" >"$T/drop/in/.$2" && mv "$T/drop/in/.$2" "$T/drop/in/$2.pki"
}
held() { drop HOLD "$1" && ask_ca held >/dev/null; }
ok "a message is with the CA" held first
write gate 6s ""
reload() { kill -HUP "$pid_gate" && python3 "$peers/await_line.py" "$T/gate.log" "$pid_gate" 'is in force: 1 listener,' 10; }
ok "the listener gets other settings" reload
ok "a second message comes" drop T second
equal_count() { equal "$(ask_ca count)" "$1"; }
ok "the CA has seen one" equal_count 1
ask_ca release >/dev/null
ok "the first is answered by the old listener" python3 "$peers/wait_file.py" "$T/drop/out" "first.genp.pki" 10
ok "the second by the new one" python3 "$peers/wait_file.py" "$T/drop/out" "second.genp.pki" 10
ok "the CA has seen each once" equal_count 2

# The same folder by another spelling, in another process.
write other 5s "/../drop/"
sed -i "s|$T/state|$T/state2|" "$T/other.yaml"
[ "$(id -u)" != 0 ] || install -d -o nobody -m 700 "$T/state2"
ok "a second gateway starts on the folder" gateway other "$T/other.yaml"
handed_over() {
	drop T third && python3 "$peers/wait_file.py" "$T/drop/out" "third.genp.pki" 10 || return 1
	stop "$pid_gate"
	drop T fourth && python3 "$peers/wait_file.py" "$T/drop/out" "fourth.genp.pki" 10 || return 1
	equal "$(grep -c 'transaction: genm' "$T/gate.log") $(grep -c 'transaction: genm' "$T/other.log")" "3 1"
}
ok "it takes over when the first one ends" handed_over
ok "SIGTERM ends with 0" stop "$pid_other"
