#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that want more than the limits allow, from addresses that are not
loopback: limits.py WHAT CA-URL ADDRESS... runs one of the functions below on
listeners on ADDRESS (HOST:PORT), and ends with 0 when it got what is promised."""
import os
import socket
import sys
import urllib.request

import hostile_coap
import hostile_http
import hostile_tcp
from hostile import Answer, Header, Wanted, genm, it, message, octets, poll_req, seq, want
from hostile_http import post
from hostile_tcp import ANSWER, ERROR, POLL_REP, POLL_REQ, REQUEST, frame

HERE, THERE, EXEMPT = "192.0.2.1", "192.0.2.2", "192.0.2.9"
BURST = 5
ca = ""


def ask_ca(what):
    with urllib.request.urlopen(ca + what, timeout=15) as r:
        return r.read()


def seen():
    return int(ask_ca("count"))


def request(kind="T"):
    return message(Header(id=kind.encode().ljust(4, b"-") + os.urandom(12)), genm())


def sized(n):
    """A request that the CA holds, of exactly n octets."""
    h = Header(id=b"HOLD" + os.urandom(12))
    filler = n
    while True:
        m = message(h, genm(seq(it(99), octets(bytes(filler)))))
        if len(m) == n:
            return m
        filler -= len(m) - n


class Held:
    """Requests under way, each on a connection of its own."""

    def __init__(self, at):
        self.at, self.clients = at, []

    def add(self, data, wait=True):
        c = hostile_http.Client(self.at)
        c.send(post(data))
        self.clients.append(c)
        if wait:
            ask_ca("held/%d" % len(self.clients))

    def release(self):
        ask_ca("release")
        for c in self.clients:
            said = c.read()
            want(said.status == 200, "a request under way got", said)
            c.sock.close()


def over_http(at, data, source=HERE):
    with hostile_http.Client(at, source) as c:
        c.send(post(data))
        said = c.read()
        said.headers = getattr(c, "headers", {})
        return said


def over_tcp(at, data, source=HERE):
    with hostile_tcp.Client(at, source) as c:
        c.send(frame(0, REQUEST, data))
        return c.read()


def over_coap(at, data, source=HERE):
    with hostile_coap.Client(at, source) as c:
        return c.upload(data) if len(data) > 1024 else c.ask(data)


def refused_http(said, status, text=b"", seconds=True):
    want(said.status == status, "is", said, "should be", status)
    want(not seconds or int(said.headers.get("retry-after", 0)) > 0, "there is no Retry-After")
    want(text in said.content, "the answer does not say", text, ":", said.content)


def refused_tcp(said, text):
    want(said.status == ERROR and text in said.content, "is", said, "should be an error about", text)


def refused_coap(d, code):
    want(d.code == code, "is", d.code, d.payload[:80], "should be", code)
    want(d.uint(14) > 0, "there is no Max-Age")


# ---- the rate of one source

def rate_http(at):
    for _ in range(BURST):
        want(over_http(at, request()).status == 200, "a request within the burst was refused")
    before = seen()
    for _ in range(3):
        refused_http(over_http(at, request()), 429, b"limits.rate")
    want(seen() == before, "the CA saw a request over the rate")
    want(over_http(at, request(), THERE).status == 200, "another source was refused as well")


def rate_tcp(at):
    for _ in range(BURST):
        want(over_tcp(at, request()).status == ANSWER, "a request within the burst was refused")
    refused_tcp(over_tcp(at, request()), b"limits.rate")
    want(over_tcp(at, request(), THERE).status == ANSWER, "another source was refused as well")


def rate_coap(at):
    for _ in range(BURST):
        want(over_coap(at, request()).code == "2.04", "a request within the burst was refused")
    refused_coap(over_coap(at, request()), "4.29")
    want(over_coap(at, request(), THERE).code == "2.04", "another source was refused as well")


def rate_exempt(at):
    for source in (EXEMPT, "127.0.0.1"):
        for _ in range(4 * BURST):
            said = over_http(at, request(), source)
            want(said.status == 200, source, "got", said)


# row 78
def flood_of_non(at):
    before = seen()
    with hostile_coap.Client(at, HERE) as c:
        for _ in range(300):
            c.send(request(), hostile_coap.TYPED, kind=hostile_coap.NON)
        c.sock.settimeout(2)
        codes = {}
        try:
            while True:
                d = hostile_coap.Datagram(c.sock.recv(65536))
                codes[d.code] = codes.get(d.code, 0) + 1
                c.sock.settimeout(0.3)
        except socket.timeout:
            pass
    want(set(codes) <= {"2.04", "4.29"}, "codes:", codes)
    want(codes.get("2.04", 0) >= 1 and codes.get("4.29", 0) >= 1, "codes:", codes)
    want(seen() - before <= BURST + 2, "the CA saw", seen() - before, "of 300 requests")
    want(over_coap(at, request(), THERE).code == "2.04", "another source was refused as well")


# row 67
def flood_of_polls(at):
    h = Header(id=b"T---" + os.urandom(12), recip_nonce=bytes(16))
    before, statuses = seen(), {}
    with hostile_http.Client(at, HERE) as c:
        for _ in range(100):
            h.nonce = os.urandom(16)  # fresh each time, as a device does it
            c.send(post(message(h, poll_req())))
            said = c.read()
            statuses[said.status] = statuses.get(said.status, 0) + 1
            if said.status == 200:
                a = Answer(said.content)
                want(a.body == "pollRep", "a poll got", said)
                h.recip_nonce = a.fields[5]
    want(set(statuses) == {200, 429}, "statuses:", statuses)
    want(statuses[200] == seen() - before <= BURST + 2, "the CA saw", seen() - before, "of 100 polls:", statuses)


# row 67, where the transport polls: the gateway has limits.exchange_timeout of a second
def flood_of_references(at):
    with hostile_tcp.Client(at, HERE) as c:
        c.send(frame(0, REQUEST, request("HOLD")))
        said = c.read()
        want(said.status == POLL_REP, "is", said, "should be told to poll")
        reference = said.content[:4]
        errors = 0
        for _ in range(20):
            # Each poll but the last is told that it was overtaken, or too fast.
            c.send(frame(0, POLL_REQ, reference))
        ask_ca("release")
        for _ in range(20):
            said = c.read()
            want(said.status in (ANSWER, ERROR, POLL_REP), "is", said)
            errors += said.status == ERROR and b"limits.rate" in said.content
        want(errors >= 20 - BURST, "only", errors, "of 20 polls were too fast")


# ---- what is held at once

def bytes_in_flight(web, coap, tcp):
    """limits.bytes_in_flight is 1 MiB"""
    held = Held(web)
    for _ in range(16):
        held.add(sized(61680))
    left = (1 << 20) - 16 * 61680
    refused_http(over_http(web, sized(left + 1)), 503, b"limits.bytes_in_flight")
    held.add(sized(left))
    refused_http(over_http(web, request()), 503, b"limits.bytes_in_flight")
    refused_tcp(over_tcp(tcp, request()), b"limits.bytes_in_flight")
    refused_coap(over_coap(coap, request()), "5.03")
    held.release()
    want(over_http(web, request()).status == 200, "there is no room afterwards")


def transactions(web, coap, tcp):
    """limits.transactions is 2"""
    held = Held(web)
    held.add(request("HOLD"))
    held.add(request("HOLD"))
    said = over_http(web, request())
    refused_http(said, 503, b"limits.transactions")
    a = Answer(said.content)
    want(a.body == "error" and a.failures == ["systemUnavail"], "the content is", a)
    refused_tcp(over_tcp(tcp, request()), b"limits.transactions")
    d = over_coap(coap, request())
    refused_coap(d, "5.03")
    want(Answer(d.payload).failures == ["systemUnavail"], "the content is", d.payload)
    held.release()
    for _ in range(3):
        want(over_http(web, request()).status == 200, "there is no room afterwards")


def connections(web, tcp):
    """limits.connections is 2, for both listeners together"""
    held = Held(web)
    held.add(request("HOLD"))
    with hostile_tcp.Client(tcp, HERE) as idle:
        idle.send(frame(0, REQUEST, request()))
        want(idle.read().status == ANSWER, "the second connection is not served")
        # The idle one makes place for a third, that is served.
        with hostile_http.Client(web, THERE) as c:
            want(idle.closed(), "the idle connection did not make place")
            c.send(post(request("HOLD")))
            ask_ca("held/2")
            # Now both are at work, so the next is closed.
            with hostile_tcp.Client(tcp, HERE) as late:
                want(late.closed(), "a third connection is kept")
            ask_ca("release")
            want(c.read().status == 200, "the third connection was not served")
    held.release()


def per_source(web):
    """limits.connections_per_source is 2"""
    with hostile_http.Client(web, HERE) as a, hostile_http.Client(web, HERE) as b, hostile_http.Client(web, THERE) as other:
        for c in (a, b, other):
            c.send(post(request("HOLD")))
        ask_ca("held/3")
        with hostile_http.Client(web, HERE) as late:
            want(late.closed(), "a third connection of one source is kept")
        ask_ca("release")
        for c in (a, b, other):
            want(c.read().status == 200, "a connection within the limit was not served")
        for c in (other, a, b):
            c.send(post(request()))
            want(c.read().status == 200, "a connection within the limit was not served")
        # Idle now: the older of its own makes place, nobody else's.
        with hostile_http.Client(web, HERE) as late:
            want(a.closed(), "the older idle connection did not make place")
            for c in (late, b, other):
                c.send(post(request()))
                want(c.read().status == 200, "a connection was closed that had its place")
    # Loopback is not counted.
    many = [hostile_http.Client(web) for _ in range(6)]
    for c in many:
        c.send(post(request()))
        want(c.read().status == 200, "a connection over loopback was closed")
        c.sock.close()


if __name__ == "__main__":
    ca = sys.argv[2]
    try:
        globals()[sys.argv[1]](*sys.argv[3:])
    except Wanted as e:
        sys.exit(str(e))
