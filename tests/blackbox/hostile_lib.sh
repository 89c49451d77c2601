# SPDX-License-Identifier: GPL-3.0-or-later
# What the hostile stories share: a CA that counts, a gateway before it, and a
# peer script that prints one TAP line for each row it tries.
. "$srcdir/tests/blackbox/lib.sh"
need python3
# Shadow memory of a sanitizer is no memory of ours.
grep -q __asan_init "$cmpgate" 2>/dev/null && HOSTILE_RSS_KB=1048576 && export HOSTILE_RSS_KB
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# hostile SCRIPT LISTENER: plan, start CA and gateway; LISTENER is a line of `listeners:`.
hostile() {
	rows=$(python3 "$peers/$1" --count) || exit 99
	plan $((rows + 3))
	ok "the scripted CA" start ca 'CA on ([0-9]+)' python3 "$peers/counting_ca.py"
	ca_url=http://127.0.0.1:$line/
	configuration "$T/gate.yaml" <<-YAML
	listeners: {field: $2}
	upstreams: {plant: "${ca_url}pkix/"}
	YAML
	ok "the gateway is ready" gateway gate "$T/gate.yaml"
	[ "$failed" = 0 ] || exit 1
}
# rows SCRIPT ARGS: run all of them, then end the gateway.
rows() {
	_script=$1
	shift
	python3 "$peers/$_script" $((count + 1)) "$pid_gate" "$ca_url" "$@" || failed=1
	count=$((count + rows))
	ok "SIGTERM ends with 0" stop "$pid_gate"
}
