#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a file that fits a pattern stands in a folder, and print its
name: wait_file.py FOLDER PATTERN SECONDS. Woken by inotify."""
import ctypes
import fnmatch
import os
import select
import sys
import time

IN_CREATE, IN_MOVED_TO, IN_CLOSE_WRITE, IN_DELETE, IN_MOVED_FROM = 0x100, 0x80, 0x8, 0x200, 0x40


def main():
    folder, pattern, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    gone = pattern.startswith("!")  # wait until no such file is there any more
    pattern = pattern.lstrip("!")
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    mask = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM
    if fd < 0 or libc.inotify_add_watch(fd, folder.encode(), mask) < 0:
        sys.exit("wait_file: cannot watch %s" % folder)
    end = time.monotonic() + seconds
    while True:
        found = sorted(n for n in os.listdir(folder) if fnmatch.fnmatch(n, pattern))
        if bool(found) != gone:
            print(found[0] if found else "")
            return 0
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            print("wait_file: nothing like %s in %s after %s s" % (pattern, folder, seconds), file=sys.stderr)
            return 1
        os.read(fd, 65536)


sys.exit(main())
