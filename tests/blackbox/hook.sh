# SPDX-License-Identifier: GPL-3.0-or-later
# What an approval hook gets of the gateway, and what it leaves behind: no socket,
# no secret, no process, no zombie, and nothing that is no text.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3
need_drivers http coap
plan 13

pki
certificate ra "/O=Plant/CN=RA"
certificate plc "/O=Plant/CN=plc"
scripted_ca ca
own "$T/ra.key"
cat >"$T/hook" <<'END'
#!/bin/sh
d=${0%/*}/hook.in
ls -l /proc/$$/fd >"$d/fds"
env >"$d/env"
case $(cat "${0%/*}/hook.says") in
yes) exit 0 ;;
waits) sleep 60 & echo $! >"$d/child"; wait ;;
leaves) sleep 60 & echo $! >"$d/child"; exit 0 ;;
noise) printf '\377\376\033[31mred\302\2331m\r\nmore\n'; exit 1 ;;
long) i=0; while [ $i -lt 300 ]; do printf '\303\244\303\244\303\244x'; i=$((i + 1)); done; exit 1 ;;
esac
END
chmod 755 "$T/hook"
mkdir "$T/hook.in"
[ "$(id -u)" != 0 ] || chown nobody "$T/hook.in"
configuration "$T/gate.yaml" <<END
clock: trust-system
listeners: {in: http://127.0.0.1:0, field: "coap+tcp://127.0.0.1:0"}
upstreams: {ca: {url: "$url", trust: plant, issued_trust: plant}}
trust: {plant: [$T/ca.crt]}
credentials:
  ra: {cert: $T/ra.crt, key: $T/ra.key}
log: {format: json, audit: {file: $T/state/audit.jsonl}}
routes:
  - {name: asks, from: in, trust: plant, protection: replace, sign_with: ra, approve: {hook: $T/hook, timeout: 1s}, to: ca}
END
GATE_SECRET=hunter2 gateway gate "$T/gate.yaml"
hp=$(listening gate http)
enrols() { device -server "$hp" -path / -cert "$T/plc.crt" -key "$T/plc.key" -trusted "$T/ca.crt" -cmd ir -newkey "$T/plc.key" -subject /O=Plant/CN=plc -certout "$T/new.pem" >"$T/heard" 2>&1; _rc=$?; cat "$T/heard"; return $_rc; }
says() { echo "$1" >"$T/hook.says"; rm -f "$T/hook.in/child"; }
# gone PID: it runs no more (where nobody collects orphans it stays as a zombie).
gone() { ! grep -q '^State:[^Z]*$' "/proc/$1/status" 2>/dev/null; }
# zombies PID: how many ended children it has not collected.
zombies() { python3 -c 'import glob, sys
n = 0
for p in glob.glob("/proc/[0-9]*/stat"):
    try:
        rest = open(p).read().rpartition(")")[2].split()
        n += rest[0] == "Z" and rest[1] == sys.argv[1]
    except OSError:
        pass
print(n)' "$1"; }
no_zombies() { [ "$(zombies "$pid_gate")" = 0 ]; }

says yes
ok "a hook says yes" enrols
# 0 is its input; what else is a socket is its output, which the shell keeps aside.
ok "it inherits no socket but its own two" sh -c '[ "$(grep -c "socket:" "$1")" -le 2 ] && ! grep -q anon_inode "$1"' - "$T/hook.in/fds"
ok "no variable of the gateway's" fails grep -q hunter2 "$T/hook.in/env"
ok "but those that a program needs" contains "$T/hook.in/env" "^PATH="
for how in waits leaves; do
	says $how
	refused "$how: not now" enrols
	ok "$how: what it started is ended" soon gone "$(cat "$T/hook.in/child")"
	ok "$how: nothing is left of it" soon no_zombies
done
says noise
refused "words that are no text" enrols
says long
refused "words that are too long" enrols
# The audit has refusals merged, and writes them at the end.
stop "$pid_gate"
ok "log and audit are lines of JSON" python3 -c 'import json, sys
lines = [l for f in sys.argv[1:] for l in open(f, "rb").read().split(b"\n") if l.startswith(b"{")]
text = "".join(json.dumps(json.loads(l.decode("utf-8")), ensure_ascii=False) for l in lines)
assert "red" in text and "\u00e4\u00e4\u00e4x" in text and len(lines) > 9, text' "$T/gate.log" "$T/state/audit.jsonl"
