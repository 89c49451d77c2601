#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile user of a drop folder: hostile_file.py FIRST PID CA-URL FOLDER LOG
prints one TAP line for each row; hostile_file.py --count tells how many."""
import base64
import ctypes
import itertools
import os
import re
import select
import sys
import time

from hostile import PASSED, REFUSED, Answer, Case, Header, Said, Story, genm, ir, message, message_cases, new_id, tlv, want

IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE = 0x2, 0x40, 0x80, 0x100
ANSWERED, BAD = "answered", "bad"
names = ("m%04d" % n for n in itertools.count(1))


class Watch:
    """Wait until something holds of a folder or a file, looked at after each change."""

    def __init__(self, *paths):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        for path in paths:
            want(libc.inotify_add_watch(self.fd, path.encode(), IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE) >= 0, "cannot watch", path)

    def until(self, true, seconds, what):
        end = time.monotonic() + seconds
        while not true():
            left = end - time.monotonic()
            want(left > 0 and select.select([self.fd], [], [], left)[0], "after", seconds, "s:", what)
            os.read(self.fd, 65536)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class FileStory(Story):
    def begin(self, box, log):
        self.box, self.log = box, log
        self.watch = Watch(os.path.join(box, "in"), os.path.join(box, "bad"), log)
        self.early = {}
        # What can only be refused need not be waited for one by one.
        for case in self.cases:
            if PASSED not in case.wanted and not case.todo:
                self.early[case.title] = self.drop(case.data)
        self.locked = self.drop(self.good(), None, 0)
        good = message(Header(), ir())
        self.cut = [(n, self.drop(good[:n])) for n in range(1, len(good))]

    def at(self, *parts):
        return os.path.join(self.box, *parts)

    def drop(self, data, name=None, mode=0o644):
        """Put a file into in/ as a careful user does."""
        stem = next(names)
        name = name or stem + ".pki"
        with open(self.at("in", "." + stem), "wb") as f:
            f.write(data)
        os.chmod(f.name, mode)
        os.rename(f.name, self.at("in", name))
        return name

    def end_of(self, name):
        """What became of a file: its answer, or its report."""
        self.watch.until(lambda: not os.path.lexists(self.at("in", name)), 12, name + " still stands in in/")
        stem = name[:-4]
        if os.path.lexists(self.at("bad", name)):
            want(os.path.exists(self.at("bad", name + ".txt")), "no report beside bad/" + name)
            return Said(BAD, read(self.at("bad", name + ".txt")))
        want(os.path.lexists(self.at("done", name)), name, "is in none of in/, done/ and bad/")
        found = [n for n in os.listdir(self.at("out")) if n.startswith(stem + ".") and n.endswith(".pki")]
        want(len(found) == 1, "answers:", found)
        said = Said(ANSWERED, read(self.at("out", found[0])))
        want(found[0] == "%s.%s.pki" % (stem, Answer(said.content).body.lower()), "the answer is named", found[0])
        return said

    def judge(self, case):
        name = self.early.get(case.title) or self.drop(case.data)
        case.judge(self.end_of(name), ANSWERED, BAD)

    def is_bad(self, name):
        said = self.end_of(name)
        want(said.status == BAD, name, "is", said, "should be bad")
        return said

    def is_answered(self, name):
        said = self.end_of(name)
        want(said.status == ANSWERED and Answer(said.content).body == "genp", name, "is", said, "should be genp")
        self.expected += 1
        return said

    def good(self):
        return message(Header(), genm())

    def after(self):
        """All that stood in in/ before has been looked at."""
        self.is_answered(self.drop(self.good()))

    def quiet(self, *left):
        """These names still stand in in/, and nothing was made of them."""
        for name in left:
            want(os.path.lexists(self.at("in", name)), repr(name), "left in/")
            stem = name[:-4]
            for folder in ("out", "bad", "done"):
                made = [n for n in os.listdir(self.at(folder)) if n.startswith(stem + ".")]
                want(not made, repr(name), "made", made, "in", folder)

    # ---- rows about files

    def row_2(self):
        """row 2: a random MiB, and one octet over limits.max_message"""
        over, most = tlv(0x30, bytes(65533)), tlv(0x30, bytes(65532))
        for data in (os.urandom(1 << 20), tlv(0x30, bytes(1 << 17)), over):
            said = self.is_bad(self.drop(data))
            want(b"max_message" in said.content, "the report says", said.content)
        want(b"max_message" not in self.is_bad(self.drop(most)).content, "65536 octets are too many")

    def row_3(self):
        """row 3: truncated at every length: reported, never handed over"""
        for n, name in self.cut:
            said = self.end_of(name)
            want(said.status == BAD, "at", n, "octets is", said)
        self.is_clean()

    def row_6(self):
        """row 6: PEM is taken on a folder; broken PEM and bare base64 are reported"""
        text = base64.encodebytes(self.good())
        begin, end = b"-----BEGIN PKIMESSAGE-----\n", b"-----END PKIMESSAGE-----\n"
        self.is_answered(self.drop(begin + text + end, "armoured.pem"))
        for data in (text, begin + b"!" + text + end, begin + text[:40] + b"\n" + end, begin + b"====\n" + end):
            self.is_bad(self.drop(data))

    def row_80_link(self):
        """row 80: a symbolic link to a secret is left alone, and the secret goes nowhere"""
        secret = os.path.join(os.path.dirname(self.box), "secret")
        with open(secret, "wb") as f:
            f.write(self.good())
        os.symlink(secret, self.at("in", "link.der"))
        os.symlink(self.at("in"), self.at("in", "folder-link.der"))
        os.symlink("/dev/zero", self.at("in", "device-link.der"))
        self.after()
        self.quiet("link.der", "folder-link.der", "device-link.der")
        self.is_clean()

    def row_80_strange(self):
        """row 80: a FIFO and a folder with a message's name are left alone, and the log tells so"""
        os.mkfifo(self.at("in", "fifo.der"))
        os.mkdir(self.at("in", "folder.der"))
        self.after()
        self.quiet("fifo.der", "folder.der")
        log = read(self.log).decode("utf-8", "replace")
        for name in ("link.der", "fifo.der", "folder.der"):
            want(re.search("left alone in in/: it is .*file=" + name, log), "the log does not tell of", name)

    def row_80_sparse(self):
        """row 80: a sparse file of 5 GiB is reported without being read"""
        name = self.at("in", ".sparse")
        with open(name, "wb") as f:
            f.write(self.good())
            f.truncate(5 << 30)
        os.rename(name, self.at("in", "sparse.der"))
        self.is_bad("sparse.der")

    def row_80_twice(self):
        """row 80: the same message under two names is one submission, and both get its answer"""
        good = self.good()
        a = self.is_answered(self.drop(good, "one.pki"))
        self.is_clean()
        b = self.end_of(self.drop(good, "two.pki"))
        want(a.content == b.content, "the answers differ")
        self.is_clean()

    def row_80_again(self):
        """row 80: a name that was used before: its answer gets another name, nothing is overwritten"""
        first = read(self.at("out", "one.genp.pki"))
        self.drop(self.good(), "one.pki")
        self.watch.until(lambda: not os.path.lexists(self.at("in", "one.pki")), 10, "one.pki stands in in/")
        self.expected += 1
        want(read(self.at("out", "one.genp.pki")) == first, "the first answer was overwritten")
        want(len([n for n in os.listdir(self.at("out")) if n.startswith("one")]) == 2, "no second answer")
        want(len([n for n in os.listdir(self.at("done")) if n.startswith("one")]) == 2, "a request is missing in done/")

    def row_80_case(self):
        """row 80: X.DER and x.der are two files"""
        self.drop(self.good(), "CASE.DER")
        self.drop(self.good(), "case.der")
        self.is_answered("CASE.DER")
        self.is_answered("case.der")

    def row_80_names(self):
        """row 80: names with control characters, hidden ones and other endings are left alone"""
        left = ["new\nline.der", "esc\x1b[31m.der", ".hidden.der", "..pki.der", "message.exe", "message.der.tmp", "a" * 97 + ".der"]
        for name in left:
            self.drop(self.good(), name)
        for name in ("a b.der", "%s%n%s.der", "-rf.der", "'$(id)'.der", "\u00fc.der", "a" * 96 + ".der"):
            self.is_answered(self.drop(self.good(), name))
        self.after()
        for name in left:
            want(os.path.lexists(self.at("in", name)), repr(name), "left in/")
        want("\x1b" not in read(self.log).decode("utf-8", "replace"), "a control character reached the log")
        self.is_clean()

    def row_80_growing(self):
        """row 80: a file that is read while it grows is read again when it is whole"""
        good = self.good()
        with open(self.at("in", "growing.pki"), "wb", 0) as f:
            f.write(good[:100])
            self.after()
            want(os.path.lexists(self.at("in", "growing.pki")), "half a file was taken")
            f.write(good[100:])
        self.is_answered("growing.pki")

    def row_80_size_first(self):
        """row 80: a file whose size is set before it is written is taken when it is whole"""
        good = message(Header(id=new_id("CERT")), ir())
        for name, first in (("early.pki", b""), ("header.pki", good[:64])):
            with open(self.at("in", name), "wb", 0) as f:
                f.truncate(len(good))
                f.write(first)
                self.after()
                want(os.path.lexists(self.at("in", name)), name, "was taken before it was written")
                f.seek(0)
                f.write(good)
            said = self.end_of(name)
            want(said.status == ANSWERED and Answer(said.content).body == "ip", name, "is", said)
        self.expected += 1      # the same message twice

    def row_80_replaced(self):
        """row 80: a file that takes the name of one the CA still works on is answered as well"""
        first, second = message(Header(id=new_id("HOLD")), genm()), self.good()
        self.drop(first, "replaced.pki")
        self.ask_ca("held")
        self.drop(second, "replaced.pki")
        self.ask_ca("release")
        self.watch.until(lambda: not os.path.lexists(self.at("in", "replaced.pki")), 12, "replaced.pki still stands in in/")
        self.expected += 2
        self.is_clean()
        want(len([n for n in os.listdir(self.at("out")) if n.startswith("replaced.genp.")]) == 2, "two answers are wanted")
        done = [n for n in os.listdir(self.at("done")) if n.startswith("replaced.pki")]
        want([read(self.at("done", n)) for n in done] == [second], "in done/ stands what was not answered")

    def row_80_crowd(self):
        """row 80: thousands of entries that stay in in/ for ever keep no file from its answer"""
        crowd = [self.at("in", "crowd%05d.pki" % n) for n in range(4200)]
        for name in crowd:
            os.mkdir(name)
        self.is_answered(self.drop(self.good(), "zz-last.pki"))
        for name in crowd:
            os.rmdir(name)
        want(read(self.log).count(b"left alone: crowd") <= 32, "the log is full of them")

    def row_unreadable(self):
        """a file that may not be read stays where it is, and bad/ tells why"""
        report = self.at("bad", self.locked + ".txt")
        self.watch.until(lambda: os.path.exists(report), 12, "no report")
        want(b"cannot be opened" in read(report), "the report says", read(report))
        self.is_clean()

    def row_many(self):
        """three hundred files at once, good and bad: each gets what is its own"""
        good = [self.drop(self.good()) for _ in range(20)]
        bad = [self.drop(b"\x31\x03abc") for _ in range(280)]
        for name in bad:
            self.is_bad(name)
        for name in good:
            self.is_answered(name)
        self.is_clean()


if __name__ == "__main__":
    story = FileStory()
    story.cases = message_cases()
    sys.exit(story.main(story.cases))
