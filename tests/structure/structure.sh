# SPDX-License-Identifier: GPL-3.0-or-later
# What holds for the sources as a whole: who may include whom, headers that
# stand alone, licences, and documents that name only what is there.
srcdir=${srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
builddir=${builddir:-.}
T=$(mktemp -d "${TMPDIR:-/tmp}/cmpgate-structure.XXXXXX") || exit 99
trap 'rm -rf "$T"' EXIT
builddir=$(cd "$builddir" && pwd)
cd "$srcdir" || exit 99
folders="base codec crypto pki config store transports gateway daemon cli"
count=0
code=0

# result NAME FILE: well when the file of complaints is empty.
result() {
	count=$((count + 1))
	if [ -s "$2" ]; then
		echo "not ok $count - $1"
		sed 's/^/#   /' "$2" | head -n 40
		code=1
	else
		echo "ok $count - $1"
	fi
}
echo "1..13"

# "folder/..." and <library> includes as "file folder-or-library"
for f in $folders; do
	grep -Hn '^#include "' "$f"/*.[ch] | sed 's/^\([^:]*\):[0-9]*:#include "\([^"]*\)".*/\1 \2/' | while read -r file what; do
		case $what in
		build.h) continue ;;
		*/*) ;;
		*) echo "$file: $what is named without its folder"; continue ;;
		esac
		grep -qx "${what%%/*}/" "$f/.may_include" || echo "$file may not include $what"
	done
done >"$T/directions"
result "each folder includes only what its .may_include allows" "$T/directions"

# wall LIBRARY FOLDER: only this folder sees it.
wall() {
	grep -ln "^#include <$1" $(find . -name '*.[ch]' -not -path './build*' -not -path './tests/*') /dev/null | grep -v "^./$2/" |
		while read -r file; do echo "$file includes <$1...>: only $2/ may"; done
}
{ wall yaml config; wall coap transports; wall llhttp transports; wall http_parser transports; wall wolfssl crypto; wall sqlite3 store
	grep -ln "^#include <wolfssl" crypto/*.[ch] | grep -vx crypto/wolf.h | sed 's|$| includes wolfSSL beside crypto/wolf.h|'; } >"$T/walls"
result "each library stays behind its wall" "$T/walls"

cc=${CC:-cc}
flags="-I. -I$builddir $(pkg-config --cflags libuv yaml-0.1 sqlite3 libcjson wolfssl 2>/dev/null) $(pkg-config --cflags libcoap-3-notls 2>/dev/null)"
for h in $(for f in $folders; do ls "$f"/*.h; done); do
	printf '#include "%s"\n#include "%s"\n' "$h" "$h" >"$T/alone.c"
	$cc -std=gnu11 -fsyntax-only -Wall -Werror $flags "$T/alone.c" 2>"$T/alone.txt" || { echo "$h does not compile alone:"; head -n 3 "$T/alone.txt"; }
done >"$T/headers"
result "each header compiles alone, and twice" "$T/headers"

# (A generated Makefile.in or build.h.in is no source; texts in Markdown and .may_include lists need no line.)
{
	find . \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.am' -o -name '*.ac' \) -not -path './build*' -not -path './_build/*' \
		-not -path './.git/*' -not -path './cmpgate-[0-9]*' -not -name build.h
	ls check demo packaging/debian-packages tests/SKIPS docs/*.[1-8] docs/*.in
} | while read -r file; do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' || echo "$file has no SPDX line"
done >"$T/spdx"
result "each source begins with its licence" "$T/spdx"

for h in $(for f in $folders; do ls "$f"/*.h; done); do
	guard=CMPGATE_$(echo "$h" | tr 'a-z/.' 'A-Z__')
	[ "$h" = base/build.h ] || grep -q "^#ifndef $guard\$" "$h" || echo "$h: the guard is not $guard"
done >"$T/guards"
result "each header's guard is its path" "$T/guards"

grep -o '`[a-z]*/[A-Za-z0-9_./-]*`' docs/*.md README.md CONTRIBUTING.md | sort -u | while IFS=: read -r file name; do
	name=$(echo "$name" | tr -d '`')
	case $name in /*|build/*|*/|*.yaml|*NAME*) continue ;; esac
	[ -e "$name" ] || [ -e "$name.c" ] || ls -d $name >/dev/null 2>&1 || echo "$file names $name, which is not there"
done >"$T/names"
for page in docs/*.md; do
	[ ! -e .git ] || grep -qF "${page#docs/}" docs/*.am || echo "docs/include.am does not distribute $page"
done >>"$T/names"
result "documents name only files that are there" "$T/names"

# The rows of conformance.md: | duty | file | test |; a test is FILE or FILE: NAME
grep '^| ' docs/conformance.md | grep -o '`tests/[^`]*`' | sort -u | tr -d '`' | while read -r test; do
	file=${test%%:*}
	[ -f "$file" ] || { echo "docs/conformance.md: no $file"; continue; }
	case $test in *:*) grep -q -- "${test#*: }" "$file" || echo "docs/conformance.md: $file has no '${test#*: }'" ;; esac
done >"$T/conformance"
[ "$(grep -c '^| ' docs/conformance.md)" -gt 20 ] || echo "docs/conformance.md has hardly a row" >>"$T/conformance"
result "conformance.md points at tests that exist" "$T/conformance"

for page in docs/*.[1-8] docs/*.[1-8].in "$builddir"/docs/*.[1-8]; do
	[ -f "$page" ] || continue
	grep -q '^\.TH ' "$page" || echo "$page has no .TH"
	command -v groff >/dev/null 2>&1 && groff -man -ww -Tutf8 "$page" 2>&1 >/dev/null | head -n 5
done >"$T/manual"
result "manual pages are well formed" "$T/manual"

python3 tests/structure/transaction_table.py tests/unit/test_transaction.c >"$T/rows"
[ "$(wc -l <"$T/rows")" -gt 50 ] || echo "no rows in test_transaction.c" >"$T/table"
sed -n '/^| state | event/,$p' docs/transaction.md | sed 1,2d | diff "$T/rows" - >>"$T/table"
result "docs/transaction.md has the rows that are tested" "$T/table"

# A test that no list names passes for ever.
for t in tests/blackbox/*.sh tests/unit/test_*.c tests/fuzz/fuzz_*.c; do
	case $t in */lib.sh|*/hostile_lib.sh) continue ;; esac
	grep -qF "$(basename "$t" .c)" "$(dirname "$t")"/*.am || echo "no list of tests names $t"
done >"$T/unlisted"
result "each test stands in a list" "$T/unlisted"

# OpenSSL, GnuTLS and their like must not come in by a library of ours.
ldd "$builddir/cmpgate" | grep -E 'libssl|libcrypto|libgnutls|libmbed|libtinydtls' | sed 's/^/cmpgate needs/' >"$T/libraries"
result "no second TLS or crypto library comes in" "$T/libraries"

# Path validation, CMS and certificates are our own: wolfSSL took a stranger's root
# for an anchor, failed on the CMS of others and replaced the issuer.
for o in "$builddir"/*.a "$builddir/cmpgate"; do
	${NM:-nm} -u "$o" 2>/dev/null | grep -oE '(wolfSSL_)?X509_(STORE_|verify_cert)[A-Za-z0-9_]*|wolfSSL_CertManager[A-Za-z0-9_]*|wc_PKCS7_[A-Za-z0-9_]*|wc_(Make|Sign|MakeSelf)Cert[A-Za-z0-9_]*' |
		sort -u | sed "s|^|${o##*/} calls |"
done >"$T/forbidden"
${NM:-nm} -u "$builddir/libcgcrypto.a" 2>/dev/null | grep -q wc_ecc_verify_hash || echo "nm shows no calls of wolfSSL at all" >>"$T/forbidden"
result "nothing calls what wolfSSL does badly" "$T/forbidden"

"$builddir/cmpgate" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | while read -r command; do
	grep -q "^\.B[A-Z]* *\(cmpgate \)\{0,1\}\"\{0,1\}$command" docs/cmpgate.1.in || echo "cmpgate.1 does not tell of $command"
done >"$T/commands"
result "cmpgate(1) tells of each command" "$T/commands"
exit $code
