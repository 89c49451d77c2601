# SPDX-License-Identifier: GPL-3.0-or-later
# Started as root: which rights are left, and what is refused.
. "$srcdir/tests/blackbox/lib.sh"
need python3 ip unshare setpriv
need_drivers http file
[ "$(id -u)" = 0 ] || skip_all "needs root"
plan 40
drop_folder "$T/drop"
install -d -o nobody -m 700 "$T/state"
# A network of its own, so that ports below 1024 are free.
gate() {
	start "$1" '^ready' unshare --net -- sh -c 'ip link set lo up; exec "$0" run -c "$1"' "$cmpgate" "$T/$1.yaml"
}
status() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '; }
is() { equal "$(status "$pid" "$1")" "$2"; }
write() {
	cat <<YAML
version: 1
store: {path: $T/state}
listeners: {web: "http://127.0.0.1:$1", files: "file:$T/drop"}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
}
uid=$(id -u nobody)
gid=$(id -g nobody)
{ write 829; echo "user: nobody"; } >"$T/low.yaml"
ok "starts on a port below 1024" gate low
ok "listens there" contains "$T/low.log" "listening on http://127.0.0.1:829"
ok "is another user for good" is Uid "$uid $uid $uid $uid"
ok "is in its group" is Gid "$gid $gid $gid $gid"
ok "is in no other group" is Groups ""
ok "has the right to bind such ports, and no other" is CapEff 0000000000000400
ok "may not gain more" is CapBnd 0000000000000400
ok "nor by files" is NoNewPrivs 1
ok "leaves no core" equal "$(sed -n 's/^Max core file size *//p' "/proc/$pid/limits" | tr -s ' ')" "0 0 bytes "
# What belongs to a process that may not be dumped belongs to root, whoever runs it. (A leak checker needs it otherwise.)
private() { grep -q __asan_init "$cmpgate" || equal "$(stat -c %U "/proc/$pid/environ") $(stat -c %U "/proc/$pid/mem")" "root root"; }
ok "nobody may look into it" private
ok "the folders in the drop folder are its own" equal "$(stat -c %U "$T/drop/in")" nobody
ok "SIGTERM ends with 0" stop "$pid"
{ write 8829; echo "user: nobody"; } >"$T/high.yaml"
ok "starts on another port" gate high
ok "without such a port it keeps no right" is CapEff 0000000000000000
ok "SIGTERM ends with 0" stop "$pid"
# Started by a user it has nothing to give up, and yet is looked into by nobody.
write 0 >"$T/user.yaml"
user() { start user '^ready' setpriv --reuid "$uid" --regid "$gid" --clear-groups "$cmpgate" run -c "$T/user.yaml"; }
ok "starts without root" user
ok "nobody may look into it either" private
ok "leaves no core either" equal "$(sed -n 's/^Max core file size *//p' "/proc/$pid/limits" | tr -s ' ')" "0 0 bytes "
ok "SIGTERM ends with 0" stop "$pid"
# The configuration is read again by the user it named.
chmod 600 "$T/high.yaml"
ok "starts with a file that only root can read" gate high
told() { python3 "$peers/await_line.py" "$T/high.log" "$pid" "$1" 10; }
ok "and warns that it cannot be read again" told "warn  start: SIGHUP will not be able .*user nobody may not read $T/high.yaml; type: chgrp $(id -gn nobody) $T/high.yaml && chmod g.r"
kill -HUP "$pid"
ok "a reload names who cannot read it, and what to type" told "error reload: this file cannot be read: Permission denied code=E0002 .*help=.user nobody may not read .*chgrp"
chgrp "$(id -gn nobody)" "$T/high.yaml" && chmod g+r "$T/high.yaml"
kill -HUP "$pid"
ok "typed, and it is in force" told "info  reload: .* is in force"
mkdir -m 700 "$T/closed" && cp "$T/high.yaml" "$T/closed/part.yaml" && chmod 644 "$T/closed/part.yaml"
sed -i '/^include/d; $a include: closed/part.yaml' "$T/high.yaml"
kill -HUP "$pid"
ok "a folder that cannot be entered is named" told "closed/part.yaml: Permission denied.*help=.user nobody may not enter the folder $T/closed; type: chgrp"
sed -i 's|closed/part.yaml|closed/*.yaml|' "$T/high.yaml"
kill -HUP "$pid"
ok "what a closed folder may hold is not left out without a word" told "closed/\*.yaml: Permission denied.*help=.user nobody may not enter"
ok "SIGTERM ends with 0" stop "$pid"
# refuses TEXT: exit code and talk of a start that must fail.
refuses() {
	timeout 10 "$cmpgate" run -c "$T/bad.yaml" >"$T/out" 2>&1
	_code=$?
	[ $_code = 3 ] || [ $_code = 7 ] || { echo "exit code $_code"; cat "$T/out"; return 1; }
	contains "$T/out" "$1"
}
write 8829 >"$T/bad.yaml"
ok "root without a user is refused" refuses "user"
{ write 8829; echo "user: nobody-of-this-name"; } >"$T/bad.yaml"
ok "a user that does not exist is refused" refuses "nobody-of-this-name"
{ write 8829; echo "user: root"; } >"$T/bad.yaml"
ok "root is no other user" refuses "root"
ok "nothing was left that root owns in the state folder" equal "$(find "$T/state" -user root | wc -l)" 0
# Started as somebody else already: user: cannot be granted.
install -d -o nobody -m 700 "$T/own"
{ write 0 | sed "s|$T/state|$T/own|"; echo "user: daemon"; } >"$T/own.yaml"
ok "as another user, user: is told to have no effect" sh -c "timeout 2 setpriv --reuid=nobody --regid=$gid --clear-groups '$cmpgate' run -c '$T/own.yaml' 2>&1 | grep -q 'info  start: user: daemon has no effect'"
sed -i 's/user: daemon/user: nobody/' "$T/own.yaml"
ok "but not when it is that user" sh -c "! timeout 2 setpriv --reuid=nobody --regid=$gid --clear-groups '$cmpgate' run -c '$T/own.yaml' 2>&1 | grep -q 'has no effect'"

# A drop folder that another user fills and empties: daemon, by the group of that name.
install -d -m 755 "$T/shared"
install -d -o nobody -g daemon -m 2770 "$T/shared/in"
install -d -o nobody -g daemon -m 2750 "$T/shared/out" "$T/shared/done" "$T/shared/bad"
cat >"$T/shared.yaml" <<YAML
version: 1
user: nobody
group: daemon
store: {path: $T/state}
listeners: {files: "file:$T/shared"}
upstreams: {plant: "http://127.0.0.1:9/"}
YAML
cp "$T/shared.yaml" "$T/bad.yaml"
ok "a drop folder of root: who must own it, and what to type" refuses "cannot write in the folder $T/shared: Permission denied; it must belong to nobody.*chown nobody $T/shared"
chown nobody "$T/shared"
ok "a shared drop folder" gate shared
as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups sh -c "$1"; }
ok "another user puts a file in" as_daemon "umask 027; cd '$T/shared/in' && cat >.new <'$srcdir/tests/bench/ir.der' && mv .new ir.pki && echo noise >.n && mv .n noise.pki"
ok "what is no message is moved" python3 "$peers/wait_file.py" "$T/shared/bad" noise.pki 10
ok "its reason can be read" as_daemon "grep -q 'not a PKIMessage' '$T/shared/bad/noise.pki.txt'"
ok "so can what out/ says" sh -c "python3 '$peers/wait_file.py' '$T/shared/out' ir.status.txt 10"
ok "by that user" as_daemon "grep -q 'cannot be reached' '$T/shared/out/ir.status.txt'"
ok "SIGTERM ends with 0" stop "$pid"
