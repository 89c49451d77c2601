# SPDX-License-Identifier: GPL-3.0-or-later
# The command line: options that stand twice, output that cannot be written,
# configurations that come on standard input; and scripts whose reader goes away.
. "$srcdir/tests/blackbox/lib.sh"
need python3
need_drivers http
plan 38
configuration "$T/gate.yaml" <<YAML
listeners: {field: "http://127.0.0.1:0"}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
# code N COMMAND...: the exit code must be N; output in $T/out, talk in $T/err.
code() {
	_want=$1
	shift
	"$@" >"$T/out" 2>"$T/err"
	_got=$?
	[ "$_got" = "$_want" ] || { echo "exit code $_got, should be $_want"; cat "$T/out" "$T/err"; return 1; }
}
# twice OPTION COMMAND...: that option is refused by name.
twice() { _option=$1; shift; code 2 "$cmpgate" "$@" && contains "$T/err" "option '$_option' is given twice"; }
ok "check --json twice" twice --json check --json --json "$T/gate.yaml"
ok "check -q twice" twice --quiet check -q --quiet "$T/gate.yaml"
ok "two files for run" twice --config run -c "$T/gate.yaml" -c "$T/gate.yaml"
ok "two listeners for route test" twice --from route test --from a --from b --body ir
ok "two kinds for inspect" twice --as inspect --as crl --as crmf /dev/null
ok "the socket of the commands to the gateway" twice --socket status --socket a --socket b
ok "the table of secrets" twice --table secret add --table a --table b x
ok "config, version, explain" sh -c "! '$cmpgate' config -c a -c b show && ! '$cmpgate' version --json --json && '$cmpgate' explain E0001"

# unwritten COMMAND...: exit code 7 when what it prints cannot be written.
unwritten() {
	"$cmpgate" "$@" >/dev/full 2>"$T/err"
	_got=$?
	[ "$_got" = 7 ] && contains "$T/err" "cannot write"
}
ok "check" unwritten check "$T/gate.yaml"
ok "check --json" unwritten check --json "$T/gate.yaml"
printf 'version: 1\nfoo: 1\n' >"$T/bad.yaml"
ok "check with findings" unwritten check "$T/bad.yaml"
ok "config show" unwritten config show "$T/gate.yaml"
ok "config sample" unwritten config sample
ok "explain" unwritten explain
ok "explain of a code" unwritten explain E0103
ok "version" unwritten version
ok "version --json" unwritten version --json
ok "--version" unwritten --version
ok "--help" unwritten --help
ok "the help of a command" unwritten check --help
ok "inspect" unwritten inspect "$srcdir/tests/bench/ir.der"
ok "route test" unwritten route test -c "$T/gate.yaml" --body ir
serves_unheard() {
	"$cmpgate" run -c "$T/gate.yaml" >/dev/full 2>"$T/unheard.log" &
	pid=$!
	pids="$pids $pid"
	python3 "$peers/await_line.py" "$T/unheard.log" "$pid" 'could not be written to standard output' 20
}
ok "run serves although nobody reads it" serves_unheard
ok "and ends with 0" stop "$pid"

mkdir "$T/work"
sed "s|$T/state|state|" "$T/gate.yaml" >"$T/relative.yaml"
from_input() { (cd "$T/work" && "$cmpgate" "$@" - <"$T/relative.yaml" >"$T/out" 2>"$T/err"); }
ok "check reads standard input" from_input check
ok "config show, too" from_input config show
ok "its paths start in the working folder" contains "$T/out" "path: $T/work/state"
sh -c "'$cmpgate' check - <'$T/bad.yaml' >'$T/out'"
ok "places are those of standard input" contains "$T/out" '^<stdin>:2:1: error: .*E0103'
ok "run wants a file" code 2 "$cmpgate" run -c -
ok "and says why" contains "$T/err" "SIGHUP reads it again"

# Like ./demo | head: the script must not leave a process or its folder behind.
cat >"$T/endless.sh" <<'SH'
. "$srcdir/tests/blackbox/lib.sh"
sleep 300 &
pids=$!
# A signal that comes before the new process is `sleep` goes to a trap of the shell, and is lost.
while read -r name <"/proc/$pids/comm" && [ "$name" != sleep ]; do :; done
echo "$pids $T" >"$1"
while :; do echo line; done
SH
( srcdir=$srcdir builddir=$builddir sh "$T/endless.sh" "$T/started"; : ) 2>/dev/null | head -n 3 >/dev/null
read -r sleeper folder <"$T/started"
ok "a script whose reader goes away ends what it started" fails kill -0 "$sleeper"
ok "and removes its folder" fails test -e "$folder"
ok "version names each library once" sh -c "! '$cmpgate' version | grep -q 'libyaml libyaml' && '$cmpgate' version | grep -q '  libyaml [0-9]'"
ok "./check --help" sh -c "'$srcdir/check' --help | grep -q -- --build-only"
ok "./demo --help" sh -c "'$srcdir/demo' --help | grep -q 'Leaves nothing running'"

ok "the script for procd parses" sh -n "$srcdir/packaging/openwrt/cmpgate.init"
ok "the unit for systemd names the program and its configuration" grep -q '^ExecStart=/.*/bin/cmpgate run -c /.*/cmpgate/cmpgate.yaml$' "$builddir/packaging/systemd/cmpgate.service"
ok "no placeholder is left in it" fails grep -q '@[a-z]*dir@' "$builddir/packaging/systemd/cmpgate.service"
