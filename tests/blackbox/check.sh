# SPDX-License-Identifier: GPL-3.0-or-later
# check, config and explain on real files: what is wrong, where, and the exit code.
. "$srcdir/tests/blackbox/lib.sh"
need python3
need_drivers http coap tcp
plan 100
f=$T/gate.yaml
good() {
	cat >"$f" <<YAML
version: 1
listeners: {field: "http://127.0.0.1:8080"}
upstreams: {plant: "http://pki.example/cmp"}
YAML
}
# code N COMMAND...: the exit code must be N; output in $T/out, talk in $T/err.
code() {
	_want=$1
	shift
	"$@" >"$T/out" 2>"$T/err"
	_got=$?
	[ "$_got" = "$_want" ] || { echo "exit code $_got, should be $_want"; cat "$T/out" "$T/err"; return 1; }
}
says() { contains "$T/out" "$1"; }
# bad NAME PLACE CODE FILE: a file (as printf takes it) is refused there, with a caret.
bad() {
	printf "$4" >"$f"
	_name=$1
	_place=$2
	_code=$3
	ok "$_name: exit code 3" code 3 "$cmpgate" check "$f"
	ok "$_name: at $_place with $_code" points "$_place" "$_code"
}
points() {
	grep -q "gate.yaml:$1: error: .*\[$2\]" "$T/out" && grep -q '^  *| *^' "$T/out" && return
	cat "$T/out"
	return 1
}
parses() { python3 -m json.tool <"$T/out" >/dev/null; }

good
ok "a good file" code 0 "$cmpgate" check "$f"
ok "it is said" says "in order: 1 listener, 1 upstream, 1 route (everything goes to the one upstream)"
ok "quiet when asked" code 0 "$cmpgate" check -q "$f"
ok "nothing is written then" equal "$(cat "$T/out" "$T/err")" ""
printf 'version: 1\nlisteners: {field: "http://:8080"}\nupstreams: {plant: "http://pki.example/cmp"}\n' >"$f"
ok "a note" code 0 "$cmpgate" check "$f"
ok "is printed" says "N0401"
ok "a note, and quiet" code 0 "$cmpgate" check -q "$f"
ok "nothing is written then, either" equal "$(cat "$T/out" "$T/err")" ""
sed -i 's/plant: /plant: "http:\/\/a\/", other: /' "$f"
ok "warnings stay" sh -c "'$cmpgate' check -q '$f' >'$T/out'; grep -q W0302 '$T/out' && ! grep -q N0401 '$T/out'"
good
ok "-c names the file too" code 0 "$cmpgate" check -c "$f"

bad "an anchor" 2:9 E0011 'version: 1\nlimits: &a {}\n'
bad "a tag" 2:7 E0012 'version: 1\nsite: !x a\n'
bad "a second document" 2:1 E0013 'version: 1\n---\nsite: a\n'
bad "a tab" 3:1 E0008 'version: 1\nlog:\n\tlevel: info\n'
bad "a key twice" 3:1 E0014 'version: 1\nsite: a\nsite: b\n'
bad "an unknown key" 3:6 E0103 'version: 1\nroutes:\n  - {protecton: keep}\n'
ok "the nearest key is named" says "help: did you mean 'protection'?"
bad "a key of a later version" 2:1 E0104 'version: 1\nmetrics: 127.0.0.1:9829\n'
for up in file:/srv/out coap://pki.example coap+tcp://pki.example tcp://pki.example; do
	bad "an upstream of a later version, $up" 2:16 E0104 "version: 1\\nupstreams: {a: \"$up\"}\\n"
	ok "and its help" says "help: the scheme is part of the language for upstreams too: a later version brings it"
done
bad "a listener's key of a later version" 2:42 E0104 'version: 1\nlisteners: {a: {url: "http://127.0.0.1", serve: x}}\n'
bad "a key of another scheme" 2:43 E0103 'version: 1\nlisteners: {a: {url: "tcp://127.0.0.1:1", paths: [/a]}}\n'
ok "the schemes are named" says "help: it is a key of URLs with another scheme: http, coap, coap+tcp"
bad "a number too large" 2:24 E0106 'version: 1\nlimits: {transactions: 1025}\n'
bad "a leading zero" 2:22 E0108 'version: 1\nlimits: {rate_burst: 040}\n'
bad "a variable that is not set" 2:7 E0017 'version: 1\nsite: ${CMPGATE_TEST_UNSET}\n'
bad "no UTF-8" 2:8 E0005 'version: 1\nsite: a\377\n'
bad "a NUL" 2:8 E0006 'version: 1\nsite: a\000\n'
bad "a file that includes itself" 2:10 E0015 'version: 1\ninclude: gate.yaml\n'
bad "a route to nowhere" 3:15 E0201 'version: 1\nupstreams: {a: "http://h/"}\nroutes: [{to: b}]\n'
bad "a CoAP path without its slash" 2:52 E0105 'version: 1\nlisteners: {a: {url: "coap://127.0.0.1:1", paths: [a]}}\n'
bad "a CoAP path that ends with a slash" 2:52 E0105 'version: 1\nlisteners: {a: {url: "coap://127.0.0.1:1", paths: [/b/, /b]}}\n'
bad "a path with a space" 2:52 E0105 'version: 1\nlisteners: {a: {url: "http://127.0.0.1:1", paths: ["/a b"]}}\n'
bad "a path with a query" 2:52 E0105 'version: 1\nlisteners: {a: {url: "http://127.0.0.1:1", paths: ["/b?x=1"]}}\n'
bad "a path that the labels hide" 2:52 E0105 'version: 1\nlisteners: {a: {url: "http://127.0.0.1:1", paths: [/.well-known/cmp/x]}}\n'
bad "a path in a URL of raw TCP" 2:16 E0110 'version: 1\nlisteners: {a: "tcp://127.0.0.1:829/path"}\n'
bad "a path in a URL of CoAP that no request can name" 2:16 E0110 'version: 1\nlisteners: {a: "coap://127.0.0.1:1/a/"}\n'
bad "a query in a URL of HTTP" 2:16 E0110 'version: 1\nlisteners: {a: "http://127.0.0.1:1/q?x=1"}\n'

: >"$f"
ok "an empty file" code 3 "$cmpgate" check "$f"
ok "a folder" code 3 "$cmpgate" check "$T"
ok "no file" code 3 "$cmpgate" check "$T/none.yaml"
ok "a file that may not be read or is a device" code 3 "$cmpgate" check /dev/null

printf 'version: 1\nlog: {level: loud}\nfoo: 1\n' >"$f"
ok "--json has the same exit code" code 3 "$cmpgate" check --json "$f"
ok "--json parses" parses
ok "--json has place and code" sh -c "python3 -c 'import json,sys; x=json.load(sys.stdin); assert [(i[\"line\"],i[\"column\"],i[\"severity\"],i[\"code\"]) for i in x]==[(2,14,\"error\",\"E0107\"),(3,1,\"error\",\"E0103\")], x' <'$T/out'"

printf 'version: 1\n' >"$f"
ok "warnings alone are no error" code 0 "$cmpgate" check "$f"
ok "with --strict they are" code 3 "$cmpgate" check --strict "$f"

ok "the sample" code 0 "$cmpgate" config sample
cp "$T/out" "$f"
uncommented() { "$cmpgate" config sample | sed -E 's/^( *)#([^ ]|  )/\1\2/' >"$T/all.yaml" && grep -q '^  *by-' "$T/all.yaml" && code 0 "$cmpgate" check "$T/all.yaml"; }
ok "the sample with each line in force" uncommented
ok "passes its own check" code 0 "$cmpgate" check --strict "$f"
ok "the effective configuration" code 0 "$cmpgate" config show "$f"
cp "$T/out" "$T/shown.yaml"
ok "the user is told" contains "$T/shown.yaml" "^user: cmpgate"
ok "and the group" contains "$T/shown.yaml" "^# group: that of the user"
ok "passes the check as well" code 0 "$cmpgate" check --strict "$T/shown.yaml"
"$cmpgate" config show "$T/shown.yaml" >"$T/again.yaml"
ok "shown again it is the same" same "$T/shown.yaml" "$T/again.yaml"
"$cmpgate" config show --json "$f" >"$T/out"
ok "as JSON it parses" parses
"$cmpgate" config schema >"$T/out"
ok "the schema parses" parses
ok "the manual" code 0 "$cmpgate" config manual
printf 'version: 1\nfoo: 1\n' >"$f"
ok "nothing is shown of a bad file" code 3 "$cmpgate" config show "$f"
ok "what is wrong is talk" contains "$T/err" "E0103"
ok "a code is explained" code 0 "$cmpgate" explain e0103
ok "an unknown one is not" code 2 "$cmpgate" explain E9999
"$cmpgate" explain >"$T/out"
ok "all codes are listed" sh -c "[ \"\$(grep -c '^[EWN]0[0-9]*  ' '$T/out')\" -gt 40 ]"
ok "wrong usage" code 2 "$cmpgate" check a b
ok "wrong option" code 2 "$cmpgate" check --nonsense
ok "wrong text" code 2 "$cmpgate" config nonsense
