#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST one file and write the content of the answer:
http_post.py HOST:PORT PATH REQUEST ANSWER [TYPE]. Prints the status."""
import http.client
import sys

kind = sys.argv[5] if len(sys.argv) > 5 else "application/pkixcmp"
with open(sys.argv[3], "rb") as f:
    content = f.read()
c = http.client.HTTPConnection(sys.argv[1], timeout=90)
c.request("POST", sys.argv[2], content, {"Content-Type": kind})
r = c.getresponse()
with open(sys.argv[4], "wb") as f:
    f.write(r.read())
print(r.status, r.getheader("Content-Type"))
sys.exit(0 if r.status == 200 else 1)
