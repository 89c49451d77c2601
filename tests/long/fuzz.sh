#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The long proof `fuzz`: each entry for its CPU time (tests/long/fuzz.py names
# it), with clang, AddressSanitizer and UBSan. Writes docs/proofs/fuzz.md.
#   tests/long/fuzz.sh             every entry, FUZZ_JOBS at a time (2)
#   tests/long/fuzz.sh cms path    these, in this order
#   tests/long/fuzz.sh --page      runs nothing: writes the page of what was run
# FUZZ_SECONDS gives every entry another time. What was spent and found is kept
# in build/fuzz, so that a run that was stopped goes on; programs are made in
# the same way wherever the folder stands, so that they can be told from others.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
command -v clang >/dev/null || { echo "fuzz: clang is needed (apt-get install clang)" >&2; exit 1; }
mkdir -p "$top/build/fuzz"
cd "$top/build/fuzz"
[ -e Makefile ] || SOURCE_DATE_EPOCH=1764000000 CC=clang CFLAGS="-g -O2 -ffile-prefix-map=$top=." "$top/configure" --enable-fuzzing >configure.log
make -s fuzz >make.log 2>&1 || { tail -n 30 make.log >&2; exit 1; }
exec python3 "$top/tests/long/fuzz.py" "$top" "$@"
