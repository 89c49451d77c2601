# SPDX-License-Identifier: GPL-3.0-or-later
# docs/first-ra.md: all its commands as they stand there, one after the other,
# by an ordinary user.
. "${srcdir:-.}/tests/blackbox/lib.sh"
need openssl python3 setpriv
need_drivers http file
plan 10

mkdir "$T/walk"
# The ports of the page may be taken here; and what it starts must end with the story.
{
	cat <<'END'
set -e
trap 'set +e; [ -z "$ca" ] || kill "$ca" 2>/dev/null; cmpgate stop -c gate.yaml >/dev/null 2>&1' EXIT
END
	python3 - "$srcdir/docs/first-ra.md" <<'END'
import re, socket, sys
taken = [socket.socket() for i in range(2)]
for s in taken:
    s.bind(("127.0.0.1", 0))
text = "\n".join(re.findall(r"^```sh\n(.*?)^```", open(sys.argv[1]).read(), re.S | re.M))
print(text.replace("8080", str(taken[0].getsockname()[1])).replace("8081", str(taken[1].getsockname()[1])))
END
} >"$T/walk.sh"
[ "$(id -u)" != 0 ] || chown nobody "$T/walk"
as_user() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
path=$(cd "$builddir" && pwd):$PATH
walk() { (cd "$T/walk" && as_user env PATH="$path" timeout 120 sh "$T/walk.sh" >"$T/walk.log" 2>&1); }
ok "the page has commands" sh -c '[ "$(wc -l <"$1")" -gt 60 ]' - "$T/walk.sh"
ok "all of them succeed" walk
ok "the files are in order" contains "$T/walk.log" "^gate.yaml: in order: 1 listener, 1 upstream, 2 routes$"
ok "a foreign serial number is refused, and why" contains "$T/walk.log" "PKIFailureInfo: notAuthorized.*may ask for names with 4711 only"
ok "route test says the same" contains "$T/walk.log" "^refused with notAuthorized: .*may ask for names with 4711 only"
ok "the secret is spent" contains "$T/walk.log" "^pump-1 .* spent "
ok "the certificate is renewed" test -s "$T/walk/renewed.pem"
ok "the file has its certificate" test -s "$T/walk/drop/out/pump.pem"
ok "the audit has it all" equal "$(grep -c 'Z cert.confirmed granted' "$T/walk.log")" 5
ok "and is whole" contains "$T/walk.log" "^records 1 to [0-9]* are whole"
