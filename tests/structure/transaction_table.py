#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the rows of tests/unit/test_transaction.c as the table of
docs/transaction.md: transaction_table.py SOURCE."""
import re
import sys

FACTS = {"U": "under way", "P": "polled", "H": "held is waiting", "L": "live", "M": "mailbox", "K": "can poll", "C": "current",
         "S": "reply stored", "N": "nonce fits", "F": "ids fit", "J": "device rejects", "D": "certConf due", "X": "certificate",
         "R": "client", "O": "own certConf", "Q": "own certConf rejects", "A": "adopted", "V": "proven", "W": "doubtful", "B": "other hash"}
REASONS = ["busy", "try again", "unavailable", "timeout", "as the event says"]

with open(sys.argv[1]) as f:
    source = f.read()
macros = dict(re.findall(r'^#define (\w+) "([^"]*)"', source, re.M))


def action(text):
    text = re.sub(r"\b[A-Z_]{3,}\b", lambda m: '"%s"' % macros[m.group(0)], text)
    text = re.sub(r'"\s*"', "", text).strip().strip('"')
    return re.sub(r"refuse=(\d)", lambda m: "refuse (%s)" % REASONS[int(m.group(1))], text)


for state, event, facts, after, outcome, actions in re.findall(
        r'^\t\{ STATE_(\w+), EVENT_(\w+), "(\w*)", STATE_(\w+), ENDED_(\w+), (.*) \},$', source, re.M):
    if state == "CLOSED":
        outcome = "NOT"  # it stays what it was
    print("| %s | %s | %s | %s%s | %s |" % (state, event, ", ".join(FACTS[c] for c in facts) or "-", after,
                                         "" if outcome == "NOT" else ", " + outcome.lower(), action(actions) or "nothing"))
