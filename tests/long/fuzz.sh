#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The long proof `fuzz`: each entry for FUZZ_SECONDS of CPU time (900), at most
# FUZZ_JOBS at a time, with clang, AddressSanitizer and UBSan. What was spent and
# found is kept in build/fuzz, so that a run that was stopped goes on. Writes
# docs/proofs/fuzz.md.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
command -v clang >/dev/null || { echo "fuzz: clang is needed (apt-get install clang)" >&2; exit 1; }
mkdir -p "$top/build/fuzz"
cd "$top/build/fuzz"
[ -e Makefile ] || CC=clang "$top/configure" --enable-fuzzing >configure.log
make -s fuzz >make.log 2>&1 || { tail -n 30 make.log >&2; exit 1; }
exec python3 "$top/tests/long/fuzz.py" "$top" "${FUZZ_SECONDS:-900}" "${FUZZ_JOBS:-2}"
