# SPDX-License-Identifier: GPL-3.0-or-later
# The clock floor: a clock that shows less than was once known to be right is
# not believed. What the kernel says of its clock is said by strace.
. "$srcdir/tests/blackbox/lib.sh"
need python3 strace faketime
need_drivers http
strace -f -e trace=none true 2>/dev/null || skip_all "may not trace processes"
plan 15
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
[ -d "$T/state" ] || mkdir -m 700 "$T/state"
floor=$T/state/clock-floor
# A log of its own for each start: says NAME TEXT.
says() { contains "$T/$1.log" "clock=$2 "; }
# stood TEXT: the floor as an earlier run left it.
stood() { echo "$1" >"$floor" && { [ "$(id -u)" != 0 ] || chown nobody "$floor"; }; }

stood 4102444800	# 2100-01-01
ok "a floor in 2100 is read" gateway unset "$T/gate.yaml"
ok "the clock is behind it: unset" says unset unset
ok "SIGTERM ends with 0" stop "$pid"
ok "the floor stays" equal "$(cat "$floor")" 4102444800
# Whether the kernel calls its clock right is another question on each machine.
# seen NAME ARGS: it is told by strace; the clock goes two hours ahead.
seen() {
	_name=$1
	_says=$2
	start "$_name" '^ready' strace -f -qq -o "$T/$_name.strace" -e trace=adjtimex,clock_adjtime -e "inject=adjtimex,clock_adjtime:$_says" \
		faketime -f +2h "$cmpgate" run -c "$T/gate.yaml"
}
# ended: the gateway, and with it strace.
ended() {
	python3 - "$pid" <<'PY' || return 1
import os, signal, sys
def children(pid):
    with open("/proc/%s/task/%s/children" % (pid, pid)) as f:
        return f.read().split()
pid = sys.argv[1]
while children(pid):
    pid = children(pid)[0]
os.kill(int(pid), signal.SIGTERM)
PY
	wait "$pid"
}
stood 1000000000	# before this program was made
ok "a clock that the kernel calls wrong" seen floor error=EPERM
ok "is above the floor, and no more" says floor floor
ok "it ends" ended
ok "the floor does not move" equal "$(cat "$floor")" 1000000000
before=$(date +%s)
ok "a clock that the kernel calls right" seen synced retval=0
ok "is believed" says synced synced
ok "it ends" ended
raised() { _f=$(cat "$floor") && [ "$_f" -ge $((before + 7200)) ] && [ "$_f" -lt $((before + 7300)) ] && equal "$(stat -c %a "$floor")" 600; }
ok "the floor rises to it" raised
ok "without those two hours" gateway behind "$T/gate.yaml"
ok "the same clock is unset" says behind unset
ok "SIGTERM ends with 0" stop "$pid"
