# SPDX-License-Identifier: GPL-3.0-or-later
# What the black-box stories share: a folder of their own, a small PKI, CAs and
# devices from `openssl cmp`, the gateway under test, and TAP lines. A story is
#   . "$srcdir/tests/blackbox/lib.sh"
#   plan N
#   ... ok "name" command args; ...
# Everything started is ended by its process id; logs are shown after a failure.

srcdir=${srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
builddir=${builddir:-$srcdir/build}
cmpgate=$builddir/cmpgate
peers=$srcdir/tests/peers
T=$(mktemp -d "${TMPDIR:-/tmp}/cmpgate-test.XXXXXX") || exit 99
chmod 755 "$T"
pids=
count=0
failed=0
planned=0
# A leak check needs to attach to the process, which the gateway forbids.
ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
export ASAN_OPTIONS

plan() { planned=$1; echo "1..$1"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
need() { for tool in "$@"; do command -v "$tool" >/dev/null 2>&1 || skip_all "needs $tool"; done; }
# need_drivers NAME...: a build without one of them has no use for the story.
need_drivers() { for d in "$@"; do "$cmpgate" version | grep -q "driver $d" || skip_all "this build has no driver $d"; done; }
note() { echo "# $*"; }

# ok NAME COMMAND...: one test; the command's output is shown when it fails.
ok() {
	count=$((count + 1))
	_ok_name=$1
	shift
	if "$@" >"$T/ok.out" 2>&1; then
		echo "ok $count - $_ok_name"
	else
		echo "not ok $count - $_ok_name"
		failed=1
		sed 's/^/#   /' "$T/ok.out" | tail -n 30
	fi
}
# not_ok NAME COMMAND...: the command must fail.
refused() { _n=$1; shift; ok "$_n" fails "$@"; }
fails() { if "$@"; then echo "succeeded, but had to fail: $*"; return 1; fi; }
same() { cmp "$1" "$2"; }
equal() { [ "$1" = "$2" ] || { echo "is '$1', should be '$2'"; return 1; }; }
# contains FILE REGEX: a line fits. A log is written by a thread of its own: its lines may come a moment later.
contains() {
	_looks=20
	case $1 in *.log) ;; *) _looks=1 ;; esac
	until grep -q -- "$2" "$1"; do
		_looks=$((_looks - 1))
		[ $_looks -gt 0 ] || { echo "no '$2' in $1:"; tail -n 20 "$1"; return 1; }
		sleep 0.05
	done
}
# soon COMMAND...: it succeeds within ten seconds.
soon() { _end=$(($(date +%s) + 10)); until "$@"; do [ "$(date +%s)" -lt "$_end" ] || return 1; sleep 0.1; done; }

finish() {
	trap - EXIT
	trap '' PIPE INT TERM HUP
	# The number of one that has ended may be another process's by now.
	for p in $pids; do [ "$(sed 's/.*) [A-Za-z] \([0-9]*\) .*/\1/' "/proc/$p/stat" 2>/dev/null)" = "$$" ] && kill "$p" 2>/dev/null; done
	for p in $pids; do wait "$p" 2>/dev/null; done
	if [ "$failed" != 0 ] || [ "$count" != "$planned" ]; then
		[ "$count" = "$planned" ] || echo "# ran $count tests of $planned"
		for log in "$T"/*.log; do
			[ -f "$log" ] && { echo "# --- $(basename "$log")"; tail -n 15 "$log" | sed 's/^/#   /'; }
		done
	fi
	if [ -n "$KEEP" ]; then echo "# kept $T"; else rm -rf "$T"; fi
}
KEEP=${KEEP:-}
trap finish EXIT
# Whoever reads us may stop (./demo | head): what was started ends all the same.
trap 'exit 1' INT TERM HUP PIPE

# start NAME REGEX COMMAND...: run in the background, wait for a line; the
# line (or its group 1) is in $line, the process id in $pid and $pid_NAME.
start() {
	_log=$T/$1.log
	_re=$2
	_who=$1
	shift 2
	: >"$_log"
	"$@" >>"$_log" 2>&1 </dev/null &
	pid=$!
	pids="$pids $pid"
	eval "pid_$_who=$pid"
	line=$(python3 "$peers/await_line.py" "$_log" "$pid" "$_re" 20)
}
# stop PID [SIGNAL]: end one process and wait for it; its exit code is answered.
stop() {
	kill -"${2:-TERM}" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	_code=$?
	_left=
	for p in $pids; do [ "$p" = "$1" ] || _left="$_left $p"; done
	pids=$_left
	return $_code
}

# pki: a root in ca.key, ca.crt and a server certificate srv.key, srv.crt.
pki() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/ca.key" -out "$T/ca.crt" \
		-subj "/O=Plant/CN=Plant CA" -days 30 >/dev/null 2>&1 &&
	certificate srv "/O=Plant/CN=CMP server" &&
	certificate idev "/O=Maker/CN=device identity"
}
# certificate NAME SUBJECT: a P-256 key and certificate under the root.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$1.key" -out "$T/$1.crt" \
		-subj "$2" -CA "$T/ca.crt" -CAkey "$T/ca.key" -days 10 >/dev/null 2>&1
}
# keyed NAME TYPE SUBJECT [EXTENSIONS]: the same with a key of this type (rsa, p256, p384, ed25519).
keyed() {
	case $2 in
	rsa) set -- "$1" "rsa:2048" "$3" "${4:-}" ;;
	p256) set -- "$1" "ec -pkeyopt ec_paramgen_curve:P-256" "$3" "${4:-}" ;;
	p384) set -- "$1" "ec -pkeyopt ec_paramgen_curve:P-384" "$3" "${4:-}" ;;
	ed25519) set -- "$1" "ed25519" "$3" "${4:-}" ;;
	esac
	openssl req -x509 -newkey $2 -nodes -keyout "$T/$1.key" -out "$T/$1.crt" -subj "$3" -CA "$T/ca.crt" -CAkey "$T/ca.key" -days 10 \
		${4:+-addext "$4"} >/dev/null 2>&1
}
# scripted_ca NAME [ARGS]: peers/scripted_ca.py with the keys of $T, which holds ra.crt and ra.key; URL in $url.
scripted_ca() {
	_n=$1
	shift
	start "$_n" 'CA on ([0-9]+)' python3 "$peers/scripted_ca.py" "$T" "$@" || return 1
	url=http://127.0.0.1:$line/
}
# comes REGEX: the scripted CA sees that soon, since the last call of seen.
comes() { soon sh -c 'tail -n +"$1" "$2" 2>/dev/null | grep -q -- "$3"' - "$((${seen_lines:-0} + 1))" "$T/ca.seen" "$1" || { seen; cat "$T/seen"; return 1; }; }
# seen: what the scripted CA saw since the last call, in $T/seen.
seen() { touch "$T/ca.seen"; tail -n +"$((${seen_lines:-0} + 1))" "$T/ca.seen" >"$T/seen"; seen_lines=$(wc -l <"$T/ca.seen"); }
# ca NAME CERT [ARGS]: a mock CA that issues CERT.crt, on a port of its own; URL in $url.
ca() {
	_n=$1
	_c=$2
	shift 2
	start "$_n" 'ACCEPT .*:([0-9]+)' $(ca_command "$_c") "$@" || return 1
	url=http://127.0.0.1:$line/pkix/
}
ca_command() {
	echo "openssl cmp -config /dev/null -port 0 -srv_ref srv -srv_secret pass:test -srv_cert $T/srv.crt -srv_key $T/srv.key" \
		"-srv_trusted $T/ca.crt -rsp_cert $T/$1.crt -rsp_capubs $T/ca.crt"
}
# ca_farm NAME CERT [ARGS]: the same for any number of transactions at a time, each
# with a mock CA of its own, behind a recording relay (see relay below).
ca_farm() {
	_n=$1
	_c=$2
	shift 2
	mkdir -p "$T/$_n"
	start "$_n" 'relay on ([0-9]+)' python3 "$peers/http_relay.py" each "$T/$_n" $(ca_command "$_c") "$@" || return 1
	url=http://127.0.0.1:$line/pkix/
}
# configuration FILE: write standard input behind the lines that every story
# needs: a state folder of its own, and a user to become when root runs the tests.
configuration() {
	{
		echo "version: 1"
		[ "$(id -u)" != 0 ] || echo "user: nobody"
		echo "store: {path: $T/state}"
		cat
	} >"$1"
	[ "$(id -u)" != 0 ] || [ -d "$T/state" ] || install -d -o nobody -m 700 "$T/state"
}
# own FILE...: a file with a key or a secret, as the gateway wants it: its user's, and closed to others.
own() { chmod 600 "$@" && { [ "$(id -u)" != 0 ] || chown nobody "$@"; }; }
# drop_folder FOLDER: an empty drop folder that the gateway may write.
drop_folder() { mkdir "$1" && { [ "$(id -u)" != 0 ] || chown nobody "$1"; }; }
# gateway NAME FILE: run it; its URLs are in $T/NAME.log.
gateway() {
	start "$1" '^ready' "$cmpgate" run -c "$2"
}
# listening LOGNAME SCHEME [N]: host:port of the N-th such listener.
listening() { sed -n "s|^listening on $2://\([^/]*\).*|\1|p" "$T/$1.log" | sed -n "${3:-1}p"; }

# operation NAME: the arguments of one kind of device, each with a key and
# certificate of its own ($T/dev.*), the one the CA answers with.
operation() {
	_new="-newkey $T/dev.key -subject /O=Plant/CN=device -certout $T/$1.pem"
	_own="-cert $T/dev.crt -key $T/dev.key -trusted $T/ca.crt -oldcert $T/dev.crt"
	case $1 in
	ir-pbm) echo "-cmd ir $PBM $_new" ;;
	ir-sig) echo "-cmd ir $SIG $_new" ;;
	ir-implicit) echo "-cmd ir $SIG $_new -implicit_confirm" ;;
	cr-pbm) echo "-cmd cr $PBM $_new" ;;
	cr-sig) echo "-cmd cr $SIG $_new" ;;
	p10cr-pbm) echo "-cmd p10cr $PBM -csr $T/dev.csr -certout $T/$1.pem" ;;
	p10cr-sig) echo "-cmd p10cr $SIG -csr $T/dev.csr -certout $T/$1.pem" ;;
	kur-sig) echo "-cmd kur $_own -newkey $T/dev.key -certout $T/$1.pem" ;;
	rr-sig) echo "-cmd rr $_own -revreason 4" ;;
	rr-pbm) echo "-cmd rr $PBM -oldcert $T/dev.crt -revreason 4" ;;
	genm-pbm) echo "-cmd genm $PBM -infotype signKeyPairTypes" ;;
	genm-sig) echo "-cmd genm $SIG -infotype signKeyPairTypes" ;;
	esac
}
operations="ir-pbm ir-sig cr-pbm cr-sig p10cr-pbm p10cr-sig kur-sig rr-sig rr-pbm genm-pbm genm-sig"
# device_pki: what those operations need, and a CA that answers with dev.crt;
# device_pki farm: one CA for each transaction.
device_pki() {
	pki && certificate dev "/O=Plant/CN=device" &&
	openssl req -new -key "$T/dev.key" -subj "/O=Plant/CN=device" -out "$T/dev.csr" 2>/dev/null || return 1
	if [ "${1:-}" = farm ]; then ca_farm farm dev; else ca ca dev; fi
}

# The common part of an `openssl cmp` device.
PBM="-ref dev1 -secret pass:test"
SIG="-cert $T/idev.crt -key $T/idev.key -trusted $T/ca.crt"
device() { openssl cmp -config "" -batch -msg_timeout 20 -total_timeout 60 "$@"; }

# relay NAME HOST:PORT [one]: a recording relay before a CA; its folder is $T/NAME, its URL in $url.
relay() {
	mkdir -p "$T/$1"
	start "$1" 'relay on ([0-9]+)' python3 "$peers/http_relay.py" "$2" "$T/$1" ${3:-} || return 1
	url=http://127.0.0.1:$line/pkix/
}
hostport() { _h=${1#*://}; echo "${_h%%/*}"; }

# first_request FILE ARGS...: write the first request of a device without any server.
first_request() {
	_f=$1
	shift
	device -server unused:1 "$@" -reqout "$_f" -rspin /dev/null >/dev/null 2>&1
	[ -s "$_f" ]
}
# enrol_carried NAME CARRIER ARGS...: a whole operation whose messages CARRIER
# REQUEST ANSWER brings to the gateway; certConf where the device sends one.
enrol_carried() {
	_name=$1
	_carry=$2
	shift 2
	_p=$T/$_name
	first_request "$_p.q1" "$@" || { echo "no request was made"; return 1; }
	$_carry "$_p.q1" "$_p.r1" || return 1
	[ -s "$_p.r1" ] || { echo "no answer to the first request"; return 1; }
	rm -f "$_p.q2"
	device -server unused:1 "$@" -rspin "$_p.r1,/dev/null" -reqout "$_p.x,$_p.q2" >"$_p.out" 2>&1
	if [ -s "$_p.q2" ]; then
		$_carry "$_p.q2" "$_p.r2" && [ -s "$_p.r2" ] || { echo "no answer to certConf"; return 1; }
		device -server unused:1 "$@" -rspin "$_p.r1,$_p.r2"
	else
		device -server unused:1 "$@" -rspin "$_p.r1"
	fi
}
