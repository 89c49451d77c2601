#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile peer over raw TCP: hostile_tcp.py FIRST PID CA-URL HOST:PORT
prints one TAP line for each row; hostile_tcp.py --count tells how many."""
import base64
import os
import socket
import struct
import sys

from hostile import (E, NULL, REFUSED, Answer, Case, Header, Said, Story, Wanted, ctx, genm, integer, ir, message, message_cases,
                     seq, want)

REQUEST, POLL_REP, POLL_REQ, PARTIAL, ANSWER, ERROR = 0, 1, 2, 4, 5, 6
BOTH = (0, 10)


def frame(framing, kind, value, flags=0):
    if framing == 0:
        return struct.pack(">IB", len(value) + 1, kind) + value
    return struct.pack(">IBBB", len(value) + 3, 10, flags, kind) + value


class Client:
    def __init__(self, at, source="127.0.0.1"):
        host, port = at.rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)), 10, (source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def take(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def read(self):
        """The next frame; its type is the status, -1 when the connection ended. In self.framing the framing."""
        try:
            n, fifth = struct.unpack(">IB", self.take(5))
            want(0 < n < 1 << 20, "an answer of", n, "octets")
            rest = self.take(n - 1)
        except (EOFError, ConnectionResetError):
            return Said(-1)
        self.framing = 10 if fifth == 10 else 0
        return Said(rest[1], rest[2:]) if fifth == 10 else Said(fifth, rest)

    def closed(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


class TcpStory(Story):
    def begin(self, at):
        self.at = at

    def once(self, data, framing=10):
        with Client(self.at) as c:
            c.send(frame(framing, REQUEST, data))
            said = c.read()
            want(said.status == -1 or c.framing == framing, "answered in the other framing")
            want(said.status != ERROR or not data or c.closed(), "the connection stays open behind", said)
            return said

    def judge(self, case):
        case.judge(self.once(case.data, getattr(case, "framing", 10)), ANSWER, ERROR)

    def refused(self, c, data, close=None):
        """The octets are answered by an error frame; close: the connection ends, or goes on."""
        c.send(data)
        said = c.read()
        want(said.status == ERROR, "is", said, "should be an error frame")
        if close:
            want(c.closed(), "the connection stays open")
        return said

    def works(self, c, framing=10):
        c.send(frame(framing, REQUEST, message(Header(), genm())))
        said = c.read()
        want(said.status == ANSWER and Answer(said.content).body == "genp", "a good request got", said)
        self.expected += 1

    # ---- rows about the transport

    def row_2(self):
        """row 2: a random MiB, and a message one octet over the limit"""
        for framing in BOTH:
            with Client(self.at) as c:
                self.refused(c, frame(framing, REQUEST, os.urandom(1 << 20)), True)
            with Client(self.at) as c:
                self.refused(c, frame(framing, REQUEST, bytes(65537)), True)
            with Client(self.at) as c:
                self.refused(c, frame(framing, REQUEST, bytes(65536)), True)

    def row_3(self):
        """row 3: truncated at every length"""
        h = Header()
        good = message(h, ir())
        for framing in BOTH:
            c = Client(self.at)
            for n in range(1, len(good)):
                c.send(frame(framing, REQUEST, good[:n]))
                said = c.read()
                try:
                    Case("", b"", REFUSED, E("badDataFormat"), of=h).judge(said, ANSWER, ERROR)
                except Wanted as e:
                    raise Wanted("at %d of %d octets: %s" % (n, len(good), e))
                if said.status == ERROR:
                    want(c.closed(), "the connection stays open at", n)
                    c.sock.close()
                    c = Client(self.at)
            c.sock.close()
        self.is_clean()

    def row_6(self):
        """row 6: PEM and base64 instead of DER"""
        text = base64.encodebytes(message(Header(), genm()))
        for data in (b"-----BEGIN PKIMESSAGE-----\n" + text + b"-----END PKIMESSAGE-----\n", text):
            want(self.once(data).status == ERROR, "text was taken")

    def row_23(self):
        """row 23: a running transaction's number from another sender, the running one undisturbed"""
        h = Header(id=b"HOLD" + os.urandom(12))
        with Client(self.at) as c:
            c.send(frame(10, REQUEST, message(h, genm())))
            self.ask_ca("held")
            other = Header(id=h.id, sender=ctx(4, seq()))
            Case("", b"", E("transactionIdInUse"), of=other).judge(self.once(message(other, genm())), ANSWER, ERROR)
            self.ask_ca("release")
            said = c.read()
            want(said.status == ANSWER and Answer(said.content).body == "genp", "the running one got", said)
        self.expected += 1
        self.is_clean()

    def row_71(self):
        """row 71: ip, error, pkiConf and their like on a running transaction: refused, the running one undisturbed"""
        h = Header(id=b"HOLD" + os.urandom(12))
        answers = [ctx(1, seq(seq(seq(integer(0), seq(integer(2)))))), ctx(3, seq(seq(seq(integer(0), seq(integer(2)))))),
                   ctx(8, seq(seq(seq(integer(0), seq(integer(2)))))), ctx(12, seq(seq(seq(integer(0))))), ctx(19, NULL), ctx(22, seq()),
                   ctx(23, seq(seq(integer(2)))), ctx(26, seq(seq(integer(0), integer(1))))]
        with Client(self.at) as c:
            c.send(frame(10, REQUEST, message(h, genm())))
            self.ask_ca("held")
            for body in answers:
                for other in (Header(id=h.id), Header(id=h.id, recip_nonce=h.nonce)):
                    Case("", b"", E("badRequest"), of=other).judge(self.once(message(other, body)), ANSWER, ERROR)
            self.ask_ca("release")
            said = c.read()
            want(said.status == ANSWER and Answer(said.content).body == "genp", "the running one got", said)
        self.expected += 1
        self.is_clean()

    def row_79_zero(self):
        """row 79: length 0, and lengths shorter than the header: 06 and close"""
        for data in (bytes(4), bytes(5), struct.pack(">IB", 0, 10), struct.pack(">IBBB", 2, 10, 0, 0), struct.pack(">IBBB", 1, 10, 0, 0)):
            with Client(self.at) as c:
                self.refused(c, data, True)

    def row_79_huge(self):
        """row 79: length FFFFFFFF and others beyond reason: 06 and close, nothing more awaited"""
        for n in (0xFFFFFFFF, 0x7FFFFFFF, 0x01000000, 0x00100000):
            for tail in (b"\x00", b"\x0a\x00\x00"):
                with Client(self.at) as c:
                    self.refused(c, struct.pack(">I", n) + tail, True)

    def row_79_split(self):
        """row 79: a frame that comes octet by octet"""
        for framing in BOTH:
            with Client(self.at) as c:
                data = frame(framing, REQUEST, message(Header(), genm()))
                for o in data:
                    c.send(bytes([o]))
                said = c.read()
                want(said.status == ANSWER, "is", said)
                self.expected += 1

    def row_79_types(self):
        """row 79: types that are not for this side, and unknown ones: 06, then a good request works"""
        for framing in BOTH:
            for kind in (POLL_REP, 3, PARTIAL, ANSWER, ERROR):
                with Client(self.at) as c:
                    self.refused(c, frame(framing, kind, bytes(9)))
                    self.works(c, framing)
        with Client(self.at) as c:
            self.refused(c, frame(10, 0x99, bytes(9)))
            self.works(c)

    def row_79_version(self):
        """row 79: a fifth octet that is neither a type nor version 10: 06 and close"""
        for fifth in (0x99, 7, 9, 11, 0xFF):
            with Client(self.at) as c:
                self.refused(c, struct.pack(">IB", 100, fifth) + bytes(99), True)

    def row_79_poll(self):
        """row 79: pollReq with an unknown reference, and of other lengths: 06"""
        for framing in BOTH:
            with Client(self.at) as c:
                for value in (bytes(4), b"\xff\xff\xff\xff", b"", bytes(3), bytes(5), bytes(60000)):
                    self.refused(c, frame(framing, POLL_REQ, value))
                self.works(c, framing)

    def row_79_pipeline(self):
        """row 79: a second message before the answer to the first, in another framing: both are answered in order"""
        first = Header(id=b"HOLD" + os.urandom(12))
        second = Header()
        with Client(self.at) as c:
            c.send(frame(0, REQUEST, message(first, genm())) + frame(10, REQUEST, message(second, genm())))
            self.ask_ca("held")
            self.ask_ca("release")
            for h, framing in ((first, 0), (second, 10)):
                said = c.read()
                want(said.status == ANSWER and c.framing == framing, "is", said)
                want(Answer(said.content).fields[4] == h.id, "the answers come in another order")
                self.expected += 1

    def row_flood(self):
        """more octets behind a running request than are kept: the connection ends, memory does not grow"""
        h = Header(id=b"HOLD" + os.urandom(12))
        with Client(self.at) as c:
            c.sock.settimeout(1)
            c.send(frame(10, REQUEST, message(h, genm())))
            self.ask_ca("held")
            sent = 0
            try:
                while sent < 64 << 20:
                    sent += c.sock.send(bytes(65536))
            except (socket.timeout, BrokenPipeError, ConnectionResetError):
                pass
            want(sent < 64 << 20, "64 MiB were taken behind a running request")
            self.ask_ca("release")
        self.expected += 1

    def row_http(self):
        """an HTTP request and a TLS greeting on this port: 06 and close"""
        for data in (b"POST /.well-known/cmp HTTP/1.1\r\nHost: gate\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)):
            with Client(self.at) as c:
                self.refused(c, data, True)

    def row_cut(self):
        """connections that end within header and value"""
        good = frame(10, REQUEST, message(Header(), genm()))
        for n in (1, 4, 5, 6, 7, 20, len(good) - 1):
            with Client(self.at) as c:
                c.send(good[:n])
        self.is_clean()

    def row_close_flag(self):
        """the close flag of version 10 is obeyed, on a fault as well"""
        with Client(self.at) as c:
            c.send(frame(10, REQUEST, message(Header(), genm()), 1))
            want(c.read().status == ANSWER and c.closed(), "the connection stays open")
            self.expected += 1
        with Client(self.at) as c:
            self.refused(c, frame(10, POLL_REP, bytes(8), 1), True)


def all_cases():
    out = []
    for framing in BOTH:
        for case in message_cases():
            case.title += ", framing %d" % framing
            case.framing = framing
            out.append(case)
    return out


if __name__ == "__main__":
    sys.exit(TcpStory().main(all_cases()))
