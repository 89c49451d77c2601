#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slow device: slow_device.py HOST:PORT REQUEST PART SECONDS STATUS. Sends
the file REQUEST to /.well-known/cmp, the head (PART head) or the content (PART
body) of it octet by octet for SECONDS, what is left then at once. Ends with 0
when the answer has this STATUS: 408 while it is still sending, and the connection
is closed behind it; any other one at the end. With a STATUS of "error" or "answer" it
speaks raw TCP, and the answer is errorMsgRep or pkiRep."""
import select
import socket
import struct
import sys
import time

at, file, part, seconds, wanted = sys.argv[1:]
with open(file, "rb") as f:
    content = f.read()
raw = wanted in ("error", "answer")
if raw:
    head = struct.pack(">IB", len(content) + 1, 0)
else:
    head = ("POST /.well-known/cmp HTTP/1.1\r\nHost: gate\r\nContent-Type: application/pkixcmp\r\n"
            "Content-Length: %d\r\n\r\n" % len(content)).encode()
host, port = at.rsplit(":", 1)
sock = socket.create_connection((host, int(port)), 30)
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
slow, rest = (head, content) if part == "head" else (content, b"")
begun = time.monotonic()
early = wanted in ("408", "error")  # refused before all is sent


def send(octets):
    try:
        sock.sendall(octets)
    except (BrokenPipeError, ConnectionResetError):
        sys.exit("the connection was closed without an answer")


if part == "body":
    send(head)
for n, octet in enumerate(slow):
    if time.monotonic() - begun > float(seconds):
        if early:
            sys.exit("no refusal within %s s" % seconds)
        send(slow[n:])
        break
    send(bytes([octet]))
    if select.select([sock], [], [], 0.05)[0]:
        break
else:
    n = len(slow)
    if early:
        sys.exit("all of it was taken")
if not early:
    if select.select([sock], [], [], 0)[0]:
        sys.exit("answered before the request was whole: %r" % sock.recv(200))
    send(rest)
answer = b""
sock.settimeout(30)
try:
    while True:
        more = sock.recv(65536)
        if not more:
            break
        answer += more
        if not early and len(answer) > 300:
            break
except socket.timeout:
    sys.exit("the connection stays open behind %r" % answer[:100])
except ConnectionResetError:
    pass
got = {5: "answer", 6: "error"}.get(answer[4] if len(answer) > 4 else -1) if raw else answer[9:12].decode("ascii", "replace")
if got != wanted:
    sys.exit("is %r, should be %s" % (answer[:100], wanted))
print("%s after %.1f s and %d octets" % (got, time.monotonic() - begun, n))
