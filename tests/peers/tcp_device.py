#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send one PKIMessage over raw TCP and write the answer: a device of the
RFC 2510 framing (--framing 0) or of the later one (--framing 10). Polls when
it is told to."""
import argparse
import socket
import struct
import sys
import time


def frame(framing, kind, value):
    if framing == 0:
        return struct.pack(">IB", len(value) + 1, kind) + value
    return struct.pack(">IBBB", len(value) + 3, 10, 0, kind) + value


def octets(sock, n):
    data = b""
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise EOFError("the gateway closed the connection")
        data += part
    return data


def answer(sock, framing):
    length, fifth = struct.unpack(">IB", octets(sock, 5))
    rest = octets(sock, length - 1)
    if framing == 0:
        if fifth > 6:
            raise ValueError("answer in another framing: octet 5 is %d" % fifth)
        return fifth, rest
    if fifth != 10:
        raise ValueError("answer in another framing: octet 5 is %d" % fifth)
    return rest[1], rest[2:]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--framing", type=int, choices=(0, 10), default=10)
    p.add_argument("--timeout", type=float, default=60)
    p.add_argument("--polls", type=int, default=20)
    p.add_argument("host")
    p.add_argument("port", type=int)
    p.add_argument("request")
    p.add_argument("answer")
    a = p.parse_args()
    with open(a.request, "rb") as f:
        request = f.read()
    polled = 0
    with socket.create_connection((a.host, a.port), a.timeout) as sock:
        sock.sendall(frame(a.framing, 0, request))
        while True:
            kind, value = answer(sock, a.framing)
            if kind == 5:
                with open(a.answer, "wb") as f:
                    f.write(value)
                print("polls=%d" % polled)
                return 0
            if kind == 1 and polled < a.polls:
                reference, when = value[:4], struct.unpack(">I", value[4:8])[0]
                time.sleep(min(max(when - time.time(), 0), 5))
                polled += 1
                sock.sendall(frame(a.framing, 2, reference))
                continue
            text = value if a.framing == 0 else value[4 + struct.unpack(">H", value[2:4])[0]:]
            print("type %d: %s" % (kind, text.decode("utf-8", "replace")), file=sys.stderr)
            return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, EOFError, ValueError) as e:
        print("tcp_device: %s" % e, file=sys.stderr)
        sys.exit(2)
