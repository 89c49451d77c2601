#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""audit_chain.py FILE...: is the chain of an audit file whole? Numbers follow
each other, and each record holds the SHA-256 of the line before."""
import hashlib
import json
import sys


def check(path):
    before, number = None, None
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    if lines.pop() != b"":
        raise ValueError("the last line is cut off")
    for n, line in enumerate(lines, 1):
        record = json.loads(line)
        for key in ("v", "seq", "ts", "event", "prev"):
            if key not in record:
                raise ValueError("line %d has no %s" % (n, key))
        if number is not None and record["seq"] != number + 1:
            raise ValueError("line %d: number %d follows %d" % (n, record["seq"], number))
        if before is None and record["seq"] == 1:
            before = "0" * 64
        if before is not None and record["prev"] != before:
            raise ValueError("line %d does not continue the line before" % n)
        before, number = hashlib.sha256(line).hexdigest(), record["seq"]
    return len(lines)


for name in sys.argv[1:]:
    try:
        print("%s: %d records" % (name, check(name)))
    except ValueError as e:
        sys.exit("%s: %s" % (name, e))
