#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device that does what stock devices cannot: scripted_device.py URL KIND
[options]. KIND is ir, cr, kur, rr or genm. After an ip it confirms. It prints what it
heard, a line for each answer, and verifies each: with its secret, or with --ca.
URL http://HOST:@LOG/: the port on which the gateway with this log listens at HOST now.
  --cert C --key K | --secret pbm|pbmac1:REFERENCE:SECRET    who protects
  --new KEY --subject "O=Plant,CN=x"     what is asked for
  --ca C...          certificates that may sign answers
  --pvno N --no-kid --bits --sha1 --reg-info --popo signature|input|raverified|none
  --conf right|wrong|reject|none         what becomes of the certificate
  --out FILE         gets the certificate, in PEM
  --wait COMMAND     is run before the certConf
  --same             each message is sent twice, and must be answered alike
  --keep FILE        gets the first message, as it is sent
  --patient          sends the same octets again when a connection ends without an answer
  --serial HEX --issuer C                of the certificate that rr is about"""
import argparse
import hashlib
import http.client
import os
import re
import subprocess
import sys
import time

from hostile import ctx, elements, integer, it, octets, oid, seq, tlv, utf8
from cmp_peer import Certificate, Message, Secret, Signer, build, cert_request, name_of, openssl, post, said

p = argparse.ArgumentParser()
p.add_argument("url")
p.add_argument("kind")
for option in ("cert", "key", "secret", "new", "subject", "serial", "issuer", "wait", "out", "keep"):
    p.add_argument("--" + option)
for flag in ("no-kid", "bits", "sha1", "reg-info", "same", "patient"):
    p.add_argument("--" + flag, action="store_true")
p.add_argument("--ca", nargs="*", default=[])
p.add_argument("--chain", nargs="*", default=[])
p.add_argument("--pvno", type=int, default=2)
p.add_argument("--popo", default="signature")
p.add_argument("--conf", default="right")
o = p.parse_args()

REG_INFO = seq(seq(oid("2b06010505070502"), utf8("x")))


def me():
    if o.secret:
        kind, reference, secret = o.secret.split(":", 2)
        return Secret(kind, reference, secret, "sha1" if o.sha1 else "sha256", o.bits)
    return Signer(o.cert, o.key, o.chain)


by = me()
number, nonce = os.urandom(16), os.urandom(16)


def is_proven(m):
    """Is the answer protected by whom it may be?"""
    if not o.secret:
        return any(m.signed_by(Certificate.load(c)) for c in o.ca)
    s = m.secret_of(by.reference, by.secret) if m.algorithm else None
    return s is not None and s.kind == by.kind and s.protect(m.part) == m.protection


def where():
    m = re.match("(http://[^:]*):@([^/]*.*)/$", o.url)
    if m is None:
        return o.url
    with open(m.group(2)) as f:
        return re.search("^listening on (%s:[0-9]+)" % re.escape(m.group(1)), f.read(), re.M).group(1) + "/"


def carry(data):
    end = time.monotonic() + (20 if o.patient else 0)
    while True:
        try:
            return post(where(), data)
        except (OSError, AttributeError, http.client.HTTPException) as e:  # no link, no such line in the log, half an answer
            if time.monotonic() >= end:
                sys.exit("no answer: %s" % e)
            time.sleep(0.1)


def exchange(body, recip=None, **more):
    """Send one message, and look at what comes back."""
    global nonce
    nonce = os.urandom(16)
    data = build(by, body, number, nonce, recip, o.pvno, kid=not o.no_kid, **more)
    if o.keep and recip is None:
        with open(o.keep, "wb") as f:
            f.write(data)
    answer = carry(data)
    if o.same and post(where(), data) != answer:
        print("another answer to the same octets")
        sys.exit(1)
    print(said(answer), flush=True)
    if answer is None:
        sys.exit(1)
    m = Message(answer)
    if m.id != number or m.recip != nonce:
        print("the answer belongs to another message")
        sys.exit(1)
    if not is_proven(m):
        print("the answer is not protected as it should be")
        sys.exit(1)
    return m


def subject():
    return name_of(*o.subject.split(",")) if o.subject else by.certificate.subject


def issued(m):
    """The certificate of an ip, cp or kup; None without one."""
    response = elements(elements(elements(m.contents)[0][1])[-1][1])[0][1]
    parts = elements(response)
    return elements(elements(parts[2][1])[0][1])[0][2] if len(parts) > 2 else None


def confirm(m, certificate):
    right = hashlib.sha256(certificate).digest()
    status = seq(integer(2), b"\x03\x02\x06\x40") if o.conf == "reject" else b""
    body = ctx(24, seq(seq(octets(right if o.conf != "wrong" else bytes(32)), integer(0), status)))
    return exchange(body, m.nonce)


def enrol():
    tags = {"ir": 0, "cr": 2, "kur": 7}
    old = by.certificate if o.kind == "kur" else None
    m = exchange(ctx(tags[o.kind], seq(cert_request(subject(), o.new, o.popo, old=old, more=REG_INFO if o.reg_info else b""))))
    certificate = issued(m) if m.kind in ("ip", "cp", "kup") else None
    if certificate is None:
        return False
    if o.out:
        with open(o.out, "wb") as f:
            f.write(openssl("x509", "-inform", "der", data=certificate))
    if o.wait:
        subprocess.run(o.wait, shell=True, check=True)
    if m.implicit or o.conf == "none":
        return True
    return confirm(m, certificate).kind == "pkiconf"


def revoke():
    about = Certificate.load(o.issuer) if o.issuer else by.certificate
    details = seq(tlv(0x81, bytes.fromhex(o.serial) if o.serial else about.serial), ctx(3, about.issuer))
    m = exchange(ctx(11, seq(seq(details, seq(seq(oid("551d15"), octets(tlv(10, b"\x01"))))))))
    return m.kind == "rp" and "accepted" in said(m.data)


def ask():
    return exchange(ctx(21, seq(seq(it(17))))).kind == "genp"


sys.exit(0 if {"rr": revoke, "genm": ask}.get(o.kind, enrol)() else 1)
