# SPDX-License-Identifier: GPL-3.0-or-later
# A power cut at each step between an answer and its request's move: after the
# restart there is one answer, and the CA has only seen the same octets.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3 strace
need_drivers http file
# Each row: the system call at which the process is killed, and which of them.
points="renameat2:1 renameat2:2 fsync:1 fsync:2 fsync:3 fsync:4 fsync:5 none:1"
plan 33
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
killed() {
	put "$1" "$2" || return 1
	strace -f -qq -o "$T/$2.strace" -e "trace=$3" -e "inject=$3:signal=KILL:when=$4" "$cmpgate" run -c "$T/gate.yaml" >"$T/$2.log" 2>&1 &
	_pid=$!
	pids="$pids $_pid"
	wait "$_pid"
	_code=$?
	grep -q "killed by SIGKILL" "$T/$2.strace" || { echo "not killed at $3 $4 (exit code $_code)"; tail -n 5 "$T/$2.strace" "$T/$2.log"; return 1; }
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
