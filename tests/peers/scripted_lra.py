#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local registration authority that sends what its devices gave it as one
nested message (RFC 9483 5.2.2.2): scripted_lra.py URL FOLDER [by NAME]. FOLDER
has NAME.crt and NAME.key (lra when not said) and those of the devices: a (ir), b (cr), c (p10cr), d
(kur), e (genm), f (rr); g asks without a proof. The batch holds also the certConf of a transaction that
nobody knows. Prints a line for each slot of the answer, in their order, and
checks what ties each to its question."""
import os
import sys

from hostile import bits, ctx, elements, integer, it, octets, oid, seq, tlv
from cmp_peer import Message, Signer, build, cert_request, openssl, post, said

url, folder = sys.argv[1:3]
by = sys.argv[4] if len(sys.argv) > 4 else "lra"


def path(name):
    return os.path.join(folder, name)


def signer(name):
    return Signer(path(name + ".crt"), path(name + ".key"))


lra = signer(by)
questions = []


def ask(name, body, recip=None):
    m = build(signer(name), body, os.urandom(16), os.urandom(16), recip)
    questions.append(m)
    return m


def request(name, popo="signature", old=False):
    who = signer(name).certificate
    return seq(cert_request(who.subject, path(name + ".key"), popo, old=who if old else None))


def csr(name):
    return openssl("req", "-new", "-key", path(name + ".key"), "-subj", "/O=Plant/CN=c", "-outform", "der")


def rr(name):
    who = signer(name).certificate
    return seq(seq(seq(tlv(0x81, who.serial), ctx(3, who.issuer)), seq(seq(oid("551d15"), octets(tlv(10, b"\x04"))))))


batch = [ask("a", ctx(0, request("a"))), ask("b", ctx(2, request("b"))), ask("c", ctx(4, csr("c"))), ask("d", ctx(7, request("d", old=True))),
         ask("e", ctx(21, seq(seq(it(17))))), ask("f", ctx(11, rr("f"))), ask("g", ctx(0, request("g", "none"))),
         ask("a", ctx(24, seq(seq(octets(bytes(32)), integer(0)))), os.urandom(16))]
number, nonce = os.urandom(16), os.urandom(16)
answer = post(url, build(lra, ctx(20, seq(*batch)), number, nonce), timeout=120)
print("batch:", said(answer))
m = Message(answer)
if m.kind != "nested":
    sys.exit(1)
if m.id != number or m.recip != nonce or not m.signed_by(Signer(path("ra.crt"), path("ra.key")).certificate):
    sys.exit("the answer of the batch is not what it should be")
inner = [Message(i) for i in m.inner()]
if len(inner) != len(batch):
    sys.exit("%d answers to %d questions" % (len(inner), len(batch)))
for question, one in zip(map(Message, questions), inner):
    print("%s: %s" % (question.kind, said(one.data)))
    if one.id != question.id or one.recip != question.nonce:
        sys.exit("it belongs to another question")
    if not any(one.signed_by(signer(n).certificate) for n in ("ra", "srv")):
        print("not protected")
