#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One transaction, step by step, each over a link of its own: steps.py WHAT
STEP... A step is BODY@URL: http://HOST:PORT/PATH, coap://HOST:PORT or
tcp://HOST:PORT; http://@LOG is where the gateway with this log listens. transactionIDs begin with WHAT; recipNonce is the senderNonce of
the last answer. "again@URL" sends the octets of the last step once more, "seen@URL"
asks a counting CA how many messages it saw, and "!COMMAND" runs a shell command. Prints what each step got: the body of the
answer (ip+ with a certificate), behind the status where the transport refused."""
import os
import re
import subprocess
import sys

import hostile_coap
import hostile_http
import hostile_tcp
from hostile import ECDSA, SPKI, Answer, Header, bits, cert_conf, ctx, elements, genm, integer, ir, message, name, poll_req, rr, seq


def p10cr():
    return ctx(4, seq(seq(integer(0), name("device"), SPKI, ctx(0)), ECDSA, bits(b"\x30\x06\x02\x01\x01\x02\x01\x01")))


BODIES = {"ir": ir, "p10cr": p10cr, "rr": rr, "genm": genm, "certConf": cert_conf, "pollReq": poll_req}


def over_http(at, data):
    if at.startswith("@"):
        with open(at[1:]) as f:
            at = re.search("^listening on http://(.*)$", f.read(), re.M).group(1).rstrip("/") + "/.well-known/cmp"
    at, _, path = at.partition("/")
    with hostile_http.Client(at) as c:
        c.send(hostile_http.head(hostile_http.TYPE, "Content-Length: %d" % len(data), path="/" + path) + data)
        said = c.read()
    return "" if said.status == 200 else str(said.status), said.content


def over_coap(at, data):
    with hostile_coap.Client(at) as c:
        said = c.post(data)
    return "" if said.status == hostile_coap.CHANGED else said.status, said.content


def over_tcp(at, data):
    with hostile_tcp.Client(at) as c:
        c.send(hostile_tcp.frame(10, hostile_tcp.REQUEST, data))
        said = c.read()
    return "" if said.status == hostile_tcp.ANSWER else "type%d" % said.status, said.content


LINKS = {"http": over_http, "coap": over_coap, "tcp": over_tcp}


def certified(a):
    """Whether the answer brings a certificate."""
    if a.body not in ("ip", "cp", "kup"):
        return False
    response = elements(elements(elements(elements(a.contents)[0][1])[-1][1])[0][1])
    return len(response) > 2 and response[2][0] == 0x30


def show(status, content):
    """The words for an answer, and its senderNonce; a refusal of the gateway's own
    is not part of what the next message refers to."""
    try:
        a = Answer(content)
    except (ValueError, IndexError, KeyError):
        return status or "?", None
    words = a.body + ("+" if certified(a) else "") + "".join(":" + f for f in a.failures)
    return "/".join(w for w in (status, words) if w), None if a.failures else a.fields.get(5)


def main():
    number, last, nonce, out = sys.argv[1].encode().ljust(4, b"-") + os.urandom(12), b"", None, []
    for step in sys.argv[2:]:
        if step.startswith("!"):
            subprocess.run(step[1:], shell=True, check=True, stdout=subprocess.DEVNULL)
            continue
        body, _, url = step.partition("@")
        scheme, _, at = url.partition("://")
        if body == "seen":
            with hostile_http.Client(at.strip("/")) as c:
                c.send(b"GET /count HTTP/1.1\r\nHost: ca\r\n\r\n")
                out.append(c.read().content.decode())
            continue
        if body != "again":
            h = Header(id=number)
            if body in ("certConf", "pollReq"):
                h.recip_nonce = nonce or bytes(16)
            last = message(h, BODIES[body]())
        words, answered = show(*LINKS[scheme](at, last))
        nonce = answered or nonce
        out.append(words)
    print(" ".join(out))


main()
