#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST one file over CoAP and write the content of the answer, a refusal's as
well: coap_post.py HOST:PORT REQUEST ANSWER. Prints the code, the Content-Format,
and what PKIMessage the content is: its body and failInfo."""
import sys

from hostile import Answer, Wanted
from hostile_coap import CHANGED, Client

with open(sys.argv[2], "rb") as f:
    request = f.read()
try:
    with Client(sys.argv[1]) as c:
        said = c.post(request)
except Wanted as e:
    sys.exit(str(e))
with open(sys.argv[3], "wb") as f:
    f.write(said.content)
try:
    a = Answer(said.content)
    print(" ".join([said.status, str(c.format), a.body] + a.failures))
except (ValueError, IndexError, KeyError):
    print(said.status, c.format, said.content[:60])
sys.exit(said.status != CHANGED)
