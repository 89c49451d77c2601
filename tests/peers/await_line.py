#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for a line in a growing log: await_line.py LOG PID REGEX SECONDS.
Prints the first line that fits (its group 1 when there is one). Woken by
inotify, and by the end of the process PID, which counts as failure."""
import ctypes
import os
import re
import select
import sys
import time

IN_MODIFY = 0x2


def main():
    log, pid, pattern, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode(), float(sys.argv[4])
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_CLOEXEC)
    if watch < 0 or libc.inotify_add_watch(watch, log.encode(), IN_MODIFY) < 0:
        sys.exit("await_line: cannot watch %s" % log)
    try:
        process = os.pidfd_open(pid)
    except OSError:
        process = -1
    end = time.monotonic() + seconds
    while True:
        with open(log, "rb") as f:
            lines = f.read().split(b"\n")[:-1]
        for line in lines:
            m = re.search(pattern, line)
            if m:
                print((m.group(1) if m.groups() else line).decode("utf-8", "replace"))
                return 0
        left = end - time.monotonic()
        ready = select.select([watch] + ([process] if process >= 0 else []), [], [], max(left, 0))[0] if process >= 0 else []
        if not ready or process in ready:
            sys.stderr.write("await_line: no line like %r in %s\n" % (sys.argv[3], log))
            sys.stderr.write(b"\n".join(lines[-20:]).decode("utf-8", "replace") + "\n")
            return 1
        os.read(watch, 65536)


sys.exit(main())
