# SPDX-License-Identifier: GPL-3.0-or-later
# A power cut at each step between an answer and its request's move: after the
# restart there is one answer, and the CA has only seen the same octets.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 strace
need_drivers http file
# Each row: the system call at which the process is killed, and which of them.
points="renameat2:1 renameat2:2 fsync:1 fsync:2 fsync:3 fsync:4 fsync:5 none:1"
plan 35
strace -f -e trace=none true 2>/dev/null || skip_all "may not trace processes"
ok "PKI and CAs" device_pki farm
drop_folder "$T/drop"
configuration "$T/gate.yaml" <<YAML
listeners: {files: "file:$T/drop"}
upstreams: {plant: "$url"}
YAML
made() { gateway first "$T/gate.yaml" && stop "$pid" && [ -d "$T/drop/in" ]; }
ok "the gateway makes its folders" made
# put FILE NAME: as a device does it.
put() { cp "$1" "$T/drop/in/.$2" && mv "$T/drop/in/.$2" "$T/drop/in/$2.pki"; }
# left PID SECONDS: the process has ended within this time. (The shell may have noticed already.)
left() { python3 -c 'import os, select, sys
try:
    process = os.pidfd_open(int(sys.argv[1]))
except ProcessLookupError:
    sys.exit(0)
sys.exit(not select.select([process], [], [], float(sys.argv[2]))[0])' "$1" "$2"; }
# traced NAME ARGS: the gateway under strace, whose process is $traced; its own is in $T/NAME.pid.
traced() {
	_n=$1
	shift
	rm -f "$T/$_n.pid"
	strace -qq -o "$T/$_n.strace" "$@" sh -c 'echo $$ >"$1"; exec "$2" run -c "$3"' sh "$T/$_n.pid" "$cmpgate" "$T/gate.yaml" >"$T/$_n.log" 2>&1 &
	traced=$!
	pids="$pids $traced"
}
# gave_up NAME: it did not end by itself: the gateway first, since strace would let it go.
gave_up() {
	kill -KILL "$(cat "$T/$1.pid")" "$traced" 2>/dev/null
	wait "$traced" 2>/dev/null
	echo "$2"
	return 1
}
killed() {
	put "$1" "$2" || return 1
	traced "$2" -f -e "trace=$3" -e "inject=$3:signal=KILL:when=$4"
	left "$traced" 60 || { gave_up "$2" "not killed at $3 $4 within a minute"; return 1; }
	wait "$traced"
	_code=$?
	grep -q "killed by SIGKILL" "$T/$2.strace" || { echo "not killed at $3 $4 (exit code $_code)"; tail -n 5 "$T/$2.strace" "$T/$2.log"; return 1; }
}
# in_order NAME: one answer, and what was done for it, in order.
in_order() {
	put "$1" "$2" || return 1
	traced "$2" -ff -y -e trace=openat,write,fsync,fdatasync,renameat,renameat2
	python3 "$peers/wait_file.py" "$T/drop/done" "$2.pki" 60 || { gave_up "$2" "no answer within a minute"; return 1; }
	kill -TERM "$(cat "$T/$2.pid")"
	left "$traced" 30 || { gave_up "$2" "SIGTERM did not end it"; return 1; }
	wait "$traced"
	python3 "$peers/durable_order.py" "$T/$2.strace" "$T/drop" "$2.pki"
}
restarted() {
	gateway "again$1" "$T/gate.yaml" || return 1
	python3 "$peers/wait_file.py" "$T/drop/out" "$1.*.pki" 40 && python3 "$peers/wait_file.py" "$T/drop/in" "!$1.pki" 20 || return 1
	stop "$pid"
}
# one_answer NAME REQUEST: one answer in out/, which is an ip; the request in done/.
one_answer() {
	set -- "$1" "$2" "$T/drop/out/$1".*
	[ $# = 3 ] && "$cmpgate" inspect "$3" | grep -q 'type: ip' || { ls -la "$T/drop/out"; return 1; }
	cmp "$2" "$T/drop/done/$1.pki"
}
# All that the CA has seen since the last point are the octets of REQUEST.
same_octets() {
	_seen=0
	for _r in "$T"/farm/*.req; do
		cmp "$1" "$_r" || return 1
		_seen=$((_seen + 1))
		rm -f "$_r"
	done
	[ $_seen = 1 ] || [ $_seen = 2 ] || { echo "the CA saw $_seen requests"; return 1; }
}
n=0
for point in $points; do
	n=$((n + 1))
	call=${point%:*}
	first_request "$T/q$n.der" $(operation ir-sig)
	if [ "$call" = none ]; then
		put "$T/q$n.der" "p$n"
	else
		ok "killed at $call number ${point#*:}" killed "$T/q$n.der" "p$n" "$call" "${point#*:}"
	fi
	ok "started again after $point" restarted "p$n"
	ok "one answer after $point" one_answer "p$n" "$T/q$n.der"
	ok "the same octets at the CA after $point" same_octets "$T/q$n.der"
done
first_request "$T/order.der" $(operation ir-sig)
ok "write, fsync, rename, fsync of the file, fsync of the folder" in_order "$T/order.der" order
ok "with an answer as its end" one_answer order "$T/order.der"
