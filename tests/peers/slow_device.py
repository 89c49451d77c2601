#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device that sends its request octet by octet and never ends it:
slow_device.py HOST:PORT PATH SECONDS. Ends with 0 when the gateway was still
listening or had closed in good order."""
import socket
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)
end = time.monotonic() + float(sys.argv[3])
sock = socket.create_connection((host, int(port)), 10)
text = ("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\nContent-Length: 2000\r\n\r\n" % sys.argv[2]).encode()
sock.settimeout(0.05)
for octet in text + b"\x30" * 1999:
    if time.monotonic() > end:
        break
    try:
        sock.sendall(bytes([octet]))
        if sock.recv(100):
            break
    except socket.timeout:
        pass
    except OSError:
        break
sock.close()
