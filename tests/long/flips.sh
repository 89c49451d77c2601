#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The long proof `flips`: every single bit of every sample of
# tests/unit/test_ra_flips.c, FLIPS_JOBS samples at a time (2). Writes
# docs/proofs/flips.md.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
program=$top/build/tests/unit/test_ra_flips
make -s -C "$top/build" tests/unit/test_ra_flips
folder=$top/build/flips
rm -rf "$folder"
mkdir -p "$folder"
count=$(FLIPS_COUNT=1 "$program")
echo "flips: $count samples"
seq 0 $((count - 1)) | xargs -P "${FLIPS_JOBS:-2}" -I N sh -c \
	'FLIPS_EVERY=1 FLIPS_SAMPLE=N "$1" >"$2/N.log" 2>&1 || { echo "flips: sample N failed"; tail -n 5 "$2/N.log"; exit 255; }' - "$program" "$folder"
{
	cat <<END
# Proof: flips
Each single bit of protected messages changed, one at a time, and the message judged as a gateway judges it: \`./check --long flips\`. A change in
header, body or protection must be refused. extraCerts is not protected: there a change is refused, or the sender that was verified is the same.
What the samples are stands in \`tests/unit/test_ra_flips.c\`, which \`make check\` runs for every 17th bit.

Commit $(git -C "$top" rev-parse --short HEAD), $(date +%Y-%m-%d).

| body | protected by | octets | bits of header, body, protection | refused | bits of extraCerts | refused |
|---|---|---|---|---|---|---|
END
	for i in $(seq 0 $((count - 1))); do sed -n 's/^ROW //p' "$folder/$i.log"; done
	echo
	awk -F'|' '/ROW/ { bits += $5; refused += $6; extra += $7 } END { printf "%d bits of header, body and protection, %d refused; %d bits of extraCerts, no other sender.\n", bits, refused, extra }' \
		"$folder"/*.log
} >"$folder/flips.md"
mv "$folder/flips.md" "$top/docs/proofs/flips.md"
tail -n 1 "$top/docs/proofs/flips.md"
