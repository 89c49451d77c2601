#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server between gateway and CA that records every message and can
misbehave: http_relay.py CA-HOST:PORT FOLDER, or http_relay.py each FOLDER
COMMAND...: a CA of its own for each transaction, started by COMMAND (which says
"ACCEPT ...:PORT"), because the mock CA knows one at a time. The file FOLDER/mode says how the
next request is treated (read anew for each): pass, slow:SECONDS, never,
garbage, half (of the last good answer), page (status 500), html (status 200),
empty, redirect, close. Requests are kept as
FOLDER/NNN.req, answers as FOLDER/NNN.rsp. One CA connection for each
connection of the gateway, kept as long; with a third argument "one" a single
CA connection that outlives them all. Prints "relay on PORT"."""
import itertools
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

numbers = itertools.count(1)
lock = threading.Lock()
farm = None  # a CA for each transaction
last_answer = b"\x30\x82\x08\x00"
shared = None  # the one CA connection, with "one"


def read_message(sock, data=b""):
    """One HTTP message with Content-Length: start line and head, content, rest."""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return None
        data += part
    head, rest = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, value = line.split(b":", 1)
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        part = sock.recv(65536)
        if not part:
            return None
        rest += part
    return head, rest[:length], rest[length:]


def response(status, content, kind="application/pkixcmp", extra="", length=None):
    return ("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" %
            (status, kind, len(content) if length is None else length, extra)).encode() + content


def mode_of(folder):
    try:
        with open(os.path.join(folder, "mode")) as f:
            return f.read().strip() or "pass"
    except FileNotFoundError:
        return "pass"


def keep(folder, n, kind, content):
    with open(os.path.join(folder, "%03d.%s.tmp" % (n, kind)), "wb") as f:
        f.write(content)
    os.rename(f.name, f.name[:-4])


def elements(octets):
    """The elements of DER side by side: (tag, contents) each."""
    at = 0
    while at + 2 <= len(octets):
        n, start = octets[at + 1], at + 2
        if n >= 0x80:
            start += n & 0x7F
            n = int.from_bytes(octets[at + 2:start], "big")
        yield octets[at], octets[start:start + n]
        at = start + n


def header_and_body(message):
    """transactionID (b"" without one) and number of the body of a PKIMessage."""
    parts = list(elements(next(elements(message))[1]))
    ids = [contents for tag, contents in elements(parts[0][1]) if tag == 0xA4]
    # sender and recipient can be [4] as well: the transactionID holds an OCTET STRING
    ids = [contents[2:] for contents in ids if contents[:1] == b"\x04"]
    return ids[0] if ids else b"", parts[1][0] & 0x1F


class Farm:
    MAX = 100
    LAST = (12, 19, 22, 23)  # rp, pkiconf, genp, error: nothing follows

    def __init__(self, command, folder):
        self.command, self.folder, self.lock, self.open = command, folder, threading.Lock(), {}
        self.answers = {}  # the mock CA cannot answer the same request twice; a real one does

    def start(self):
        process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in process.stdout:
            port = re.search(rb"ACCEPT .*:(\d+)", line)
            if port:
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return process, Connection(None, ("127.0.0.1", int(port.group(1))), self.folder)
        raise OSError("the CA did not start")

    def end(self, key):
        with self.lock:
            process, connection = self.open.pop(key, (None, None))
        if process is not None:
            process.kill()
            process.wait()

    def ask(self, content):
        key, _ = header_and_body(content)
        with self.lock:
            if content in self.answers:
                return self.answers[content]
            known = self.open.get(key)
            oldest = next(iter(self.open)) if len(self.open) >= self.MAX else None
        if oldest is not None:
            self.end(oldest)
        if known is None:
            known = self.start()
            with self.lock:
                self.open[key] = known
        answer = known[1].ask_own(content)
        with self.lock:
            self.answers[content] = answer
        if header_and_body(answer)[1] in self.LAST:
            self.end(key)
        return answer

    def end_all(self, *_):
        for process, _ in list(self.open.values()):
            process.kill()
        os._exit(0)


class Connection:
    def __init__(self, sock, ca, folder):
        self.sock, self.ca, self.folder, self.up, self.rest = sock, ca, folder, None, b""

    def ask_ca(self, content):
        global last_answer
        last_answer = self.ask_which(content)
        return last_answer

    def ask_which(self, content):
        if farm is not None:
            return farm.ask(content)
        if shared is not None:
            with lock:
                return shared.ask_own(content)
        return self.ask_own(content)

    def exchange(self, content):
        try:
            self.up.sendall(b"POST /pkix/ HTTP/1.1\r\nHost: ca\r\nContent-Type: application/pkixcmp\r\n"
                            b"Connection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
            return read_message(self.up)
        except OSError:
            return None

    def ask_own(self, content):
        # The CA ends its connection with the transaction, whatever it said of keep-alive.
        if self.up is not None and select.select([self.up], [], [], 0.02)[0]:
            self.up.close()
            self.up = None
        if self.up is None:
            self.up = socket.create_connection(self.ca, 30)
        answer = self.exchange(content)
        if answer is None:
            self.up.close()
            self.up = socket.create_connection(self.ca, 30)
            answer = self.exchange(content)
        if answer is None:
            raise OSError("the CA closed the connection")
        if b"keep-alive" not in answer[0].lower():
            self.up.close()
            self.up = None
        return answer[1]

    def serve_one(self):
        message = read_message(self.sock, self.rest)
        if message is None:
            return False
        head, content, self.rest = message
        if head.split(b" ", 1)[0] != b"POST":
            self.sock.sendall(response("405 Method Not Allowed", b""))
            return True
        with lock:
            n = next(numbers)
        keep(self.folder, n, "req", content)
        mode = mode_of(self.folder)
        if mode.startswith("slow:"):
            time.sleep(float(mode[5:]))
            mode = "pass"
        if mode == "pass":
            answer = self.ask_ca(content)
            keep(self.folder, n, "rsp", answer)
            self.sock.sendall(response("200 OK", answer))
        elif mode == "never":
            self.sock.recv(1)
            return False
        elif mode == "garbage":
            self.sock.sendall(response("200 OK", b"\x30\x03nonsense"))
        elif mode == "half":
            self.sock.sendall(response("200 OK", last_answer[:len(last_answer) // 2], length=len(last_answer)))
            return False
        elif mode == "page":
            self.sock.sendall(response("500 Internal Server Error", b"<html>sorry</html>", "text/html"))
        elif mode == "html":
            self.sock.sendall(response("200 OK", b"<html>sorry</html>", "text/html"))
        elif mode == "empty":
            self.sock.sendall(response("204 No Content", b""))
        elif mode == "redirect":
            self.sock.sendall(response("302 Found", b"", extra="Location: http://127.0.0.1:9/\r\n"))
        elif mode == "close":
            return False
        return True

    def serve(self):
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.serve_one():
                pass
        except (OSError, ValueError) as e:
            print("relay: %s" % e, flush=True)
        finally:
            self.sock.close()
            if self.up is not None:
                self.up.close()


def main():
    global shared, farm
    folder, ca = sys.argv[2], None
    if sys.argv[1] == "each":
        farm = Farm(sys.argv[3:], folder)
        signal.signal(signal.SIGTERM, farm.end_all)
    else:
        host, port = sys.argv[1].rsplit(":", 1)
        ca = (host, int(port))
        if sys.argv[3:] == ["one"]:
            shared = Connection(None, ca, folder)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print("relay on %d" % listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=Connection(sock, ca, folder).serve, daemon=True).start()


main()
