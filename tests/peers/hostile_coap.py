#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile CoAP client that makes its datagrams by hand: hostile_coap.py
FIRST PID CA-URL HOST:PORT prints one TAP line for each row;
hostile_coap.py --count tells how many."""
import base64
import itertools
import os
import socket
import struct
import sys

from hostile import E, REFUSED, Answer, Case, Header, Said, Story, Wanted, ctx, genm, ir, message, message_cases, seq, want

CON, NON, ACK, RST = range(4)
GET, POST, PUT = 1, 2, 3
IF_MATCH, URI_HOST, ETAG, URI_PATH, FORMAT, ACCEPT, BLOCK2, BLOCK1, PROXY_URI, SIZE1, TAG = 1, 3, 4, 11, 12, 17, 23, 27, 35, 60, 292
PATH = [(URI_PATH, b".well-known"), (URI_PATH, b"cmp")]
TYPED = PATH + [(FORMAT, b"\x01\x03")]
CHANGED, GOES_ON = "2.04", "2.31"
mids = itertools.count(int.from_bytes(os.urandom(2), "big"))


def uint(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def block(number, more, szx):
    return uint(number << 4 | (8 if more else 0) | szx)


def part(n):
    """A delta or length: its nibble and what follows."""
    return (n, b"") if n < 13 else (13, bytes([n - 13])) if n < 269 else (14, struct.pack(">H", n - 269))


def encode(kind, code, mid, token, options, payload):
    out = struct.pack(">BBH", 0x40 | kind << 4 | len(token), code, mid) + token
    at = 0
    for number, value in sorted(options, key=lambda o: o[0]):
        (d, more_d), (n, more_n) = part(number - at), part(len(value))
        out += bytes([d << 4 | n]) + more_d + more_n + value
        at = number
    return out + (b"\xff" + payload if payload else b"")


class Datagram:
    def __init__(self, data):
        first, code, self.mid = struct.unpack(">BBH", data[:4])
        self.kind = first >> 4 & 3
        self.code = "%d.%02d" % (code >> 5, code & 31)
        at = 4 + (first & 15)
        self.token = data[4:at]
        self.options = {}
        number = 0
        while at < len(data) and data[at] != 0xFF:
            nibbles = (data[at] >> 4, data[at] & 15)
            at += 1
            values = []
            for n in nibbles:
                extra = {13: 1, 14: 2}.get(n, 0)
                values.append(int.from_bytes(data[at:at + extra], "big") + (13 if extra == 1 else 269) if extra else n)
                at += extra
            number += values[0]
            self.options[number] = data[at:at + values[1]]
            at += values[1]
        self.payload = data[at + 1:]

    def uint(self, number, default=0):
        return int.from_bytes(self.options[number], "big") if number in self.options else default


class Client:
    """One socket, that is one peer to the gateway."""

    def __init__(self, at, source="127.0.0.1"):
        host, port = at.rsplit(":", 1)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(1)
        self.sock.bind((source, 0))
        self.sock.connect((host, int(port)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, payload, options, code=POST, kind=CON, token=None, mid=None):
        token = os.urandom(4) if token is None else token
        mid = next(mids) & 0xFFFF if mid is None else mid
        self.last = encode(kind, code, mid, token, options, payload)
        self.sock.send(self.last)
        return token, mid

    def receive(self):
        """The next datagram; what was sent last is sent again while none comes."""
        for _ in range(6):
            try:
                return Datagram(self.sock.recv(65536))
            except socket.timeout:
                self.sock.send(self.last)
        raise Wanted("no answer to %s" % self.last[:40].hex())

    def read(self, token, mid):
        """The answer to one request, riding on the ACK or on its own."""
        while True:
            d = self.receive()
            if d.kind == RST and d.mid == mid:
                return d
            if d.kind == CON:
                self.sock.send(struct.pack(">BBH", 0x40 | ACK << 4, 0, d.mid))
            if d.code != "0.00" and d.token == token:
                return d

    def ask(self, payload, options=TYPED, **how):
        return self.read(*self.send(payload, options, **how))

    def upload(self, data, szx=6, more=(), size=True):
        """A whole request in blocks; the first answer that does not say to go on."""
        step = 16 << szx
        d = None
        for at in range(0, len(data), step):
            last = at + step >= len(data)
            options = TYPED + [(BLOCK1, block(at // step, not last, szx)), *more]
            d = self.ask(data[at:at + step], options + ([(SIZE1, uint(len(data)))] if size and at == 0 else []))
            if d.code != GOES_ON:
                break
        return d

    def post(self, data):
        d = self.ask(data) if len(data) <= 1024 else self.upload(data)
        content, at = d.payload, d.uint(BLOCK2)
        self.format = d.uint(FORMAT, None)
        while at & 8:
            at = ((at >> 4) + 1) << 4 | at & 7
            more = self.ask(b"", PATH + [(BLOCK2, uint(at))])
            want(more.code == CHANGED, "the next block of the answer is", more.code)
            content, at = content + more.payload, more.uint(BLOCK2)
        if d.code == CHANGED:
            want(d.uint(FORMAT) == 259, "the answer has Content-Format", d.options.get(FORMAT))
        return Said("RST" if d.kind == RST else d.code, content)

    def answers_to(self, data):
        """What comes for these octets before the answer to a question behind them."""
        out = []
        self.sock.send(data)
        token, mid = self.send(b"", PATH, code=GET)
        while True:
            d = self.receive()
            if d.token == token and d.code == "4.05":
                return out
            out.append("RST" if d.kind == RST else d.code)


class CoapStory(Story):
    def begin(self, at):
        self.at = at

    def once(self, data):
        with Client(self.at) as c:
            return c.post(data)

    def judge(self, case):
        case.judge(self.once(case.data), CHANGED, "4.00")

    def code(self, d, wanted):
        want(d.code == wanted and d.kind != RST, "is", "RST" if d.kind == RST else d.code, d.payload[:80], "should be", wanted)

    def good(self):
        self.expected += 1
        return message(Header(), genm(*[seq(bytes.fromhex("06082b06010505070402"))] * 8))

    def answered(self, d):
        self.code(d, CHANGED)
        want(Answer(d.payload).body == "genp", "is", Answer(d.payload), "should be genp")

    # ---- rows about the transport

    def row_2(self):
        """row 2: a MiB is refused by its Size1, and without Size1 at the limit"""
        with Client(self.at) as c:
            self.code(c.ask(bytes(1024), TYPED + [(BLOCK1, block(0, True, 6)), (SIZE1, uint(1 << 20))]), "4.13")
            self.code(c.upload(os.urandom(1 << 20), size=False), "4.13")
            self.code(c.upload(bytes(65537), size=False), "4.13")
            self.code(c.upload(bytes(65537)), "4.13")
            self.code(c.upload(bytes(65536)), "4.00")

    def row_3(self):
        """row 3: truncated at every length"""
        h = Header()
        good = message(h, ir())
        with Client(self.at) as c:
            for n in range(1, len(good)):
                try:
                    Case("", b"", REFUSED, E("badDataFormat"), of=h).judge(c.post(good[:n]), CHANGED, "4.00")
                except Wanted as e:
                    raise Wanted("at %d of %d octets: %s" % (n, len(good), e))
        self.is_clean()

    def row_6(self):
        """row 6: PEM and base64 instead of DER"""
        text = base64.encodebytes(message(Header(), genm()))
        with Client(self.at) as c:
            self.code(c.ask(b"-----BEGIN PKIMESSAGE-----\n" + text + b"-----END PKIMESSAGE-----\n"), "4.00")
            self.code(c.ask(text), "4.00")

    def row_23(self):
        """row 23: a running transaction's number from another sender, the running one undisturbed"""
        h = Header(id=b"HOLD" + os.urandom(12))
        with Client(self.at) as c:
            sent = c.send(message(h, genm()), TYPED)
            self.ask_ca("held")
            other = Header(id=h.id, sender=ctx(4, seq()))
            Case("", b"", E("transactionIdInUse"), of=other).judge(self.once(message(other, genm())), CHANGED, "4.00")
            self.ask_ca("release")
            self.answered(c.read(*sent))
        self.expected += 1
        self.is_clean()

    def row_76_form(self):
        """row 76: version 0 and 2, TKL 9 and 15, an option over the end, a marker without payload"""
        plain = encode(CON, POST, 0x1234, b"", TYPED, b"x")
        wrong = (bytes([plain[0] & 0x3F]) + plain[1:], bytes([0x80 | plain[0] & 0x3F]) + plain[1:],
                 b"\x49" + plain[1:4] + bytes(9) + plain[4:], b"\x4f" + plain[1:4] + bytes(15) + plain[4:],
                 plain[:4] + b"\xbd\xff\x01", plain[:4] + b"\xf0\x01", plain[:-1], plain[:4] + b"\xbe\xff\xff" + bytes(10))
        for known in (False, True):
            with Client(self.at) as c:
                if known:
                    c.answers_to(b"")
                for data in wrong:
                    got = c.answers_to(data)
                    want(set(got) <= {"RST", "4.00", "4.02"}, data[:8].hex(), "got", got)

    def row_76_short(self):
        """row 76: fewer than four octets: silence"""
        with Client(self.at) as c:
            for n in range(4):
                want(c.answers_to(b"\x40\x02\x01"[:n]) == [], n, "octets were answered")

    def row_76_empty(self):
        """row 76: an ACK, a RST and an answer to nothing: silence; a ping: RST, or silence from a stranger"""
        with Client(self.at) as c:
            for data in (b"\x40\x00\x12\x34", b"\x60\x00\x12\x34", b"\x70\x00\x12\x34", b"\x60\x44\x12\x34\xffx"):
                got = c.answers_to(data)
                want(set(got) <= ({"RST"} if data[0] == 0x40 else set()), data.hex(), "got", got)

    def row_76_options(self):
        """row 76: unknown critical option, If-Match, a critical option twice: 4.02"""
        with Client(self.at) as c:
            self.code(c.ask(b"x", TYPED + [(2051, b"")]), "4.02")
            self.code(c.ask(b"x", TYPED + [(9, b"x")]), "4.02")
            self.code(c.ask(b"x", TYPED + [(IF_MATCH, b"")]), "4.02")
            self.code(c.ask(b"x", TYPED + [(BLOCK1, b""), (BLOCK1, b"")]), "4.02")
            self.code(c.ask(b"x", TYPED + [(ACCEPT, b"\x01\x03"), (ACCEPT, b"\x01\x03")]), "4.02")

    def row_76_elective(self):
        """row 76: an unknown elective option is passed over"""
        with Client(self.at) as c:
            self.answered(c.ask(self.good(), TYPED + [(2052, b"whatever"), (ETAG, b"12345678")]))

    def row_76_proxy(self):
        """row 76: Proxy-Uri: 5.05"""
        with Client(self.at) as c:
            self.code(c.ask(b"x", [(PROXY_URI, b"coap://elsewhere/.well-known/cmp"), (FORMAT, b"\x01\x03")]), "5.05")

    def row_76_method(self):
        """row 76: GET, PUT, DELETE and an unknown method: 4.05"""
        with Client(self.at) as c:
            for method in (GET, PUT, 4, 5, 6, 7):
                d = c.ask(b"", PATH, code=method)
                want(d.code == "4.05", "method", method, "is", d.code)
            want(c.ask(b"", PATH, code=31).code in ("4.04", "4.05"), "a method that does not exist was served")

    def row_76_path(self):
        """row 76: paths that are not served: 4.04"""
        with Client(self.at) as c:
            for parts in ((b"other",), (b".well-known",), (b".well-known", b"cmp", b"nothing"), (b".well-known", b"cmp", b"p"),
                          (b".well-known/cmp",), (b".well-known", b"..", b"cmp"), (b".well-known", b"c\0p"), (b"a" * 255,) * 3,
                          (b".well-known", b"cmp", b"p", b"\xff\xfe")):
                options = [(URI_PATH, p) for p in parts] + [(FORMAT, b"\x01\x03")]
                self.code(c.ask(b"x", options), "4.04")

    def row_76_format(self):
        """row 76: Content-Format that is not 259, or none: 4.15; Accept of another: 4.06"""
        with Client(self.at) as c:
            for options in (PATH, PATH + [(FORMAT, b"\x29")], PATH + [(FORMAT, b"")], PATH + [(FORMAT, b"\x01\x04")]):
                self.code(c.ask(b"x", options), "4.15")
            self.code(c.ask(b"x", TYPED + [(ACCEPT, b"\x28")]), "4.06")

    def blocks(self, *steps, szx=0):
        """Blocks (number, more, payload[, szx[, more options]]) of one peer; the code of the last."""
        with Client(self.at) as c:
            for i, (number, more, payload, *rest) in enumerate(steps):
                options = TYPED + [(BLOCK1, block(number, more, rest[0] if rest else szx))] + (rest[1] if len(rest) > 1 else [])
                d = c.ask(payload, options)
                if i + 1 < len(steps):
                    self.code(d, GOES_ON)
        return d

    def row_77_order(self):
        """row 77: first block missing, a gap, a block twice with other content: 4.08"""
        a, b = bytes(16), b"\x01" * 16
        self.code(self.blocks((1, True, a)), "4.08")
        self.code(self.blocks((5, False, a)), "4.08")
        self.code(self.blocks((0xFFFFF, True, a)), "4.08")
        self.code(self.blocks((0, True, a), (2, True, a)), "4.08")
        self.code(self.blocks((0, True, a), (1, True, a), (1, True, b)), "4.08")
        self.code(self.blocks((0, True, a), (1, True, a), (1, False, a)), "4.08")

    def row_77_size(self):
        """row 77: SZX grows, SZX 7, a short block that is not the last, a last block that is larger: 4.00"""
        a = bytes(16)
        self.code(self.blocks((0, True, a), (1, True, bytes(32), 1)), "4.00")
        self.code(self.blocks((0, True, bytes(1024), 7)), "4.00")
        self.code(self.blocks((0, False, bytes(100), 7)), "4.00")
        self.code(self.blocks((0, True, a[:15])), "4.00")
        self.code(self.blocks((0, True, b"")), "4.00")
        self.code(self.blocks((0, True, bytes(17))), "4.00")
        self.code(self.blocks((0, True, a), (1, False, bytes(17))), "4.00")
        self.code(self.blocks((0, True, a), (1, True, a[:15])), "4.00")

    def row_77_option(self):
        """row 77: Block1 of four octets: 4.02"""
        with Client(self.at) as c:
            d = c.ask(bytes(16), TYPED + [(BLOCK1, bytes(4))])
            want(d.kind == RST or d.code in ("4.02", "4.00"), "is", d.code)

    def row_77_sizes(self):
        """rows 77, 87: Size1 of 2^32-1, and fifty times 1 GiB: 4.13 at once"""
        with Client(self.at) as c:
            for n in (0xFFFFFFFF, *[1 << 30] * 50):
                self.code(c.ask(bytes(16), TYPED + [(BLOCK1, block(0, True, 0)), (SIZE1, uint(n))]), "4.13")

    def row_77_works(self):
        """row 77: no Size1, and a new token for each block: works in every size"""
        with Client(self.at) as c:
            for szx in range(7):
                self.answered(c.upload(self.good(), szx, size=False))

    def row_77_smaller(self):
        """row 77: blocks may become smaller on the way"""
        good = self.good()
        with Client(self.at) as c:
            self.code(c.ask(good[:64], TYPED + [(BLOCK1, block(0, True, 2))]), GOES_ON)
            for at in range(64, len(good), 16):
                d = c.ask(good[at:at + 16], TYPED + [(BLOCK1, block(at // 16, at + 16 < len(good), 0))])
            self.answered(d)

    def row_77_tags(self):
        """row 77: two uploads of one peer interleaved, with Request-Tags: both arrive whole"""
        a, b = self.good(), self.good()
        with Client(self.at) as c:
            answers = {}
            for at in range(0, max(len(a), len(b)), 64):
                for tag, data in ((b"a", a), (b"b", b)):
                    if at < len(data):
                        answers[tag] = c.ask(data[at:at + 64], TYPED + [(BLOCK1, block(at // 64, at + 64 < len(data), 2)), (TAG, tag)])
            for d in answers.values():
                self.answered(d)

    def row_77_mixed(self):
        """row 77: the same without tags: nothing mixed reaches the CA"""
        a, b = message(Header(), ir()), message(Header(), ir())
        with Client(self.at) as c:
            for at in range(0, len(a), 64):
                for data in (a, b):
                    d = c.ask(data[at:at + 64], TYPED + [(BLOCK1, block(at // 64, at + 64 < len(data), 2))])
                    want(d.code in (GOES_ON, "4.08", "4.00"), "a block of two mixed uploads got", d.code)
        self.is_clean()

    def row_77_third(self):
        """T-LIB: a third upload of one peer beside two: 4.29, and the two go on"""
        good = self.good()
        with Client(self.at) as c:
            for tag in (b"a", b"b"):
                self.code(c.ask(good[:64], TYPED + [(BLOCK1, block(0, True, 2)), (TAG, tag)]), GOES_ON)
            self.code(c.ask(good[:64], TYPED + [(BLOCK1, block(0, True, 2)), (TAG, b"c")]), "4.29")
            for at in range(64, len(good), 64):
                d = c.ask(good[at:at + 64], TYPED + [(BLOCK1, block(at // 64, at + 64 < len(good), 2)), (TAG, b"a")])
            self.answered(d)

    def row_87(self):
        """row 87: an upload abandoned and begun again with other content arrives pure; block 0 twice is one submission"""
        old, new = message(Header(), ir()), self.good()
        with Client(self.at) as c:
            for number in range(2):
                self.code(c.ask(old[64 * number:64 * number + 64], TYPED + [(BLOCK1, block(number, True, 2))]), GOES_ON)
            self.code(c.ask(new[:64], TYPED + [(BLOCK1, block(0, True, 2))]), GOES_ON)
            self.answered(c.upload(new, 2))
        self.is_clean()

    def row_78(self):
        """row 78: the same Message ID again: the same answer, one submission; a new one with the same token: a new exchange"""
        good = self.good()
        with Client(self.at) as c:
            token, mid = c.send(good, TYPED)
            first = c.read(token, mid)
            self.answered(first)
            for _ in range(3):
                again = c.ask(good, token=token, mid=mid)
                want(again.payload == first.payload and again.code == first.code, "another answer to the same message")
            self.is_clean()
            other = self.good()
            second = c.ask(other, token=token)
            self.answered(second)
            want(second.payload != first.payload, "the old answer to a new message")
        self.is_clean()

    def row_78_running(self):
        """row 78: the same datagram ten times while the CA thinks: one submission"""
        h = Header(id=b"HOLD" + os.urandom(12))
        with Client(self.at) as c:
            token, mid = c.send(message(h, genm()), TYPED)
            self.ask_ca("held")
            for _ in range(10):
                c.send(message(h, genm()), TYPED, token=token, mid=mid)
            self.ask_ca("release")
            self.answered(c.read(token, mid))
        self.expected += 1
        self.is_clean()

    def row_78_non(self):
        """row 78: a non-confirmable request is answered; its copy is not handed over again"""
        good = self.good()
        with Client(self.at) as c:
            token, mid = c.send(good, TYPED, kind=NON)
            self.answered(c.read(token, mid))
            c.send(good, TYPED, kind=NON, token=token, mid=mid)
            self.code(c.ask(b"", PATH, code=GET), "4.05")
        self.is_clean()

    def row_block2(self):
        """a later block of an answer that nobody has: 4.08 or 4.04, never another's"""
        with Client(self.at) as c:
            d = c.ask(b"", PATH + [(BLOCK2, block(3, False, 2))])
            want(d.code in ("4.00", "4.04", "4.08"), "is", d.code)
            self.code(c.ask(b"", PATH + [(BLOCK2, block(0, False, 7))]), "4.00")

    def row_random(self):
        """5,000 random datagrams, and a good one with each octet changed"""
        good = encode(CON, POST, 0x4321, b"abcd", TYPED + [(BLOCK1, block(0, True, 0)), (TAG, b"z")], bytes(16))
        with Client(self.at) as c:
            c.sock.setblocking(False)
            for i in range(5000):
                if i % 2:
                    data = bytearray(good)
                    data[os.urandom(1)[0] % len(data)] = os.urandom(1)[0]
                else:
                    data = os.urandom(1 + os.urandom(1)[0] % 60)
                try:
                    c.sock.send(data)
                    while i % 50 == 0:
                        c.sock.recv(65536)
                except (BlockingIOError, ConnectionRefusedError):
                    pass
        with Client(self.at) as c:
            self.code(c.ask(b"", PATH, code=GET), "4.05")
        self.is_clean()

    def last_half_open(self):
        """a thousand uploads of one block each keep no whole one from its answer, memory flat"""
        codes = {}
        clients = [Client(self.at) for _ in range(200)]
        for round in range(5):
            for c in clients:
                d = c.ask(bytes(1024), TYPED + [(BLOCK1, block(0, True, 6)), (TAG, bytes([round]))])
                codes[d.code] = codes.get(d.code, 0) + 1
        for c in clients:
            c.sock.close()
        want(set(codes) <= {GOES_ON, "4.29"}, "codes:", codes)
        with Client(self.at) as c:
            self.answered(c.upload(self.good(), 2))


if __name__ == "__main__":
    sys.exit(CoapStory().main(message_cases()))
