#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The long proof `growth`: 100,000 messages that must be refused, within one
# process; 10,000 devices with keys of their own, at the real program. Writes
# docs/proofs/growth.md.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build
make -s -C "$build" all tests/unit/test_ra tests/peers/key_farm
hostile=$(HOSTILE_MESSAGES=${HOSTILE_MESSAGES:-100000} CMOCKA_MESSAGE_OUTPUT=TAP "$build/tests/unit/test_ra" 2>&1) || { echo "$hostile" | tail -n 20; exit 1; }
keys=$(FARM_KEYS=${FARM_KEYS:-10000} FARM_WAIT=65 srcdir=$top builddir=$build sh "$top/tests/blackbox/ra_keys.sh") || true
case $keys in *"not ok"*|'') echo "$keys" | tail -n 20; exit 1 ;; esac
say() { echo "$1" | sed -n 's/^# \(.*'"$2"'.*\)$/\1/p'; }
cat >"$top/docs/proofs/growth.md" <<END
# Proof: growth
What is refused leaves nothing behind, and what a key costs is given back: \`./check --long growth\`.

Commit $(git -C "$top" rev-parse --short HEAD), $(date +%Y-%m-%d).

- Each malformed message of \`tests/unit/test_ra.c\` again and again, through keep, add and replace, within the test program:
  $(say "$hostile" "messages of").
- \`tests/blackbox/ra_keys.sh\`, the program itself, every seventh signature wrong, each verdict right: $(say "$keys" "after .* keys"), and
  $(say "$keys" "kB after [0-9]* s"), when what computing needed was given back. The limit is 8192 kB at rest.
END
cat "$top/docs/proofs/growth.md"
