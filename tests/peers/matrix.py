#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every body in every state of a transaction: matrix.py FIRST CA-URL PATIENT
HASTY prints one TAP line for each state; matrix.py --count tells how many. The
answers stand in EXPECTED, by name; after each of them the transaction goes on
as if nothing had come. PATIENT and HASTY are HOST:PORT of two gateways; with
the second, limits.exchange_timeout is a second, so that answers find nobody."""
import os
import sys
import urllib.request

from hostile import (BODIES, CERTIFICATE, ECDSA, NULL, SPKI, Answer, Header, Tap, bits, cert_conf, cert_status, ctx, directory, genm, integer, ir,
                     message, name, nested, octets, poll_req, rr, seq, time, want)
from hostile_http import Client, post

REJECTED = seq(integer(2))
CERTS = seq(seq(seq(integer(0), REJECTED)))
REQUEST = ir()[2:] if ir()[1] < 0x80 else ir()[2 + (ir()[1] & 0x7F):]  # CertReqMessages
P10 = seq(seq(integer(0), name("device"), SPKI, ctx(0)), ECDSA, bits(b"\x30\x06\x02\x01\x01\x02\x01\x01"))
SAMPLES = {
    "ip": CERTS, "cp": CERTS, "kup": CERTS, "ccp": CERTS, "p10cr": P10, "popdecc": seq(seq(ECDSA, octets(b"w"), octets(b"c"))),
    "popdecr": seq(integer(5)), "krp": seq(REJECTED), "rp": seq(seq(REJECTED)), "ckuann": seq(CERTIFICATE, CERTIFICATE, CERTIFICATE),
    "cann": CERTIFICATE, "rann": seq(integer(4), seq(directory("CA"), integer(7)), time("20260101000000Z"), time("20260101000000Z")),
    "crlann": seq(CERTIFICATE), "pkiconf": NULL, "genp": seq(), "error": seq(REJECTED), "pollRep": seq(seq(integer(0), integer(5))),
}
SAMPLES.update((b, REQUEST) for b in ("ir", "cr", "kur", "krr", "ccr"))
GIVEN = {"rr": rr, "genm": genm, "certConf": cert_conf, "pollReq": poll_req}

FIRST = ("ir", "cr", "p10cr", "kur", "krr", "rr", "ccr", "nested", "genm")
ANSWERS = {"ir": "ip", "cr": "cp", "p10cr": "cp", "kur": "kup", "krr": "krp", "rr": "rp", "ccr": "ccp", "nested": "genp", "genm": "genp"}
USED = "error transactionIdInUse"
BAD = "error badRequest"
BUSY = "503 error systemUnavail"

# By state: another first request, certConf, pollReq, and the octets of the first
# request once more. Whatever no device may send is BAD in every state.
EXPECTED = {
    "NEW": (None, "pkiconf", "pollRep", None),
    "ASKING": (USED, BAD, BAD, "joins"),
    "UPWAIT": (USED, BAD, "pollRep", "ip"),
    "READY": (USED, "error badRecipientNonce", "error badRecipientNonce", "ip+"),
    "CONFIRM_DUE": (USED, "pkiconf", BAD, "ip+"),
    "CONFIRMING": (USED, BUSY, BAD, "ip+"),
    "CLOSED": (USED, "error certConfirmed", BAD, "ip+"),
}


def words(said):
    a = Answer(said.content)
    plus = "+" if CERTIFICATE in said.content else ""
    return " ".join(([] if said.status == 200 else [str(said.status)]) + [a.body + plus] + a.failures)


class Gateway:
    def __init__(self, ca, at):
        self.ca, self.at = ca, at

    def ask_ca(self, what):
        with urllib.request.urlopen(self.ca + what, timeout=30) as r:
            return r.read()

    def begin(self, data):
        c = Client(self.at)
        c.send(post(data))
        return c

    def end(self, c):
        said = c.read()
        c.sock.close()
        return said

    def ask(self, data):
        return self.end(self.begin(data))


class Transaction:
    """One that stands in some state; goes_on() shows that it still does."""

    def __init__(self, gate, what):
        self.gate, self.waiting = gate, None
        self.id = what + os.urandom(11 if len(what) == 5 else 12)
        self.first = message(Header(id=self.id), ir())
        self.nonce = None

    def say(self, body, recip=True, **header):
        return message(Header(id=self.id, recip_nonce=(self.nonce or bytes(16)) if recip else None, **header), body)

    def answered(self, said, wanted):
        want(words(said) == wanted, "on the way there was", words(said), "instead of", wanted)
        self.nonce = Answer(said.content).fields[5]

    def probe(self, body):
        if body == "same":
            return self.first
        if body == "nested":
            return self.say(nested(message(Header(id=self.id), genm())), recip=False)
        contents = GIVEN[body]() if body in GIVEN else ctx(BODIES.index(body), SAMPLES[body])
        if body == "certConf":
            contents = cert_conf(cert_status(0, REJECTED))  # other octets than the one that may be under way
        return self.say(contents, recip=body not in FIRST)


def prepare(gate, state, count):
    """`count` transactions in this state."""
    what = {"NEW": b"CERT", "ASKING": b"LATE", "UPWAIT": b"WAIT9", "READY": b"LATE", "CONFIRM_DUE": b"CERT", "CONFIRMING": b"KEEP", "CLOSED": b"CERT"}
    rows = [Transaction(gate, what[state]) for _ in range(count)]
    if state in ("ASKING", "READY"):
        for t in rows:
            t.waiting = gate.begin(t.first)
        gate.ask_ca("held/%d" % count)
    if state == "READY":
        for t in rows:
            want(words(gate.end(t.waiting)) == "504 error systemUnavail", "the device was not told to come again")
        gate.ask_ca("release")
    if state in ("UPWAIT", "CONFIRM_DUE", "CONFIRMING", "CLOSED"):
        for t in rows:
            t.answered(gate.ask(t.first), "ip" if state == "UPWAIT" else "ip+")
    if state == "CONFIRMING":
        for t in rows:
            t.confirm = t.say(cert_conf())
            t.waiting = gate.begin(t.confirm)
        gate.ask_ca("held/%d" % count)
    if state == "CLOSED":
        for t in rows:
            t.confirm = t.say(cert_conf())
            want(words(gate.ask(t.confirm)) == "pkiconf", "the certConf was not answered")
    return rows


def expected(state, body):
    other, confirm, poll, same = EXPECTED[state]
    if body in FIRST:
        return ANSWERS[body] + ("+" if body in ("ir", "cr", "p10cr", "kur", "ccr") else "") if state == "NEW" else other
    return {"certConf": confirm, "pollReq": poll, "same": same}.get(body, BAD)


def goes_on(gate, state, t, body):
    """What the transaction would have done without the probe."""
    if state == "UPWAIT" and body != "pollReq":
        return words(gate.ask(t.say(poll_req()))), "pollRep"
    if state == "CONFIRM_DUE" and body != "certConf":
        return words(gate.ask(t.say(cert_conf()))), "pkiconf"
    if state == "READY":
        return words(gate.ask(t.first)), "ip+"
    if state == "CLOSED":
        return words(gate.ask(t.confirm)), "pkiconf"
    return "", ""


def check(gate, state):
    bodies = list(BODIES) + ([] if state == "NEW" else ["same"])
    wrong, joined = [], []
    for body, t in zip(bodies, prepare(gate, state, len(bodies))):
        wanted = expected(state, body)
        if wanted == "joins":  # who waited hears that the answer goes to the newer one
            joined.append((body, gate.begin(t.probe(body))))
            got, wanted = words(gate.end(t.waiting)), BUSY
            t.waiting = None
        else:
            got = words(gate.ask(t.probe(body)))
        if got != wanted:
            wrong.append("%s: is %s, should be %s" % (body, got, wanted))
        got, wanted = goes_on(gate, state, t, body)
        if got != wanted:
            wrong.append("%s, and then: is %s, should be %s" % (body, got, wanted))
        if t.waiting is not None and state != "READY":
            joined.append((body, t.waiting))
    if joined:
        gate.ask_ca("release")
    for body, c in joined:
        got, wanted = words(gate.end(c)), "pkiconf" if state == "CONFIRMING" else "ip+"
        if got != wanted:
            wrong.append("%s, and at last: is %s, should be %s" % (body, got, wanted))
    want(not wrong, "\n".join(wrong))


def main():
    if sys.argv[1:] == ["--count"]:
        print(len(EXPECTED))
        return 0
    first, ca, patient, hasty = sys.argv[1:]
    tap = Tap(int(first))
    for state in EXPECTED:
        gate = Gateway(ca, hasty if state == "READY" else patient)
        tap.run("%s: each of %d bodies" % (state, len(BODIES)), check, gate, state)
    return 1 if tap.failed else 0


sys.exit(main())
