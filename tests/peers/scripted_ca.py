#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that looks closely: scripted_ca.py FOLDER [wrapped] [REFERENCE:SECRET...]
with ca.crt, ca.key, srv.crt, srv.key, ra.crt in FOLDER. It issues what is asked
for, to whom the protection allows it. wrapped: every request comes in an
envelope of the RA (RFC 9483 5.2.2.1), whose signature, transactionID, nonces
and pvno are checked; answers go back unwrapped. FOLDER/mode says how it
behaves (read anew for each request): right, key, subject, issuer, capubs, mac, unprotected-error, silent:KIND. What it saw
stands in FOLDER/ca.seen, a line each. Prints "CA on PORT"."""
import hashlib
import http.server
import os
import sys
import threading
import time

from hostile import BODIES, bits, ctx, elements, integer, octets, seq, tlv
from cmp_peer import ECDSA_SHA256, IMPLICIT, NULL, Certificate, Message, Secret, Signer, build, name_of, name_text, openssl, sign, verify

folder = sys.argv[1]
wrapped = "wrapped" in sys.argv[2:]
secrets = dict(a.split(":", 1) for a in sys.argv[2:] if ":" in a)
lock = threading.Lock()
serials = iter(range(0x100000, 0x200000))
issued = {}  # by transactionID: certificate


def path(name):
    return os.path.join(folder, name)


def mode():
    try:
        with open(path("mode")) as f:
            return f.read().strip()
    except FileNotFoundError:
        return "right"


def see(text):
    with lock, open(path("ca.seen"), "a") as f:
        f.write(text + "\n")


class Refused(Exception):
    """What the CA does not take; its text goes into the error."""


def need(condition, text):
    if not condition:
        raise Refused(text)


# ---- issuing

def issue(subject, spki, extensions, ca, key):
    kid = seq(b"\x06\x03\x55\x1d\x0e", octets(octets(hashlib.sha1(spki).digest())))
    usage = seq(b"\x06\x03\x55\x1d\x0f", octets(bits(b"\x80", 7)))
    times = seq(*(tlv(23, time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + d)).encode()) for d in (-60, 86400)))
    tbs = seq(ctx(0, integer(2)), integer(next(serials)), ECDSA_SHA256, ca.subject, times, subject, spki, ctx(3, seq(kid, usage, extensions)))
    return seq(tbs, ECDSA_SHA256, bits(sign(key, ECDSA_SHA256, "sha256", tbs)))


def other_key():
    if not os.path.exists(path("other.key")):
        openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", path("other.key"))
    return openssl("pkey", "-in", path("other.key"), "-pubout", "-outform", "der")


def certificate_for(subject, spki, extensions):
    how, ca, key = mode(), Certificate.load(path("ca.crt")), path("ca.key")
    if how == "key":
        spki = other_key()
    if how == "subject":
        subject = name_of("O=Plant", "CN=somebody else")
    if how == "issuer":
        other_key()
        key = path("other.key")
        ca = type("Rogue", (), {"subject": name_of("O=Rogue", "CN=Root")})
    return issue(subject, spki, extensions, ca, key)


# ---- looking at requests

def times_of(validity):
    return "" if validity is None else " until " + elements(elements(validity)[-1][1])[0][1].decode()


def names_of(extensions):
    out = []
    for _, e, _ in elements(extensions or b""):
        inside = elements(e)
        if inside[0][1].hex() == "551d11":
            out = ["%x:%s" % (t, v.hex() if t == 0x87 else v.decode(errors="replace")) for t, v, _ in elements(elements(inside[-1][1])[0][1])]
    return " san " + ",".join(out) if out else ""


def look_at_request(m, by_ra):
    (r,) = m.requests()
    spki = tlv(0x30, r["key"])
    need(r["id"] == 0, "certReqId")
    need(r["popo"] is not None, "no popo")
    if r["popo"][0] == 0x80:
        need(by_ra, "raVerified by somebody who is no RA")
        popo = "raVerified"
    else:
        parts = elements(r["popo"][1])
        pem = openssl("pkey", "-pubin", "-inform", "der", "-pubout", data=spki)
        what = seq(parts[0][1]) if parts[0][0] == 0xA0 else r["request"]
        need(verify(pem, parts[-2][2], what, parts[-1][1][1:]), "popo does not verify")
        popo = "input" if parts[0][0] == 0xA0 else "signature"
    # Extensions that only a device asks for are not copied here.
    san = b"".join(w for _, e, w in elements(r["extensions"] or b"") if elements(e)[0][1].hex() == "551d11")
    see("%s subject %s popo %s%s%s" % (m.kind, name_text(r["subject"]), popo, names_of(r["extensions"]), times_of(r["validity"])))
    return r["subject"], spki, san


def look_at_csr(m):
    info = elements(elements(elements(m.contents)[0][1])[0][1])
    see("p10cr subject %s" % name_text(info[1][2]))
    return info[1][2], info[2][2], b""


def sender_of(m):
    """Who protects a message: (text, is the RA, how to answer)."""
    if m.certs or m.sender == RA.sender:
        certificate = Certificate(m.certs[0]) if m.certs else RA.certificate
        need(m.signed_by(certificate), "the signature does not verify")
        need(m.sender == ctx(4, certificate.subject), "sender")
        ca = Certificate.load(path("ca.crt"))
        need(ca.verifies(ECDSA_SHA256, certificate.tbs, certificate.signature), "the certificate is not of this CA")
        return name_text(certificate.subject), certificate.der == RA.certificate.der, SERVER
    reference = (m.kid or b"").decode(errors="replace")
    need(reference in secrets and m.maced_with(reference, secrets[reference]), "the MAC does not verify")
    return "secret " + reference, False, m.secret_of(reference, secrets[reference])


def body_for(m, by_ra):
    kinds = {"ir": 1, "cr": 3, "p10cr": 3, "kur": 8}
    if m.kind in kinds:
        subject, spki, extensions = look_at_csr(m) if m.kind == "p10cr" else look_at_request(m, by_ra)
        der = certificate_for(subject, spki, extensions)
        issued[m.id] = der
        pubs = ctx(1, seq(Certificate.load(path("ca.crt")).der)) if mode() == "capubs" else b""
        number = -1 if m.kind == "p10cr" else 0
        return ctx(kinds[m.kind], seq(pubs, seq(seq(integer(number), seq(integer(0)), seq(ctx(0, der))))))
    if m.kind == "certConf":
        need(m.id in issued, "no certificate to confirm")
        ((_, status, _),) = elements(elements(m.contents)[0][1])
        parts = elements(status)
        need(parts[0][1] == hashlib.sha256(issued[m.id]).digest(), "certHash")
        rejected = len(parts) > 2 and elements(parts[2][1])[0][1] == b"\x02"
        see("certConf %s" % ("rejected" if rejected else "accepted"))
        return ctx(19, NULL)
    if m.kind == "rr":
        details = {t: v for t, v, _ in elements(elements(elements(elements(m.contents)[0][1])[0][1])[0][1])}
        see("rr serial %s" % details[0x81].hex())
        return ctx(12, seq(seq(seq(integer(0)))))
    if m.kind == "genm":
        see("genm")
        return ctx(22, seq(seq(b"\x06\x08\x2b\x06\x01\x05\x05\x07\x04\x11")))
    raise Refused("%s is nothing for this CA" % m.kind)


def unwrap(m):
    need(m.kind == "nested", "it should come in an envelope")
    need(m.signed_by(RA.certificate), "the signature of the envelope does not verify")
    need(m.certs and m.certs[0] == RA.certificate.der, "the RA's certificate does not come first")
    inner = m.inner()
    need(len(inner) == 1, "more than one message in the envelope")
    inner = Message(inner[0])
    need(m.id == inner.id and m.nonce == inner.nonce and m.recip == inner.recip, "transactionID and nonces are not those of the message inside")
    need(m.pvno == inner.pvno, "pvno")
    see("envelope by %s" % name_text(elements(m.sender)[0][1]))
    return inner


def handle(data):
    m = Message(data)
    try:
        if wrapped:
            m = unwrap(m)
        who, by_ra, by = sender_of(m)
        see("%s by %s" % (m.kind, who))
        if mode() == "silent:" + m.kind:
            return None
        body = body_for(m, by_ra)
    except Refused as e:
        see("refused %s: %s" % (m.kind, e))
        by, body = SERVER, ctx(23, seq(seq(integer(2), seq(tlv(12, str(e).encode())))))
    if mode() == "unprotected-error":
        by, body = None, ctx(23, seq(seq(integer(2), seq(tlv(12, b"the CA is ill")), b"\x03\x02\x05\x20")))
    if mode() == "mac":
        by = Secret("pbm", "ca", "nobody-knows-this-secret")
    info = (IMPLICIT,) if m.implicit and body[0] in (0xA1, 0xA3, 0xA8) and mode() == "implicit" else ()
    return build(by, body, m.id, os.urandom(16), m.nonce, m.pvno, info, recipient=m.sender)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            out = handle(data)
        except Exception as e:
            see("broken: %r" % e)
            raise
        if out is None:
            time.sleep(600)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/pkixcmp")
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, *args):
        pass


SERVER = Signer(path("srv.crt"), path("srv.key"))
RA = Signer(path("ra.crt"), path("ra.key"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("CA on %d" % server.server_address[1], flush=True)
server.serve_forever()
