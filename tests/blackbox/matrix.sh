# SPDX-License-Identifier: GPL-3.0-or-later
# Who may send what when: every body in every state of a transaction gets the
# answer that stands in the table of matrix.py, and changes nothing else.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http
rows=$(python3 "$peers/matrix.py" --count) || exit 99
plan $((rows + 5))
ok "the scripted CA" start ca 'CA on ([0-9]+)' python3 "$peers/counting_ca.py"
ca_url=http://127.0.0.1:$line/
# A gateway for answers that find somebody, and one where nobody waits that long.
gate() {
	configuration "$T/$1.yaml" <<-YAML
	listeners: {web: "http://127.0.0.1:0"}
	upstreams: {plant: {url: "${ca_url}pkix/", connections: 64}}
	limits: {exchange_timeout: $2}
	YAML
	sed -i "s|$T/state|$T/state-$1|" "$T/$1.yaml"
	mkdir -m 700 "$T/state-$1" && { [ "$(id -u)" != 0 ] || chown nobody "$T/state-$1"; }
	gateway "$1" "$T/$1.yaml"
}
ok "a patient gateway" gate patient 60s
ok "and a hasty one" gate hasty 1s
python3 "$peers/matrix.py" $((count + 1)) "$ca_url" "$(listening patient http)" "$(listening hasty http)" || failed=1
count=$((count + rows))
ok "SIGTERM ends with 0" stop "$pid_patient"
ok "SIGTERM ends the other with 0" stop "$pid_hasty"
