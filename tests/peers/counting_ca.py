#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA of few words for the hostile stories: it answers each message that
reaches it, and counts them. GET /count tells how many came; a message whose
transactionID begins with HOLD is kept until GET /release, and GET /held/N waits
until there are N of them (one without a number). With CERT, an ir is answered
by a certificate. With WAIT0 to WAIT9, an ir, p10cr, rr or genm is told to wait,
that many pollReq get pollRep, and the next the answer; with CONF0 to CONF9 a
certConf is. With LATE a message is held as with HOLD, and gets a certificate;
with KEEP it gets one, and its certConf is held. Prints "CA on PORT"."""
import http.server
import os
import threading

from hostile import BODIES, CERTIFICATE, ECDSA, Header, ctx, elements, integer, message, seq

count = 0
held = 0
changed = threading.Condition()
delayed = {}  # per transaction: what the device waits for, and how many polls it takes yet


def waiting(kind):
    status = seq(integer(3))
    answers = {"ir": 1, "cr": 3, "p10cr": 3, "kur": 8}
    if kind in answers:
        return ctx(answers[kind], seq(seq(seq(integer(-1 if kind == "p10cr" else 0), status))))
    return ctx(23, seq(status))


def delayed_body(number, kind):
    """What stands before the answer, or None when it is time for it."""
    if number in delayed and kind == "pollReq":
        kind, polls = delayed[number]
        delayed[number] = (kind, polls - 1)
        return (kind, ctx(26, seq(seq(integer(0 if kind == "ir" else -1), integer(1)))) if polls > 0 else None)
    if number not in delayed and number[:4] == (b"CONF" if kind == "certConf" else b"WAIT") and kind != "pollReq":
        delayed[number] = (kind, number[4] - 0x30)
        return kind, waiting(kind)
    return kind, None


def body_for(kind, certificate):
    status = seq(integer(0)) if certificate else seq(integer(2))
    pair = (seq(ctx(0, CERTIFICATE)),) if certificate else ()
    answers = {"ir": 1, "cr": 3, "p10cr": 3, "kur": 8, "ccr": 14}
    if kind in answers:
        return ctx(answers[kind], seq(seq(seq(integer(-1 if kind == "p10cr" else 0), status, *pair))))
    if kind == "krr":
        return ctx(10, seq(status))
    if kind == "rr":
        return ctx(12, seq(seq(seq(integer(0)))))
    if kind == "certConf":
        return ctx(19, b"\x05\x00")
    if kind == "pollReq":
        return ctx(26, seq(seq(integer(0), integer(5))))
    return ctx(22, seq(seq(ECDSA[2:])))


def answer(data):
    (_, inside, _), = elements(data)
    header, body = elements(inside)[:2]
    fields = {t: elements(v)[0][1] for t, v, _ in elements(header[1])[3:] if t in (0xA4, 0xA5)}
    kind = BODIES[body[0] - 0xA0]
    h = Header(id=fields[0xA4], recip_nonce=fields.get(0xA5), sender=ctx(4, seq()))
    is_held = h.id[:4] in (b"HOLD", b"LATE") or (h.id[:4] == b"KEEP" and kind == "certConf")
    kind, before = delayed_body(h.id, kind)
    return is_held, message(h, before or body_for(kind, h.id[:4] in (b"CERT", b"WAIT", b"CONF", b"LATE", b"KEEP")))


def hold():
    global held
    with changed:
        held += 1
        changed.notify_all()
        changed.wait_for(lambda: held == 0, 30)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and content leave together: no wait for an ACK between them

    def log_message(self, *_):
        pass

    def say(self, content, kind="text/plain"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        global count
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with changed:
            count += 1
        try:
            is_held, octets = answer(data)
        except Exception as e:
            print("CA: cannot read what came: %s: %s" % (e, data[:200].hex()), flush=True)
            octets, is_held = b"\x30\x00", False
        if is_held:
            hold()
        self.say(octets, "application/pkixcmp")

    def do_GET(self):
        global held
        with changed:
            if self.path == "/release":
                held = 0
                changed.notify_all()
            elif self.path.startswith("/held"):
                wanted = int(self.path[len("/held/"):] or 1)
                changed.wait_for(lambda: held >= wanted, 10)
        self.say(b"%d" % count)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


server = Server(("127.0.0.1", 0), Handler)
print("CA on %d" % server.server_address[1], flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    os._exit(0)
