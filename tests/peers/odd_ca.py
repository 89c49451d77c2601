#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA of odd answers, and the device that hears what becomes of them.
odd_ca.py serve: each answer is what the first four octets of the transactionID
ask for; prints "CA on PORT". odd_ca.py ask HOST:PORT WHAT BODY [COUNT]: sends
such a request COUNT times, the same octets, and prints status, body and
failInfo of each answer."""
import os
import socket
import struct
import sys
import threading

from hostile import (BODIES, CERTIFICATE, ECDSA, SPKI, Answer, Header, bits, cert_conf, ctx, elements, genm, integer, ir, it, message,
                     name, octets, poll_req, rr, seq)
from hostile_http import Client, post

KEPT = 262144  # the largest answer that is taken

ACCEPTED, MODS, REJECTED, WAITS, WARNS = range(5)


# ---- what the CA says

def response(number, status, certificate):
    return seq(integer(number), seq(integer(status)), *((seq(ctx(0, CERTIFICATE)),) if certificate else ()))


def certs(kind, *responses, pubs=0):
    return ctx(kind, seq(*((ctx(1, seq(*[CERTIFICATE] * pubs)),) if pubs else ()), seq(*responses)))


def error(status):
    return ctx(23, seq(seq(integer(status))))


GOOD = {"ir": certs(1, response(0, ACCEPTED, True)), "p10cr": certs(3, response(-1, ACCEPTED, True)), "rr": ctx(12, seq(seq(seq(integer(0))))),
        "genm": ctx(22, seq()), "certConf": ctx(19, b"\x05\x00"), "pollReq": ctx(26, seq(seq(integer(0), integer(5))))}

BODIES_OF = {
    b"ID-1": certs(1, response(1, ACCEPTED, True)), b"ID-9": certs(1, response(-1, ACCEPTED, True)), b"WAIT": certs(1, response(0, WAITS, False)),
    b"WAI1": certs(1, response(1, WAITS, False)), b"NOT1": certs(1, response(1, REJECTED, False)),
    b"TWO-": certs(1, response(0, ACCEPTED, True), response(1, ACCEPTED, True)), b"NOCT": certs(1, response(0, ACCEPTED, False)),
    b"NOTC": certs(1, response(0, REJECTED, True)), b"NOT-": certs(1, response(0, REJECTED, False)), b"P10-": certs(3, response(0, ACCEPTED, True)),
    b"P105": certs(3, response(5, ACCEPTED, True)), b"KUP-": certs(8, response(0, ACCEPTED, True)), b"RP2-": ctx(12, seq(seq(seq(integer(0)), seq(integer(0))))),
    b"PUB0": certs(1, response(0, ACCEPTED, True), pubs=64), b"PUB1": certs(1, response(0, ACCEPTED, True), pubs=65),
    b"ERR0": error(ACCEPTED), b"ERR1": error(MODS), b"ERR2": error(REJECTED), b"ERR3": error(WAITS), b"ERR4": error(WARNS), b"NOPR": error(REJECTED),
}


def filled(h, n):
    """A genp of exactly n octets."""
    size = n
    while True:
        m = message(h, ctx(22, seq(seq(it(99), octets(bytes(size))))))
        if len(m) == n:
            return m
        size -= len(m) - n


once = set()


def answer(data):
    (_, inside, _), = elements(data)
    header, body = elements(inside)[:2]
    fields = {t: elements(v)[0][1] for t, v, _ in elements(header[1])[3:] if t in (0xA4, 0xA5)}
    what, kind = fields[0xA4][:4], BODIES[body[0] - 0xA0]
    h = Header(id=fields[0xA4], recip_nonce=fields[0xA5], sender=ctx(4, seq()))
    if what == b"ONCE" and h.id not in once:
        once.add(h.id)
        return what, message(h, BODIES_OF[b"ID-1"])
    if what == b"FORG":
        h.id = os.urandom(16)
    elif what == b"NONC":
        h.recip_nonce = os.urandom(16)
    elif what in (b"BIG0", b"BIG1"):
        return what, filled(h, KEPT + (what == b"BIG1"))
    if what == b"NOPR":
        h.algorithm = None
        return what, seq(h.octets(), BODIES_OF[what])
    return what, message(h, BODIES_OF.get(what, GOOD[kind]))


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def say(sock, what, content):
    """The answer, or what a broken server makes of it."""
    start = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\n"
    if what == b"RSET":
        sock.sendall(start + b"Content-Length: %d\r\n\r\n" % len(content) + content[:len(content) // 2])
        reset(sock)
    elif what == b"RST0":
        reset(sock)
    elif what == b"CHNK":
        sock.sendall(start + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            sock.sendall(b"1000\r\n" + bytes(4096) + b"\r\n")
    elif what == b"HEAD":
        sock.sendall(start + b"X: ")
        for _ in range(256):
            sock.sendall(b"x" * 4096)
    else:
        sock.sendall(start + b"Content-Length: %d\r\n\r\n" % len(content) + content)


def serve_one(sock):
    data = b""
    try:
        while True:
            while b"\r\n\r\n" not in data:
                part = sock.recv(65536)
                if not part:
                    return
                data += part
            top, data = data.split(b"\r\n\r\n", 1)
            n = next(int(line[15:]) for line in top.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            while len(data) < n:
                data += sock.recv(65536)
            say(sock, *answer(data[:n]))
            data = data[n:]
    except OSError:
        pass


def serve():
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print("CA on %d" % listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve_one, args=(sock,), daemon=True).start()


# ---- what the device hears

def ask(at, what, kind, count="1"):
    p10 = seq(seq(integer(0), name("device"), SPKI, ctx(0)), ECDSA, bits(b"\x30\x06\x02\x01\x01\x02\x01\x01"))
    bodies = {"ir": ir(), "p10cr": ctx(4, p10), "rr": rr(), "genm": genm(), "certConf": cert_conf(), "pollReq": poll_req()}
    h = Header(id=what.encode().ljust(4, b"-") + os.urandom(12))
    if kind in ("certConf", "pollReq"):
        h.recip_nonce = bytes(16)
    data = message(h, bodies[kind])
    for _ in range(int(count)):
        with Client(at) as c:
            c.send(post(data))
            said = c.read()
        a = Answer(said.content)
        print(" ".join([str(said.status), a.body] + a.failures))


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
