# SPDX-License-Identifier: GPL-3.0-or-later
# The store while the kernel says EIO or ENOSPC to a write, a sync or a
# truncation: what was said to be done is there afterwards, what failed is not,
# and the next start opens it.
. "$srcdir/tests/blackbox/lib.sh"
need strace
plan 12
strace -f -e trace=none true 2>/dev/null || skip_all "may not trace processes"
writer=$builddir/tests/peers/store_writer
units=12
[ -n "${CMPGATE_LONG:-}" ] && share=1 || share=5
fresh() { rm -rf "$T/store" && mkdir -m 700 "$T/store" && "$writer" write "$T/store" 0 >/dev/null; }
# calls NAME: how often an undisturbed run makes this call.
calls() {
	fresh && strace -f -qq -o "$T/calls" -e trace="$1" "$writer" write "$T/store" $units >/dev/null || return 1
	grep -c "$1(" "$T/calls"
}
# suffer CALL ERROR WHEN: run with this fault, then look.
suffer() {
	fresh || { echo "no store to begin with"; return 1; }
	strace -f -qq -o "$T/strace" -e trace="$1" -e "inject=$1:error=$2:when=$3" "$writer" write "$T/store" $units >"$T/said" 2>&1
	[ -e "$T/store/quarantine" ] && { echo "$1 $2 $3: it was set aside"; cat "$T/said"; return 1; }
	"$writer" compare "$T/store" "$T/said" || { echo "$1 $2 $3"; cat "$T/said"; return 1; }
	cat "$T/said" >>"$T/all"
}
# all_points CALL ERROR: a sample of its calls, once, and all from then on.
all_points() {
	_n=$(calls "$1") && [ "$_n" -gt 0 ] || { echo "no $1 at all"; return 1; }
	_i=1
	while [ $_i -le "$_n" ]; do
		suffer "$1" "$2" $_i || return 1
		[ $((_i % 2)) = 0 ] || suffer "$1" "$2" "$_i+" || return 1
		_i=$((_i + share))
	done
}
fresh
"$writer" write "$T/store" $units >"$T/said"
ok "undisturbed, all is done" equal "$(grep -c ^done "$T/said")" $units
ok "and there" "$writer" compare "$T/store" "$T/said"
sed 's/^done/failed/' "$T/said" >"$T/lie"
refused "a lie is found" "$writer" compare "$T/store" "$T/lie"
# How this SQLite syncs is its own affair.
sync=fdatasync
[ "$(calls fdatasync)" -gt 0 ] 2>/dev/null || sync=fsync
: >"$T/all"
ok "EIO when syncing" all_points $sync EIO
ok "ENOSPC when syncing" all_points $sync ENOSPC
ok "some units failed, and some were done" sh -c "grep -q ^failed '$T/all' && grep -q ^done '$T/all'"
: >"$T/all"
ok "EIO when writing" all_points pwrite64 EIO
ok "ENOSPC when writing" all_points pwrite64 ENOSPC
ok "EROFS when writing" all_points pwrite64 EROFS
ok "some units failed, and some were done" sh -c "grep -q ^failed '$T/all' && grep -q ^done '$T/all'"
ok "EIO when truncating" all_points ftruncate EIO
ok "EMFILE when opening" all_points openat EMFILE
