# SPDX-License-Identifier: GPL-3.0-or-later
# Many devices, each with a key of its own: right verdicts, and memory that does
# not grow with the number of keys (wolfSSL's table of curve points would). What
# computing needs (4 MB at most) is kept while it is needed, and given back at the
# next upkeep, a minute later at the latest. FARM_KEYS: how many (300);
# ./check --long growth sends 10,000 and waits for the upkeep (FARM_WAIT).
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 5
keys=${FARM_KEYS:-300}
# The limits hold for the program itself, not for what the sanitizers add.
rest=8192
most=12288
! grep -q __asan_init "$builddir/cmpgate" || { rest=1000000; most=1000000; }

pki
certificate ra "/O=Plant/CN=RA"
own "$T/ra.key"
"$builddir/tests/peers/key_farm" "$T"
configuration "$T/gate.yaml" <<END
clock: trust-system
workers: 1
listeners: {farm: http://127.0.0.1:0}
trust: {farm: [$T/farm.der]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
answers: {ca_certs: [$T/ca.crt]}
routes: [{name: farm, match: {body: genm}, trust: farm, reply_with: ra, to: answers}]
END
ok "the configuration is in order" "$cmpgate" check "$T/gate.yaml"
gateway gate "$T/gate.yaml"
port=$(listening gate http)
port=${port##*:}
rss() { sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$pid_gate/status"; }
before=$(rss VmRSS)
"$builddir/tests/peers/key_farm" "$T" "$port" "$keys" >"$T/farm.out" 2>&1
ok "$keys devices, and each gets its verdict" equal "$(cat "$T/farm.out")" "$keys right"
note "RSS $before kB, after $keys keys $(rss VmRSS) kB, at most $(rss VmHWM) kB"
ok "memory stays below a cap" [ "$(rss VmHWM)" -le "$most" ]
[ -z "${FARM_WAIT:-}" ] || sleep "$FARM_WAIT"
[ -z "${FARM_WAIT:-}" ] || note "RSS $(rss VmRSS) kB after $FARM_WAIT s"
ok "and is 8 MB at most at rest" [ "$([ -n "${FARM_WAIT:-}" ] && rss VmRSS || echo "$before")" -le "$rest" ]
ok "the gateway ends in order" stop "$pid_gate"
