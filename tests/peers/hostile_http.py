#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile HTTP client: hostile_http.py FIRST PID CA-URL HOST:PORT prints one
TAP line for each row; hostile_http.py --count tells how many."""
import base64
import os
import socket
import sys

from hostile import (E, ECDSA, PROTECTION, REFUSED, SPKI, Answer, Case, Header, Said, Story, Wanted, bits, cert_conf, cert_req, cert_status, ctx,
                     genm, integer, ir, it, message, message_cases, name, octets, oid, poll_req, seq, template, time, tlv, want)

PATH = "/.well-known/cmp"


class Client:
    """One connection; requests are octets, answers are read by Content-Length."""

    def __init__(self, at, source="127.0.0.1"):
        host, port = at.rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)), 10, (source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def fill(self):
        part = self.sock.recv(65536)
        self.data += part
        return bool(part)

    def read(self):
        """The next response; status 0 when the connection ended without one."""
        try:
            while b"\r\n\r\n" not in self.data:
                if not self.fill():
                    return Said(0)
            head, self.data = self.data.split(b"\r\n\r\n", 1)
            lines = head.decode().split("\r\n")
            self.headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
            n = int(self.headers.get("content-length", 0))
            while len(self.data) < n and self.fill():
                pass
            content, self.data = self.data[:n], self.data[n:]
            return Said(int(lines[0].split()[1]), content)
        except ConnectionResetError:
            return Said(0)

    def closed(self):
        """The other side ended the connection (it may have sent more before)."""
        try:
            while self.fill():
                pass
        except ConnectionResetError:
            pass
        return True


def head(*fields, method="POST", path=PATH, version="HTTP/1.1", host="Host: gate"):
    lines = ["%s %s %s" % (method, path, version)] + [f for f in (host,) if f] + list(fields)
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


TYPE = "Content-Type: application/pkixcmp"


def post(data, *fields):
    return head(TYPE, "Content-Length: %d" % len(data), *fields) + data


class HttpStory(Story):
    def begin(self, at):
        self.at = at

    def once(self, request):
        with Client(self.at) as c:
            c.send(request)
            return c.read()

    def judge(self, case):
        case.judge(self.once(post(case.data)), 200, 400)

    def status(self, request, wanted):
        said = self.once(request)
        want(said.status == wanted, "is", said, "should be", wanted)
        return said

    def good(self):
        self.expected += 1
        return message(Header(), genm())

    def passes(self, request):
        said = self.status(request, 200)
        want(Answer(said.content).body == "genp", "is", said, "should be genp")

    def row_70(self):
        """row 70: addresses of CRLs, OCSP servers and issuers in messages and certificates are never asked"""
        with socket.create_server(("127.0.0.1", 0)) as trap:
            url = b"http://127.0.0.1:%d/x.crl" % trap.getsockname()[1]
            uri = tlv(0x86, url)
            points = seq(oid("551d1f"), octets(seq(seq(ctx(0, ctx(0, uri))))))
            access = seq(oid("2b06010505070101"), octets(seq(seq(oid("2b06010505073001"), uri), seq(oid("2b06010505073002"), uri))))
            certificate = seq(seq(ctx(0, integer(2)), integer(7), ECDSA, name("CA"), seq(time("20260101000000Z"), time("20360101000000Z")),
                                  name("device"), SPKI, ctx(3, seq(points, access))), ECDSA, bits(b"\x30\x06\x02\x01\x01\x02\x01\x01"))
            for body in (genm(seq(it(22), seq(seq(ctx(0, ctx(0, uri)))))), genm(seq(it(6))), ir(cert_req(0, template(ctx(9, points, access))))):
                self.expected += 1
                said = self.status(post(message(Header(), body, PROTECTION, ctx(1, seq(certificate)))), 200)
                want(Answer(said.content).body in ("genp", "ip"), "is", said)
            trap.setblocking(False)
            try:
                trap.accept()
            except BlockingIOError:
                return
            want(False, "somebody connected to", url)

    # ---- rows about the transport

    def row_2(self):
        """row 2: a random MiB is refused at its head"""
        with Client(self.at) as c:
            c.send(head(TYPE, "Content-Length: 1048576"))
            said = c.read()
            want(said.status == 413, "is", said, "should be 413")
            c.send(os.urandom(1 << 20))
            c.closed()

    def row_2_chunked(self):
        """row 2: a random MiB in chunks is refused before its end"""
        with Client(self.at) as c:
            c.send(head(TYPE, "Transfer-Encoding: chunked"))
            chunk = b"1000\r\n" + os.urandom(4096) + b"\r\n"
            for _ in range(255):
                c.send(chunk)
            said = c.read()
            want(said.status in (413, 0), "is", said, "should be 413")

    def row_2_limit(self):
        """row 2: one octet over limits.max_message, and exactly as many"""
        self.status(post(bytes(65537)), 413)
        self.status(post(bytes(65536)), 400)

    def row_3(self):
        """row 3: truncated at every length"""
        h = Header()
        good = message(h, ir())
        c = Client(self.at)
        for n in range(1, len(good)):
            c.send(post(good[:n]))
            said = c.read()
            if said.status == 0:
                c = Client(self.at)
                c.send(post(good[:n]))
                said = c.read()
            try:
                Case("", b"", REFUSED, E("badDataFormat"), of=h).judge(said, 200, 400)
            except Wanted as e:
                raise Wanted("at %d of %d octets: %s" % (n, len(good), e))
            if c.headers.get("connection") == "close":
                c.sock.close()
                c = Client(self.at)
        want(self.seen() == self.expected, "something cut off reached the CA")

    def row_43(self):
        """row 43: one bit changed in each octet: always an answer, of the gateway or of the CA"""
        before = self.seen()
        good = message(Header(), ir())
        for i in range(len(good)):
            data = bytearray(good)
            data[i] ^= 1 << i % 8
            said = self.once(post(bytes(data)))
            # What the CA cannot read it answers with nonsense: that is 502.
            want(said.status in (200, 400, 502), "octet", i, "is", said)
        self.expected += self.seen() - before

    def row_6(self):
        """row 6: PEM and base64 instead of DER"""
        text = base64.encodebytes(message(Header(), genm()))
        self.status(post(b"-----BEGIN PKIMESSAGE-----\n" + text + b"-----END PKIMESSAGE-----\n"), 400)
        self.status(post(text), 400)

    def row_23(self):
        """row 23: a running transaction's number from another sender, the running one undisturbed"""
        h = Header(id=b"HOLD" + os.urandom(12))
        with Client(self.at) as c:
            c.send(post(message(h, genm())))
            self.ask_ca("held")
            other = Header(id=h.id, sender=ctx(4, seq()))
            Case("", message(other, genm()), E("transactionIdInUse"), of=other).judge(self.once(post(message(other, genm()))), 200, 400)
            self.ask_ca("release")
            said = c.read()
            want(said.status == 200 and Answer(said.content).body == "genp", "the running one got", said)
        self.expected += 1
        self.is_clean()

    def row_24(self):
        """row 24: the same octets again, while running and after the end: one answer, one message at the CA"""
        h = Header(id=b"HOLD" + os.urandom(12))
        same = post(message(h, genm()))
        with Client(self.at) as first, Client(self.at) as second:
            first.send(same)
            self.ask_ca("held")
            second.send(same)
            want(first.read().status == 503, "the first of two should give way with 503")
            self.ask_ca("release")
            said = second.read()
            want(said.status == 200, "is", said)
        again = self.once(same)
        want(again.status == 200 and again.content == said.content, "another answer the second time:", again)
        self.expected += 1
        self.is_clean()

    def transaction(self):
        """An ir that was answered by a certificate: header of the request, of the answer."""
        h = Header(id=b"CERT" + os.urandom(12))
        said = self.once(post(message(h, ir())))
        a = Answer(said.content)
        want(a.body == "ip" and not a.failures, "is", said, "should be ip with a certificate")
        self.expected += 1
        return h, a

    def confirm(self, failure, h, a, body=None, **parts):
        p = {"id": h.id, "recip_nonce": a.fields[5]}
        p.update(parts)
        c = Header(**p)
        Case("", message(c, body or cert_conf()), E(failure), of=c).judge(self.once(post(message(c, body or cert_conf()))), 200, 400)

    def row_64_early(self):
        """row 64: certConf and pollReq while the CA still thinks"""
        h = Header(id=b"HOLD" + os.urandom(12))
        with Client(self.at) as c:
            c.send(post(message(h, ir())))
            self.ask_ca("held")
            for body in (cert_conf(), poll_req()):
                early = Header(id=h.id, recip_nonce=bytes(16))
                Case("", b"", E("badRequest"), of=early).judge(self.once(post(message(early, body))), 200, 400)
            self.ask_ca("release")
            said = c.read()
            want(said.status == 200, "is", said)
        self.expected += 1
        self.is_clean()

    def row_26(self):
        """row 26: certConf with the senderNonce of the ir"""
        h, a = self.transaction()
        self.confirm("badSenderNonce", h, a, nonce=h.nonce)

    def row_28(self):
        """row 28: certConf with a wrong recipNonce, and with none"""
        h, a = self.transaction()
        self.confirm("badRecipientNonce", h, a, recip_nonce=bytes(16))
        self.confirm("badRecipientNonce", h, a, recip_nonce=None)

    def row_63(self):
        """row 63: certConf with two entries, an unknown certReqId, failInfo beside accepted, hashAlg with pvno 2"""
        h, a = self.transaction()
        self.confirm("badRequest", h, a, cert_conf(cert_status(), cert_status()))
        self.confirm("badRequest", h, a, cert_conf(cert_status(5)))
        self.confirm("badRequest", h, a, cert_conf(cert_status(0, seq(integer(0), bits(b"\x80", 7)))))
        self.confirm("badCertId", h, a, cert_conf(cert_status(0, ctx(0, seq(bytes.fromhex("0609608648016503040201"))))))

    def row_64(self):
        """row 64: certConf after pkiConf, with other octets"""
        h, a = self.transaction()
        c = Header(id=h.id, recip_nonce=a.fields[5])
        said = self.once(post(message(c, cert_conf())))
        self.expected += 1
        want(Answer(said.content).body == "pkiconf", "is", said, "should be pkiConf")
        self.confirm("certConfirmed", h, a)
        self.is_clean()

    def row_67(self):
        """row 67: pollReq for a certReqId that nobody asked for, and of a finished transaction"""
        h, a = self.transaction()
        self.confirm("badRequest", h, a, poll_req(5))
        c = Header(id=h.id, recip_nonce=a.fields[5])
        want(Answer(self.once(post(message(c, cert_conf()))).content).body == "pkiconf", "no pkiConf")
        self.expected += 1
        self.confirm("badRequest", h, a, poll_req())
        self.is_clean()

    def row_75_methods(self):
        """row 75: GET, PUT and an unknown method: 405"""
        for method in ("GET", "PUT", "BREW"):
            with Client(self.at) as c:
                c.send(head(TYPE, "Content-Length: 0", method=method))
                said = c.read()
                # A word that is no method at all is a broken request to the parser.
                want(said.status in ((400, 405) if method == "BREW" else (405,)), method, "is", said, "should be 405")

    def row_75_type(self):
        """row 75: wrong and missing Content-Type: 415"""
        good = message(Header(), genm())
        n = "Content-Length: %d" % len(good)
        self.status(head("Content-Type: application/pkix-cmp", n) + good, 415)
        self.status(head("Content-Type: text/html", n) + good, 415)
        self.status(head(n) + good, 415)

    def row_75_length(self):
        """row 75: no Content-Length: 411"""
        self.status(head(TYPE), 411)

    def row_75_smuggling(self):
        """row 75: lengths that contradict each other or are none: 400"""
        good = message(Header(), genm())
        n = "Content-Length: %d" % len(good)
        for fields in ((n, "Transfer-Encoding: chunked"), (n, n), (n, "Content-Length: 3"), ("Content-Length: -1",),
                       ("Content-Length: %d" % 2 ** 64,), ("Content-Length: 0x10",), ("Content-Length: 1,1",), ("Content-Length: ",)):
            self.status(head(TYPE, *fields) + good, 400)

    def row_75_encoding(self):
        """row 75: Transfer-Encoding that is not chunked alone, chunks that lie"""
        self.status(head(TYPE, "Transfer-Encoding: gzip, chunked"), 501)
        self.status(head(TYPE, "Transfer-Encoding: chunked") + b"zz\r\nx\r\n0\r\n\r\n", 400)
        self.status(head(TYPE, "Transfer-Encoding: chunked") + b"ffffffffffffffffff\r\nx\r\n0\r\n\r\n", 400)
        self.status(head(TYPE, "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400)

    def row_75_expect(self):
        """row 75: Expect: 100-continue is answered by 100, then served"""
        good = self.good()
        with Client(self.at) as c:
            c.send(head(TYPE, "Content-Length: %d" % len(good), "Expect: 100-continue"))
            said = c.read()
            want(said.status == 100, "is", said, "should be 100")
            c.send(good)
            said = c.read()
            want(said.status == 200, "is", said, "should be 200")
        self.status(head(TYPE, "Content-Length: 5", "Expect: a miracle"), 417)

    def row_75_lines(self):
        """row 75: bare LF, NUL, folded line, no colon, blank before the colon: 400"""
        good = post(message(Header(), genm()))
        self.status(good.replace(b"\r\n", b"\n"), 400)
        self.status(good.replace(b"gate\r\n", b"gate\n"), 400)
        self.status(good.replace(b"Host: gate", b"Host: ga\0te"), 400)
        self.status(good.replace(b"Host: gate\r\n", b"Host: gate\r\n folded\r\n"), 400)
        self.status(good.replace(b"Host: gate\r\n", b"Host: gate\r\nnothing\r\n"), 400)
        self.status(good.replace(b"Content-Length:", b"Content-Length :"), 400)
        self.status(good.replace(b"Host: gate\r\n", b"Host: gate\r\nHost: other\r\n"), 400)
        self.status(good.replace(b"Host: gate\r\n", b""), 400)

    def row_75_large(self):
        """row 75: a head of 64 KiB: 431"""
        with Client(self.at) as c:
            c.send(head(TYPE, "Content-Length: 5", *["X-%d: %s" % (i, "a" * 1000) for i in range(64)]))
            said = c.read()
            want(said.status == 431, "is", said, "should be 431")

    def row_75_target(self):
        """row 75: absolute URI of this host is served; of another, and odd paths: 404"""
        good = self.good()
        n = "Content-Length: %d" % len(good)
        self.passes(head(TYPE, n, path="http://gate" + PATH) + good)
        bad = message(Header(), genm())
        for path in ("http://other" + PATH, "/.well-known%2fcmp", "/.well-known/cmp/..%2f..", "/other", "/.well-known/cmpx", "/../.well-known/cmp",
                     "/.well-known/cmp/p/..", "/.well-known/cmp/p/../initialization", "/.well-known/cmp/p/.", "/.well-known/cmp/p/a;b", "/.well-known/cmp/p/a@b"):
            self.status(head(TYPE, "Content-Length: %d" % len(bad), path=path) + bad, 404)

    def row_75_version(self):
        """row 75: HTTP/0.9, HTTP/2.0 and no HTTP at all"""
        good = post(message(Header(), genm()))
        want(self.once(good.replace(b"HTTP/1.1", b"HTTP/2.0")).status in (400, 505), "HTTP/2.0 was served")
        self.status(good.replace(b" HTTP/1.1", b""), 400)
        said = self.once(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n")
        want(said.status == 400, "a TLS greeting got", said)

    def row_pipeline(self):
        """a good request behind another on one connection: both are answered in order"""
        a, b = self.good(), self.good()
        with Client(self.at) as c:
            c.send(post(a) + post(b))
            for _ in range(2):
                said = c.read()
                want(said.status == 200, "is", said)

    def row_smuggled(self):
        """a request hidden in the rest of a refused one is never served"""
        hidden = post(message(Header(), genm()))
        with Client(self.at) as c:
            c.send(head(TYPE, "Content-Length: 5", "Content-Length: 6") + b"12345" + hidden)
            said = c.read()
            want(said.status == 400, "is", said, "should be 400")
            c.closed()
            want(b"HTTP/" not in c.data, "something behind the refused request was answered:", c.data[:80])

    def row_cut(self):
        """connections that end in the middle of head, content and answer"""
        good = post(message(Header(), genm()))
        for n in (1, 20, len(good) - 1):
            with Client(self.at) as c:
                c.send(good[:n])
        with Client(self.at) as c:
            c.send(post(bytes(0)))
        self.is_clean()


if __name__ == "__main__":
    sys.exit(HttpStory().main(message_cases()))
