# SPDX-License-Identifier: GPL-3.0-or-later
# SIGTERM while a CA is silent: the device is told, and the process ends; at once
# at the second signal. And an upstream by its name.
. "$srcdir/tests/blackbox/lib.sh"
need openssl python3
need_drivers http
plan 10
ok "PKI and CAs" device_pki farm
silent() {
	configuration "$T/gate.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: {url: "$url", timeout: $1}}
YAML
	echo never >"$T/farm/mode"
	gateway "$2" "$T/gate.yaml" || return 1
	first_request "$T/$2.der" $(operation ir-sig) || return 1
	rm -f "$T"/farm/*.req
	python3 "$peers/http_post.py" "$(listening "$2" http)" /.well-known/cmp "$T/$2.der" "$T/$2.out" >"$T/$2.txt" 2>&1 &
	device=$!
	python3 "$peers/wait_file.py" "$T/farm" "*.req" 10 >/dev/null
}
# ended PID SECONDS: the process ends in this time, with 0.
ended() {
	python3 -c 'import os, sys, time
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    try:
        if open("/proc/%s/stat" % sys.argv[1]).read().rsplit(")", 1)[1].split()[0] == "Z":
            sys.exit(0)
    except OSError:
        sys.exit(0)
    time.sleep(0.02)
sys.exit("still running")' "$1" "$2" && stop "$1" 0
}
ok "a request waits for a silent CA" silent 2s one
kill -TERM "$pid_one"
ok "SIGTERM: it ends when the CA's time is over" ended "$pid_one" 20
wait "$device"
ok "the device was told" grep -Eq '^50[34]' "$T/one.txt"
ok "another request waits" silent 60s two
kill -TERM "$pid_two"
python3 "$peers/await_line.py" "$T/two.log" "$pid_two" "finishing what is under way" 10 >/dev/null
kill -TERM "$pid_two"
ok "a second SIGTERM ends it at once" ended "$pid_two" 5
wait "$device"
ok "and that device was told, too" grep -Eq '^50[34]' "$T/two.txt"
echo pass >"$T/farm/mode"
configuration "$T/name.yaml" <<YAML
listeners: {web: "http://127.0.0.1:0"}
upstreams: {plant: "$(echo "$url" | sed s/127.0.0.1/localhost/)"}
YAML
ok "an upstream by name" gateway name "$T/name.yaml"
enrols() { device -server "$(listening name http)" -path .well-known/cmp $(operation ir-sig); }
ok "the name is looked up, and reached" enrols
ok "SIGTERM ends with 0" stop "$pid_name"
