#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order one answer of a drop folder went to the disk:
durable_order.py TRACE FOLDER NAME reads the files TRACE.* of strace -ff -y and
prints what was done to the answer to in/NAME and to its folders, a line for
each call. Ends with 0 when that is what survives a power cut on any file
system: write, fsync, rename, fsync of the file again, fsync of the folder; and
only then the same for the request."""
import glob
import re
import sys

CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
PATH = re.compile(r"<([^<>]*)>")
NAME = re.compile(r'"([^"]*)"')


def short(path, folder):
    """A path within the folder, with one word for every temporary name."""
    path = path[len(folder):].lstrip("/")
    return re.sub(r"\.[0-9a-f]{16}\.tmp$", "TMP", path)


def calls(lines, folder):
    for line in lines:
        m = CALL.match(line)
        if m is None or m.group(3).startswith("-") or folder not in line:
            continue
        call, args = m.group(1), m.group(2)
        paths = [short(p, folder) for p in PATH.findall(args) if p.startswith(folder)]
        if call.startswith("rename") and len(paths) == 2:
            old, new = NAME.findall(args)[:2]
            yield "rename %s %s" % (short(folder + "/" + paths[0] + "/" + old, folder), paths[1] + "/" + new)
        elif call in ("write", "fsync", "fdatasync"):
            yield "%s %s" % (call, paths[0])


def main():
    trace, folder, name = sys.argv[1:]
    stem = name.rsplit(".", 1)[0]
    for file in glob.glob(trace + ".*"):
        with open(file, errors="replace") as f:
            done = list(calls(f, folder))
        answers = [d for d in done if d.startswith("rename out/TMP out/%s." % stem)]
        if not answers:
            continue
        answer = answers[0].split()[2]
        while done.count("write out/TMP") > 1:
            done.remove("write out/TMP")  # a large answer may take more than one
        wanted = ["write out/TMP", "fsync out/TMP", answers[0], "fsync " + answer, "fsync out",
                  "rename in/%s done/%s" % (name, name), "fsync done/" + name, "fsync done", "fsync in"]
        print("\n".join(done))
        return 0 if done == wanted else "should be:\n" + "\n".join(wanted)
    return "no answer to %s in %s.*" % (name, trace)


sys.exit(main())
